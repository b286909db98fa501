"""Constant: the same answer to every question, the best there is: the mean, the usual label of a step, the most common answer."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from elman.errors import NotFittedError
from elman.fitting.inputs import paired_rows, rows_of


class Constant(BaseEstimator):
    """Answer the same to all.

    Parameters
    ----------
    answer : {"mean", "common", "step", "mean_step"}
        The mean of numbers, the most common whole answer, the most frequent label at every step, or the mean step at every step.

    Examples
    --------
    >>> Constant("mean").fit(["a", "b"], [1.0, 3.0]).predict(["c"])
    [2.0]
    >>> Constant("step").fit(["ab", "b"], [["x", "y"], ["y"]]).predict(["abc"])
    [['y', 'y', 'y']]
    """

    def __init__(self, answer: Literal["mean", "common", "step", "mean_step"] = "common") -> None:
        self.answer = answer

    def fit(self, X: Any, y: Any) -> Self:
        """Look at the answers.

        Parameters
        ----------
        X : list
            N values, not looked at.
        y : list
            N answers.

        Returns
        -------
        Constant
            The estimator itself.
        """
        _, ys = paired_rows(X, y)
        if self.answer == "mean":
            self.constant_: Any = np.mean(np.asarray(ys, dtype=np.float64), axis=0)
        elif self.answer == "mean_step":
            self.constant_ = np.concatenate([np.asarray(row, dtype=np.float64) for row in ys]).mean(axis=0)
        elif self.answer == "step":
            self.constant_ = Counter(label for row in ys for label in row).most_common(1)[0][0]
        else:
            keys = [tuple(row) if isinstance(row, list) else frozenset(row) if isinstance(row, set) else row for row in ys]
            self.constant_ = ys[keys.index(Counter(keys).most_common(1)[0][0])]
        self.parameters_ = int(np.size(self.constant_)) if self.answer.startswith("mean") else 1
        return self

    def predict(self, X: Any) -> list[Any]:
        """Return the one answer, as often as there are rows."""
        if not hasattr(self, "constant_"):
            raise NotFittedError("This Constant is not fitted yet. Call fit(values, answers) first.")
        rows = rows_of(X, "X")
        if self.answer in ("step", "mean_step"):
            return [[self.constant_] * len(row) for row in rows]
        return [self.constant_.tolist() if isinstance(self.constant_, np.ndarray | np.generic) else self.constant_ for _ in rows]
