"""Frequency: the answer that was most frequent, whatever the question."""

from __future__ import annotations

from sklearn.dummy import DummyClassifier


class Frequency(DummyClassifier):
    """Answer with the most frequent category; probabilities are the shares of all.

    Examples
    --------
    >>> guess = Frequency().fit(["fine", "good", "bad"], ["yes", "yes", "no"])
    >>> guess.predict(["awful", "so so"]).tolist(), guess.predict_proba(["awful"]).round(2).tolist()
    (['yes', 'yes'], [[0.33, 0.67]])
    """

    def __init__(self) -> None:
        super().__init__(strategy="prior")
