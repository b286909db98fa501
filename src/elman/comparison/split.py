"""Splitting: whole groups on one side, equal values together, categories in their shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from elman.errors import DataError, SettingError
from elman.leakage.overlap import key


def split(
    xs: Sequence[Any], strata: Sequence[Hashable] | None, groups: Sequence[Any] | None, *, test_size: float, random_state: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the training and of the test part.

    Parameters
    ----------
    xs : sequence
        Values; equal ones stay together.
    strata : sequence of hashable, optional
        Category of each row; each is divided in the same shares, as far as groups allow.
    groups : sequence, optional
        Group of each row; a group stays together.
    test_size : float
        Share of rows to test on.
    random_state : int
        Seed.

    Returns
    -------
    tuple of ndarray
        Row numbers, rising; every row is in one of the two.

    Examples
    --------
    >>> train, test = split(list("abcdeabcde"), None, None, test_size=0.4, random_state=0)
    >>> sorted("abcdeabcde"[i] for i in test)  # both copies on the same side
    ['c', 'c', 'e', 'e']
    """
    check_share(test_size)
    if groups is not None and len(groups) != len(xs):
        raise DataError(f"groups must name the group of every row, {len(xs)}; got {len(groups)}.")
    units = _units(xs, groups)
    if len(units) < 2:
        raise DataError(f"All {len(xs)} rows are equal or of one group; they cannot be divided. Give more data, or test=.")
    random = np.random.default_rng(random_state)
    by_class: defaultdict[Hashable, list[list[int]]] = defaultdict(list)
    for unit in (units[i] for i in random.permutation(len(units))):
        by_class[None if strata is None else strata[unit[0]]].append(unit)
    test: list[int] = []
    for same in by_class.values():
        rows, quota = 0, test_size * sum(map(len, same))
        for unit in same:
            if rows + len(unit) / 2 <= quota:
                test, rows = test + unit, rows + len(unit)
    if not test or len(test) == len(xs):
        smallest = min(units, key=len)
        test = smallest if not test else [row for row in test if row not in set(smallest)]
    held = np.sort(np.asarray(test, dtype=np.int64))
    return np.setdiff1d(np.arange(len(xs)), held), held


def check_share(test_size: Any) -> None:
    """Refuse a number that is no share of the rows."""
    if isinstance(test_size, bool) or not isinstance(test_size, int | float | np.number) or not 0 < test_size < 1:
        raise SettingError(f"test_size must be a share between 0 and 1; got {test_size!r}.")


def _units(xs: Sequence[Any], groups: Sequence[Any] | None) -> list[list[int]]:
    """Rows that must stay together: those that are tied by equal values or groups, directly or through others."""
    parent = list(range(len(xs)))

    def find(row: int) -> int:
        """The row that represents all those tied to one."""
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for column in (xs, groups):
        first: dict[Hashable, int] = {}
        for row, value in enumerate(column if column is not None else ()):
            parent[find(row)] = find(first.setdefault(key(value), row))
    result: defaultdict[int, list[int]] = defaultdict(list)
    for row in range(len(xs)):
        result[find(row)].append(row)
    return list(result.values())
