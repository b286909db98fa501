"""elman compare: one file in, a table and a verdict out."""

import json
from pathlib import Path

import pytest

from elman.cli.app import run


def call(capsys, *arguments):
    code = run([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    words = ["alpha", "beta", "gamma", "delta"]
    triples = [(a, b, i, c) for a in words for b in words for i, c in enumerate(words)]
    rows = [f"{a} {b} {c},{'yes' if a < b else 'no'},{'ann' if c < 'c' else 'bob'}{i % 3}" for a, b, i, c in triples]
    path = tmp_path / "calls.csv"
    path.write_text("text,answer,speaker\n" + "\n".join([*rows, "lonely,,"]) + "\n")
    return path


SIMPLE = ["--only", "frequency", "--only", "markov", "--only", "bag_of_words"]


def test_a_table_and_a_verdict(capsys, calls, tmp_path):
    sides = ["--source", "text:text", "--target", "category:answer"]
    code, out, err = call(capsys, "compare", calls, *sides, *SIMPLE, "--out", tmp_path / "r")
    assert code == 0, err
    assert "bag of words, linear" in out
    assert "\nUse “" in out
    assert "note: 1 of 65 rows dropped" in err
    assert "[3/3]" in err
    code, out, err = call(capsys, "compare", calls, *sides, *SIMPLE, "--out", tmp_path / "r", "--json")
    assert json.loads(out)["verdict"].startswith("Use “")
    assert json.loads(out)["test_rows"] == 13
    assert (tmp_path / "r" / "markov.elman").exists()


def test_groups_ablations_and_a_plot(capsys, calls, tmp_path):
    pytest.importorskip("matplotlib")
    options = ["--only", "frequency", "--untied", "--shuffled", "--max-epochs", "1", "--hidden-size", "8", "--groups", "speaker"]
    code, out, err = call(capsys, "compare", calls, "--target", "answer", *options, "--plot", tmp_path / "board.png", "--quiet")
    assert code == 0, err
    assert "Elman network with its own weights at every step" in out
    assert "Sharing weights over time" in out
    assert (tmp_path / "board.png").read_bytes().startswith(b"\x89PNG")
    assert err == ""


def test_texts_alone(capsys, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("".join(f"the cat number {i} sat on mat {i * i}\n" for i in range(40)))
    code, out, err = call(capsys, "compare", corpus, "--only", "bigram", "--only", "ppm", "--on-leak", "ignore")
    assert code == 0, err
    assert "bits per symbol" in out
    assert "Use “Markov chain, PPM”" in out


def test_forecasts(capsys, tmp_path):
    path = tmp_path / "prices.csv"
    days = [f"2020-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(84)]
    path.write_text("date,close,symbol\n" + "".join(f"{d},{10 + i % 7 + k},{s}\n" for k, s in enumerate("ab") for i, d in enumerate(days)))
    options = ["--horizon", "7", "--value", "close", "--group", "symbol", "--only", "naive", "--only", "linear"]
    code, out, err = call(capsys, "compare", path, *options)
    assert code == 0, err
    assert "MASE" in out
    assert "linear map of the last steps" in out
    assert "there are 2 only" in out


def test_leaks_are_notes(capsys, tmp_path):
    path = tmp_path / "marked.csv"
    path.write_text("text,label\n" + "".join(f"row {i} says id{'ab'[i % 2]},{'ab'[i % 2]}\n" for i in range(60)))
    code, _, err = call(capsys, "compare", path, "--only", "markov")
    assert code == 0
    assert "note: single words tell 100% of the targets" in err
    code, _, err = call(capsys, "compare", path, "--only", "markov", "--on-leak", "raise")
    assert code == 1
    assert err.splitlines()[-1].startswith("error: single words tell 100%")


def test_wrong_usage(capsys, calls, tmp_path, monkeypatch):
    code, _, err = call(capsys, "compare", calls, "--target", "answer", "--only", "markow")
    assert code == 2
    assert "Did you mean 'markov'" in err
    code, _, err = call(capsys, "compare", calls, "--target", "answer", "--continue", "text:char")
    assert code == 2
    assert "--continue learns from one column alone" in err
    code, _, err = call(capsys, "compare", calls, "--target", "answer", "--budget", "2s")
    assert code == 2
    assert "budget=" in err
    assert "1 s is the least" in err
    empty = tmp_path / "empty.csv"
    empty.write_text("text,label\na,\nb,\n")
    code, _, err = call(capsys, "compare", empty, "--target", "category:label", "--source", "text:text")
    assert code == 1
    assert "no row has both a source and a target" in err
    empty.write_text('text\n""\n""\n')
    code, _, err = call(capsys, "compare", empty)
    assert code == 1
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = call(capsys, "compare", calls, "--target", "answer", "--plot", "x.png")
    assert code == 1
    assert "pip install 'elman[plot]'" in err
