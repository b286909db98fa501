"""Forecast: what a Forecaster says about the next steps, as numbers, as a frame, as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from elman.errors import SettingError
from elman.timeseries import plotting as drawing
from elman.timeseries.read import Panel

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """The next steps of every series.

    Notes
    -----
    Shapes:

        mean    (n, horizon)          the forecast in the data's own units
        low     {level: (n, horizon)} lower ends of the intervals
        high    {level: (n, horizon)} upper ends
        stamps  n lists of horizon stamps
        samples (n, n_samples, horizon)  paths, where they were asked for
    """

    panel: Panel
    mean: np.ndarray
    stamps: list[list[Any]]
    low: dict[int, np.ndarray]
    high: dict[int, np.ndarray]
    samples: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """The forecast: (horizon,) when one array was given, else (n, horizon)."""
        return self.mean[0] if self.panel.form == "array" else self.mean

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Let NumPy take the forecast as an array."""
        return np.array(self.values, dtype=dtype, copy=True if copy is None else copy)

    def __len__(self) -> int:
        """Length of ``values``."""
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        """Index ``values``."""
        return self.values[index]

    def columns(self) -> dict[str, list[Any]]:
        """Return columns unique_id, ds, elman, elman-lo-80, elman-hi-80, …, one row a forecast step."""
        horizon = self.mean.shape[1]
        found: dict[str, list[Any]] = {
            "unique_id": [series.name for series in self.panel.series for _ in range(horizon)],
            "ds": [stamp for stamps in self.stamps for stamp in stamps],
            "elman": self.mean.ravel().tolist(),
        }
        for level in sorted(self.low):
            found[f"elman-lo-{level}"] = self.low[level].ravel().tolist()
            found[f"elman-hi-{level}"] = self.high[level].ravel().tolist()
        return found

    @overload
    def to_frame(self, kind: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["pyarrow"]) -> pyarrow.Table: ...
    @overload
    def to_frame(self, kind: None = None) -> Any: ...
    def to_frame(self, kind: str | None = None) -> Any:
        """Return the forecast as a data frame.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            By default the kind that ``fit`` was given, and a PyArrow table for arrays.

        Returns
        -------
        data frame
            Columns unique_id, ds, elman and, per level, elman-lo-LEVEL and elman-hi-LEVEL.
        """
        return frame_of(self.columns(), kind, self.panel.like)

    def _repr_html_(self) -> str:
        from elman.markup import fragment

        return fragment(*self.to_markup())

    def to_markup(self, series: int = 0) -> list[Any]:
        """Return the forecast as markup: one series with its intervals, and the numbers of all.

        Parameters
        ----------
        series : int, default 0
            Which series is drawn.

        Returns
        -------
        list of Markup
            Chart and table.
        """
        from elman.markup import Line, line_chart, table

        horizon, known = self.mean.shape[1], self.panel.series[series]
        past, ahead = known.values[-5 * horizon :].tolist(), list(range(1, horizon + 1))
        lines = [Line(name="series", x=list(range(1 - len(past), 1)), y=past), Line(name="forecast", x=ahead, y=self.mean[series].tolist())]
        for level in sorted(self.low):
            lines += [Line(name=f"{level} %", x=ahead, y=self.low[level][series].tolist(), dashed=True)]
            lines += [Line(name="", x=ahead, y=self.high[level][series].tolist(), dashed=True)]
        columns = self.columns()
        rows = list(zip(*columns.values(), strict=True))[:50]
        title = f"Forecast of {known.name}" if len(self.panel.series) > 1 else "Forecast"
        return [line_chart(lines, title=title, x_label="steps ahead", y_label="value"), table(list(columns), rows)]

    def plot(self, series: int = 0, *, axes: Any = None, history: int | None = None, dark: bool | None = None) -> Any:
        """Draw the end of the history and the forecast with its intervals.

        Parameters
        ----------
        series : int, default 0
            Which series.
        axes : matplotlib axes, optional
            Where to draw; a new figure by default.
        history : int, optional
            Steps of history to show; five horizons by default, 30 at least.
        dark : bool, optional
            Light lines on a dark ground; by default as matplotlib's style is.

        Returns
        -------
        matplotlib axes
            The axes drawn on.
        """
        canvas = drawing.canvas(axes, "plot a forecast", dark=dark)
        one = self.panel.series[series]
        shown = slice(-(history or max(30, 5 * self.mean.shape[1])), None)
        canvas.history(one.stamps[shown], one.values[shown], str(one.name))
        canvas.fan(self.stamps[series], self, series)
        return canvas.done()


def frame_of(columns: dict[str, list[Any]], kind: str | None, like: Any) -> Any:
    """Return columns as a data frame of a kind.

    Parameters
    ----------
    columns : dict of str to list
        Values by name.
    kind : {"pandas", "polars", "pyarrow"} or None
        What to make; None is the kind of ``like``.
    like : data frame or None
        What the caller gave; without it a PyArrow table is made.

    Returns
    -------
    data frame
        Of that kind.
    """
    import narwhals as nw

    if kind is None:
        backend: Any = nw.from_native(like).implementation if like is not None else "pyarrow"
    elif kind in ("pandas", "polars", "pyarrow"):
        backend = kind
    else:
        raise SettingError(f"kind must be 'pandas', 'polars' or 'pyarrow'; got {kind!r}.")
    return nw.from_dict(columns, backend=backend).to_native()
