"""Page: parts of a report as one HTML file that needs no network and no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from elman.markup import STYLE, Markup, element, join

_PAGE = """
body { margin: 0; background: var(--paper); }
main { max-width: 64em; margin: 0 auto; padding: 1.6em 1.4em 4em; }
nav { margin: .8em 0 0; } nav a { margin-right: 1.1em; color: var(--s0); }
"""


def page(title: str, lead: Sequence[Any], sections: Sequence[tuple[str, Sequence[Any]]]) -> str:
    """Return a whole page; it forbids itself scripts, frames and everything from elsewhere."""
    style = STYLE + _PAGE
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(style)),
    ]
    links = [element("a", name, href=f"#section-{number}") for number, (name, _) in enumerate(sections)]
    body = [element("section", element("h2", name, id=f"section-{number}"), *parts) for number, (name, parts) in enumerate(sections)]
    main = element("main", element("h1", title), *lead, element("nav", *links), *body)
    html = element("html", element("head", *head), element("body", main, class_="elman"), lang="en")
    return "<!doctype html>\n" + join([html]) + "\n"
