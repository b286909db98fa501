"""Preparation: what is done to a series before a network reads it, and undone after it answered."""

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
    """How series are prepared. "auto" is chosen on windows held out in time and shown by ``plan()``."""

    scale: Literal["auto", "mean", "robust", "last", "none"] = "auto"
    """What numbers are measured in: mean and deviation of the window; median and median deviation; distance from the last value in
    deviations of the history; or the numbers as they are."""
    power: Literal["auto", "none", "log", "box-cox"] = "auto"
    """Logarithm or Box-Cox power of series that are above 0 everywhere."""
    reference: Literal["auto", "last", "season", "none"] = "auto"
    """What a forecast is the difference to: the last value (differences; with a logarithm, returns), the value a season ago, nothing, or
    for each window the simple forecasts weighted by how well they did in it ("auto")."""
    seasonality: Literal["auto", "none", "additive", "multiplicative"] = "auto"
    """Take the average season of the window out before, and put it back after; of two seasons one after the other."""
    calendar: bool | Literal["auto"] = "auto"
    """Read hour, weekday, day and month from the stamps, where they are dates."""
    lags: Sequence[int] | Literal["auto"] = "auto"
    """Steps back of the values that are beside each value; "auto" takes the seasons."""

    segment: int | Literal["auto"] = "auto"
    """Steps that a direct model reads and answers together; "auto" takes the season, or a sixteenth of the context."""

    linear: bool | Literal["auto"] = "auto"
    """Let a linear map from window to horizon, fitted apart by ridge regression, forecast first, and a direct network correct it; "auto"
    where the map alone does better than the network alone."""

    def check(self) -> None:
        """Raise SettingError for what cannot be used."""
        for name, choices in CHOICES.items():
            one_of(getattr(self, name), choices, name, SettingError)
        whole = not isinstance(self.lags, str) and all(isinstance(lag, int) and not isinstance(lag, bool) and lag >= 1 for lag in self.lags)
        if self.lags != "auto" and not whole:
            raise SettingError(f"lags must be whole numbers from 1, or 'auto'; got {self.lags!r}.")
        size = self.segment
        if size != "auto" and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise SettingError(f"segment must be a whole number from 1, or 'auto'; got {size!r}.")
