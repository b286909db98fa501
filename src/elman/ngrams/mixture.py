"""Mixture: n-grams beside another model of the next symbol, each with a share that depends on how much of the past the n-grams know."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from elman.errors import DataError
from elman.kernels.ngrams import Row, Tree
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
    have seen: a recurrent network has a long memory and generalises, n-grams know by heart which phrases recur (Mikolov et al.
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
        return self._tree.follow(state, symbol)

    def mix(self, chances: NDArray[Any], states: Any) -> Floats:
        """Mix the other model's probabilities with the n-grams'.

        Parameters
        ----------
        chances : numpy.ndarray
            (N, C) probabilities of the other model.
        states : array_like
            (N,) contexts.

        Returns
        -------
        numpy.ndarray
            (N, C) float64; rows that sum to 1 give rows that sum to 1.
        """
        states = np.asarray(states, np.int64)
        return self._tree.mix(chances, states, self.shares_at(states))

    def shares_at(self, states: Ints) -> Floats:
        """Return the other model's share in each context, (N,)."""
        return self.shares[self.ngrams.counts_.depth[states]]

    def row(self, classes: int) -> Row:
        """Return one row of C probabilities, ``row.values``, that :meth:`mix_into` mixes in place."""
        return self._tree.row(classes)

    def mix_into(self, row: Row, state: int) -> None:
        """Mix the n-grams' probabilities after a context into a row."""
        depth = int(self.ngrams.counts_.levels.searchsorted(state, "right")) - 1  # nodes are numbered level by level
        row.mix(state, self.shares[depth])

    @cached_property
    def _tree(self) -> Any:
        ngrams, counts = self.ngrams, self.ngrams.counts_
        arrays = (counts.first, counts.symbol, counts.suffix, ngrams.probability_, ngrams.backoff_)
        try:
            return Tree(*arrays, longest=int(counts.levels[-2]))
        except ImportError:  # the compiled module was not built
            return PlainTree(ngrams)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out values that are made on demand and hold addresses."""
        return {"ngrams": self.ngrams, "shares": self.shares}

    def config(self) -> dict[str, Any]:
        """Return shares and settings as plain JSON; with ``tensors()`` the whole mixture."""
        return {"ngrams": self.ngrams.config(), "shares": self.shares.tolist()}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the counts of the n-grams as plain integer arrays."""
        return self.ngrams.tensors()

    @classmethod
    def from_state(cls, config: Mapping[str, Any], tensors: Mapping[str, Any]) -> Self:
        """Rebuild a mixture; a config or arrays that are none raise DataError.

        Parameters
        ----------
        config : mapping
            Result of ``config()``.
        tensors : mapping
            Result of ``tensors()``.

        Returns
        -------
        Mixture
            One that gives the same probabilities.
        """
        if not isinstance(config, Mapping) or set(config) != {"ngrams", "shares"}:
            raise DataError(f"a mixture's config has ngrams and shares; got {str(config)[:100]}. Save the model again.")
        return cls(KneserNey.from_state(config["ngrams"], tensors), config["shares"])


class PlainTree:
    """:class:`elman.kernels.ngrams.Tree` in NumPy: the oracle of its tests, and its replacement where nothing was compiled."""

    def __init__(self, ngrams: KneserNey) -> None:
        self._ngrams, self._counts, self._base = ngrams, ngrams.counts_, ngrams.counts_.base

    def follow(self, state: int, symbol: int) -> int:
        """Return the context after a context is followed by a symbol."""
        return int(self._counts.advance([state], [symbol])[0])

    def mix(self, chances: NDArray[Any], states: Ints, shares: Floats) -> Floats:
        """Return ``shares · chances + (1 - shares) · n-grams``, (N, C)."""
        return shares[:, None] * chances + (1 - shares)[:, None] * self._ngrams.next_at(states)

    def row(self, classes: int) -> PlainRow:
        """Return one row of C probabilities to be mixed in place."""
        return PlainRow(self, classes)


class PlainRow:
    """One row of probabilities, ``values`` (C,), that n-grams are mixed into."""

    def __init__(self, tree: PlainTree, classes: int) -> None:
        self.values, self._tree = np.empty(classes), tree

    def mix(self, state: int, share: float) -> None:
        """Mix the probabilities after a context into ``values``."""
        self.values[:] = self._tree.mix(self.values[None], np.array([state]), np.array([share]))[0]
