"""Markup: well-formed, escaped whatever comes in, and drawings whose numbers stand where they should."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.markup import (
    STYLE,
    Line,
    Markup,
    bar_chart,
    confusion,
    element,
    facts,
    fragment,
    heat_map,
    heat_text,
    join,
    line_chart,
    scatter_chart,
    table,
)  # fmt: skip
from elman.markup.axes import Axis, tick_text
from elman.markup.element import escape
from elman.markup.heat import levels

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\x00\x1b\ud800\u202e'


def parsed(markup):
    """Parse as XML: whatever is not escaped breaks it."""
    return ET.fromstring(f"<div>{markup}</div>")


def texts(markup):
    return "".join(parsed(markup).itertext())


DRAWN = {
    "table": lambda t: table([t, "n"], [(t, 1.5)], caption=t),
    "facts": lambda t: facts([(t, t)], caption=t),
    "bars": lambda t: bar_chart([t, t], [1.0, -2.0], title=t, value_label=t),
    "lines": lambda t: line_chart([Line(name=t, x=[0, 1], y=[1, 2])], title=t, x_label=t, y_label=t, marks=[(1, t)]),
    "points": lambda t: scatter_chart([0, 1], [1, 2], title=t, x_label=t, y_label=t, diagonal=True),
    "heat": lambda t: heat_map(np.eye(2), title=t, rows=[t, t], columns=[t, t]),
    "confusion": lambda t: confusion(np.eye(2, dtype=int), names=[t, t], title=t),
    "text": lambda t: heat_text([(t, 1.0), (t, -1.0)], between=" "),
}


@pytest.mark.parametrize("name", list(DRAWN))
def test_nothing_hostile_gets_out_of_its_place(name):
    made = DRAWN[name](HOSTILE)
    tree = parsed(made)
    assert not {node.tag for node in tree.iter()} & {"script", "img"}
    assert not [key for node in tree.iter() for key in node.attrib if key.startswith("on")]
    assert "style" not in {key for node in tree.iter() for key in node.attrib}, "a strict policy forbids styles in attributes"
    assert not re.search("[\x00\x1b\ud800]", made)


@settings(max_examples=25, deadline=None)
@given(st.text())
def test_text_comes_back_as_it_was(text):
    shown = ET.fromstring(element("p", text, title=text))
    wanted = escape(text)
    assert element("p", text) == f"<p>{wanted}</p>"
    assert (shown.text or "") == (shown.attrib["title"] if "\n" not in text and "\r" not in text and "\t" not in text else shown.text or "")


def test_markup_is_not_escaped_twice():
    assert join([Markup("<b>a</b>"), "<"], ", ") == "<b>a</b>, &lt;"
    assert element("p", element("b", "x"), None, class_="a", data_rows=3) == '<p class="a" data-rows="3"><b>x</b></p>'


def test_lines_stand_where_their_numbers_say():
    tree = parsed(line_chart([Line(name="", x=[0, 5, 10], y=[1.0, 100.0, 10.0])], title="t", log=True))
    points = [tuple(map(float, p.split(","))) for p in tree.find(".//polyline").attrib["points"].split()]
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert y0 - y1 == pytest.approx(2 * (y0 - y2), abs=0.2), "two powers of ten are twice one"


def test_what_has_no_place_leaves_a_gap():
    tree = parsed(line_chart([Line(name="", x=[0, 1, 2, 3], y=[1.0, float("nan"), 2.0, 3.0])], title="t"))
    assert [len(line.attrib["points"].split()) for line in tree.findall(".//polyline")] == [1, 2]
    assert len(parsed(scatter_chart([0.0, float("inf")], [1.0, 1.0], title="t", x_label="", y_label="")).findall(".//circle")) == 1


def test_bars_are_as_long_as_their_numbers():
    tree = parsed(bar_chart(["a", "b", "c"], [2.0, 4.0, float("nan")], title="t"))
    short, long = [float(rect.attrib["width"]) for rect in tree.findall(".//rect")]
    assert long == pytest.approx(2 * short)


def test_a_heat_map_has_the_area_of_its_cells():
    values = np.array([[1.0, 1.0, 0.0], [-1.0, 0.5, np.nan]])
    tree = parsed(heat_map(values, title="t", rows=["a", "b"], columns=["x", "y", "z"], cell=10))
    area = {}
    for path in tree.findall(".//path"):
        wide = sum(float(w) for w in re.findall(r"h(\d+)v", path.attrib["d"]))
        area[path.attrib["class"], path.attrib["fill-opacity"]] = wide
    assert area == {("plus", "1"): 20, ("plus", "0.5"): 10, ("minus", "1"): 10}


def test_shades_are_shares_of_the_largest():
    assert levels(np.array([0.0, 1.0, -2.0])).tolist() == [0, 4, -8]
    assert levels(np.zeros(3)).tolist() == [0, 0, 0]


def test_a_confusion_shows_its_counts():
    shown = texts(confusion(np.array([[5, 1], [0, 1234]]), names=["a", "b"], title="t"))
    assert "1,234" in shown
    assert "answered" in shown
    drawn = parsed(confusion(np.array([[3, 1], [0, 4]]), names=["a", "b"], title="t"))
    shades = [float(node.get("fill-opacity")) for node in drawn.iter("rect")]
    assert shades == [round(0.75 * share, 3) for share in (3 / 4, 1 / 4, 0.0, 1.0)]  # of those that are truly of the row's class


@pytest.mark.parametrize(
    ("numbers", "ticks"),
    [([0, 10], [0, 2, 4, 6, 8, 10]), ([-1, 1], [-1, 0, 1]), ([-1, 1.5], [-1, -0.5, 0, 0.5, 1, 1.5]), ([7, 7], None), ([], None)],
)
def test_ticks_are_round_and_inside(numbers, ticks):
    axis = Axis.over(numbers, start=0, end=100)
    assert all(-1e-6 <= axis.place(tick) <= 100 + 1e-6 for tick in axis.ticks())
    assert ticks is None or axis.ticks() == pytest.approx(ticks)


def test_whole_numbers_get_whole_ticks_and_short_logarithms_some():
    assert Axis.over([1, 2], start=0, end=1).ticks() == [1.0, 2.0]
    assert Axis.over([0.7, 3.0], start=0, end=1, log=True).ticks() == [1.0, 2.0]
    assert Axis.over([1e-3, 10.0], start=0, end=1, log=True).ticks() == pytest.approx([0.001, 0.01, 0.1, 1, 10])


def test_ticks_are_short():
    assert [tick_text(n) for n in (0.0, 1e-9, 0.25, 1200.0, 3e7)] == ["0", "1e-09", "0.25", "1,200", "3e+07"]


def test_numbers_stand_to_the_right():
    made = table(["name", "value"], [("a", 1), ("b", 2.5)])
    assert made.count('class="number"') == 3
    assert '<td class="short">a</td>' in made


def test_a_fragment_brings_its_style_and_no_address():
    made = fragment(element("p", "x"))
    assert STYLE in made
    assert "prefers-color-scheme: dark" in made
    assert "http" not in made
    assert "url(" not in made
