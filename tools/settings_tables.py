"""Hook of mkdocs: ``<!-- settings: module.Class -->`` becomes a table of the class's fields, defaults and docstrings.

The same docstrings are the help of the command line, so a setting is described in one place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "src"
MARK = re.compile(r"<!-- settings: ([\w.]+)\.(\w+) -->")


def fields(module: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, default and docstring of each field; a field without a docstring is an error."""
    tree = ast.parse((SOURCE / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    for node, after in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
                raise SystemExit(f"{module}.{name}.{node.target.id} has no docstring")
            yield node.target.id, ast.unparse(node.value).replace("'", '"'), " ".join(str(after.value.value).split())


def table(found: re.Match[str]) -> str:
    """Return the Markdown table of one mark."""
    rows = [f"| `{name}` | `{default}` | {text} |" for name, default, text in fields(found[1], found[2])]
    return "\n".join([f"| setting of `{found[2]}` | default | meaning |", "|---|---|---|", *rows])


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks of a page."""
    return MARK.sub(table, markdown)
