"""Element: one HTML or SVG element as text, with everything inside escaped that is not markup already."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_VOID = {"br", "hr", "meta", "img"}


class Markup(str):
    """Text that is markup already; anything else is escaped where it is put into an element."""

    __slots__ = ()


def escape(value: Any) -> str:
    """Return any value as text that represents itself in HTML and SVG, in attributes too.

    Parameters
    ----------
    value : object
        Markup stays as it is; of everything else the text is escaped, and characters that no page can hold become U+FFFD.

    Returns
    -------
    str
        Safe text.

    Examples
    --------
    >>> escape("<b>&'"), escape(Markup("<br>"))
    ('&lt;b&gt;&amp;&#x27;', '<br>')
    """
    if isinstance(value, Markup):
        return str(value)
    text = str(value).encode("utf-8", "replace").decode("utf-8")  # a lone surrogate has no bytes
    return html.escape(_CONTROL.sub("\ufffd", text))


def element(name: str, *children: Any, **attributes: Any) -> Markup:
    """Return one element.

    Parameters
    ----------
    name : str
        Its name.
    *children : object
        Markup or values, None for nothing.
    **attributes : object
        ``class_`` is class and ``name_`` name, other underscores are hyphens; None leaves one out.

    Returns
    -------
    Markup
        The element.

    Examples
    --------
    >>> element("p", "a < b", element("br"), class_="note", aria_label=None)
    '<p class="note">a &lt; b<br></p>'
    """
    text = "".join(f' {_attribute(key)}="{escape(_plain(value))}"' for key, value in attributes.items() if value is not None)
    if name in _VOID:
        return Markup(f"<{name}{text}>")
    return Markup(f"<{name}{text}>{join(children)}</{name}>")


def join(parts: Iterable[Any], between: str = "") -> Markup:
    """Return several parts in a row, each escaped unless it is markup."""
    return Markup(escape(between).join(escape(part) for part in parts if part is not None))


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _plain(value: Any) -> Any:
    """A number in few digits: drawings are made of them."""
    return f"{value:.5g}" if isinstance(value, float) else value
