"""Mixture: n-grams beside another model of the next symbol, each with a share that depends on how much of the past the n-grams know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from elman.errors import DataError
from elman.ngrams._base import Floats
from elman.ngrams.counts import ROOT, Ints, Stream
from elman.ngrams.kneser_ney import KneserNey

_PULL = 5.0
"""Symbols that held-out text must outweigh to move a share away from one half."""
_ROUNDS = 100
"""Rounds of expectation and maximisation at most."""


class Mixture:
    """Probabilities of another model and of Kneser-Ney n-grams, added in shares.

    ``P(w|h) = a(d) Q(w|h) + (1 - a(d)) KN(w|h)``, where Q is the other model and d the length of the longest end of h that the n-grams
    have seen: a recurrent network remembers what is far and generalises, n-grams know by heart which phrases recur (Mikolov et al.
    2011, "Empirical evaluation and combination of advanced language modeling techniques"; shares by context: Jelinek and Mercer 1980).

    Parameters
    ----------
    ngrams : KneserNey
        Fitted, with ``end=True``.
    shares : array_like, optional
        (order,) share a(d) of the other model after contexts of 0 to order - 1 symbols; one half each by default.

    Examples
    --------
    >>> mixture = Mixture(KneserNey(3, end=True).fit([[0, 1, 0, 1, 0, 1]], vocabulary_size=2))
    >>> states = mixture.contexts(np.array([0, 1]))
    >>> mixed = mixture.mix(np.full((3, 3), 1 / 3), states)
    >>> mixed.argmax(1).tolist(), mixed.sum(1).round(12).tolist()
    ([0, 1, 0], [1.0, 1.0, 1.0])
    """

    def __init__(self, ngrams: KneserNey, shares: Any = None) -> None:
        self.ngrams = ngrams
        self.shares: Floats = np.full(ngrams.order, 0.5) if shares is None else np.asarray(shares, np.float64)
        if self.shares.shape != (ngrams.order,) or not ((self.shares >= 0) & (self.shares <= 1)).all():
            raise DataError(f"shares must be {ngrams.order} numbers in 0..1, one for each length of context; got {shares!r}.")
        self._base = ngrams.counts_.base

    def fit_shares(self, own: Floats, theirs: Floats, states: Ints) -> Self:
        """Set the shares so that text which neither model has seen is likeliest.

        Parameters
        ----------
        own : numpy.ndarray
            (T,) probability that the other model gave each symbol.
        theirs : numpy.ndarray
            (T,) probability that the n-grams gave it.
        states : numpy.ndarray
            (T,) context of the n-grams before it.

        Returns
        -------
        Mixture
            The mixture itself.
        """
        depth = self.ngrams.counts_.depth[states]
        seen = np.bincount(depth, minlength=len(self.shares))
        for _ in range(_ROUNDS):
            before, share = self.shares, self.shares[depth]
            owed = np.divide(share * own, share * own + (1 - share) * theirs, out=np.full(len(own), 0.5), where=(own + theirs) > 0)
            self.shares = (np.bincount(depth, owed, len(before)) + 0.5 * _PULL) / (seen + _PULL)
            if np.abs(self.shares - before).max() < 1e-6:
                break
        return self

    def contexts(self, symbols: Ints) -> Ints:
        """Return the context before each symbol of a sequence and after the last.

        Parameters
        ----------
        symbols : numpy.ndarray
            (T,) symbols from the beginning of the sequence on.

        Returns
        -------
        numpy.ndarray
            (T + 1,) int64 states.
        """
        counts = self.ngrams.counts_
        walk = counts.walk(Stream.of([np.asarray(symbols, np.int64)], begin=self.ngrams.classes_))
        longest = np.full(walk.shape[1], ROOT)
        for nodes in walk[1 : counts.order]:  # a context is shorter than the order
            longest = np.where(nodes >= 0, nodes, longest)
        return longest

    def follow(self, state: int, symbol: int) -> int:
        """Return the context after a context is followed by a symbol."""
        counts = self.ngrams.counts_
        keys, wanted = counts.keys, state * self._base + symbol
        while True:
            at = int(keys.searchsorted(wanted))
            if at < len(keys) and keys[at] == wanted:
                return int(counts.suffix[at]) if at >= counts.levels[-2] else at
            if state == ROOT:
                return ROOT
            state = int(counts.suffix[state])
            wanted = state * self._base + symbol

    def mix(self, chances: NDArray[Any], states: Iterable[int]) -> Floats:
        """Mix the other model's probabilities with the n-grams'.

        Parameters
        ----------
        chances : numpy.ndarray
            (N, C) probabilities of the other model.
        states : iterable of int
            (N,) contexts.

        Returns
        -------
        numpy.ndarray
            (N, C) float64; rows that sum to 1 give rows that sum to 1.
        """
        distinct, places = np.unique(np.asarray(states, np.int64), return_inverse=True)
        share = self.shares[self.ngrams.counts_.depth[distinct]]
        known = self.ngrams.next_at(distinct)
        known *= (1 - share)[:, None]
        return share[places, None] * chances + known[places]

    def config(self) -> dict[str, Any]:
        """Return shares and settings as plain JSON; with ``tensors()`` the whole mixture."""
        return {"ngrams": self.ngrams.config(), "shares": self.shares.tolist()}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return what the n-grams counted as plain integer arrays."""
        return self.ngrams.tensors()

    @classmethod
    def from_state(cls, config: Mapping[str, Any], tensors: Mapping[str, Any]) -> Self:
        """Rebuild a mixture; a config or arrays that are none raise DataError.

        Parameters
        ----------
        config : mapping
            What ``config()`` gave.
        tensors : mapping
            What ``tensors()`` gave.

        Returns
        -------
        Mixture
            One that gives the same probabilities.
        """
        if not isinstance(config, Mapping) or set(config) != {"ngrams", "shares"}:
            raise DataError(f"a mixture's config has ngrams and shares; got {str(config)[:100]}. Save the model again.")
        return cls(KneserNey.from_state(config["ngrams"], tensors), config["shares"])
