"""Contest: the same task for the simplest guess, a Markov chain, convolutions and recurrent networks, on one split, with intervals.

Names load on first use: ``elman doctor`` asks for leaks alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.contest.alarms import Alarm as Alarm
    from elman.contest.alarms import LeakError as LeakError
    from elman.contest.alarms import LeakWarning as LeakWarning
    from elman.contest.comparing import compare as compare
    from elman.contest.leaderboard import Entry as Entry
    from elman.contest.leaderboard import Leaderboard as Leaderboard

_HOME = {"alarms": ("Alarm", "LeakError", "LeakWarning"), "comparing": ("compare",), "leaderboard": ("Entry", "Leaderboard")}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_WHERE)  # pyright: ignore[reportUnsupportedDunderAll]  # attributes come lazily (PEP 562)


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use."""
    if name in _WHERE:
        return getattr(importlib.import_module(f"elman.contest.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'elman.contest' has no attribute {name!r}")
