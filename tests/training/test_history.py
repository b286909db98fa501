import json
import sys

import pytest

from elman.errors import DataError, MissingExtraError, SettingError
from elman.training.history import History

ROWS = [{"epoch": e, "loss": 1.0 / e, "validation_loss": 1.1 / e, "metric": e / 4, "best": True} for e in (1, 2, 3)]


def history():
    return History(rows=list(ROWS), metric="accuracy", baseline=0.5, best_epoch=3, stopped="max_epochs", reasons=["x=1: why"])


def test_json_there_and_back():
    back = History.from_dict(json.loads(history().to_json()))
    assert back == history()
    assert (len(back), back[1]["loss"], back.interrupted) == (3, 0.5, False)
    with pytest.raises(DataError, match="a history must have exactly the keys"):
        History.from_dict({"rows": []})
    with pytest.raises(DataError, match="got 3"):
        History.from_dict(3)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_frames(kind):
    pytest.importorskip(kind)
    frame = history().to_frame(kind)
    assert type(frame).__module__.startswith(kind)
    assert list(frame["loss"].to_pylist() if kind == "pyarrow" else frame["loss"]) == [1.0, 0.5, 1.0 / 3]


def test_frames_that_cannot_be(monkeypatch):
    with pytest.raises(SettingError, match="kind must be 'pandas', 'polars' or 'pyarrow'; got 'excel'"):
        history().to_frame("excel")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(SettingError, match="polars is not installed"):
        history().to_frame("polars")


def test_a_plot_shows_losses_metric_and_baseline(monkeypatch):
    pytest.importorskip("matplotlib")
    axes = history().plot()
    lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    assert list(lines["training loss"]) == [1.0, 0.5, 1.0 / 3]
    assert lines["kept"][0] == 0
    other = next(a for a in axes.figure.axes if a is not axes)
    assert other.get_ylabel() == "accuracy"
    assert [line.get_ydata()[0] for line in other.get_lines()] == [0.25, 0.5]
    assert History(rows=[{"epoch": 1, "loss": 1.0, "validation_loss": None, "metric": None}]).plot().get_xlabel() == "epoch"
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"matplotlib is needed to plot a history.*elman\[plot\]"):
        history().plot()
