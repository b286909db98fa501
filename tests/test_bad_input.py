"""Bad input, as people bring it: one clear error of elman naming the row, what was given, what was expected, what to do."""

import numpy as np
import pytest
from sklearn.base import clone

import elman
from elman import Category, Forecaster, LanguageModel, Model, Network, Number, Series, Symbols, Tags, Text, Training, Vector
from elman.cli.app import run
from elman.errors import DataError, DataTypeError, FileError, ModelFileError, NotFittedError, SettingError
from elman.io import tables

QUICK = Training(max_epochs=1, verbose=0)
TINY = Network(hidden_size=2)


def model(source=None, target=None, **options):
    return Model(source or Text("char"), target or Category(), network=clone(TINY), training=clone(QUICK), **options)


@pytest.fixture(scope="module")
def fitted():
    return model().fit(["ab", "ba", "aa", "bb"] * 3, ["x", "y", "x", "y"] * 3)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ([], [], DataError, r"X is empty\. Give at least one row"),
        (["a"], [], DataError, r"y is empty\. Give at least one row"),
        (["a"], ["x"], DataError, r"fit needs at least 2 rows, one to learn from and one to check on; got 1"),
        (["a", "b", "c"], ["x", "y"], DataError, r"X and y must have the same number of rows; got 3 and 2"),
        ("ab", ["x", "y"], DataTypeError, r"X must hold one value a row, as a list, array or column; got one str\. Put it in a list"),
        (7, ["x"], DataTypeError, r"X must hold one value a row.*got int"),
        (None, ["x"], DataTypeError, r"X must hold one value a row.*got NoneType"),
        (["a", "b"], None, DataTypeError, r"y must hold one value a row.*got NoneType"),
        (["a", 3], ["x", "y"], DataTypeError, r"row 1: expected text; got .*int"),
        (["a", None], ["x", "y"], DataError, r"row 1: expected text; got .*None"),
        (["a", "b"], ["x", None], DataError, r"row 1: .*(None|missing)"),
        (["a", "b"], ["x", float("nan")], DataError, r"row 1: .*(NaN|nan)"),
        (["a", "b"], ["x", ["y"]], DataTypeError, r"row 1: expected a category that is hashable.*got list"),
    ],
)
def test_rows_of_a_model(x, y, error, message):
    with pytest.raises(error, match=message):
        model().fit(x, y)


@pytest.mark.parametrize(
    ("target", "y", "message"),
    [
        (Number(), [1.0, float("nan"), 2.0], r"row 1: expected numbers in a target; got NaN\. Drop the row or fill it in"),
        (Number(), [1.0, 2.0, float("inf")], r"row 2: .*inf"),
        (Number(), [1.0, 2.0, "three"], r"row 2: expected one number; got text 'three'\. Convert it to numbers first"),
        (Number(), [1.0, None, 3.0], r"row 1: expected numbers in a target; got NaN"),
        (Vector(), [[1.0, 2.0], [1.0, float("nan")], [0.0, 0.0]], r"row 1: .*(NaN|nan)"),
        (Vector(), [[1.0, 2.0], [1.0], [0.0, 0.0]], r"row 1: expected .*2.*; got .*1"),
        (Series(), [[1.0, 2.0], [1.0, float("nan")], [0.0]], r"row 1: .*(NaN|nan)"),
        (Tags(), [["a"], "b", ["c"]], r"row 1: expected .*; got .*str"),
        (Symbols(), [["a"], 3, ["c"]], r"row 1: expected .*; got .*int"),
    ],
)
def test_targets_that_are_missing_or_of_another_kind(target, y, message):
    with pytest.raises(DataError, match=message):
        model(target=target).fit(["a", "b", "c"], y)


@pytest.mark.parametrize(
    ("source", "x", "message"),
    [
        (Series(), [[1.0], ["one"], [2.0]], r"row 1: expected .*numbers.*"),
        (Series(), [[1.0], "text", [2.0]], r"row 1: expected .*numbers.*"),
        (Series(), [[[1.0, 2.0]], [[1.0]], [[1.0, 2.0]]], r"row 1: .*2.*1"),
        (Series(), [[1.0], [float("inf")], [2.0]], r"row 1: .*inf"),
        (Vector(), [[1.0, 2.0], ["a", "b"], [0.0, 0.0]], r"row 1: expected .*numbers"),
        (Number(), [1.0, "x", 2.0], r"row 1: expected one number; got text 'x'"),
    ],
)
def test_text_where_numbers_were_expected(source, x, message):
    with pytest.raises(DataError, match=message):
        model(source).fit(x, ["x", "y", "x"])


def test_what_was_never_seen_in_fit(fitted):
    with pytest.raises(DataError, match=r"row 1: .*'z'.*'x', 'y'"):
        fitted.score(["ab", "ba"], ["x", "z"])
    assert fitted.predict(["new Ünicode \0 text"])[0] in ("x", "y")


def test_rows_for_a_fitted_model(fitted):
    for call in (fitted.predict, fitted.predict_proba):
        with pytest.raises(DataTypeError, match="row 1: expected text; got .*int"):
            call(["a", 3])
        with pytest.raises(DataError, match="X is empty"):
            call([])
    with pytest.raises(DataError, match="same number of rows; got 2 and 1"):
        fitted.score(["a", "b"], ["x"])
    with pytest.raises(SettingError, match=r"\['beam_size'\] are for free sequences"):
        fitted.predict(["a"], beam_size=3)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'beamsize'"):
        fitted.predict(["a"], beamsize=3)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score", "plan", "save"])
def test_before_fit(method):
    arguments = {"plan": (), "score": (["a"], ["x"]), "save": ("never.elman",)}.get(method, (["a"],))
    with pytest.raises(NotFittedError, match=r"This Model is not fitted yet\. Call fit\(…\) first, or elman\.load\(path\)"):
        getattr(model(), method)(*arguments)
    with pytest.raises(NotFittedError, match="This Forecaster is not fitted yet"):
        Forecaster(3).predict()
    with pytest.raises(NotFittedError, match="This LanguageModel is not fitted yet"):
        LanguageModel(Text()).generate()


def test_steps_that_do_not_belong_together():
    with pytest.raises(DataError, match=r"row 1: align='step' needs .* the source has 2 steps; the target has 3\. Repair the row"):
        model(Symbols(), Symbols(), align="step").fit([["a"], ["a", "b"], ["b"]], [["x"], ["x", "y", "x"], ["y"]])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "empty|no series|at least one"),
        ([[]], "no value|empty|too short|points"),
        ([1.0, 2.0], "too short for horizon 5: the longest has 2 points, 7 are needed"),
        (["a", "b", "c"], "number"),
        ([float("nan")] * 30, "no known value|only NaN|missing|no value"),
        ({"ds": ["2024-01-01"], "value": [1.0]}, "too short for horizon 5: the longest has 1 points, 7 are needed"),
    ],
)
def test_series_that_cannot_be_forecast(data, message):
    with pytest.raises(DataError, match=message):
        Forecaster(5, training=QUICK).fit(data)


def test_settings_that_cannot_be():
    with pytest.raises(SettingError, match="horizon must be a whole number from 1; got 0"):
        Forecaster(0).fit([1.0] * 30)
    with pytest.raises(SettingError, match="align must be .*; got 'steps'"):
        model(align="steps").fit(["a", "b"], ["x", "y"])
    with pytest.raises(SettingError, match=r"cell.*lstmm.* Did you mean 'lstm'\?"):
        Model(Text("char"), Category(), network=Network(cell="lstmm"), training=QUICK).fit(["a", "b"], ["x", "y"])
    with pytest.raises(SettingError, match="learning_rate"):
        model().set_params(training__learning_rate=-1.0).fit(["a", "b"], ["x", "y"])
    with pytest.raises(SettingError, match="hidden_size"):
        model().set_params(network__hidden_size=0).fit(["a", "b"], ["x", "y"])


def test_a_model_file_that_is_none(tmp_path):
    (tmp_path / "a.elman").write_text("review,stars\nfine,5\n")
    with pytest.raises(ModelFileError, match=r"a\.elman: it is not a model file.* a text file\. Give a file saved by elman"):
        elman.load(tmp_path / "a.elman")
    with pytest.raises(ModelFileError, match=r"could not read .*missing\.elman: No such file"):
        elman.load(tmp_path / "missing.elman")


def test_a_file_that_is_not_what_its_ending_says(tmp_path):
    tables.write(tmp_path / "a.parquet", {"n": [1, 2]})
    (tmp_path / "a.parquet").rename(tmp_path / "a.csv")
    with pytest.raises(FileError, match=r"a\.csv.*Parquet"):
        tables.read(tmp_path / "a.csv")
    (tmp_path / "b.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(FileError, match=r"b\.parquet"):
        tables.read(tmp_path / "b.parquet")


# The command line says the same in one line, and ends with a code -------------------------------------------------------


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{text},{stars},{n}\n" for text, stars, n in [("good book", 5, 1.5), ("bad book", 1, 2.5)] * 8)
    (tmp_path / "reviews.csv").write_text(f"review,stars,price\n{rows}")
    return tmp_path


def cli(capsys, *arguments):
    code = run(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, err or out


FIT = ("fit", "reviews.csv", "--out", "a.elman", "--max-epochs", "1", "--hidden-size", "2", "--quiet")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*FIT, "--source", "text:reveiw", "--target", "category:stars"), ("reveiw", "Did you mean 'review'?")),
        ((*FIT, "--source", "text:review", "--target", "category:starz"), ("starz", "Did you mean 'stars'?")),
        ((*FIT, "--source", "txt:review", "--target", "category:stars"), ("txt", "Did you mean 'text'?")),
        ((*FIT, "--source", "text:review", "--target", "number:review"), ("review", "both source and target", "Choose another --target")),
        (
            (*FIT, "--source", "number:review", "--target", "category:stars"),
            ("row 0", "expected one number", "text 'good book'", "Convert"),
        ),
        (("fit", "missing.csv", "--source", "text:a", "--target", "category:b"), ("missing.csv", "Check the path")),
        (("predict", "reviews.csv", "reviews.csv"), ("reviews.csv", "not a model file", "Give a file saved by elman")),
        (("info", "reviews.csv"), ("not a model file",)),
        (("evaluate", "missing.elman", "reviews.csv"), ("missing.elman",)),
        (("forecats", "reviews.csv"), ("forecats", "forecast")),
    ],
)
def test_the_command_line_says_it_in_one_line(table, capsys, arguments, words):
    code, said = cli(capsys, *arguments)
    assert code in (1, 2)
    assert all(word in said for word in words), said
    assert not (table / "a.elman").exists()


def test_a_column_that_is_gone_and_a_category_that_is_new(table, capsys):
    assert run((*FIT, "--source", "text:review", "--target", "category:stars")) == 0
    capsys.readouterr()
    (table / "renamed.csv").write_text("reviews,stars\ngood book,5\nbad book,1\n")
    code, said = cli(capsys, "predict", "a.elman", "renamed.csv")
    assert code == 1
    assert "review" in said
    assert "Did you mean 'reviews'?" in said
    (table / "new.csv").write_text("review,stars\ngood book,5\nbad book,3\n")
    code, said = cli(capsys, "evaluate", "a.elman", "new.csv")
    assert code == 1
    assert "row 1" in said
    assert "3" in said


@pytest.mark.parametrize(
    ("contents", "words"), [("", "empty"), ("review,stars\n", "no row|no data|empty|0 rows"), ("review,stars\nfine,5\n", "2 rows")]
)
def test_tables_with_nothing_to_learn_from(table, capsys, contents, words):
    import re

    (table / "few.csv").write_text(contents)
    code, said = cli(capsys, "fit", "few.csv", "--source", "text:review", "--target", "category:stars", "--out", "few.elman", "--quiet")
    assert code == 1
    assert re.search(words, said), said
    assert not (table / "few.elman").exists()


def test_numpy_and_frames_are_rows_too():
    wide = np.arange(12.0).reshape(6, 2)
    assert len(model(Vector()).fit(wide, np.array(["x", "y"] * 3)).predict(wide)) == 6
    with pytest.raises(DataError, match="row 0: expected"):
        model(Vector()).fit(np.array([["a", "b"], ["c", "d"]]), ["x", "y"])
    with pytest.raises(DataTypeError, match="X must have rows along its first axis"):
        model(Vector()).fit(np.float64(3.0), ["x"])
