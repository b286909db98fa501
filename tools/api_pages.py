"""Hook of mkdocs: one page of the reference for each room of the package, made from its docstrings when the pages are built."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "elman"


def rooms() -> list[str]:
    """Return the public modules at the top of the package that hold something public."""
    found = [path.parent.name for path in PACKAGE.glob("*/__init__.py")]
    found += [path.stem for path in PACKAGE.glob("*.py")]
    return sorted(name for name in found if not name.startswith("_") and name not in ("cli", "io"))


def members(room: str) -> list[str]:
    """Return the dotted names that a room makes public: what its ``__init__`` re-exports, else the module itself."""
    path = PACKAGE / room / "__init__.py"
    if not path.exists():
        return [f"elman.{room}"]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [
        f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    ]
    return [name for name in names if name.startswith("elman.")]


def on_config(config: Any) -> Any:
    """Add the pages to the navigation."""
    pages = [{room: f"api/{room}.md"} for room in rooms() if members(room)]
    config.nav.append({"Reference": [*pages, {"io.tables": "api/tables.md"}]})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages themselves."""
    for room in rooms():
        if members(room):
            text = f"# elman.{room}\n\n" + "".join(f"::: {name}\n\n" for name in members(room))
            files.append(File.generated(config, f"api/{room}.md", content=text))
    files.append(File.generated(config, "api/tables.md", content="# elman.io.tables\n\n::: elman.io.tables\n"))
    return files
