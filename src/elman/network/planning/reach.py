"""Reach: how many steps a body without a memory sees, from the lengths of the data."""

from __future__ import annotations

from typing import Any

from elman.errors import SettingError, did_you_mean
from elman.network.planning.sizes import Sizes

BODIES = ("recurrent", "dilated", "fixed", "untied")
_DEEPEST = 6
"""Layers of dilated convolutions at most: they see 127 steps."""
_LONGEST = 512
"""Steps of a fixed network at most."""
_LONGEST_UNTIED = 64
"""Steps with weights of their own at most."""
_FEW_SEGMENTS = 16
"""The same, of the segments of a forecast."""
_FARTHEST = 100_000
"""Steps that any body may see."""
_WINDOW = 8
"""Symbols that a language model without a memory sees."""


def reach_of(body: str, sizes: Sizes, continues: bool, *, segments: bool = False) -> int:
    """Return how many steps a body sees: 0 for the recurrence, which has no end of its own.

    Parameters
    ----------
    body : str
        One of ``BODIES``.
    sizes : Sizes
        Numbers about the data.
    continues : bool
        Whether it is a language model.
    segments : bool, default False
        Whether steps are segments of a window, of which there are few.

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
    if body == "fixed":
        return min(-int(-sizes.source_mean // 1), _LONGEST)
    return min(sizes.source_max, _FEW_SEGMENTS if segments else _LONGEST_UNTIED)


def _seen(levels: int) -> int:
    return 2 ** (levels + 1) - 1


def check_body(plan: Any) -> None:
    """Refuse a body that cannot read the source of a plan.

    Parameters
    ----------
    plan : Plan
        With ``body`` one of ``BODIES``.
    """
    reach, body = plan.reach, plan.body
    whole = isinstance(reach, int) and not isinstance(reach, bool) and 0 <= reach <= _FARTHEST
    if not whole or (body == "recurrent") != (reach == 0):
        raise SettingError(f"reach must be 0 for a recurrent body, else a whole number in 1..{_FARTHEST}; got {reach!r}.")
    if body == "recurrent" or plan.source is None:
        return
    reads = plan.source.rank == "many" and plan.decoder == "summary"
    if reads or plan.decoder == "segments" or (plan.decoder == "step" and body != "fixed"):
        return
    fitting = "one answer a sequence" if body == "fixed" else "one answer a sequence or a step"
    raise SettingError(f"body={body!r} is for language models and {fitting}; this model is {plan.relation!r}. Use 'recurrent'.")
