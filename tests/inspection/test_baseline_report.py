"""Reports of baselines: the same call as for the three estimators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from elman.baselines import BagOfSteps, BagOfWords, Constant, Frequency, Markov, Naive, Theta, UsualLabel
from elman.errors import DataError, DataTypeError
from elman.inspection.report.report import report

TEXTS = ["good fine nice", "bad awful poor", "nice good day", "poor bad night"] * 5
LABELS = ["up", "down", "up", "down"] * 5


def waves() -> list[np.ndarray]:
    return [np.sin(0.3 * np.arange(60) + phase) for phase in range(4)]


@pytest.mark.parametrize("make", [lambda: BagOfWords(), lambda: Frequency(), lambda: Markov(order=2)])
def test_a_classifier_shows_its_accuracy_confusion_and_examples(make, tmp_path):
    model = make().fit(TEXTS, LABELS)
    page = report(model, tmp_path / "page.html", TEXTS, LABELS).read_text()
    accuracy = float(np.mean([a == b for a, b in zip(model.predict(TEXTS), LABELS, strict=True)]))
    assert f"<h1>{type(model).__name__}" in page
    assert "score on 20 given rows" in page
    assert f"{accuracy:g}" in page
    assert "True classes and answers" in page
    assert "Precision and recall" in page
    assert "Settings" in page
    assert "Memory" not in page


def test_markov_without_answers_shows_bits_per_symbol(tmp_path):
    model = Markov(order=2).fit(TEXTS)
    page = report(model, tmp_path / "page.html", TEXTS).read_text()
    assert "bits per symbol" in page
    assert f"{model.score(TEXTS):.4g}"[:5] in page


@pytest.mark.parametrize("baseline", [Naive, Theta])
def test_a_forecast_is_drawn_and_its_errors_are_counted(baseline, tmp_path):
    model = baseline(season=4).fit(waves())
    page = report(model, tmp_path / "page.html", waves()).read_text()
    assert "A series of middling error and its forecast" in page
    assert "Mean absolute error by step" in page
    assert "season" in page


def test_numbers_and_labels_of_steps(tmp_path):
    series = waves()
    page = report(Constant("mean").fit(series, [1.0, 2.0, 3.0, 4.0]), tmp_path / "a.html", series, [1.0, 2.0, 3.0, 4.0]).read_text()
    assert "absolute error" in page
    model = UsualLabel().fit([["a", "b"], ["b", "c"]], [["x", "y"], ["y", "z"]])
    page = report(model, tmp_path / "b.html", [["a", "b"]], [["x", "z"]]).read_text()
    assert "share of wrong answers" in page
    assert "0.5" in page


def test_steps_of_a_classifier(tmp_path):
    series, labels = waves() * 5, ["a", "b", "c", "d"] * 5
    page = report(BagOfSteps().fit(series, labels), tmp_path / "page.html", series, labels).read_text()
    assert "share of wrong answers" in page


def test_values_that_do_not_fit_are_refused(tmp_path):
    model = BagOfWords().fit(TEXTS, LABELS)
    with pytest.raises(DataError, match=r"report was given the class 'sideways', which was not in training"):
        report(model, tmp_path / "page.html", TEXTS[:2], ["up", "sideways"])
    with pytest.raises(DataError, match="together with their answers"):
        report(model, tmp_path / "page.html", TEXTS)
    with pytest.raises(NotFittedError):
        report(BagOfWords(), tmp_path / "page.html")
    with pytest.raises(DataTypeError, match="BagOfWords itself"):
        report(BagOfWords, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
