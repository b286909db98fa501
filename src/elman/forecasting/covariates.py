"""Covariates: encoders of past, future and static columns, and of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import DataError, did_you_mean
from elman.forecasting import calendar_features as calendar
from elman.forecasting.grouped import GroupedSeries
from elman.io.missing import is_missing
from elman.io.schema import check, one_of, real, scalar, text
from elman.timeseries.read import OneSeries, Panel, read_panel

NAME = "unique_id"
"""Static covariate of every series: its name."""
_MOST_LEVELS = 1_000
_COLUMN = {
    "name": text,
    "role": one_of("past", "future", "static"),
    "levels": [scalar],
    "center": real(),
    "scale": real(1e-300),
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """Encoder of one column: standardised numbers, or one-hot categories (all zeros for an unseen one)."""

    name: str
    role: str
    levels: tuple[Any, ...] = ()
    center: float = 0.0
    scale: float = 1.0

    @classmethod
    def learn(cls, name: str, role: str, values: Sequence[Any]) -> Column:
        """Fit categories, or mean and deviation, to all values of a column."""
        numbers = _as_numbers(values)
        if numbers is None:
            levels = tuple(sorted({v for v in values if not is_missing(v)}, key=str))
            if len(levels) > _MOST_LEVELS:
                raise DataError(
                    f"The covariate {name!r} has {len(levels)} categories; at most {_MOST_LEVELS} are supported. Group the rare ones."
                )
            return cls(name=name, role=role, levels=levels)
        numbers = numbers[~np.isnan(numbers)]
        deviation = float(numbers.std()) if len(numbers) else 0.0
        return cls(name=name, role=role, center=float(numbers.mean()) if len(numbers) else 0.0, scale=deviation if deviation > 0 else 1.0)

    @property
    def width(self) -> int:
        """Number of channels."""
        return max(1, len(self.levels))

    def encode(self, values: Sequence[Any]) -> np.ndarray:
        """Return float32 (T, width); a missing value is the mean, or no category."""
        if self.levels:
            place = {level: i for i, level in enumerate(self.levels)}
            codes = np.array([place.get(v, -1) for v in values], dtype=np.int64)
            return (codes[:, None] == np.arange(len(self.levels))).astype(np.float32)
        numbers = _as_numbers(values)
        if numbers is None:
            raise DataError(f"the covariate {self.name!r} was a number in fit; got {next(iter(values))!r}. Give numbers.")
        return np.nan_to_num((numbers - self.center) / self.scale).astype(np.float32)[:, None]

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        if not all(isinstance(level, str | int | float | bool) for level in self.levels):
            raise DataError(f"The covariate {self.name!r} has categories that are no text or numbers; such a model cannot be saved.")
        return {"name": self.name, "role": self.role, "levels": list(self.levels), "center": self.center, "scale": self.scale}


@dataclass(frozen=True, kw_only=True)
class Covariates:
    """Encoders of all covariates of a model, in the order of its channels."""

    columns: tuple[Column, ...] = ()
    calendar: tuple[str, ...] = ()

    @classmethod
    def learn(cls, panel: Panel, roles: dict[str, Sequence[str]], *, dates: bool) -> Covariates:
        """Fit the encoders to a panel."""
        columns = []
        for role, names in roles.items():
            for name in names:
                values = [v for one in panel.series for v in (_static(one, name) if role == "static" else _column(one, name))]
                columns.append(Column.learn(name, role, values))
        longest = max(panel.series, key=lambda one: len(one.stamps))
        return cls(columns=tuple(columns), calendar=calendar.parts_of(longest.stamps, panel.frequency) if dates else ())

    def of(self, role: str) -> list[Column]:
        """Return the columns of one role."""
        return [column for column in self.columns if column.role == role]

    @property
    def future_width(self) -> int:
        """Channels of future covariates and of the calendar."""
        return sum(c.width for c in self.of("future")) + sum(calendar.WIDTH[part] for part in self.calendar)

    @property
    def past_width(self) -> int:
        """Channels of past covariates."""
        return sum(c.width for c in self.of("past"))

    def encode(self, panel: Panel) -> dict[str, Any]:
        """Return the arguments of ``GroupedSeries.from_panel``: ``past`` and ``future`` (T, F) per series, ``static`` by name (n, …)."""
        return {
            "past": [_side_by_side([c.encode(_column(one, c.name)) for c in self.of("past")], len(one.stamps)) for one in panel.series],
            "future": [self._encode_future(one) for one in panel.series],
            "static": {c.name: np.concatenate([c.encode(_static(one, c.name)) for one in panel.series]) for c in self.of("static")},
        }

    def _encode_future(self, one: OneSeries) -> np.ndarray:
        parts = [c.encode(_column(one, c.name)) for c in self.of("future")]
        return _side_by_side([*parts, calendar.features(one.stamps, self.calendar)], len(one.stamps))

    def encode_future(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray:
        """Encode the future covariates of the steps after the ends of series.

        Parameters
        ----------
        panel : Panel
            The series.
        stamps : list of list
            Stamps of the horizon of each.
        future : data frame or None
            Columns ``unique_id`` (for several series), ``ds`` and those of role "future".

        Returns
        -------
        array
            Float32, (n, horizon, F).

        Raises
        ------
        DataError
            If a covariate is missing at a step, naming series and stamp.
        """
        columns = self.of("future")
        if not columns:
            return np.stack([calendar.features(steps, self.calendar) for steps in stamps])
        table = _FutureTable.read(future, [c.name for c in columns])
        rows = []
        for one, steps in zip(panel.series, stamps, strict=True):
            parts = [c.encode(table.values(one.name, steps, c.name)) for c in columns]
            rows.append(_side_by_side([*parts, calendar.features(steps, self.calendar)], len(steps)))
        return np.stack(rows)

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"columns": [column.config() for column in self.columns], "calendar": list(self.calendar)}

    @classmethod
    def from_config(cls, config: Any) -> Covariates:
        """Rebuild from plain JSON; strict."""
        check(config, {"columns": [_COLUMN], "calendar": [one_of(*calendar.WIDTH)]}, "covariates")
        columns = (Column(**{**fields, "levels": tuple(fields["levels"])}) for fields in config["columns"])
        return cls(columns=tuple(columns), calendar=tuple(config["calendar"]))

    def check_widths(self, **widths: int) -> None:
        """Raise DataError where a file gives other numbers of channels than these columns have."""
        static = sum(column.width for column in self.of("static"))
        own = {"past": self.past_width, "future": self.future_width, "static": static}
        for role, width in widths.items():
            if width != own[role]:
                raise DataError(f"its covariates have {own[role]} {role} channels; its inputs expect {width}. The file is damaged.")


@dataclass(frozen=True, kw_only=True)
class _FutureTable:
    """Table of future covariates: series by name, and the row of each stamp in them."""

    series: dict[Any, OneSeries]
    rows: dict[Any, dict[Any, int]]

    @classmethod
    def read(cls, future: Any, names: list[str]) -> _FutureTable:
        if future is None:
            raise DataError(f"This model reads the future of {names}. Call predict(data, future=frame) with a row for every step ahead.")
        series = {one.name: one for one in read_panel(future, needs_value=False).series}
        rows = {name: {stamp: row for row, stamp in enumerate(one.stamps)} for name, one in series.items()}
        return cls(series=series, rows=rows)

    def values(self, name: Any, stamps: list[Any], column: str) -> list[Any]:
        if name not in self.series:
            raise DataError(f"series {name!r}: future has no rows for it; it has {list(self.series)[:5]}. Give {column!r} for all.")
        values, rows, result = _column(self.series[name], column), self.rows[name], []
        for step, stamp in enumerate(stamps):
            value = values[rows[stamp]] if stamp in rows else None
            if is_missing(value):
                raise DataError(
                    f"series {name!r}: future has no {column!r} at {stamp} (step {step + 1} of {len(stamps)})."
                    " Give every covariate for the whole horizon."
                )
            result.append(value)
        return result


def _side_by_side(parts: list[np.ndarray], steps: int) -> np.ndarray:
    return np.concatenate([np.zeros((steps, 0), np.float32), *parts], 1)


def _column(one: OneSeries, name: str) -> Sequence[Any]:
    columns = getattr(one, "columns", {})
    if name not in columns:
        raise DataError(
            f"series {one.name!r} has no column {name!r}; it has {list(columns)}.{did_you_mean(name, columns)}"
            " Covariates are further columns of a frame beside ds and y."
        )
    return columns[name]


def _static(one: OneSeries, name: str) -> list[Any]:
    if name == NAME:
        return [str(one.name)]
    values = [v for v in _column(one, name) if not is_missing(v)]
    other = next((v for v in values if v != values[0]), None)
    if other is not None:
        raise DataError(f"series {one.name!r}: the static covariate {name!r} changes from {values[0]!r} to {other!r}. Name it in past=.")
    return values[:1] or [None]


def _as_numbers(values: Sequence[Any]) -> np.ndarray | None:
    """Return float64, NaN for missing values; None for values that are no numbers or booleans."""
    try:
        return np.asarray([np.nan if is_missing(v) else v for v in values], dtype=np.float64) if not _has_text(values) else None
    except (TypeError, ValueError):
        return None


def _has_text(values: Sequence[Any]) -> bool:
    return any(isinstance(v, str) for v in values)


def future_covariates_at(
    covariates: Covariates, panel: Panel, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray, horizon: int
) -> np.ndarray:
    """Return the future covariates of the steps after past cutoffs.

    Parameters
    ----------
    covariates : Covariates
        Encoders.
    panel : Panel
        All series.
    series : GroupedSeries
        The same, with encoded covariates.
    index : ndarray
        Number of a series, (m,).
    cutoffs : ndarray
        Its first step to forecast, (m,).
    horizon : int
        Steps.

    Returns
    -------
    array
        Float32, (m, horizon, F).

    Raises
    ------
    DataError
        If a column is needed beyond the end of its series, naming the series.
    """
    steps = cutoffs[:, None] + np.arange(horizon)
    beyond = steps - series.lengths[index][:, None]
    inside = series.future[series.starts[index][:, None] + np.minimum(steps, series.lengths[index][:, None] - 1)]
    over = (beyond >= 0).any(1)
    if not over.any() or not covariates.future_width:
        return inside
    columns = covariates.of("future")
    if columns:
        late = panel.series[int(index[over.argmax()])]
        raise DataError(
            f"series {late.name!r}: {columns[0].name!r} must be known for {horizon} steps after every end; the series stops"
            f" {int(beyond.max()) + 1} steps before that. Forecast from earlier places, or call predict(data, future=frame)."
        )
    # the calendar alone goes on beyond the end of a series
    rows = np.unique(index[over])
    ones: list[Any] = [panel.series[row] for row in rows]
    stamps = [panel.frequency.following(one.stamps[-1], horizon) for one in ones]
    after = covariates.encode_future(panel, stamps, None)
    place = np.searchsorted(rows, index)[:, None]
    return np.where((beyond >= 0)[:, :, None], after[np.minimum(place, len(rows) - 1), np.maximum(beyond, 0)], inside)
