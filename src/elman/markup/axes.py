"""Axes: from numbers to places in a drawing, and the ticks beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from elman.markup.element import Markup, element


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis: numbers from low to high are places from start to end.

    Examples
    --------
    >>> axis = Axis.over([0.0, 9.0], start=100, end=200)
    >>> axis.place(4.5), axis.ticks()
    (150.0, [0.0, 2.0, 4.0, 6.0, 8.0])
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    @classmethod
    def over(cls, numbers: Iterable[float], *, start: float, end: float, log: bool = False) -> Axis:
        """Return an axis that holds all (finite, and for logarithms positive) numbers; whole numbers get whole ticks."""
        finite = [float(n) for n in numbers if math.isfinite(n) and (n > 0 or not log)]
        whole = not log and all(n.is_integer() for n in finite)
        low, high = (min(finite), max(finite)) if finite else (1.0, 10.0)
        if log:
            low, high = math.log10(low), math.log10(high)
        if high - low < 1e-12 * max(abs(low), abs(high), 1e-300) or high == low:
            low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
        return cls(low=low, high=high, start=start, end=end, log=log, whole=whole)

    def place(self, number: float) -> float:
        """Return the position of a number."""
        value = math.log10(number) if self.log else number
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def has(self, number: float) -> bool:
        """Return whether a number has a place."""
        return math.isfinite(number) and (number > 0 or not self.log)

    def ticks(self, count: int = 5) -> list[float]:
        """Return round numbers on the axis."""
        if self.log:
            return self._powers(count)
        step = _round_step((self.high - self.low) / count, whole=self.whole)
        first = math.ceil(self.low / step - 1e-9)
        return [(first + i) * step for i in range(int((self.high - first * step) / step + 1e-9) + 1)]

    def _powers(self, count: int) -> list[float]:
        """Powers of ten; over less than two of them also their halves and fifths."""
        step = max(1, round((self.high - self.low) / count))
        powers = range(math.floor(self.low), math.ceil(self.high) + 1, step)
        factors = (1, 2, 5) if self.high - self.low < 2 else (1,)
        results = [factor * 10.0**power for power in powers for factor in factors]
        return [number for number in results if self.low - 1e-9 <= math.log10(number) <= self.high + 1e-9]


def _round_step(step: float, *, whole: bool) -> float:
    step = max(step, 1.0) if whole else step
    power = 10 ** math.floor(math.log10(step))
    return (
        next(factor for factor in ((1.0, 2.0, 5.0, 10.0) if whole else (1.0, 2.0, 2.5, 5.0, 10.0)) if factor * power >= step * 0.99) * power
    )


def tick_text(number: float) -> str:
    """Return a tick's number in few characters.

    Parameters
    ----------
    number : float
        The number.

    Returns
    -------
    str
        As ``1e-05``, ``0.25`` or ``1,200``.
    """
    if number and not 1e-4 <= abs(number) < 1e6:
        return f"{number:.0e}"
    return f"{number:,.6g}"


def frame(x: Axis, y: Axis, x_label: str, y_label: str) -> list[Markup]:
    """Return grid, ticks and labels of a drawing."""
    parts = []
    for number in y.ticks():
        at = y.place(number)
        parts.append(element("line", x1=x.start, x2=x.end, y1=at, y2=at, class_="grid"))
        parts.append(element("text", tick_text(number), x=x.start - 6, y=at + 4, text_anchor="end", class_="soft"))
    named = [(x.place(number), tick_text(number)) for number in x.ticks(6)]
    parts += [element("text", name, x=at, y=y.start + 16, text_anchor="middle", class_="soft") for at, name in named]
    parts.append(element("line", x1=x.start, x2=x.end, y1=y.start, y2=y.start, class_="axis"))
    parts.append(element("text", x_label, x=(x.start + x.end) / 2, y=y.start + 34, text_anchor="middle"))
    parts.append(element("text", y_label, x=x.start, y=y.end - 8, text_anchor="start"))
    return parts
