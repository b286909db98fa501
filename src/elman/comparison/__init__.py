"""Comparison: the same task for the simplest guess, a Markov chain, convolutions and recurrent networks, on one split, with intervals.

Names load on first use: ``elman doctor`` asks for leaks alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman import lazy_imports

if TYPE_CHECKING:
    from elman.comparison.leaderboard import Entry as Entry
    from elman.comparison.leaderboard import Leaderboard as Leaderboard

if not TYPE_CHECKING:
    __getattr__, __all__ = lazy_imports.attach(__name__, {"elman.comparison.leaderboard": ("Entry", "Leaderboard")})
