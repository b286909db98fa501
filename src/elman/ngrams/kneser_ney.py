"""Interpolated modified Kneser-Ney: the n-gram model to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from elman.errors import SettingError
from elman.ngrams._base import Floats, NGramModel
from elman.ngrams.counts import ROOT, Counts, Ints

_FALLBACK = (0.5, 1.0, 1.5)  # where the counts of counts allow no estimate, as in KenLM's --discount_fallback


class KneserNey(NGramModel):
    """N-gram model with interpolated modified Kneser-Ney smoothing.

    ``P(w|h) = (a(hw) - D(a(hw))) / a(h•) + γ(h) P(w|h')`` where ``a`` is the count at the largest order and for n-grams that
    begin a sequence, below it the number of different symbols seen before the n-gram; ``h'`` is h without its first symbol. Discounts
    D1, D2, D3+ are estimated per order from counts of counts. The unigrams are interpolated with the uniform distribution, which
    gives every symbol never seen its share. Same figures as KenLM's ``lmplz``.

    Parameters
    ----------
    order : int, default 5
        Length of the longest n-gram.
    end : bool, default False
        Predict the end of a sequence too, as class V.
    discount : float or sequence of three floats, optional
        Fixed discounts in place of estimated ones: one number for plain Kneser-Ney, or D1, D2, D3+ in 0..1, 0..2, 0..3.

    Attributes
    ----------
    discounts_ : numpy.ndarray
        (order + 1, 4): the discount of counts 0, 1, 2 and 3 or more; row k for k-grams.

    References
    ----------
    Chen and Goodman 1998, "An empirical study of smoothing techniques for language modeling", equations 24–26.
    Heafield, Pouzyrevsky, Clark and Koehn 2013, "Scalable modified Kneser-Ney language model estimation", sections 3.2–3.4.

    Examples
    --------
    >>> model = KneserNey(order=3).fit([[0, 1, 2, 0, 1, 2, 0, 1]], vocabulary_size=4)
    >>> int(model.next([0, 1]).argmax())
    2
    >>> round(float(model.next([0, 1]).sum()), 12)
    1.0
    """

    id: ClassVar[str] = "kneser_ney.v1"

    def __init__(self, order: int = 5, *, end: bool = False, discount: float | Sequence[float] | None = None) -> None:
        super().__init__(order, end=end)
        self.discount = None if discount is None else _checked(discount)

    def config(self) -> dict[str, Any]:
        """Return settings and sizes as plain JSON; with ``tensors()`` the whole model."""
        discount = None if self.discount is None else list(self.discount)
        return {"order": self.order, "end": self.end, "discount": discount, "vocabulary_size": self.classes_ - self.end}

    @classmethod
    def _from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)

    def _estimate(self) -> None:
        counts, begin = self.counts_, self.classes_
        adjusted = adjusted_counts(counts, begin)
        self.discounts_ = np.zeros((self.order + 1, 4))
        for k in range(1, self.order + 1):
            level = adjusted[counts.levels[k] : counts.levels[k + 1]]
            self.discounts_[k, 1:] = self.discount or estimate_discounts(np.bincount(np.minimum(level, 5), minlength=6)[1:5])
        taken = self.discounts_[counts.depth, np.minimum(adjusted, 3)]
        parent, nodes = counts.parent[1:], len(adjusted)
        total = np.bincount(parent, adjusted[1:], nodes)
        freed = np.bincount(parent, taken[1:], nodes)
        # a context that nothing followed hands everything to its suffix
        self.backoff_ = np.divide(freed, total, out=np.ones(nodes), where=total > 0)
        self.probability_ = np.full(nodes, 1.0 / self.classes_)  # at the root: the uniform distribution below the unigrams
        for k in range(1, self.order + 1):
            level = slice(counts.levels[k], counts.levels[k + 1])
            context = counts.parent[level]
            discounted = np.divide((adjusted - taken)[level], total[context], out=np.zeros(len(context)), where=total[context] > 0)
            self.probability_[level] = discounted + self.backoff_[context] * self.probability_[counts.suffix[level]]

    def _score(self, nodes: Ints) -> Floats:
        values = np.full(nodes.shape[1] - 1, self.probability_[ROOT])
        for k in range(1, self.order + 1):
            context, node = nodes[k - 1, :-1], nodes[k, 1:]
            finite = np.flatnonzero(context >= 0)
            values[finite] *= self.backoff_[context[finite]]
            hit = np.flatnonzero(node >= 0)
            values[hit] = self.probability_[node[hit]]
        return np.log(values, out=np.full(len(values), -np.inf), where=values > 0)

    def _distribution(self, state: int) -> Floats:
        values = np.full(self.classes_ + 1, self.probability_[ROOT])  # the begin symbol has a place here and is cut off below
        for context in reversed(self.counts_.chain(state)):
            children = self.counts_.children(context)
            values *= self.backoff_[context]
            values[self.counts_.symbol[children]] = self.probability_[children]
        return values[: self.classes_]

    def backoff_table(self) -> dict[str, NDArray[Any]]:
        """Return the model as flat arrays for native code, one entry a node: an ARPA file without the text.

        Returns
        -------
        dict
            ``first`` (M + 1,) int64: the children of node p are ``first[p] .. first[p + 1] - 1``, sorted by ``symbol`` (M,) int32;
            ``suffix`` (M,) int64; ``log_prob`` and ``log_backoff`` (M,) float32 in nats. Node 0 is the empty context and holds the uniform
            probability. To score a symbol in a state: add ``log_backoff`` and go to ``suffix`` until a child is found, then add its
            ``log_prob``; when the root has none, add the root's ``log_backoff`` and ``log_prob``.
        """
        self.classes_  # noqa: B018  (raises when not fitted)
        with np.errstate(divide="ignore"):
            log_prob, log_backoff = np.log(self.probability_), np.log(self.backoff_)
        return {
            "first": self.counts_.first,
            "symbol": self.counts_.symbol,
            "suffix": self.counts_.suffix,
            "log_prob": log_prob.astype(np.float32),
            "log_backoff": log_backoff.astype(np.float32),
        }


def adjusted_counts(counts: Counts, begin: int) -> Ints:
    """Return the counts Kneser-Ney works on.

    Parameters
    ----------
    counts : Counts
        Plain counts.
    begin : int
        The begin symbol; it is never predicted, so its unigram counts 0.

    Returns
    -------
    numpy.ndarray
        (M,) int64: occurrences at the largest order and for n-grams that begin a sequence, else the number of different
        symbols seen before.
    """
    adjusted = np.bincount(counts.suffix[1:], minlength=len(counts.suffix))
    adjusted[ROOT] = 0
    adjusted[counts.levels[-2] :] = counts.count[counts.levels[-2] :]
    opening = np.zeros(len(adjusted), bool)
    opening[1 : counts.levels[2]] = counts.symbol[1 : counts.levels[2]] == begin
    adjusted[opening] = 0
    for k in range(2, counts.order + 1):
        level = slice(counts.levels[k], counts.levels[k + 1])
        opening[level] = opening[counts.parent[level]]
        adjusted[level] = np.where(opening[level], counts.count[level], adjusted[level])
    return adjusted


def estimate_discounts(counts_of_counts: Any) -> tuple[float, float, float]:
    """Return D1, D2, D3+ of one order (Chen and Goodman 1998, equation 26).

    Parameters
    ----------
    counts_of_counts : array_like
        (4,) how many n-grams have adjusted count 1, 2, 3, 4.

    Returns
    -------
    tuple of three floats
        0.5, 1, 1.5 where the counts of counts allow no estimate (few or artificial data, or a small alphabet).
    """
    n = [float(v) for v in counts_of_counts]
    if min(n[:3]) == 0:
        return _FALLBACK
    y = n[0] / (n[0] + 2 * n[1])
    d1, d2, d3 = (j - (j + 1) * y * n[j] / n[j - 1] for j in (1, 2, 3))
    return (d1, d2, d3) if 0 <= d1 <= 1 and 0 <= d2 <= 2 and 0 <= d3 <= 3 else _FALLBACK


def _checked(discount: Any) -> tuple[float, float, float]:
    values = np.asarray(discount, np.float64) if not isinstance(discount, str) else np.empty(0)
    values = np.full(3, float(values)) if values.ndim == 0 else values
    if values.shape != (3,) or not all(0 <= d <= j for j, d in enumerate(values, 1)):
        raise SettingError(f"discount must be one number in 0..1, or three in 0..1, 0..2 and 0..3; got {discount!r}.")
    return float(values[0]), float(values[1]), float(values[2])
