"""Covariates: what is known beside the numbers of a series, of the past only, of the future too, or of the series as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs.checks import one_of, strict
from elman.errors import DataError, did_you_mean
from elman.forecasting import calendar_features as calendar
from elman.forecasting.grouped import GroupedSeries
from elman.timeseries.read import OneSeries, Panel, read_panel

NAME = "unique_id"
"""The static covariate that every series has: its own name."""
_MOST_LEVELS = 1_000


@dataclass(frozen=True, kw_only=True)
class Column:
    """One covariate: numbers, standardised, or categories, one channel each (a category never seen is none of them)."""

    name: str
    role: str
    levels: tuple[Any, ...] = ()
    center: float = 0.0
    scale: float = 1.0

    @classmethod
    def learn(cls, name: str, role: str, values: Sequence[Any]) -> Column:
        """Learn categories, or mean and deviation, from all values of the column."""
        numbers = _as_numbers(values)
        if numbers is None:
            levels = tuple(sorted({v for v in values if not _missing(v)}, key=str))
            if len(levels) > _MOST_LEVELS:
                raise DataError(f"The covariate {name!r} has {len(levels)} categories; at most {_MOST_LEVELS} can be told apart.")
            return cls(name=name, role=role, levels=levels)
        known = numbers[~np.isnan(numbers)]
        deviation = float(known.std()) if len(known) else 0.0
        return cls(name=name, role=role, center=float(known.mean()) if len(known) else 0.0, scale=deviation if deviation > 0 else 1.0)

    @property
    def width(self) -> int:
        """Channels."""
        return max(1, len(self.levels))

    def encode(self, values: Sequence[Any]) -> np.ndarray:
        """Return float32 (T, width); what is missing is the mean, or no category."""
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
    """All covariates of a model, in the order of its channels."""

    columns: tuple[Column, ...] = ()
    calendar: tuple[str, ...] = ()

    @classmethod
    def learn(cls, panel: Panel, roles: dict[str, Sequence[str]], *, dates: bool) -> Covariates:
        """Learn the covariates of a panel.

        Parameters
        ----------
        panel : Panel
            Series with their columns.
        roles : dict
            Names of columns by role: "past", "future", "static".
        dates : bool
            Read the calendar, where the stamps are dates.

        Returns
        -------
        Covariates
            What to encode, and how.
        """
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
        """Channels that are known of the future."""
        return sum(c.width for c in self.of("future")) + sum(calendar.WIDTH[part] for part in self.calendar)

    @property
    def past_width(self) -> int:
        """Channels that are known of the past only."""
        return sum(c.width for c in self.of("past"))

    def encode(self, panel: Panel) -> dict[str, Any]:
        """Return what a tape takes: ``past`` and ``future`` (T, F) a series, and ``whole`` by name (n, …)."""
        return {
            "past": [_side_by_side([c.encode(_column(one, c.name)) for c in self.of("past")], len(one.stamps)) for one in panel.series],
            "future": [self._known(one) for one in panel.series],
            "whole": {c.name: np.concatenate([c.encode(_static(one, c.name)) for one in panel.series]) for c in self.of("static")},
        }

    def _known(self, one: OneSeries) -> np.ndarray:
        parts = [c.encode(_column(one, c.name)) for c in self.of("future")]
        return _side_by_side([*parts, calendar.features(one.stamps, self.calendar)], len(one.stamps))

    def ahead(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray:
        """Return what is known of the steps to come, (n, horizon, F).

        Parameters
        ----------
        panel : Panel
            The series.
        stamps : list of list
            The stamps of the horizon of each.
        future : data frame or None
            Columns ``unique_id`` (for several series), ``ds`` and those of role "future".

        Returns
        -------
        array
            Float32.

        Raises
        ------
        DataError
            If a covariate is not given for a step, naming series and stamp.
        """
        columns = self.of("future")
        if not columns:
            return np.stack([calendar.features(coming, self.calendar) for coming in stamps])
        table = _FutureTable.read(future, [c.name for c in columns])
        rows = []
        for one, coming in zip(panel.series, stamps, strict=True):
            parts = [c.encode(table.values(one.name, coming, c.name)) for c in columns]
            rows.append(_side_by_side([*parts, calendar.features(coming, self.calendar)], len(coming)))
        return np.stack(rows)

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"columns": [column.config() for column in self.columns], "calendar": list(self.calendar)}

    @classmethod
    def from_config(cls, config: Any) -> Covariates:
        """Rebuild from plain JSON; strict."""
        known = strict(config, ("columns", "calendar"), "covariates")
        columns = []
        for entry in known["columns"]:
            found = strict(entry, Column.__dataclass_fields__, "covariate")
            columns.append(Column(**{**found, "levels": tuple(found["levels"])}))
        parts = tuple(one_of(part, tuple(calendar.WIDTH), "covariates: calendar") for part in known["calendar"])
        return cls(columns=tuple(columns), calendar=parts)


@dataclass(frozen=True, kw_only=True)
class _FutureTable:
    """What is known of the future: its series by name, and the place of each stamp in them."""

    series: dict[Any, OneSeries]
    places: dict[Any, dict[Any, int]]

    @classmethod
    def read(cls, future: Any, names: list[str]) -> _FutureTable:
        if future is None:
            raise DataError(f"This model reads the future of {names}. Call predict(data, future=frame) with a row for every step ahead.")
        series = {one.name: one for one in read_panel(future, needs_value=False).series}
        places = {name: {stamp: row for row, stamp in enumerate(one.stamps)} for name, one in series.items()}
        return cls(series=series, places=places)

    def values(self, name: Any, stamps: list[Any], column: str) -> list[Any]:
        if name not in self.series:
            raise DataError(f"series {name!r}: future has no rows for it; it has {list(self.series)[:5]}. Give {column!r} for all.")
        known, places, found = _column(self.series[name], column), self.places[name], []
        for step, stamp in enumerate(stamps):
            value = known[places[stamp]] if stamp in places else None
            if _missing(value):
                raise DataError(
                    f"series {name!r}: future has no {column!r} at {stamp} (step {step + 1} of {len(stamps)})."
                    " Give every covariate for the whole horizon."
                )
            found.append(value)
        return found


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
    values = [v for v in _column(one, name) if not _missing(v)]
    other = next((v for v in values if v != values[0]), None)
    if other is not None:
        raise DataError(f"series {one.name!r}: the static covariate {name!r} changes from {values[0]!r} to {other!r}. Name it in past=.")
    return values[:1] or [None]


def _missing(value: Any) -> bool:
    return value is None or value != value  # NaN differs from itself


def _as_numbers(values: Sequence[Any]) -> np.ndarray | None:
    """Return float64, NaN where missing; None where the values are no numbers (booleans are)."""
    try:
        return np.asarray([np.nan if v is None else v for v in values], dtype=np.float64) if not _has_text(values) else None
    except (TypeError, ValueError):
        return None


def _has_text(values: Sequence[Any]) -> bool:
    return any(isinstance(v, str) for v in values)


def future_covariates_at(
    covariates: Covariates, panel: Panel, tape: GroupedSeries, rows: np.ndarray, ends: np.ndarray, horizon: int
) -> np.ndarray:
    """Return what is known of ``horizon`` steps after each end, (m, horizon, F).

    Parameters
    ----------
    covariates : Covariates
        What is read.
    panel : Panel
        The series.
    tape : Tape
        The same, end to end.
    rows : array of int
        Series, (m,).
    ends : array of int
        Step from which on no value is known, (m,).
    horizon : int
        Steps.

    Returns
    -------
    array
        Float32.

    Raises
    ------
    DataError
        If a column is needed beyond the end of its series, naming the series.
    """
    steps = ends[:, None] + np.arange(horizon)
    beyond = steps - tape.lengths[rows][:, None]
    found = tape.future[tape.starts[rows][:, None] + np.minimum(steps, tape.lengths[rows][:, None] - 1)]
    over = (beyond >= 0).any(1)
    if not over.any() or not covariates.future_width:
        return found
    named = covariates.of("future")
    if named:
        late = panel.series[int(rows[over.argmax()])]
        raise DataError(
            f"series {late.name!r}: {named[0].name!r} must be known for {horizon} steps after every end; the series stops"
            f" {int(beyond.max()) + 1} steps before that. Forecast from earlier places, or call predict(data, future=frame)."
        )
    needed = np.unique(rows[over])
    ones: list[Any] = [panel.series[row] for row in needed]
    stamps = [panel.frequency.following(one.stamps[-1], horizon) for one in ones]
    coming = covariates.ahead(panel, stamps, None)
    place = np.searchsorted(needed, rows)[:, None]
    return np.where((beyond >= 0)[:, :, None], coming[np.minimum(place, len(needed) - 1), np.maximum(beyond, 0)], found)
