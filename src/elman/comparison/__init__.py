"""Contest: the same task for the simplest guess, a Markov chain, convolutions and recurrent networks, on one split, with intervals.

Names load on first use: ``elman doctor`` asks for leaks alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.comparison.leaderboard import Entry as Entry
    from elman.comparison.leaderboard import Leaderboard as Leaderboard

_HOME = {"leaderboard": ("Entry", "Leaderboard")}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_WHERE)  # pyright: ignore[reportUnsupportedDunderAll]  # attributes come lazily (PEP 562)


def __getattr__(name: str) -> Any:
    """Import the request on first use."""
    if name in _WHERE:
        return getattr(importlib.import_module(f"elman.comparison.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'elman.comparison' has no attribute {name!r}")
