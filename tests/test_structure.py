"""Structure of the package: one room on one floor, imports that point down, no circle of files, no import of private modules."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from elman import codecs
from elman.network.decoders import registry

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "elman"

FLOORS = (
    {"errors", "lazy_imports", "markup", "_native"},
    {"io", "sequences", "leakage", "cells", "settings"},
    {"kernels", "datasets", "timeseries"},
    {"codecs", "ngrams", "nn"},
    {"network", "metrics"},
    {"training", "generation"},
    {"fitting", "testing"},
    {"mapping", "language", "forecasting"},
    {"baselines"},
    {"inspection", "evaluation"},
    {"estimators"},
    {"comparison"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FACE = FLOOR["comparison"]
"""Floor of names imported from ``elman`` itself, which hands on those of every room up to this one."""
LARGEST = 0.16


@cache
def modules() -> dict[str, tuple[Path, ast.Module]]:
    """Return every module of the package by its dotted name."""
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > 20
    names = {path: ".".join(["elman", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__") for path in paths}
    return {name: (path, ast.parse(path.read_text(encoding="utf-8"))) for path, name in names.items()}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def is_package(module: str) -> bool:
    return modules()[module][0].name == "__init__.py"


def typing_only(tree: ast.Module) -> set[int]:
    """Return the lines under ``if TYPE_CHECKING``."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {line for block in blocks for part in block.body for line in range(part.lineno, (part.end_lineno or part.lineno) + 1)}


def imports(module: str, *, typing: bool = False) -> Iterator[tuple[int, str]]:
    """Yield line and target of every import of elman in a module, inside functions too."""
    _, tree = modules()[module]
    skipped = set() if typing else typing_only(tree)
    for node in ast.walk(tree):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in modules() or node.module == "elman" else node.module for name in full]
        wanted = (name for name in targets if name.startswith("elman.") and name != "elman.__version__" and node.lineno not in skipped)
        yield from ((node.lineno, name) for name in wanted)


def test_every_room_has_one_floor() -> None:
    assert sum(map(len, FLOORS)) == len(FLOOR)
    assert {room_of(name) for name in modules()} - {""} <= set(FLOOR)


def test_imports_point_only_down() -> None:
    """Imports for type checkers too, and two rooms of one floor do not know each other; the face of the package hands names on."""
    upward = [
        f"{name}:{line} imports {target}"
        for name in modules()
        for line, target in imports(name, typing=True)
        if name != "elman" and room_of(target) != room_of(name) and FLOOR.get(room_of(target), FACE) >= FLOOR[room_of(name)]
    ]
    assert upward == []


def test_files_import_in_no_circle() -> None:
    """Imports inside functions count: none hides a circle. Faces of packages hand names on and are left out."""
    arrows = {
        (name, target)
        for name in modules()
        for _, target in imports(name)
        if target in modules() and target != name and not is_package(target) and not is_package(name)
    }
    while free := {name for arrow in arrows for name in arrow} - ({start for start, _ in arrows} & {end for _, end in arrows}):
        arrows = {arrow for arrow in arrows if not free & set(arrow)}
    assert sorted(arrows) == []


def test_no_room_imports_a_private_module_of_another() -> None:
    private = [
        f"{name}:{line} imports {target}"
        for name in modules()
        for line, target in imports(name, typing=True)
        if room_of(target) not in (room_of(name), "_native") and any(part.startswith("_") for part in target.split(".")[1:])
    ]
    assert private == []


def test_no_room_is_most_of_the_house() -> None:
    lines = Counter[str]()
    for name, (path, _) in modules().items():
        lines[room_of(name)] += path.read_text(encoding="utf-8").count("\n")
    room, size = lines.most_common(1)[0]
    assert size / lines.total() <= LARGEST, room


def test_imports_are_absolute() -> None:
    relative = [
        f"{name}:{node.lineno}"
        for name, (_, tree) in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


# capabilities instead of classes -------------------------------------------------------------------------------------

CODECS = {name for name, value in vars(codecs).items() if isinstance(value, type) and issubclass(value, codecs.Codec)} - {"Codec"}
DECODERS = {registry.get(name).__name__: name for name in registry.names()}
"""Names in plans of decoders, by class."""
CODEC_ROOMS = ("elman.codecs", "elman.cli")
DECODER_ROOMS = ("elman.network.decoders", "elman.network.planning")


def names_in(node: ast.AST) -> set[str]:
    """Return the names and the last parts of dotted names in a tree."""
    return {part.id if isinstance(part, ast.Name) else part.attr for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}


def bound_to(tree: ast.Module, classes: set[str]) -> set[str]:
    """Return the names by which a module knows some classes of elman: imported, under another name, or in a union or tuple."""
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "elman"]
    names = {alias.asname or alias.name for node in imported for alias in node.names if alias.name in classes}
    names |= {name for name in names_in(tree) & classes if any(f"{face}.{name}" in ast.unparse(tree) for face in ("elman", "codecs"))}
    for node in tree.body:
        if isinstance(node, ast.Assign) and names & names_in(node.value) and not isinstance(node.value, ast.Call):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def class_questions(tree: ast.Module, classes: set[str]) -> Iterator[int]:
    """Yield the lines that ask whether a value is of one of some classes, by ``isinstance``, by its type or by its type's name."""
    names = bound_to(tree, classes)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass") and names & names_in(node.args[1]):
            yield node.lineno
        elif isinstance(node, ast.Compare) and "type(" in (text := ast.unparse(node)):
            words = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            if words & classes if "__name__" in text else names_in(node) & names:
                yield node.lineno
        elif isinstance(node, ast.MatchClass) and names & names_in(node.cls):
            yield node.lineno


def name_questions(tree: ast.Module, attribute: str, values: set[str]) -> Iterator[int]:
    """Yield the lines that compare an attribute with some text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            words = {part.value for side in sides for part in ast.walk(side) if isinstance(part, ast.Constant)}
            if any(isinstance(side, ast.Attribute) and side.attr == attribute for side in sides) and words & values:
                yield node.lineno


def test_questions_are_recognised() -> None:
    source = """
from elman.codecs import Text as T, Series
Both = T | Series
isinstance(x, T)
isinstance(x, Both)
type(x) is Series
type(x).__name__ == "Text"
isinstance(x, Spells)
plan.decoder in ("ctc", "step")
plan.writes_frames
"""
    tree = ast.parse(source)
    assert sorted(class_questions(tree, CODECS)) == [4, 5, 6, 7]
    assert list(name_questions(tree, "decoder", set(DECODERS.values()))) == [9]


def test_nobody_asks_for_the_class_of_a_codec() -> None:
    """A codec is known by its capabilities, so that one of another package gets everything that a built-in one gets."""
    assert len(CODECS) >= 16
    trees = {name: tree for name, (_, tree) in modules().items() if not name.startswith(CODEC_ROOMS)}
    assert [f"{name}:{line}" for name, tree in trees.items() for line in class_questions(tree, CODECS)] == []


def test_nobody_asks_for_the_name_or_class_of_a_decoder() -> None:
    """A decoder is known by its class data; planning alone chooses one by name."""
    assert len(DECODERS) >= 6
    trees = {name: tree for name, (_, tree) in modules().items() if not name.startswith(DECODER_ROOMS)}
    names = [f"{name}:{line}" for name, tree in trees.items() for line in name_questions(tree, "decoder", set(DECODERS.values()))]
    assert names == []
    assert [f"{name}:{line}" for name, tree in trees.items() for line in class_questions(tree, set(DECODERS))] == []
