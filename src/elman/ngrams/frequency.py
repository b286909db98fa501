"""Frequency: how often each symbol occurs, whatever came before. The floor that every model must beat."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from elman.errors import SettingError
from elman.ngrams._base import Floats, NGramModel
from elman.ngrams.counts import Ints


class Frequency(NGramModel):
    """Unigram model with additive smoothing: ``P(w) = (c(w) + smoothing) / (n + smoothing · C)``.

    ``most_frequent_`` is the answer of a "most frequent" opponent, ``sample`` that of prior sampling.

    Parameters
    ----------
    end : bool, default False
        Predict the end of a sequence too, as class V.
    smoothing : float, default 1.0
        Occurrences lent to every symbol; 0 gives symbols never seen no chance.

    Attributes
    ----------
    most_frequent_ : int
        The symbol of the highest count, the end apart; the lowest number of several.

    Examples
    --------
    >>> Frequency().fit([[0, 0, 1]], vocabulary_size=2).next().tolist()
    [0.6, 0.4]
    """

    id: ClassVar[str] = "frequency.v1"

    def __init__(self, *, end: bool = False, smoothing: float = 1.0) -> None:
        super().__init__(1, end=end)
        if isinstance(smoothing, bool) or not isinstance(smoothing, int | float | np.number) or not 0 <= smoothing < float("inf"):
            raise SettingError(f"smoothing must be a number of at least 0; got {smoothing!r}.")
        self.smoothing = float(smoothing)

    def config(self) -> dict[str, Any]:
        """Return settings and sizes as plain JSON; with ``tensors()`` the whole model."""
        return {"end": self.end, "smoothing": self.smoothing, "vocabulary_size": self.classes_ - self.end}

    @classmethod
    def _from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)

    def _estimate(self) -> None:
        seen = np.zeros(self.classes_ + 1)
        seen[self.counts_.symbol[1:]] = self.counts_.count[1:]
        seen = seen[:-1]  # without the begin symbol
        total = seen.sum() + self.smoothing * self.classes_
        self._prior = (seen + self.smoothing) / total if total else np.full(self.classes_, 1 / self.classes_)
        self._unseen = self.smoothing / total if total else 1 / self.classes_
        self._by_node = np.concatenate([self._prior, [0.0]])[self.counts_.symbol]
        self.most_frequent_ = int(seen[: self.vocabulary_size_].argmax())

    def _score(self, nodes: Ints) -> Floats:
        node = nodes[1, 1:]
        values = np.where(node >= 0, self._by_node[node], self._unseen)
        return np.log(values, out=np.full(len(values), -np.inf), where=values > 0)

    def _distribution(self, state: int) -> Floats:  # noqa: ARG002  (the same in every state)
        return self._prior.copy()
