"""Parts: a training and a test part, given or divided, with the groups of their rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from elman.comparison.split import check_share, split
from elman.errors import DataError, SettingError
from elman.fitting.inputs import paired_rows, rows_of
from elman.language.corpus import documents_of
from elman.leakage.overlap import key


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Both parts of a split.

    Attributes
    ----------
    train_x, train_y, test_x, test_y : list
        Values; without answers the ys are empty.
    train_groups, test_groups : list, optional
        Group of each row.
    """

    train_x: list[Any]
    test_x: list[Any]
    train_y: list[Any] = field(default_factory=list)
    test_y: list[Any] = field(default_factory=list)
    train_groups: list[Any] | None = None
    test_groups: list[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Division:
    """How rows are divided: ``test``, ``test_size``, ``groups`` and ``random_state`` as :func:`elman.compare` takes them."""

    test: Any = None
    test_size: float = 0.2
    groups: Any = None
    random_state: int = 0

    def pairs(self, x: Any, y: Any, target: Any) -> Parts:
        """Divide rows with answers."""
        xs, ys = paired_rows(x, y)
        if self.test is not None:
            if not isinstance(self.test, tuple | list) or len(self.test) != 2:
                raise SettingError("test must be a pair (X_test, y_test), as X and y are given. Or leave it out.")
            test_x, test_y = paired_rows(*self.test)
            train_groups, test_groups = self._both_groups(len(xs), len(test_x))
            return Parts(train_x=xs, train_y=ys, test_x=test_x, test_y=test_y, train_groups=train_groups, test_groups=test_groups)
        if len(xs) < 4:
            raise DataError(f"compare needs at least 4 rows, to learn from and to test on; got {len(xs)}.")
        groups = None if self.groups is None else rows_of(self.groups, "groups")
        strata = [key(value) for value in ys] if target.estimator_type == "classifier" else None
        train, test = split(xs, strata, groups, test_size=self.test_size, random_state=self.random_state)
        chosen = [[None if column is None else [column[i] for i in rows] for rows in (train, test)] for column in (xs, ys, groups)]
        (train_x, test_x), (train_y, test_y), (train_groups, test_groups) = chosen
        return Parts(
            train_x=train_x or [],
            test_x=test_x or [],
            train_y=train_y or [],
            test_y=test_y or [],
            train_groups=train_groups,
            test_groups=test_groups,
        )

    def documents(self, texts: Any) -> Parts:
        """Divide documents; of one long text the end is tested on."""
        xs = documents_of(texts)
        if self.test is not None:
            tested = documents_of(self.test)
            train_groups, test_groups = self._both_groups(len(xs), len(tested))
            return Parts(train_x=xs, test_x=tested, train_groups=train_groups, test_groups=test_groups)
        if len(xs) == 1:
            check_share(self.test_size)
            cut = round(len(xs[0]) * (1 - self.test_size))
            if not 0 < cut < len(xs[0]):
                raise DataError(f"The text has {len(xs[0])} symbols; it cannot be divided. Give more text, or test=.")
            return Parts(train_x=[xs[0][:cut]], test_x=[xs[0][cut:]])
        groups = None if self.groups is None else rows_of(self.groups, "groups")
        train, test = split(xs, None, groups, test_size=self.test_size, random_state=self.random_state)
        train_groups, test_groups = (None if groups is None else [groups[i] for i in rows] for rows in (train, test))
        return Parts(train_x=[xs[i] for i in train], test_x=[xs[i] for i in test], train_groups=train_groups, test_groups=test_groups)

    def _both_groups(self, train: int, test: int) -> tuple[list[Any] | None, list[Any] | None]:
        """Groups of both parts, given as a pair where the test part was given."""
        if self.groups is None:
            return None, None
        pair = self.groups if isinstance(self.groups, tuple | list) and len(self.groups) == 2 else None
        if pair is None or any(isinstance(part, str) or not hasattr(part, "__len__") for part in pair):
            raise SettingError("With test=, groups must be a pair: the groups of the training rows and those of the test rows.")
        first, second = (rows_of(part, "groups") for part in pair)
        if (len(first), len(second)) != (train, test):
            raise DataError(f"groups must name the group of every row, {train} and {test}; got {len(first)} and {len(second)}.")
        return first, second
