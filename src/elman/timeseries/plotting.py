"""Plots of series: the same lines in every plot, with a palette for light and one for dark ground."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from elman.errors import FileError, MissingExtraError
from elman.timeseries.prediction import Prediction

_ROLES = ("ground", "text", "grid", "history", "ours", "other", "mark")
_LIGHT: dict[str, str] = dict(zip(_ROLES, ("#ffffff", "#24292f", "#d8dee4", "#3d4a5c", "#c2410c", "#2563eb", "#b91c1c"), strict=True))
_DARK: dict[str, str] = dict(zip(_ROLES, ("#15181e", "#e6e9ee", "#333a45", "#b6c2d1", "#fb923c", "#7cb0ff", "#ff6b6b"), strict=True))


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """Axes with a palette."""

    axes: Any
    colours: dict[str, str]

    def history(self, stamps: Sequence[Any], values: np.ndarray, name: str) -> None:
        """Draw the values of a series."""
        self.axes.plot(stamps, values, color=self.colours["history"], linewidth=1.3, label=name, zorder=2)
        if isinstance(stamps[0], date):
            self._short_dates()

    def line(self, stamps: Sequence[Any], values: np.ndarray, colour: str, name: str | None, **style: Any) -> None:
        """Draw a line in a colour of the palette."""
        marker = {"marker": "o", "markersize": 3} if len(stamps) == 1 else {}
        style = {"linewidth": 1.4, **marker, **style}
        self.axes.plot(stamps, values, color=self.colours[colour], label=name, zorder=3, **style)

    def fan(self, stamps: Sequence[Any], prediction: Prediction, row: int, *, named: bool = True) -> None:
        """Draw a forecast and its intervals, the widest palest."""
        count = len(stamps)
        for level in sorted(prediction.low, reverse=True):
            low, high = prediction.low[level][row][:count], prediction.high[level][row][:count]
            label = f"{level} %" if named else None
            if count == 1:
                self.axes.vlines(stamps, low, high, color=self.colours["ours"], alpha=0.35, linewidth=1.5, label=label, zorder=1)
            else:
                self.axes.fill_between(stamps, low, high, color=self.colours["ours"], alpha=0.22, linewidth=0, label=label, zorder=1)
        self.line(stamps, prediction.mean[row][:count], "ours", "elman" if named else None, linewidth=1.8)

    def band(self, stamps: Sequence[Any], low: np.ndarray, high: np.ndarray, name: str) -> None:
        """Draw an interval at each point."""
        self.axes.fill_between(stamps, low, high, color=self.colours["other"], alpha=0.3, linewidth=0, label=name, zorder=1)

    def marks(self, stamps: Sequence[Any], values: np.ndarray, name: str) -> None:
        """Mark points."""
        self.axes.scatter(stamps, values, s=28, color=self.colours["mark"], label=name, zorder=4)

    def done(self, title: str = "") -> Any:
        """Add legend, grid and title, and return the axes."""
        text, figure = self.colours["text"], self.axes.figure
        self.axes.set_facecolor(self.colours["ground"])
        figure.set_facecolor(self.colours["ground"])
        self.axes.grid(color=self.colours["grid"], linewidth=0.6)
        self.axes.set_axisbelow(True)
        self.axes.tick_params(colors=text)
        for name, spine in self.axes.spines.items():
            spine.set_visible(name in ("left", "bottom"))
            spine.set_color(self.colours["grid"])
        if title:
            self.axes.set_title("\n".join(textwrap.wrap(title, 135)), fontsize=9, loc="left", color=text, pad=22)
        legend = self.axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, frameon=False, fontsize=8, ncols=6)
        for label in legend.get_texts():
            label.set_color(text)
        self.axes.xaxis.get_offset_text().set_color(text)
        return self.axes

    def _short_dates(self) -> None:
        """Use short dates with the year once: long ones overlap."""
        from matplotlib import dates

        locator = dates.AutoDateLocator(minticks=4, maxticks=10)
        self.axes.xaxis.set_major_locator(locator)
        self.axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))


def canvas(axes: Any, purpose: str, *, dark: bool | None = None) -> Canvas:
    """Return a canvas on axes, by default of a new figure."""
    try:
        from matplotlib import colors, pyplot  # a figure of pyplot shows itself in notebooks
    except ImportError as error:
        raise MissingExtraError("plot", "matplotlib", purpose) from error
    if axes is None:
        axes = pyplot.figure(figsize=(9.5, 3.8), dpi=110, layout="constrained").add_subplot()
    if dark is None:
        dark = sum(colors.to_rgb(axes.figure.get_facecolor())) < 1.5
    return Canvas(axes=axes, colours=_DARK if dark else _LIGHT)


ENDINGS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".eps", ".ps")
"""Endings of pictures."""


def save_plots(path: Any, draw: Callable[..., Any], count: int) -> None:
    """Save several plots in one picture, one above the other.

    Parameters
    ----------
    path : str or Path
        File; its ending is the format.
    draw : callable
        ``draw(axes, series)`` draws one plot.
    count : int
        Number of plots.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plot", "matplotlib", "draw a picture") from error
    figure = Figure(figsize=(9.5, 3.2 * count + 0.6), dpi=110, layout="constrained")
    for series, axes in enumerate(np.ravel(figure.subplots(count, 1, squeeze=False))):
        draw(axes, series) if count > 1 else draw(axes)
    try:
        figure.savefig(path)
    except (ValueError, OSError) as error:
        raise FileError(f"{path}: the picture cannot be written: {error}") from error
