"""Spaces: the set of values of one encoded element."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Space:
    """Base of all spaces."""


@dataclass(frozen=True)
class Discrete(Space):
    """One of ``n`` indices. Encoded as int64: a scalar (rank one) or (T,) (rank many)."""

    n: int


@dataclass(frozen=True)
class Words(Space):
    """One of ``n`` words and pieces of its spelling, each one of ``pieces``.

    Encoded as int32 (1 + K,) or (T, 1 + K): the word's index, then its pieces from 1, padded with 0. K is as large as a value needs.
    """

    n: int
    pieces: int


@dataclass(frozen=True)
class Continuous(Space):
    """``d`` real numbers. Encoded as float32: (d,) or (T, d)."""

    d: int


@dataclass(frozen=True)
class Binary(Space):
    """``n`` independent yes/no answers. Encoded as float32 zeros and ones: (n,) or (T, n)."""

    n: int


@dataclass(frozen=True)
class Pixels(Space):
    """A picture of ``c`` channels, ``h`` rows, ``w`` columns. Encoded as float32 in 0..1: (c, h, w) or (T, c, h, w)."""

    c: int
    h: int
    w: int


@dataclass(frozen=True)
class Rectangles(Space):
    """A rectangle in a picture, of one of ``n`` kinds.

    Encoded as float32 (T, 5): left, top, right and bottom as shares of the picture, 0..1, and the index of the kind. Answers have a
    sixth number, the score, 0..1.
    """

    n: int


@dataclass(frozen=True)
class Product(Space):
    """Several spaces at once, by name, each with the rank of its own codec. Encoded as a dict of arrays."""

    parts: dict[str, Space] = field(default_factory=dict)
    ranks: dict[str, str] = field(default_factory=dict)
