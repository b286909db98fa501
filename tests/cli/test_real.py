"""The verbs with real models on small files: fit, evaluate, predict, info, generate, forecast, and going on with a saved forecaster."""

import json
import math
from pathlib import Path

import pytest

from elman.cli.app import run


def call(capsys, *arguments):
    code = run([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    rows = [f"{'good' if i % 2 else 'bad'} film number {i % 7},{5 if i % 2 else 1}" for i in range(60)]
    path = tmp_path / "reviews.csv"
    path.write_text("review,stars\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    rows = [f"2020-{1 + i // 28:02d}-{1 + i % 28:02d},{10 + math.sin(i * 2 * math.pi / 7):.4f},{s}" for s in "ab" for i in range(84)]
    path = tmp_path / "prices.csv"
    path.write_text("date,close,symbol\n" + "\n".join(rows) + "\n")
    return path


def test_fit_evaluate_predict_info(capsys, reviews, tmp_path):
    model = tmp_path / "stars.elman"
    code, out, err = call(capsys, "fit", reviews, "--out", model, "--max-epochs", "10", "--learning-rate", "0.01", "--json")
    assert (code, json.loads(out)["model"]) == (0, str(model)), err
    code, out, _ = call(capsys, "evaluate", model, reviews, "--json")
    assert code == 0
    assert "1.0" in out
    code, out, _ = call(capsys, "predict", model, reviews, "--out", tmp_path / "p.csv", "--proba", "-q")
    assert code == 0
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "review,stars,prediction,probability"
    assert all(line.split(",")[1] == line.split(",")[2] for line in lines[1:])
    code, out, _ = call(capsys, "info", model)
    assert code == 0
    assert "many-to-one" in out


def test_language_model(capsys, tmp_path):
    corpus, model = tmp_path / "corpus.txt", tmp_path / "c.elman"
    corpus.write_text("abcabcabcabc\n" * 40)
    settings = ["--max-epochs", "25", "--learning-rate", "0.02"]
    code, _, err = call(capsys, "fit", corpus, "--continue", "text:char", *settings, "--out", model, "-q")
    assert code == 0, err
    code, out, err = call(capsys, "generate", model, "--prompt", "ab", "--temperature", "0", "--max-new-steps", "4")
    assert (code, out.strip()) == (0, "abcabc"), err


def test_forecast_and_going_on_with_the_saved_model(capsys, prices, tmp_path):
    model, out = tmp_path / "f.elman", tmp_path / "f.csv"
    columns = ["--time", "date", "--value", "close", "--group", "symbol"]
    code, _, err = call(capsys, "forecast", prices, *columns, "--horizon", "7", "--max-epochs", "4", "--save", model, "--out", out, "-q")
    assert code == 0, err
    code, _, err = call(capsys, "forecast", prices, *columns, "--model", model, "--out", tmp_path / "again.csv", "-q")
    assert code == 0, err
    assert (tmp_path / "again.csv").read_text() == out.read_text()
    first = out.read_text().splitlines()[1].split(",")
    assert first[:2] == ["a", "2020-03-29"]
    assert float(first[2]) == pytest.approx(10.0, abs=0.5)
    code, _, err = call(capsys, "forecast", prices, "--model", model, "--horizon", "3", "-q")
    assert code == 2
    assert "forecasts 7 steps; --horizon 3 needs a model of its own" in err


def test_a_model_that_does_not_forecast_is_refused(capsys, reviews, prices, tmp_path):
    model = tmp_path / "m.elman"
    assert call(capsys, "fit", reviews, "--out", model, "--max-epochs", "1", "-q")[0] == 0
    code, _, err = call(capsys, "forecast", prices, "--model", model, "-q")
    assert code == 2
    assert "is a Model, which does not forecast" in err


def test_trace_shows_the_inside_of_one_value(capsys, reviews, tmp_path):
    model = tmp_path / "m.elman"
    assert call(capsys, "fit", reviews, "--out", model, "--max-epochs", "1", "-q")[0] == 0
    code, out, err = call(capsys, "trace", model, "--text", "good film number 3", "--out", tmp_path / "t.html")
    assert code == 0, err
    assert "encoder 1: 4 steps" in out
    assert out.count("film") == 1
    assert (tmp_path / "t.html").read_text().count("<svg") == 1
    code, out, _ = call(capsys, "trace", model, "--data", reviews, "--row", "2", "--json", "--out", tmp_path / "t.json")
    assert (code, json.loads(out)["kind"]) == (0, "text")
    assert json.loads((tmp_path / "t.json").read_text()) == json.loads(out)
    longer = " ".join(["good film number"] * 8)
    code, out, _ = call(capsys, "trace", model, "--text", longer, "--following", "position", "--out", tmp_path / "t.png")
    assert "position: R²" in out
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


def test_trace_says_what_is_wrong(capsys, reviews, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "fit", reviews, "--out", "m.elman", "--max-epochs", "1", "-q")[0] == 0
    for arguments, message in (
        ([], "give one value: --text TEXT, --value NUMBERS, or --data FILE with --row"),
        (["--text", "a", "--out", "t.pdf"], "cannot write t.pdf: its ending should be one of .html, .json, .png, .svg; got '.pdf'"),
        (["--text", ""], "trace needs a value of at least one step"),
        (["--text", "a b", "--following", "positon"], "Did you mean 'position'?"),
        (["--data", "reviews.csv", "--row", "99"], "reviews.csv has 60 rows; --row 99 is not among them"),
    ):
        code, _, err = call(capsys, "trace", "m.elman", *arguments)
        assert code in (1, 2)
        assert message in err


def test_report_writes_one_page(capsys, reviews, prices, tmp_path):
    model, page = tmp_path / "m.elman", tmp_path / "page.html"
    assert call(capsys, "fit", reviews, "--out", model, "--max-epochs", "1", "-q")[0] == 0
    code, out, err = call(capsys, "report", model, reviews, "--out", page, "--title", "Stars & films")
    assert code == 0, err
    assert out.startswith(f"wrote {page}, ")
    assert "<h1>Stars &amp; films</h1>" in page.read_text()
    assert "Examples" in page.read_text()
    code, out, _ = call(capsys, "report", model, "--out", tmp_path / "bare.html", "--json")
    assert json.loads(out) == {"out": str(tmp_path / "bare.html"), "rows": 0}
    forecaster = tmp_path / "f.elman"
    assert call(capsys, "forecast", prices, "--horizon", "7", "--max-epochs", "1", "--save", forecaster, "-q")[0] == 0
    code, out, err = call(capsys, "report", forecaster, prices, "--out", page, "-q")
    assert code == 0, err
    assert call(capsys, "trace", forecaster, "--value", " ".join(str(n % 7) for n in range(60)))[0] == 0
    (tmp_path / "empty.csv").write_text("review,stars\n")
    code, _, err = call(capsys, "report", model, tmp_path / "empty.csv", "--out", page)
    assert (code, "has no rows to judge the model on" in err) == (1, True)
