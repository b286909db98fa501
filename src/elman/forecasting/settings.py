"""Preparation: the transformations of a series before the network, which are inverted after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from elman.codecs.checks import one_of
from elman.errors import SettingError
from elman.settings import Settings

CHOICES = {
    "scale": ("auto", "mean", "robust", "last", "none"),
    "power": ("auto", "none", "log", "box-cox"),
    "reference": ("auto", "last", "season", "none"),
    "seasonality": ("auto", "none", "additive", "multiplicative"),
    "calendar": ("auto", True, False),
    "linear": ("auto", True, False),
}


@dataclass(kw_only=True, eq=False, repr=False)
class Preparation(Settings):
    """Transformations of series. "auto" is chosen on windows held out in time; ``plan()`` shows the choice."""

    scale: Literal["auto", "mean", "robust", "last", "none"] = "auto"
    """Unit of the numbers: mean and deviation of the window; median and median deviation; distance from the last value in deviations of
    the history; or none."""
    power: Literal["auto", "none", "log", "box-cox"] = "auto"
    """Logarithm or Box-Cox power of positive series."""
    reference: Literal["auto", "last", "season", "none"] = "auto"
    """Origin of a forecast: the last value (differences; with a logarithm, returns), the value a season ago, zero, or for each window the
    naive forecasts weighted by their errors in it ("auto")."""
    seasonality: Literal["auto", "none", "additive", "multiplicative"] = "auto"
    """Remove the average season of the window; two seasons one after the other."""
    calendar: bool | Literal["auto"] = "auto"
    """Read hour, weekday, day and month from stamps that are dates."""
    lags: Sequence[int] | Literal["auto"] = "auto"
    """Distances of the lagged values beside each value; "auto" takes the seasons."""

    segment: int | Literal["auto"] = "auto"
    """Steps of a direct model's segment; "auto" takes the season, or a sixteenth of the context."""

    linear: bool | Literal["auto"] = "auto"
    """Add the forecast of a linear map, fitted by ridge regression, to that of a direct network; "auto" where the map alone does better
    than the network alone."""

    def check(self) -> None:
        """Raise SettingError for an invalid value."""
        for name, choices in CHOICES.items():
            one_of(getattr(self, name), choices, name, SettingError)
        whole = not isinstance(self.lags, str) and all(isinstance(lag, int) and not isinstance(lag, bool) and lag >= 1 for lag in self.lags)
        if self.lags != "auto" and not whole:
            raise SettingError(f"lags must be whole numbers from 1, or 'auto'; got {self.lags!r}.")
        size = self.segment
        if size != "auto" and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise SettingError(f"segment must be a whole number from 1, or 'auto'; got {size!r}.")
