"""Usual label: each symbol has the label that it had most often, whatever its neighbours are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from typing import Any, Self

from sklearn.base import BaseEstimator

from elman.errors import NotFittedError
from elman.fitting.inputs import paired_rows, rows_of


class UsualLabel(BaseEstimator):
    """Label every step by its own symbol alone; a symbol never seen gets the most frequent label.

    Attributes
    ----------
    parameters_ : int
        Symbols that have a label.

    Examples
    --------
    >>> tagger = UsualLabel().fit([["the", "dog"], ["the", "run"]], [["D", "N"], ["D", "V"]])
    >>> tagger.predict([["the", "run", "home"]])
    [['D', 'V', 'D']]
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Count labels.

        Parameters
        ----------
        X : list of sequences
            Symbols, N rows.
        y : list of sequences
            One label for each symbol.

        Returns
        -------
        UsualLabel
            The estimator itself.
        """
        counts: defaultdict[Hashable, Counter[Any]] = defaultdict(Counter)
        for symbols, labels in zip(*paired_rows(X, y), strict=True):
            for symbol, label in zip(symbols, labels, strict=True):
                counts[symbol][label] += 1
        self.labels_ = {symbol: label_counts.most_common(1)[0][0] for symbol, label_counts in counts.items()}
        self.most_frequent_ = sum(counts.values(), Counter()).most_common(1)[0][0]
        self.parameters_ = len(self.labels_)
        return self

    def predict(self, X: Any) -> list[list[Any]]:
        """Return the labels of each sequence."""
        if not hasattr(self, "labels_"):
            raise NotFittedError("This UsualLabel is not fitted yet. Call fit(sequences, labels) first.")
        return [[self.labels_.get(symbol, self.most_frequent_) for symbol in symbols] for symbols in rows_of(X, "X")]
