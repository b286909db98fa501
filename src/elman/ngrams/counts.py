"""N-gram counts of integer sequences as one array trie: every n-gram of every order up to a largest, counted by sorting.

A node is an n-gram that occurred; its parent is the n-gram without its last symbol, its suffix the n-gram without its first.
Nodes are numbered level by level and inside a level by (parent, symbol), so that the children of a node lie side by side and
``parent * base + symbol`` rises over the whole trie: one binary search finds a child, and any order fits into 64 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from elman.errors import DataError

Ints = NDArray[np.int64]
ROOT = 0
MISSING = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """Sequences laid end to end, each behind a begin symbol.

    Parameters
    ----------
    tokens : numpy.ndarray
        (T,) int64, begin symbols included.
    position : numpy.ndarray
        (T,) int64 steps since the sequence's own begin symbol, which has 0.
    """

    tokens: Ints
    position: Ints

    @classmethod
    def of(cls, sequences: list[Ints], begin: int, end: int | None = None) -> Self:
        """Join sequences, with a begin symbol before and, where ``end`` is given, an end symbol after each.

        Parameters
        ----------
        sequences : list of numpy.ndarray
            Each (T_i,) int64.
        begin : int
            The symbol that opens a sequence.
        end : int, optional
            The symbol that closes a sequence.

        Returns
        -------
        Stream
            ``sum(T_i + 1 or 2)`` tokens.
        """
        closing = 0 if end is None else 1
        lengths = np.fromiter((len(s) + 1 + closing for s in sequences), np.int64, len(sequences))
        starts = np.cumsum(lengths) - lengths
        tokens = np.empty(int(lengths.sum()), np.int64)
        position = np.arange(len(tokens)) - np.repeat(starts, lengths)
        fixed = np.zeros(len(tokens), bool)
        tokens[starts], fixed[starts] = begin, True
        if end is not None:
            tokens[starts + lengths - 1], fixed[starts + lengths - 1] = end, True
        if sequences:
            tokens[~fixed] = np.concatenate(sequences)
        return cls(tokens=tokens, position=position)


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Every n-gram of orders 1..order that occurred, with its count; node 0 is the empty n-gram.

    A node takes 28 bytes, 16 more once it is searched (``keys``, ``first``), and 16 in a state. A corpus of T tokens has at most
    ``order * T`` nodes; counting needs about 60 bytes a token more for the sort of one level.

    Parameters
    ----------
    order : int
        Length of the longest n-gram.
    base : int
        Number of symbols, begin and end included; symbols are ``0 .. base - 1``.
    symbol : numpy.ndarray
        (M,) int32 last symbol of each node, -1 at the root.
    parent : numpy.ndarray
        (M,) int64 node of the n-gram without its last symbol, -1 at the root; rising.
    suffix : numpy.ndarray
        (M,) int64 node of the n-gram without its first symbol; the root is its own.
    count : numpy.ndarray
        (M,) int64 occurrences; at the root the number of tokens.
    levels : numpy.ndarray
        (order + 2,) int64: nodes ``levels[k] .. levels[k + 1] - 1`` are the k-grams.
    """

    order: int
    base: int
    symbol: NDArray[np.int32]
    parent: Ints
    suffix: Ints
    count: Ints
    levels: Ints

    @classmethod
    def of(cls, stream: Stream, order: int, base: int) -> Self:
        """Count a stream; n-grams never reach over a begin symbol.

        Parameters
        ----------
        stream : Stream
            Tokens in ``0 .. base - 1``.
        order : int
            Length of the longest n-gram.
        base : int
            Number of symbols.

        Returns
        -------
        Counts
            The trie.

        Examples
        --------
        >>> counts = Counts.of(Stream.of([np.array([0, 1, 0, 1])], begin=2), order=2, base=3)
        >>> counts.count[counts.find(counts.find([0], [0]), [1])]  # the bigram (0, 1)
        array([2])
        """
        tokens, n = stream.tokens, len(stream.tokens)
        symbols, parents, suffixes, counts = [np.array([-1])], [np.array([-1])], [np.array([ROOT])], [np.array([n])]
        levels = [0, 1]
        shorter = np.zeros(n, np.int64)  # node of the (k-1)-gram that ends at t
        where = np.arange(n)
        for k in range(1, order + 1):
            where = where[stream.position[where] >= k - 1]
            prefix = shorter[where - 1] if k > 1 else shorter
            keys, inverse, count = np.unique(prefix * base + tokens[where], return_inverse=True, return_counts=True)
            suffix = np.empty(len(keys), np.int64)
            suffix[inverse] = shorter[where]  # every occurrence writes the same node
            symbols.append(keys % base)
            parents.append(keys // base)
            suffixes.append(suffix)
            counts.append(count)
            shorter = np.full(n, MISSING)
            shorter[where] = inverse + levels[-1]
            levels.append(levels[-1] + len(keys))
        return cls(
            order=order,
            base=base,
            symbol=np.concatenate(symbols).astype(np.int32),
            parent=np.concatenate(parents),
            suffix=np.concatenate(suffixes),
            count=np.concatenate(counts),
            levels=np.array(levels),
        )

    @cached_property
    def keys(self) -> Ints:
        """(M,) ``parent * base + symbol``, rising."""
        return self.parent * self.base + self.symbol

    @cached_property
    def first(self) -> Ints:
        """(M + 1,) first child of each node: the children of p are ``first[p] .. first[p + 1] - 1``."""
        return 1 + np.searchsorted(self.parent[1:], np.arange(len(self.parent) + 1))

    @cached_property
    def depth(self) -> Ints:
        """(M,) length of each n-gram."""
        return np.repeat(np.arange(self.order + 1), np.diff(self.levels))

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, without values computed on demand."""
        return sum(a.nbytes for a in (self.symbol, self.parent, self.suffix, self.count, self.levels))

    def find(self, nodes: Any, symbols: Any) -> Ints:
        """Return the child of each node by each symbol, -1 where there is none.

        Parameters
        ----------
        nodes : array_like
            (N,) nodes; -1 has no children.
        symbols : array_like
            (N,) symbols.

        Returns
        -------
        numpy.ndarray
            (N,) int64.
        """
        nodes, symbols = np.asarray(nodes), np.asarray(symbols)
        values = np.full(nodes.shape, MISSING)
        positions = np.flatnonzero(nodes >= 0)
        edges = nodes[positions] * self.base + symbols[positions]
        at = np.searchsorted(self.keys, edges)
        at[at == len(self.keys)] = ROOT
        values[positions] = np.where(self.keys[at] == edges, at, MISSING)
        return values

    def children(self, node: int) -> slice:
        """Return the nodes one symbol longer than a node."""
        return slice(int(self.first[node]), int(self.first[node + 1]))

    def walk(self, stream: Stream) -> Ints:
        """Find, for every place of a stream, the n-grams that end there.

        Parameters
        ----------
        stream : Stream
            Tokens in ``0 .. base - 1``.

        Returns
        -------
        numpy.ndarray
            (order + 1, T) int64: node of the k-gram that ends at t, -1 where it never occurred or reaches over a begin symbol.
        """
        tokens, n = stream.tokens, len(stream.tokens)
        nodes = np.full((self.order + 1, n), MISSING)
        nodes[0] = ROOT
        unigram = np.full(self.base, MISSING)
        unigram[self.symbol[1 : self.levels[2]]] = np.arange(1, self.levels[2])
        nodes[1] = unigram[tokens]
        for k in range(2, self.order + 1):
            inside = np.flatnonzero(stream.position[1:] >= k - 1) + 1
            nodes[k, inside] = self.find(nodes[k - 1, inside - 1], tokens[inside])
        return nodes

    def advance(self, nodes: Any, symbols: Any) -> Ints:
        """Return the longest context that occurred after each context is followed by a symbol.

        Parameters
        ----------
        nodes : array_like
            (N,) contexts, shorter than ``order``.
        symbols : array_like
            (N,) symbols.

        Returns
        -------
        numpy.ndarray
            (N,) int64 contexts, shorter than ``order``.
        """
        nodes, symbols = np.array(nodes, np.int64), np.asarray(symbols)
        after = np.full(nodes.shape, MISSING)
        open_ = np.arange(len(nodes))
        while len(open_):
            child = self.find(nodes[open_], symbols[open_])
            after[open_] = np.where(child == MISSING, ROOT, child)
            open_ = open_[(child == MISSING) & (nodes[open_] != ROOT)]
            nodes[open_] = self.suffix[nodes[open_]]
        return np.where(self.depth[after] == self.order, self.suffix[after], after)

    def chain(self, node: int) -> list[int]:
        """Return a context and all its suffixes, the longest first, the root last."""
        results = [int(node)]
        while results[-1] != ROOT:
            results.append(int(self.suffix[results[-1]]))
        return results

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the state as plain arrays, 16 bytes a node; ``from_tensors`` reads it."""
        return {
            "symbol": self.symbol,
            "children": np.diff(self.first).astype(np.int32),
            "suffix": self.suffix.astype(np.int32),
            "count": self.count.astype(np.int32 if self.count.max() < 2**31 else np.int64),
            "levels": self.levels,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Any], order: int, base: int) -> Self:
        """Rebuild counts from ``tensors()``; anything that is no such trie raises DataError.

        Parameters
        ----------
        tensors : mapping
            The arrays of ``tensors()``.
        order : int
            Length of the longest n-gram.
        base : int
            Number of symbols.

        Returns
        -------
        Counts
            The same counts.
        """
        names = ("symbol", "children", "suffix", "count", "levels")
        if set(tensors) != set(names):
            raise DataError(f"the state of n-gram counts has the arrays {sorted(names)}; got {sorted(tensors)}. Save the model again.")
        arrays = {name: np.asarray(tensors[name]) for name in names}
        wrong = [name for name, a in arrays.items() if a.ndim != 1 or a.dtype.kind not in "iu"]
        if wrong:
            raise DataError(f"the state of n-gram counts holds 1-D integer arrays; {wrong} are not. Save the model again.")
        symbol, children, suffix, count, levels = (arrays[name].astype(np.int64) for name in names)
        problem = _problem(symbol, children, suffix, count, levels, order, base)
        if problem:
            raise DataError(f"the state of n-gram counts is damaged: {problem}. Save the model again.")
        parent = np.concatenate([[-1], np.repeat(np.arange(len(symbol)), children)])
        return cls(order=order, base=base, symbol=symbol.astype(np.int32), parent=parent, suffix=suffix, count=count, levels=levels)


def _problem(symbol: Ints, children: Ints, suffix: Ints, count: Ints, levels: Ints, order: int, base: int) -> str | None:
    """Return the fault in the arrays of a state, so that no later index can leave its array."""
    m = len(symbol)
    if not m or any(len(a) != m for a in (children, suffix, count)):
        return "its arrays differ in length"
    if len(levels) != order + 2 or levels[0] != 0 or levels[1] != 1 or levels[-1] != m or (np.diff(levels) < 0).any():
        return f"levels do not fit order {order} and {m} nodes"
    if children.min() < 0 or children.sum() != m - 1 or count.min() < 0:
        return "numbers of children or counts do not add up"
    if m > 1 and (symbol[1:].min() < 0 or symbol[1:].max() >= base):
        return f"a symbol is not in 0..{base - 1}"
    depth = np.repeat(np.arange(order + 1), np.diff(levels))
    parent = np.repeat(np.arange(m), children)
    if (depth[parent] != depth[1:] - 1).any() or (np.diff(parent * base + symbol[1:]) <= 0).any():
        return "nodes are out of order"
    if suffix.min() < 0 or suffix.max() >= m or (depth[suffix[1:]] != depth[1:] - 1).any():
        return "a suffix has the wrong length"
    return None
