"""Charts: lines, points and bars, as SVG that a page's style colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.markup.axes import Axis, frame, tick_text
from elman.markup.element import Markup, element

_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 30, 44
_COLOURS = 6


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    name : str
        For the legend.
    x, y : sequence of float
        As many of both; other values leave a gap.
    dashed : bool
        Drawn with gaps.
    """

    name: str
    x: Sequence[float] = field(repr=False)
    y: Sequence[float] = field(repr=False)
    dashed: bool = False


def svg(title: str, parts: Sequence[Any], width: float, height: float) -> Markup:
    """Return a drawing under its title, which people who do not see it hear too."""
    drawing = element("svg", element("title", title), *parts, viewBox=f"0 0 {width:g} {height:g}", width=width, height=height, role="img")
    return element("figure", element("figcaption", title), drawing)


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    log: bool = False,
    x_log: bool = False,
    marks: Sequence[tuple[float, str]] = (),
) -> Markup:
    """Draw lines over a common axis."""
    x = Axis.over([n for line in lines for n in line.x] + [at for at, _ in marks], start=_LEFT, end=_WIDTH - _RIGHT, log=x_log)
    y = Axis.over([n for line in lines for n in line.y], start=_HEIGHT - _BOTTOM, end=_TOP, log=log)
    parts = frame(x, y, x_label, y_label)
    for at, name in marks:
        place = x.place(at)
        parts.append(element("line", x1=place, x2=place, y1=y.start, y2=y.end, class_="axis dashed"))
        anchor = "end" if place > (x.start + x.end) / 2 else "start"
        parts.append(element("text", name, x=place + (-4 if anchor == "end" else 4), y=y.end + 10, text_anchor=anchor, class_="soft"))
    for number, line in enumerate(lines):
        style = f"line s{number % _COLOURS}" + (" dashed" if line.dashed else "")
        parts += [element("polyline", points=points, class_=style) for points in _runs(line, x, y)]
    parts += _legend([(line.name, f"s{number % _COLOURS}" + " dashed" * line.dashed) for number, line in enumerate(lines) if line.name])
    return svg(title, parts, _WIDTH, _HEIGHT)


def scatter_chart(x: Sequence[float], y: Sequence[float], *, title: str, x_label: str, y_label: str, diagonal: bool = False) -> Markup:
    """Draw points, with the diagonal where both axes mean the same."""
    both = [*x, *y] if diagonal else []
    across = Axis.over([*x, *both], start=_LEFT, end=_WIDTH - _RIGHT)
    up = Axis.over([*y, *both], start=_HEIGHT - _BOTTOM, end=_TOP)
    parts = frame(across, up, x_label, y_label)
    if diagonal:
        parts.append(element("line", x1=across.start, y1=up.start, x2=across.end, y2=up.end, class_="axis dashed"))
    points = [(a, b) for a, b in zip(x, y, strict=True) if across.has(a) and up.has(b)]
    parts += [element("circle", cx=across.place(a), cy=up.place(b), r=2.5, class_="dot f0") for a, b in points]
    return svg(title, parts, _WIDTH, _HEIGHT)


def bar_chart(names: Sequence[Any], values: Sequence[float], *, title: str, value_label: str = "") -> Markup:
    """Draw bars from left to right, one a line."""
    left, height = 170, _TOP + 20 * len(values) + _BOTTOM
    x = Axis.over([0.0, *values], start=left, end=_WIDTH - _RIGHT - 40)
    zero, parts = x.place(0.0), []
    for row, (name, value) in enumerate(zip(names, values, strict=True)):
        top = _TOP + 20 * row
        text = str(name)
        parts.append(element("text", text if len(text) <= 26 else text[:25] + "…", x=left - 8, y=top + 13, text_anchor="end"))
        if not x.has(value):
            continue
        at = x.place(value)
        parts.append(element("rect", x=min(zero, at), y=top + 2, width=abs(at - zero), height=15, class_="plus" if value >= 0 else "minus"))
        parts.append(element("text", tick_text(float(f"{value:.3g}")), x=max(zero, at) + 5, y=top + 13, class_="soft"))
    parts.append(element("line", x1=zero, x2=zero, y1=_TOP - 4, y2=height - _BOTTOM, class_="axis"))
    parts.append(element("text", value_label, x=zero, y=height - _BOTTOM + 18, class_="soft"))
    return svg(title, parts, _WIDTH, height)


def _runs(line: Line, x: Axis, y: Axis) -> list[str]:
    """Points of a line, cut where one has no place."""
    runs: list[list[str]] = [[]]
    for a, b in zip(line.x, line.y, strict=True):
        if x.has(a) and y.has(b):
            runs[-1].append(f"{x.place(a):.1f},{y.place(b):.1f}")
        elif runs[-1]:
            runs.append([])
    return [" ".join(run) for run in runs if run]


def _legend(names: Sequence[tuple[str, str]]) -> list[Markup]:
    parts, at = [], float(_WIDTH - _RIGHT - sum(26 + 6.2 * len(name) for name, _ in names))
    for name, style in names:
        parts.append(element("line", x1=at, x2=at + 14, y1=12, y2=12, class_=f"line {style}"))
        parts.append(element("text", name, x=at + 18, y=16))
        at += 26 + 6.2 * len(name)
    return parts
