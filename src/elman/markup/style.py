"""Style: how pages and notebook cells look, in light and in dark."""

from __future__ import annotations

from elman.markup.element import Markup, element

_LIGHT = """--ink: #1d2129; --soft: #5d6573; --faint: #d9dde4; --paper: #ffffff; --panel: #f6f7f9;
--s0: #2f6fb7; --s1: #c4570f; --s2: #2c8450; --s3: #8a4fb5; --s4: #a5842a; --s5: #b4366e;
--plus: #b5480c; --minus: #1f66b0; --good: #2c8450; --bad: #b3261e;"""
_DARK = """--ink: #e6e9ee; --soft: #a3abb8; --faint: #3a414d; --paper: #15181d; --panel: #1e2229;
--s0: #7db4f0; --s1: #f39a5b; --s2: #74c795; --s3: #c79ae8; --s4: #d8bd6a; --s5: #ee88b4;
--plus: #f08b4a; --minus: #6aaef2; --good: #74c795; --bad: #f28b82;"""

_RULES = """
.elman { color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
.elman h1 { font-size: 1.7em; margin: 0 0 .2em; } .elman h2 { font-size: 1.25em; margin: 2.2em 0 .5em; }
.elman h3 { font-size: 1.02em; margin: 1.5em 0 .4em; } .elman p { margin: .4em 0 .7em; max-width: 52em; }
.elman .note, .elman caption, .elman figcaption { color: var(--soft); font-size: .9em; }
.elman table { border-collapse: collapse; margin: .5em 0 1em; font-variant-numeric: tabular-nums; }
.elman caption { text-align: left; padding-bottom: .3em; }
.elman th, .elman td { text-align: left; vertical-align: top; padding: .22em .9em .22em 0; border-bottom: 1px solid var(--faint); }
.elman th { font-weight: 600; color: var(--soft); } .elman td, .elman pre, .elman .said { unicode-bidi: isolate; }
.elman td.short { white-space: nowrap; }
.elman td.number, .elman th.number { text-align: right; } .elman td.long { max-width: 34em; overflow-wrap: anywhere; }
.elman pre { background: var(--panel); padding: .8em 1em; border-radius: 6px; overflow-x: auto; }
.elman pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.elman figure { margin: .6em 0 1.2em; overflow-x: auto; } .elman svg { max-width: 100%; height: auto; }
.elman .wide svg { max-width: none; }
.elman svg text { fill: var(--ink); font: 11px system-ui, "Segoe UI", Roboto, sans-serif; } .elman svg .soft { fill: var(--soft); }
.elman .axis { stroke: var(--soft); stroke-width: 1; } .elman .grid { stroke: var(--faint); stroke-width: 1; }
.elman .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .elman .dashed { stroke-dasharray: 5 4; }
.elman .dot { fill-opacity: .5; } .elman .plus { fill: var(--plus); } .elman .minus { fill: var(--minus); }
.elman .good { color: var(--good); } .elman .bad { color: var(--bad); }
.elman .problem, .elman .warning { color: var(--bad); font-weight: 600; }
.elman .said span { border-radius: 3px; padding: .08em 0; white-space: pre-wrap; }
.elman .said { line-height: 1.9; overflow-wrap: anywhere; }
.elman details { margin: .3em 0 .8em; } .elman summary { cursor: pointer; }
"""


def _series() -> str:
    lines = [f".elman .s{i} {{ stroke: var(--s{i}); }} .elman .f{i} {{ fill: var(--s{i}); }}" for i in range(6)]
    for level in range(1, 9):
        share = f"{100 * level / 8:.0f}%"
        lines += [
            f".elman .{name}{level} {{ background: color-mix(in srgb, var(--{name}) {share}, transparent); }}" for name in ("plus", "minus")
        ]
    strong = ", ".join(f".elman .{name}{level}" for name in ("plus", "minus") for level in range(5, 9))
    return "\n".join([*lines, f"{strong} {{ color: var(--paper); }}"])


STYLE = (
    f".elman {{ {_LIGHT} color-scheme: light dark; }}\n"
    f"@media (prefers-color-scheme: dark) {{ .elman {{ {_DARK} }} }}\n{_RULES}{_series()}\n"
)
"""Style sheet of everything in this room; it holds under ``class="elman"``."""


def fragment(*parts: object) -> str:
    """Return parts as one block with its own style, for notebooks."""
    return str(element("div", element("style", Markup(STYLE)), *parts, class_="elman"))
