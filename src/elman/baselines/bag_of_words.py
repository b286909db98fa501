"""Bag of words: a linear model on n-grams of words and characters, which few labelled texts hardly ever beat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from elman.errors import DataTypeError, NotFittedError


class BagOfWords(ClassifierMixin, BaseEstimator):
    """Logistic regression on tf-idf of word 1–2-grams and character 2–5-grams.

    Texts, dialogues (every turn begins with its speaker) and sequences of symbols are read.

    Parameters
    ----------
    C : float, default 10.0
        Inverse strength of the penalty on weights.
    max_iter : int, default 300
        Steps of the solver at most.

    Attributes
    ----------
    classes_ : ndarray
        The categories.
    parameters_ : int
        Numbers that were fitted.

    Examples
    --------
    >>> model = BagOfWords().fit(["good food", "bad food", "good wine", "bad wine"], [1, 0, 1, 0])
    >>> model.predict(["really good", "too bad"]).tolist()
    [1, 0]
    """

    def __init__(self, C: float = 10.0, max_iter: int = 300) -> None:  # noqa: N803  # scikit-learn's name
        self.C = C
        self.max_iter = max_iter

    def fit(self, X: Iterable[Any], y: Any) -> Self:
        """Learn from texts and their categories.

        Parameters
        ----------
        X : iterable
            Texts, dialogues or sequences of symbols, N of them.
        y : array-like
            Categories, N of them.

        Returns
        -------
        BagOfWords
            The estimator itself.
        """
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")  # noqa: S106  # how words are cut, no password
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self.pipeline_ = make_pipeline(make_union(words, characters), LogisticRegression(C=self.C, max_iter=self.max_iter))
        self.pipeline_.fit([as_text(value) for value in X], np.asarray(y))
        self.classes_ = self.pipeline_.classes_
        linear: Any = self.pipeline_[-1]
        self.parameters_ = int(linear.coef_.size + linear.intercept_.size)
        return self

    def predict(self, X: Iterable[Any]) -> np.ndarray:
        """Return the likeliest category of each value."""
        return self._fitted().predict([as_text(value) for value in X])

    def predict_proba(self, X: Iterable[Any]) -> np.ndarray:
        """Return probabilities (N, C), columns in the order of ``classes_``."""
        return self._fitted().predict_proba([as_text(value) for value in X])

    def _fitted(self) -> Any:
        if not hasattr(self, "pipeline_"):
            raise NotFittedError("This BagOfWords is not fitted yet. Call fit(texts, categories) first.")
        return self.pipeline_


def as_text(value: Any) -> str:
    """Return a value as one text: turns with their speakers, symbols side by side.

    Parameters
    ----------
    value : str, sequence of turns or sequence of symbols
        One value.

    Returns
    -------
    str
        Its words.

    Examples
    --------
    >>> as_text([("agent", "good day"), {"speaker": "client", "text": "hello"}]), as_text(["a", 1])
    ('agent: good day client: hello', 'a 1')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return f"{value.get('speaker')}: {value.get('text')}"
    if not isinstance(value, Iterable):
        raise DataTypeError(f"expected text, turns or symbols; got {type(value).__name__}. Give one text a row.")
    return " ".join(
        f"{v[0]}: {v[1]}" if isinstance(v, tuple) and len(v) == 2 else as_text(v) if isinstance(v, Mapping) else str(v) for v in value
    )
