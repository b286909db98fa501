"""Plots: traces and memories with matplotlib, where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elman.errors import MissingExtraError

if TYPE_CHECKING:
    pass

_TICKS = 80


def _figure(purpose: str, **options: Any) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plot", "matplotlib", purpose) from error
    return Figure(layout="constrained", **options)
