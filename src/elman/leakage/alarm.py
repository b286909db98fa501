"""Alarms about leaks that make a test score too good to be true, with evidence and advice."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from elman.errors import DataError, ElmanWarning, SettingError, did_you_mean

OnLeak = Literal["warn", "raise", "ignore"]
_ON_LEAK = ("warn", "raise", "ignore")


class LeakWarning(ElmanWarning):
    """Something of the test part may be known to the training part."""


class LeakError(DataError):
    """The same, where the caller asked for an error."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One suspicion.

    Attributes
    ----------
    kind : str
        Kind of leak: "duplicates", "near-duplicates", "groups", "overlap", "scaling" or "target"; of series "shuffled split",
        "overlapping windows" or "scaler fitted on test".
    text : str
        Evidence, with figures.
    advice : str
        A remedy.
    evidence : tuple of str
        A few cases.
    share : float, optional
        Share of the test rows (or of the features) concerned, where it is measured.
    """

    kind: str
    text: str
    advice: str
    evidence: tuple[str, ...] = ()
    share: float | None = None

    def __str__(self) -> str:
        """Return one line."""
        shown = f" For example {'; '.join(self.evidence[:3])}." if self.evidence else ""
        return f"{self.text}.{shown} {self.advice}"


def check_on_leak(on_leak: str) -> None:
    """Refuse a word that is none of the three."""
    if on_leak not in _ON_LEAK:
        raise SettingError(f"on_leak must be one of {_ON_LEAK}; got {on_leak!r}.{did_you_mean(str(on_leak), _ON_LEAK)}")


def warn(alarms: Sequence[Alarm], on_leak: OnLeak) -> None:
    """Warn of every alarm, raise the first, or do nothing.

    Parameters
    ----------
    alarms : sequence of Alarm
        The alarms.
    on_leak : {"warn", "raise", "ignore"}
        To do about it.
    """
    if on_leak == "raise" and alarms:
        raise LeakError(f"{alarms[0]} Or pass on_leak='warn' to go on.")
    if on_leak == "warn":
        for alarm in alarms:
            warnings.warn(str(alarm), LeakWarning, stacklevel=4)


def shorten(values: Iterable[object], most: int = 60) -> tuple[str, ...]:
    """Show values in few characters, as evidence."""
    return tuple(text if len(text) <= most else text[: most - 1] + "…" for text in (repr(value) for value in values))
