"""Bag of steps: a linear model on summary statistics of a series, whatever the order of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from elman.codecs import Codec, Continuous, Series
from elman.errors import NotFittedError, SettingError


class BagOfSteps(BaseEstimator):
    """Mean, spread, least and largest value of each channel, and the length; then logistic or ridge regression.

    Parameters
    ----------
    source : Codec, optional
        Source, sequences of numbers; ``Series()`` by default.
    C : float, default 1.0
        Inverse strength of the penalty on weights.

    Attributes
    ----------
    parameters_ : int
        Number of fitted weights.

    Examples
    --------
    >>> high, low = [[5.0, 6.0], [7.0, 5.0, 6.0]], [[1.0, 2.0], [0.0, 1.0, 2.0]]
    >>> BagOfSteps().fit(high + low, ["high", "high", "low", "low"]).predict([[6.0, 6.0]]).tolist()
    ['high']
    """

    def __init__(self, source: Codec | None = None, C: float = 1.0) -> None:  # noqa: N803  # scikit-learn's name
        self.source = source
        self.C = C

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from series and their categories or numbers.

        Parameters
        ----------
        X : list
            Values of the source, N rows.
        y : array-like
            N categories, or N numbers.

        Returns
        -------
        BagOfSteps
            The estimator itself.
        """
        from sklearn.base import clone

        self.source_ = (Series() if self.source is None else clone(self.source)).fit(X)  # type: ignore[arg-type]
        if self.source_.rank != "many" or not isinstance(self.source_.space, Continuous):
            raise SettingError(f"BagOfSteps reads sequences of numbers; {type(self.source_).__name__} is not one. Use Series().")
        truth = np.asarray(y)
        numbers = truth.dtype.kind == "f"
        model: Any = Ridge(alpha=1 / self.C) if numbers else LogisticRegression(C=self.C, max_iter=1000)
        self.pipeline_ = make_pipeline(StandardScaler(), model).fit(self._sums(X), truth)
        self.parameters_ = int(model.coef_.size + np.size(model.intercept_))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the answer to each series."""
        if not hasattr(self, "pipeline_"):
            raise NotFittedError("This BagOfSteps is not fitted yet. Call fit(series, answers) first.")
        return self.pipeline_.predict(self._sums(X))

    def _sums(self, X: Iterable[Any]) -> np.ndarray:
        return np.stack([_sums(np.nan_to_num(np.asarray(row, dtype=np.float64))) for row in self.source_.encode_all(X)])


def _sums(steps: np.ndarray) -> np.ndarray:
    if not len(steps):
        return np.zeros(4 * steps.shape[1] + 1)
    return np.concatenate([steps.mean(0), steps.std(0), steps.min(0), steps.max(0), [np.log1p(len(steps))]])
