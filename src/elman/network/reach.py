"""Reach: how many steps a body without a memory sees, from the lengths of the data."""

from __future__ import annotations

from elman.errors import SettingError, did_you_mean
from elman.network.sizes import Sizes

BODIES = ("recurrent", "dilated", "fixed", "untied")
_DEEPEST = 6
"""Layers of dilated convolutions at most: they see 127 steps."""
_LONGEST = 512
"""Steps of a fixed network at most."""
_LONGEST_UNTIED = 64
"""Steps with weights of their own at most."""
_WINDOW = 8
"""Symbols that a language model without a memory sees."""


def reach_of(body: str, sizes: Sizes, continues: bool) -> int:
    """Return how many steps a body sees: 0 for the recurrence, which has no end of its own.

    Parameters
    ----------
    body : str
        One of ``BODIES``.
    sizes : Sizes
        Numbers about the data.
    continues : bool
        Whether it is a language model.

    Returns
    -------
    int
        Steps.

    Examples
    --------
    >>> [reach_of(body, Sizes(rows=9, source_mean=10.5, source_max=40), False) for body in BODIES]
    [0, 63, 11, 40]
    """
    if body not in BODIES:
        raise SettingError(f"body must be one of {BODIES}; got {body!r}.{did_you_mean(str(body), BODIES)}")
    if body == "recurrent":
        return 0
    if body == "dilated":
        longest = sizes.target_max if continues else sizes.source_max
        return _seen(next((n for n in range(1, _DEEPEST) if _seen(n) >= longest), _DEEPEST))
    if continues:
        return _WINDOW
    return min(-int(-sizes.source_mean // 1), _LONGEST) if body == "fixed" else min(sizes.source_max, _LONGEST_UNTIED)


def _seen(levels: int) -> int:
    return 2 ** (levels + 1) - 1
