"""Prediction by partial matching: variable-order back-off with exclusion, the compressor's Markov model."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np

from elman.errors import SettingError
from elman.ngrams._base import Floats, NGramModel
from elman.ngrams.counts import MISSING, ROOT, Ints
from elman.ngrams.kneser_ney import adjusted_counts

Escape = Literal["C", "D"]


class PPM(NGramModel):
    """Variable-order model: the longest context that was seen decides, and escapes to shorter ones.

    In a context with n occurrences of d different symbols a symbol seen c times has probability

    - method C: ``c / (n + d)``, escape ``d / (n + d)``;
    - method D: ``(c - 1/2) / n``, escape ``d / 2n``.

    After an escape the symbols of the longer context are excluded: they leave n and d of the shorter one. A context that has seen
    every symbol never escapes; below the empty context the symbols never seen share the rest. Every symbol that followed a context also
    followed its suffix, so the exclusions of a context are one number a node and whole texts are scored without a loop over symbols.

    Parameters
    ----------
    order : int, default 6
        Length of the longest n-gram: contexts have up to ``order - 1`` symbols.
    end : bool, default False
        Predict the end of a sequence too, as class V.
    escape : {"C", "D"}, default "D"
        How the probability of a new symbol is estimated.
    update_exclusion : bool, default True
        Below the largest order, count a symbol once for every different longer context (a coder that updates only down
        to the order that predicted would have counted); False counts every occurrence.

    References
    ----------
    Cleary and Witten 1984, "Data compression using adaptive coding and partial string matching".
    Moffat 1990, "Implementing the PPM data compression scheme" (method C, update exclusion).
    Howard 1993, "The design and analysis of efficient lossless data compression systems" (method D).

    Examples
    --------
    >>> model = PPM(order=3).fit([[0, 1, 0, 1, 0, 1]], vocabulary_size=3)
    >>> model.next([0, 1]).round(3).tolist()
    [0.75, 0.125, 0.125]
    """

    id: ClassVar[str] = "ppm.v1"

    def __init__(self, order: int = 6, *, end: bool = False, escape: Escape = "D", update_exclusion: bool = True) -> None:
        super().__init__(order, end=end)
        if escape not in ("C", "D"):
            raise SettingError(f"escape must be 'C' or 'D'; got {escape!r}.")
        self.escape: Escape = escape
        self.update_exclusion = bool(update_exclusion)

    def config(self) -> dict[str, Any]:
        """Return settings and sizes as plain JSON; with ``tensors()`` the whole model."""
        settings = {"order": self.order, "end": self.end, "escape": self.escape, "update_exclusion": self.update_exclusion}
        return {**settings, "vocabulary_size": self.classes_ - self.end}

    @classmethod
    def _from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)

    def _estimate(self) -> None:
        counts, begin = self.counts_, self.classes_
        seen = adjusted_counts(counts, begin) if self.update_exclusion else counts.count.copy()
        seen[1 : counts.levels[2]][counts.symbol[1 : counts.levels[2]] == begin] = 0  # the begin symbol is never predicted
        seen[ROOT] = 0
        parent, nodes = counts.parent[1:], len(seen)
        self._seen = seen.astype(np.float64)
        self._total = np.bincount(parent, seen[1:], nodes).astype(np.float64)
        self._distinct = np.bincount(parent, seen[1:] > 0, nodes).astype(np.float64)
        # occurrences, in the suffix, of the symbols after this context
        self._excluded = np.bincount(parent, seen[counts.suffix[1:]], nodes).astype(np.float64)

    def _weights(self, contexts: Ints, longer: Ints) -> tuple[Floats, Floats, Floats]:
        """Return the discount of each count, the denominator and the escape probability of contexts.

        ``longer`` holds the longer contexts they were reached from, -1 where there was none.
        """
        from_longer = longer >= 0
        total = self._total[contexts] - from_longer * self._excluded[longer]
        distinct = self._distinct[contexts] - from_longer * self._distinct[longer]
        new = distinct * (self._distinct[contexts] < self.classes_)  # nothing is new to a context that has seen all
        off: Floats = np.zeros(len(new)) if self.escape == "C" else np.where(new > 0, 0.5, 0.0)
        below = total + new if self.escape == "C" else total
        escape = new if self.escape == "C" else new / 2
        chance: Floats = np.divide(escape, below, out=(distinct == 0).astype(np.float64), where=below > 0)
        return off, below, chance

    def _score(self, nodes: Ints) -> Floats:
        n = nodes.shape[1] - 1
        values = np.ones(n)
        longer = np.full(n, MISSING)
        open_ = np.arange(n)
        for k in range(self.order, 0, -1):
            context = nodes[k - 1, open_]
            live = (context >= 0) & (self._distinct[context] > 0)
            positions = open_[live]
            off, below, escape = self._weights(context[live], longer[positions])
            node = nodes[k, positions + 1]
            hit = (node >= 0) & (self._seen[node] > 0)
            values[positions[hit]] *= (self._seen[node[hit]] - off[hit]) / below[hit]
            values[positions[~hit]] *= escape[~hit]
            longer[positions] = context[live]
            gone = np.zeros(n, bool)
            gone[positions[hit]] = True
            open_ = open_[~gone[open_]]
        # in a joined stream begin symbols come by here too; their scores are not used, but must not divide by nothing
        values[open_] /= max(1, self.classes_ - self._distinct[ROOT])
        return np.log(values, out=np.full(n, -np.inf), where=values > 0)

    def _distribution(self, state: int) -> Floats:
        values = np.zeros(self.classes_ + 1)  # the begin symbol has a place here and is cut off below
        unseen = np.ones(self.classes_ + 1, bool)
        left, longer = 1.0, MISSING
        for context in self.counts_.chain(state):
            if not self._distinct[context]:
                continue
            off, below, escape = (float(v[0]) for v in self._weights(np.array([context]), np.array([longer])))
            children = np.arange(*self.counts_.children(context).indices(len(self._seen))[:2])
            children = children[unseen[self.counts_.symbol[children]] & (self._seen[children] > 0)]
            symbols = self.counts_.symbol[children]
            if len(children):
                values[symbols] = left * (self._seen[children] - off) / below
            unseen[symbols] = False
            left, longer = left * escape, context
        unseen[self.classes_] = False
        if unseen.any():
            values[unseen] = left / unseen.sum()
        return values[: self.classes_]
