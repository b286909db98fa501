"""Text on the command line with real small models: continuing, streaming, Ctrl-C, several prompts, n-best answers with their scores."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from elman.cli.app import run

QUICK = ["--learning-rate", "0.02", "--hidden-size", "32", "-q"]


def call(capsys, *arguments):
    capsys.readouterr()
    code = run([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Models learnt from endless abc, from dances, from words spelt backwards, and from two kinds of words."""
    place = tmp_path_factory.mktemp("models")
    (place / "abc.txt").write_text("abc" * 400)
    (place / "dance.txt").write_text("left right turn left right turn\n" * 60)
    words = [a + b + c for a in "abcd" for b in "abcd" for c in "abcd"]
    (place / "pairs.csv").write_text("word,back\n" + "".join(f"{word},{word[::-1]}\n" for word in words))
    (place / "kinds.csv").write_text("word,kind\n" + "".join(f"{word},{word[0]}\n" for word in words))
    fit = [
        ["abc.txt", "--continue", "text:char", "--by", "file", "--max-epochs", "20"],
        ["dance.txt", "--continue", "symbols", "--max-epochs", "20"],
        ["pairs.csv", "--source", "text:char:word", "--target", "text:char:back", "--align", "attention", "--max-epochs", "4"],
        ["kinds.csv", "--source", "text:char:word", "--target", "category:kind", "--max-epochs", "20"],
    ]
    for name, *options in fit:
        arguments = ["fit", str(place / name), *options, "--out", str(place / name.replace(name.partition(".")[2], "elman"))]
        assert run([*arguments, *QUICK]) == 0
    return place


def generate(folder, model="abc", *options):
    return ["generate", folder / f"{model}.elman", "--temperature", "0", *options]


def test_a_stream_comes_piece_by_piece_and_ends_at_ctrl_c(folder):
    command = [sys.executable, "-m", "elman", *map(str, generate(folder, "abc", "-p", "ab", "--max-new-steps", "1000000"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(8) == "abcabcab"  # before the million is done
        process.send_signal(signal.SIGINT)
        rest, told = process.stdout.read(), process.stderr.read()
    assert set(rest) <= set("abc\n")
    assert rest.endswith("\n")
    assert (told, process.returncode) == ("error: interrupted\n", 1)


def test_prompts_side_by_side(capsys, folder, tmp_path):
    steps = ["--max-new-steps", "3"]
    code, out, _ = call(capsys, *generate(folder, "abc", "-p", "ab", "-p", "c", *steps))
    assert (code, out) == (0, "abcab\ncabc\n")
    (tmp_path / "prompts.txt").write_text("ab\nbca\n")
    _, out, _ = call(capsys, *generate(folder, "abc", "--prompts", tmp_path / "prompts.txt", *steps, "--json"))
    assert json.loads(out) == {"results": [{"prompt": "ab", "text": "cab"}, {"prompt": "bca", "text": "bca"}]}
    (tmp_path / "two.csv").write_text("a,b\n1,2\n")
    code, _, err = call(capsys, *generate(folder, "abc", "--prompts", tmp_path / "two.csv"))
    assert code == 1
    assert "should hold one prompt a line; it has 1 rows of 2 columns" in err


def test_prompts_of_symbols_are_words(capsys, folder):
    _, out, _ = call(capsys, *generate(folder, "dance", "-p", "left right", "--max-new-steps", "2"))
    assert out == "left right turn left\n"
    _, out, _ = call(capsys, *generate(folder, "dance", "-p", "left", "--max-new-steps", "2", "--json"))
    assert json.loads(out) == {"prompt": ["left"], "text": ["right", "turn"]}
    _, out, _ = call(capsys, *generate(folder, "dance", "-p", "left", "-p", "right turn", "--max-new-steps", "1"))
    assert out == "left right\nright turn left\n"
    _, out, _ = call(capsys, *generate(folder, "dance", "-p", "left", "--stop", "turn"))
    assert out == "left right\n"


def test_the_prompt_of_standard_input(capsys, folder, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("ab\n"))
    _, out, _ = call(capsys, *generate(folder, "abc", "-p", "-", "--max-new-steps", "1"))
    assert out == "abc\n"


def test_the_likeliest_next_symbols(capsys, folder):
    _, out, _ = call(capsys, *generate(folder, "abc", "-p", "ab", "--next", "2", "--json"))
    told = json.loads(out)
    assert told["prompt"] == "ab"
    assert told["next"][0]["symbol"] == "c"
    assert told["next"][0]["probability"] > 0.9 > told["next"][1]["probability"]
    _, out, _ = call(capsys, *generate(folder, "dance", "-p", "left right turn left right turn", "--next", "1"))
    assert out.splitlines()[1].split()[-2] == "(end)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--temperature", "-1"], "temperature must be 0 (always the likeliest) or more; got -1.0"),
        (["--top-p", "0"], "top_p must be in 0 < top_p <= 1; got 0.0"),
        (["--top-k", "0"], "Invalid value for '--top-k'"),
        (["--max-new-steps", "0"], "Invalid value for '--max-new-steps'"),
    ],
)
def test_wrong_options_of_generate(capsys, folder, options, message):
    code, out, err = call(capsys, "generate", folder / "abc.elman", "-p", "ab", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def table(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_n_best_of_a_free_sequence(capsys, folder, tmp_path):
    out = tmp_path / "out.csv"
    asked = ["predict", folder / "pairs.elman", folder / "pairs.csv"]
    code, _, err = call(capsys, *asked, "--n-best", "3", "--beam-size", "4", "-o", out, "-q")
    assert code == 0, err
    rows = table(out)
    assert list(rows[0]) == ["word", "back", "prediction", "score", "prediction_2", "score_2", "prediction_3", "score_3"]
    for row in rows:
        answers = [row["prediction"], row["prediction_2"], row["prediction_3"]]
        scores = [float(row[name]) for name in ("score", "score_2", "score_3")]
        assert len(set(answers)) == 3
        assert sorted(scores, reverse=True) == scores
    code, told, _ = call(capsys, *asked, "--beam-size", "4", "--json")
    alone = json.loads(told)
    assert alone["prediction"] == [row["prediction"] for row in rows]
    assert alone["score"] == pytest.approx([float(row["score"]) for row in rows])
    code, told, _ = call(capsys, *asked, "--max-length", "1", "--json")
    assert {len(answer) for answer in json.loads(told)["prediction"]} <= {0, 1}


def test_n_best_of_a_category(capsys, folder, tmp_path):
    out = tmp_path / "out.csv"
    assert call(capsys, "predict", folder / "kinds.elman", folder / "kinds.csv", "--n-best", "4", "-o", out, "-q")[0] == 0
    assert call(capsys, "predict", folder / "kinds.elman", folder / "kinds.csv", "--proba", "-o", tmp_path / "one.csv", "-q")[0] == 0
    rows, plain = table(out), table(tmp_path / "one.csv")
    assert [(row["prediction"], row["probability"]) for row in rows] == [(row["prediction"], row["probability"]) for row in plain]
    for row in rows:
        names = ["prediction", "prediction_2", "prediction_3", "prediction_4"]
        assert {row[name] for name in names} == set("abcd")
        assert sum(float(row[name.replace("prediction", "probability")]) for name in names) == pytest.approx(1.0, abs=1e-5)
    assert sum(row["prediction"] == row["kind"] for row in rows) > 48  # of 64; one in four by chance


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("pairs", ["--beam-size", "0"], "beam_size must be a whole number of at least 1; got 0"),
        ("pairs", ["--n-best", "two"], "'two' does not fit; expected a whole number or none"),
        ("kinds", ["--n-best", "0"], "--n-best must be at least 1; got 0"),
        ("pairs", ["--n-best", "3", "--beam-size", "2"], "n_best must be at most beam_size; got n_best=3 with beam_size=2"),
        ("kinds", ["--beam-size", "2"], "are for free sequences; this model answers with decoder 'summary'"),
        ("pairs", ["--proba"], "--proba needs a model whose target is a Category; this one gives Text"),
    ],
)
def test_wrong_options_of_predict(capsys, folder, model, options, message):
    code, _, err = call(capsys, "predict", folder / f"{model}.elman", folder / f"{model}.csv", *options, "-q")
    assert code == 2
    assert message in err


@pytest.mark.parametrize("level", ["word", "bpe"])
def test_other_levels_of_text(capsys, folder, tmp_path, level):
    (tmp_path / "corpus.txt").write_text("the cat sat on the mat\n" * 40)
    model = tmp_path / "m.elman"
    arguments = [tmp_path / "corpus.txt", "--continue", f"text:{level}", "--max-epochs", "25", "--out", model]
    code, _, err = call(capsys, "fit", *arguments, *QUICK)
    assert code == 0, err
    _, out, _ = call(capsys, "generate", model, "-p", "the cat", "--temperature", "0")
    assert out == "the cat sat on the mat\n"
