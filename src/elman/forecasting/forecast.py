"""Forecast: predictions with their stamps, as arrays, as a data frame, as a plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from elman.errors import SettingError
from elman.timeseries import plotting
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """The next steps of every series.

    Attributes
    ----------
    panel : Panel
        The n series that are continued.
    stamps : list of list
        Stamps of the horizon of each.
    prediction : Prediction
        Means, intervals and samples, in the data's own units.
    """

    panel: Panel
    stamps: list[list[Any]]
    prediction: Prediction

    @property
    def mean(self) -> np.ndarray:
        """Point forecast, (n, horizon)."""
        return self.prediction.mean

    @property
    def low(self) -> dict[int, np.ndarray]:
        """Lower ends of the intervals by level, (n, horizon) each."""
        return self.prediction.low

    @property
    def high(self) -> dict[int, np.ndarray]:
        """Upper ends of the intervals by level, (n, horizon) each."""
        return self.prediction.high

    @property
    def samples(self) -> np.ndarray | None:
        """Sample paths, (n, n_samples, horizon), of ``predict(n_samples=…)``; else None."""
        return self.prediction.samples

    @property
    def values(self) -> np.ndarray:
        """Point forecast: (horizon,) for one array, else (n, horizon)."""
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
        """Return columns unique_id, ds, elman, elman-lo-80, elman-hi-80, …, one row per forecast step."""
        horizon = self.mean.shape[1]
        columns: dict[str, list[Any]] = {
            "unique_id": [series.name for series in self.panel.series for _ in range(horizon)],
            "ds": [stamp for stamps in self.stamps for stamp in stamps],
            "elman": self.mean.ravel().tolist(),
        }
        for level in sorted(self.low):
            columns[f"elman-lo-{level}"] = self.low[level].ravel().tolist()
            columns[f"elman-hi-{level}"] = self.high[level].ravel().tolist()
        return columns

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
            By default the kind of the data of ``fit``, and a PyArrow table for arrays.

        Returns
        -------
        data frame
            Columns unique_id, ds, elman and, per level, elman-lo-LEVEL and elman-hi-LEVEL.
        """
        return to_frame(self.columns(), kind, self.panel.like)

    def _repr_html_(self) -> str:
        from elman.markup import fragment

        return fragment(*self.to_markup())

    def to_markup(self, series: int = 0) -> list[Any]:
        """Return the forecast as markup: a chart of one series with its intervals, and a table of all.

        Parameters
        ----------
        series : int, default 0
            Number of the series in the chart.

        Returns
        -------
        list of Markup
            Chart and table.
        """
        from elman.markup import Line, line_chart, table

        horizon, one = self.mean.shape[1], self.panel.series[series]
        past, steps = one.values[-5 * horizon :].tolist(), list(range(1, horizon + 1))
        lines = [Line(name="series", x=list(range(1 - len(past), 1)), y=past), Line(name="forecast", x=steps, y=self.mean[series].tolist())]
        for level in sorted(self.low):
            lines += [Line(name=f"{level} %", x=steps, y=self.low[level][series].tolist(), dashed=True)]
            lines += [Line(name="", x=steps, y=self.high[level][series].tolist(), dashed=True)]
        columns = self.columns()
        rows = list(zip(*columns.values(), strict=True))[:50]
        title = f"Forecast of {one.name}" if len(self.panel.series) > 1 else "Forecast"
        return [line_chart(lines, title=title, x_label="steps ahead", y_label="value"), table(list(columns), rows)]

    def plot(self, series: int = 0, *, axes: Any = None, history: int | None = None, dark: bool | None = None) -> Any:
        """Plot the end of the history and the forecast with its intervals.

        Parameters
        ----------
        series : int, default 0
            Number of the series.
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.
        history : int, optional
            Steps of history to show; five horizons by default, 30 at least.
        dark : bool, optional
            Light lines on a dark ground; by default as in matplotlib's style.

        Returns
        -------
        matplotlib axes
            The axes.
        """
        canvas = plotting.canvas(axes, "plot a forecast", dark=dark)
        one = self.panel.series[series]
        end = slice(-(history or max(30, 5 * self.mean.shape[1])), None)
        canvas.history(one.stamps[end], one.values[end], str(one.name))
        canvas.fan(self.stamps[series], self.prediction, series)
        return canvas.done()


def to_frame(columns: dict[str, list[Any]], kind: str | None, like: Any) -> Any:
    """Return columns as a data frame.

    Parameters
    ----------
    columns : dict of str to list
        Values by name.
    kind : {"pandas", "polars", "pyarrow"} or None
        Library of the frame; None is that of ``like``.
    like : data frame or None
        The caller's frame; without it the default is a PyArrow table.

    Returns
    -------
    data frame
        Of that library.
    """
    import narwhals as nw

    if kind is None:
        backend: Any = nw.from_native(like).implementation if like is not None else "pyarrow"
    elif kind in ("pandas", "polars", "pyarrow"):
        backend = kind
    else:
        raise SettingError(f"kind must be 'pandas', 'polars' or 'pyarrow'; got {kind!r}.")
    return nw.from_dict(columns, backend=backend).to_native()
