"""Hook of mkdocs: pages of the reference, made from docstrings when the pages are built.

Every name of ``elman.__all__`` is on a page, and so is every class of elman that a public function or method returns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "elman"
ROOMS = ("nn", "cells", "kernels", "sequences", "codecs", "training", "baselines", "datasets", "ngrams", "testing")
"""Rooms whose faces are public as a whole."""
MODULES = ("elman.errors", "elman.io.tables", "elman.codecs.capabilities", "elman.network.decoders.decoder")
ATTRIBUTES = ("elman.training.history.History", "elman.mapping.attention_map.AttentionMap", "elman.mapping.alignment.Alignment")
"""Classes of fitted attributes, and of answers whose type depends on an option."""
PAGES = {"elman": "The estimators and their results", "modules": "Errors, tables and plug-ins"}


def tree_of(module: str) -> ast.Module:
    """Return the syntax tree of a module or package."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> dict[str, str]:
    """Return the dotted names that a module imports from elman, by their names there."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("elman")
        for alias in node.names
    }


def home(name: str) -> str:
    """Return the dotted name of a class or function in the module that defines it; modules are their own home."""
    module, _, attribute = name.rpartition(".")
    further = imported(tree_of(module)).get(attribute) if module else None
    if further is not None and further != name:  # the face of a package hands it on, perhaps beside a file of the same name
        return home(further)
    return name


def face() -> list[str]:
    """Return the homes of all public names of elman but its rooms."""
    names = {home(name) for alias, name in imported(tree_of("elman")).items() if alias not in (*ROOMS, "errors", "lazy_imports")}
    return sorted(names)


def returned(name: str) -> Iterator[str]:
    """Yield the classes of elman that a public function, or a method of a public class, returns."""
    module, _, attribute = name.rpartition(".")
    if not module:
        return
    tree, names = tree_of(module), imported(tree_of(module))
    local = {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in tree.body:
        if getattr(node, "name", None) != attribute:
            continue
        if isinstance(node, ast.ClassDef):  # methods of a base are methods of the class
            for base in node.bases:
                if ast.unparse(base) in names:
                    yield from returned(home(names[ast.unparse(base)]))
        functions = [node] if isinstance(node, ast.FunctionDef) else [part for part in node.body if isinstance(part, ast.FunctionDef)]
        for function in functions:
            if function.returns is None or function.name.startswith("_"):
                continue
            for word in re.findall(r"[A-Z]\w+", ast.unparse(function.returns)):
                found = local.get(word) or names.get(word)
                if found is not None and not word.isupper():
                    yield home(found)


def results() -> list[str]:
    """Return the classes that public functions and methods return, and those that their methods return."""
    seen: set[str] = set(ATTRIBUTES)
    waiting = face()
    while waiting:
        for name in returned(waiting.pop()):
            if name not in seen and not name.startswith("elman.codecs."):
                seen.add(name)
                waiting.append(name)
    return sorted(seen - set(face()))


def pages() -> dict[str, list[str]]:
    """Return the names of each page; a name is on one page, that of its room where it has one."""
    rooms = {room: sorted({home(name) for name in imported(tree_of(f"elman.{room}")).values()}) for room in ROOMS}
    rooms = {room: [name for name in names if name.startswith(f"elman.{room}.")] for room, names in rooms.items()}
    elsewhere = {name for names in rooms.values() for name in names}
    return {"elman": [name for name in (*face(), *results()) if name not in elsewhere], **rooms, "modules": list(MODULES)}


def on_config(config: Any) -> Any:
    """Add the pages to the navigation."""
    config.nav.append({"Reference": [{PAGES.get(page, page): f"api/{page}.md"} for page in pages()]})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages themselves."""
    from mkdocs.structure.files import File

    for page, names in pages().items():
        text = f"# {PAGES.get(page, f'elman.{page}')}\n\n" + "".join(f"::: {name}\n\n" for name in names)
        files.append(File.generated(config, f"api/{page}.md", content=text))
    return files
