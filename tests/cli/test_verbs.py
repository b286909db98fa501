"""What the verbs hand to the estimators and what they print, with stand-ins for the estimators."""

from __future__ import annotations

import csv
import datetime
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from elman.cli import forecast

Cli = Callable[..., tuple[int, str, str]]


def test_fit_as_told(elman_cli: Cli, fake: ModuleType, reviews: Path) -> None:
    code, out, err = elman_cli(
        "fit",
        "reviews.csv",
        "--source",
        "text:char:review",
        "--target",
        "category:stars",
        "--out",
        "stars.elman",
        "--hidden-size",
        "32",
        "--max-epochs",
        "3",
    )
    assert code == 0
    (model,) = fake.Model.made
    assert repr((model.source, model.target)) == "(Text('char'), Category())"
    assert model.xs_ == ["good book here", "bad book here", "fine book here", ""]
    assert model.ys_ == [5, 1, 5, 5]
    assert repr(model.network) == "Network(hidden_size=32)"
    assert repr(model.training) == "Training(max_epochs=3)"
    assert model.columns_ == {"source": ["review"], "target": ["stars"]}
    assert "inferred" not in out
    assert out.splitlines()[:3] == ["held-out rows   accuracy", "this model           0.8", "simplest guess       0.5"]
    assert "trained on 4 rows" in out
    assert "elman predict stars.elman reviews.csv --out out.csv" in out
    assert err == "note: 1 of 5 rows dropped: source or target is missing\n"


def test_fit_infers_and_says_so(elman_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,review,stars\n1,good book here,5\n2,bad book here,1\n")
    code, out, _ = elman_cli("fit", "a.csv")
    assert code == 0
    assert "inferred: the source is column 'review'" in out
    assert "inferred: 'review' is Text: texts with spaces" in out
    assert "inferred: the target is column 'stars'" in out
    assert "to change it: --source text:review --target category:stars" in out
    assert (tmp_path / "a.elman").exists()
    (tmp_path / "b.csv").write_text("kind,words,mark\nx,good book here,5\ny,bad book here,1\n")
    _, out, _ = elman_cli("fit", "b.csv")
    assert "inferred: the target is column 'mark'" in out  # no name is known: the last column


def test_quiet_and_json_silence_training(elman_cli: Cli, fake: ModuleType, reviews: Path) -> None:
    code, out, err = elman_cli("fit", "reviews.csv", "--quiet")
    assert (code, out, err) == (0, "", "")
    assert fake.Model.made[-1].training.verbose == 0
    _, out, _ = elman_cli("fit", "reviews.csv", "--json")
    assert json.loads(out) | {"seconds": 0, "bytes": 0} == {
        "model": "reviews.elman", "rows": 4, "seconds": 0, "bytes": 0,
        "metric": "accuracy", "score": 0.8, "epochs": 1, "stopped": "max_epochs", "baseline": 0.5, "plan": "a plan of\ntwo lines",
    }  # fmt: skip


def test_fit_a_language_model(elman_cli: Cli, fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("one line\n\nanother\n")
    code, out, err = elman_cli("fit", "corpus.txt", "--continue", "text:char")
    assert code == 0
    model = fake.SAVED["corpus.elman"]
    assert model.texts_ == ["one line", "another"]
    assert repr(model.codec) == "Text('char')"
    assert "next: elman generate corpus.elman" in out
    assert "1 empty lines left out" in err
    code, out, _ = elman_cli("fit", "corpus.txt")
    assert "inferred: there is only text, so the model learns to continue it" in out
    elman_cli("fit", "corpus.txt", "--by", "file")
    assert fake.SAVED["corpus.elman"].texts_ == ["one line\n\nanother\n"]


def test_generate_streams(elman_cli: Cli, fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("one\ntwo\n")
    elman_cli("fit", "corpus.txt")
    code, out, _ = elman_cli("generate", "corpus.elman", "--prompt", "zero", "--temperature", "0.5", "--top-k", "4", "--stop", "x")
    assert (code, out) == (0, "zero one two\n")
    options = {"temperature": 0.5, "max_new_steps": 200, "random_state": None, "top_k": 4, "stop": ["x"]}
    assert fake.SAVED["corpus.elman"].options_ == options
    _, out, _ = elman_cli("generate", "corpus.elman", "--prompt", "zero", "--json")
    assert json.loads(out) == {"prompt": "zero", "text": " one two"}


def test_evaluate_a_language_model(elman_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("one\ntwo\n")
    elman_cli("fit", "corpus.txt")
    _, out, _ = elman_cli("evaluate", "corpus.elman", "corpus.txt", "--json")
    assert json.loads(out) == {"rows": 2, "perplexity": 4.0, "bits per symbol": 2.0}


def test_predict_beside_the_columns(elman_cli: Cli, reviews: Path, tmp_path: Path) -> None:
    elman_cli("fit", "reviews.csv", "--source", "category:review")
    (tmp_path / "new.jsonl").write_text('{"review": "odd", "prediction": 1}\n{"review": null, "prediction": 2}\n')
    code, out, err = elman_cli("predict", "reviews.elman", "new.jsonl", "--out", "out.csv", "--proba")
    assert (code, out) == (0, "wrote 2 rows to out.csv\n")
    assert "1 of 2 rows have no source" in err
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"review": "odd", "prediction": "1", "prediction_": "5", "probability": "0.75"},
        {"review": "", "prediction": "2", "prediction_": "", "probability": ""},
    ]
    _, out, _ = elman_cli("predict", "reviews.elman", "new.jsonl")
    assert out.splitlines()[0] == "review  prediction  prediction_"


def test_evaluate_beside_the_baseline(elman_cli: Cli, reviews: Path) -> None:
    elman_cli("fit", "reviews.csv", "--source", "review")
    _, out, _ = elman_cli("evaluate", "reviews.elman", "reviews.csv", "--json")
    assert json.loads(out) == {
        "rows": 4,
        "metric": "accuracy",
        "score": 0.75,
        "baseline": 0.75,
        "baseline_name": "always the most frequent",
    }
    _, out, _ = elman_cli("evaluate", "reviews.elman", "reviews.csv")
    assert "this model" in out
    assert "no better than the simplest guess" in out


def test_info(elman_cli: Cli, reviews: Path) -> None:
    elman_cli("fit", "reviews.csv", "--source", "text:review")
    _, out, _ = elman_cli("info", "reviews.elman")
    assert out.splitlines()[0] == "reviews.elman: Model, 17 bytes"
    assert "source:    Text()" in out
    assert out.endswith("a plan of\ntwo lines\n")


PRICES = "symbol,date,open,close\n" + "".join(f"{s},Jan {d} 2020,1,{d}.5\n" for s in "BA" for d in range(1, 6))


def test_forecast(elman_cli: Cli, fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(PRICES)
    code, out, err = elman_cli("forecast", "prices.csv", "--horizon", "2", "--out", "f.csv", "--save", "m.elman", "--hidden-size", "8")
    assert code == 0
    assert err == "note: inferred: --time date --value close --group symbol\n"
    model = fake.SAVED["m.elman"]
    assert model.columns_in["unique_id"] == ["B"] * 5 + ["A"] * 5
    assert model.columns_in["y"] == [1.5, 2.5, 3.5, 4.5, 5.5] * 2
    assert model.panel_.series[0].columns["open"].tolist() == [1.0] * 5
    assert str(model.columns_in["ds"][0]) == "2020-01-01 00:00:00"
    assert repr(model.network) == "Network(hidden_size=8)"
    assert out == "wrote 4 rows to f.csv\n"
    assert (tmp_path / "f.csv").read_text().splitlines()[0] == "symbol,date,elman"
    _, out, _ = elman_cli("forecast", "prices.csv", "--horizon", "1", "--quiet")
    assert out == "symbol  date  elman\nB          0      7\nA          0      7\n"


def test_forecast_looks_back(elman_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("day,close\n" + "".join(f"{d},{5 + d % 3 + d / 1000}\n" for d in range(1, 60)))
    arguments = ("forecast", "prices.csv", "--horizon", "2", "--time", "day")
    code, out, _ = elman_cli(*arguments, "--backtest", "6", "--json")
    assert code == 0
    found = json.loads(out)
    row = found["backtest"]["forecast"].index("elman")  # it always says 7: the truth is 5, 6 or 7
    assert found["backtest"]["MAE"][row] == pytest.approx(1.0, abs=0.06)
    assert found["use"] == "seasonal naive"
    assert found["verdict"].startswith("Use the value one season ago: elman's errors are ")
    assert found["data"].startswith("1 series of 59 points; step 1")
    _, out, _ = elman_cli(*arguments, "--holdout")
    assert "Too little data: elman's errors are" in out


def test_forecast_lists_anomalies_and_draws(elman_cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'plot' is not installed")
    values = [7 + 0.4 * math.sin(12.9898 * d) for d in range(300)]
    values[250] = 17.0
    (tmp_path / "level.csv").write_text("day,level\n" + "".join(f"{d},{v}\n" for d, v in enumerate(values)))
    arguments = ("forecast", "level.csv", "--horizon", "2", "--time", "day", "--anomalies", "--rate", "0.02")
    code, out, err = elman_cli(*arguments, "--out", "f.csv", "--plot", "p.png", "--backtest", "3")
    assert code == 0, err
    assert "score above" in out
    assert "250" in out
    rows = (tmp_path / "f.anomalies.csv").read_text().splitlines()
    assert rows[0] == "unique_id,day,level,expected,low,high,score,anomaly"
    assert len(rows) == 301
    assert rows[251].endswith("True")
    for name in ("p.png", "p.backtest.png", "p.anomalies.png"):
        assert (tmp_path / name).read_bytes()[:4] == b"\x89PNG"
    code, _, err = elman_cli("forecast", "level.csv", "--horizon", "2", "--time", "day", "--plot", "p.docx")
    assert code == 1
    assert "cannot write p.docx: its ending should be one of .png" in err


def test_repeated_times_are_joined_when_asked(elman_cli: Cli, fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("date,close\n2020-01-01,1\n2020-01-01,2\n,5\n2020-01-02,4\n")
    code, _, err = elman_cli("forecast", "a.csv", "--horizon", "1", "--duplicates", "mean", "--save", "m.elman")
    assert code == 0
    assert fake.SAVED["m.elman"].columns_in["y"] == [1.5, 4.0]
    assert "1 of 4 rows dropped: they have no time" in err
    assert "1 rows share a stamp with another" in err


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (
            "date,close\n2020-01-01,1\n2020-01-01,2\n",
            [],
            "row 1: series 'close' has two values at 2020-01-01: 1 and 2. Name the column that tells series apart (--group",
        ),
        ("date,close\nsoon,1\nlater,2\n", [], "column 'date' must be a number, a date or ISO 8601 text; got 'soon'"),
        ("date,close\n2020-01-01,one\n2020-01-02,2\n", ["--value", "close"], "row 0: column 'close' should hold numbers; got 'one'"),
        ("date,close\n2020-01-01,one\n", [], "has no column of numbers to forecast"),
        ("date,close\n", [], "has no rows to forecast from"),
        ("date,close\n2020-01-01,1\n", ["--value", "clse"], "has no column 'clse'; it has 'date', 'close'. Did you mean 'close'?"),
        ("date,close\n2020-01-01,1\n", ["--holdout"], "1 windows of 30 steps, 30 apart, leave 0 points of the longest series ('close', 1"),
    ],
)
def test_forecast_errors(elman_cli: Cli, tmp_path: Path, text: str, arguments: list[str], message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    code, _, err = elman_cli("forecast", "a.csv", *arguments, "--quiet")
    assert code == 1
    assert message in err


def test_forecast_of_rows_without_times(elman_cli: Cli, fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("level\n3\nNA\n5\n")
    code, _, err = elman_cli("forecast", "a.csv", "--horizon", "1", "--save", "m.elman")
    assert code == 0
    assert "no column of times" in err
    assert "series 'level': 1 values are unknown (first 1)" in err
    found = fake.SAVED["m.elman"].columns_in
    assert (found["unique_id"], found["ds"]) == (["level"] * 3, [0, 1, 2])
    assert str(found["y"]) == "[3.0, nan, 5.0]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "lm.elman", "reviews.csv"], "is a LanguageModel, which does not predict rows. Use: elman generate"),
        (["generate", "reviews.elman"], "is a Model; only a LanguageModel generates"),
        (["evaluate", "fc.elman", "reviews.csv"], "is a Forecaster; its forecast is judged by what came after"),
        (["predict", "reviews.elman", "corpus.txt", "--proba"], "--proba needs a model whose target is a Category; this one gives Number"),
        (["fit", "reviews.csv", "--source", "txet:review"], "there is no codec 'txet'. Did you mean 'text'?"),
        (["bench", "--cell", "lsmt"], "--cell is 'lsmt'; it should be one of lstm, gru, elman. Did you mean 'lstm'?"),
    ],
)
def test_the_wrong_verb_for_a_model(
    elman_cli: Cli, fake: ModuleType, reviews: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "corpus.txt").write_text("one\ntwo\n")
    elman_cli("fit", "reviews.csv", "--source", "text:review", "--target", "number:stars")
    elman_cli("fit", "corpus.txt", "--out", "lm.elman")
    fake.Forecaster(3).save(Path("fc.elman"))
    code, _, err = elman_cli(*arguments)
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("a,b\n", ["fit"], "has no rows"),
        ("a\nx\n", ["fit"], "has only the column 'a'; a model needs a source and a target"),
        ("a,b\n,x\n,y\n", ["fit"], "no column is left for the source|holds no values"),
        ("a,b\n1,x\n", ["fit", "--source", "category:a", "--source", "category:b"], "every column is a source"),
        ("a,b\nx,\ny,\n", ["fit", "--source", "text:a", "--target", "text:b"], "no row has both a source and a target"),
        ("a,b\nx,\ny,\n", ["fit", "--target", "b"], "column 'b' holds no values"),
        ("a,b\n", ["predict"], "has no rows to predict"),
        ("a,b\n", ["evaluate"], "has no rows to evaluate"),
        ("a,b\nx,1\n", ["predict"], "has no column 'review'"),
        ("review,b\n,1\n,2\n", ["predict"], "no row has a source"),
        ("a,b\n", ["doctor"], "has no rows"),
        ("a\n\n", ["fit", "--continue", "text:a"], "holds no text to learn from|has no rows"),
    ],
)
def test_data_that_cannot_do(elman_cli: Cli, reviews: Path, tmp_path: Path, text: str, arguments: list[str], message: str) -> None:
    elman_cli("fit", "reviews.csv", "--source", "text:review", "--target", "category:stars")
    (tmp_path / "a.csv").write_text(text)
    verb, *rest = arguments
    models = ["reviews.elman"] if verb in ("predict", "evaluate") else []
    code, _, err = elman_cli(verb, *models, "a.csv", *rest, "--quiet")
    assert code == 1
    assert re.search(message, err), err


def test_a_model_that_does_not_know_its_columns(elman_cli: Cli, fake: ModuleType, reviews: Path) -> None:
    elman_cli("fit", "reviews.csv", "--source", "text:review")
    del fake.SAVED["reviews.elman"].columns_
    code, _, err = elman_cli("predict", "reviews.elman", "reviews.csv")
    assert code == 1
    assert "the model does not say which is its source. Name it: --source COLUMN" in err
    assert elman_cli("predict", "reviews.elman", "reviews.csv", "--source", "text:review")[0] == 0


def test_a_series_in_a_cell(elman_cli: Cli, fake: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('x,y\n"1 2 3",a\n"[[1,2],[3,4]]",b\n')
    assert elman_cli("fit", "a.csv", "--source", "series:x", "--target", "category:y")[0] == 0
    assert fake.Model.made[-1].xs_ == [[1.0, 2.0, 3.0], [[1, 2], [3, 4]]]
    for cell, message in (
        ("1 two", "row 1: numbers separated by spaces or commas were expected; got '1 two'"),
        ("[1", "row 1: a list of numbers"),
    ):
        (tmp_path / "a.csv").write_text(f"x,y\n1 2,a\n{cell},b\n")
        assert message in elman_cli("fit", "a.csv", "--source", "series:x", "--target", "category:y")[2]


def test_demo(elman_cli: Cli, fake: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "elman.cli.demo_tasks", fake.DemoTasks)
    found = json.loads(elman_cli("demo", "--json", "--out", "models")[1])
    assert [task["task"] for task in found["tasks"]] == ["digits", "prices"]
    assert (tmp_path / "models").is_dir()
    _, out, _ = elman_cli("demo", "--only", "prices")
    lines = out.splitlines()
    assert "1/1  prices, forecast" in lines
    assert lines[-4].split() == ["prices", "forecast", "accuracy", "0.9", "0.5", "most", "frequent", "1.5", "s"]
    assert lines[-1] == "  elman info demo-models/prices.elman"
    code, _, err = elman_cli("demo", "--only", "price")
    assert code == 2
    assert "the demo has no task 'price'; it has digits, prices. Did you mean 'prices'?" in err


def test_forecast_of_days_is_written_as_days() -> None:
    midnight = datetime.datetime(2020, 1, 1)
    assert forecast._days([midnight, midnight]) == [datetime.date(2020, 1, 1)] * 2
    assert forecast._days([midnight, datetime.datetime(2020, 1, 1, 12)])[0] is midnight
    assert forecast._days([1, 2]) == [1, 2]
