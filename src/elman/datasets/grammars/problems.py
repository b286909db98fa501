"""The adding and the copying problem: answers that depend on steps long ago."""

from __future__ import annotations

import numpy as np

from elman.datasets.dataset import Split
from elman.errors import SettingError

_SYMBOLS = 8
BLANK, GO = 0, _SYMBOLS + 1
"""In the copying problem: nothing to see, and "repeat now"; symbols are 1 to 8."""


def adding(count: int, lengths: tuple[int, int] = (50, 50), random_state: int | None = 0) -> Split:
    """Return sequences of random numbers, two of them marked; the answer is the sum of the two.

    One mark lies in the first half, one in the second. Always answering 1 has a mean squared error of 1/6.

    Parameters
    ----------
    count : int
        How many sequences.
    lengths : tuple of int, default (50, 50)
        Shortest and longest sequence, at least 2.
    random_state : int or None, default 0
        Seed; None draws new data each time.

    Returns
    -------
    Split
        ``x`` list of float32 arrays (T, 2): number in 0..1, mark 0 or 1. ``y`` float64 (count,).

    References
    ----------
    Hochreiter and Schmidhuber 1997, "Long short-term memory", experiment 4, in the variant of Le, Jaitly and Hinton 2015.

    Examples
    --------
    >>> x, y = adding(3, (10, 20))
    >>> [bool(np.isclose((one[:, 0] * one[:, 1]).sum(), total)) for one, total in zip(x, y)]
    [True, True, True]
    """
    _check(count, lengths, least=2)
    generator = np.random.default_rng(random_state)
    x, y = [], np.zeros(count)
    for row in range(count):
        length = int(generator.integers(lengths[0], lengths[1], endpoint=True))
        one = np.zeros((length, 2), dtype=np.float32)
        one[:, 0] = generator.random(length)
        marked = [generator.integers(0, length // 2), generator.integers(length // 2, length)]
        one[marked, 1] = 1.0
        x.append(one)
        y[row] = one[marked, 0].sum(dtype=np.float64)
    return Split(x=x, y=y)


def copy_k(count: int, k: int = 10, lengths: tuple[int, int] = (50, 50), random_state: int | None = 0) -> Split:
    """Return ``k`` symbols, a long wait, and a signal on which the symbols must be repeated.

    Parameters
    ----------
    count : int
        How many sequences.
    k : int, default 10
        Symbols to remember.
    lengths : tuple of int, default (50, 50)
        Shortest and longest wait T, at least 1; a sequence has T + 2·k steps.
    random_state : int or None, default 0
        Seed; None draws new data each time.

    Returns
    -------
    Split
        ``x`` and ``y`` lists of lists of int of equal length: x is k symbols 1..8, T − 1 blanks 0, the signal 9, k blanks;
        y is T + k blanks, then the k symbols.

    References
    ----------
    Hochreiter and Schmidhuber 1997; in the form of Arjovsky, Shah and Bengio 2016, "Unitary evolution recurrent neural networks".

    Examples
    --------
    >>> x, y = copy_k(1, k=2, lengths=(3, 3))
    >>> x[0][2:], y[0][:5], y[0][5:] == x[0][:2]
    ([0, 0, 9, 0, 0], [0, 0, 0, 0, 0], True)
    """
    _check(count, lengths, least=1)
    if k < 1:
        raise SettingError(f"k must be 1 or more; got {k}.")
    generator = np.random.default_rng(random_state)
    x, y = [], []
    for _ in range(count):
        wait = int(generator.integers(lengths[0], lengths[1], endpoint=True))
        symbols = generator.integers(1, _SYMBOLS, size=k, endpoint=True).tolist()
        x.append([*symbols, *[BLANK] * (wait - 1), GO, *[BLANK] * k])
        y.append([BLANK] * (wait + k) + symbols)
    return Split(x=x, y=y)


def _check(count: int, lengths: tuple[int, int], *, least: int) -> None:
    if count < 0:
        raise SettingError(f"count must be 0 or more; got {count}.")
    if len(lengths) != 2 or not least <= lengths[0] <= lengths[1]:
        raise SettingError(f"lengths must be (shortest, longest) with {least} <= shortest <= longest; got {lengths!r}.")
