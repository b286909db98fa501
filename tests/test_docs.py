"""The pages are true: every Python block runs, in order, and every file, page and setting they name is there.

``<!-- python … -->`` holds small data that readers need not see. ``docs/design.md`` is left out: it shows signatures, not programs.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from elman.fitting import recipe as _recipe
from elman.network.settings import Network
from elman.training import resolve
from elman.training.settings import Training

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(page for page in (ROOT / "docs").rglob("*.md") if page.name != "design.md")])
BLOCK = re.compile(r"^(?:```python\n(?P<shown>.*?)^```$|<!-- python\n(?P<hidden>.*?)^-->$)", re.MULTILINE | re.DOTALL)
NEEDS = {"forecasting.md": "pandas", "backtests.md": "pandas", "training.md": "pandas"}


def blocks(page: Path) -> list[tuple[int, str]]:
    """Line and text of every block of a page."""
    text = page.read_text(encoding="utf-8")
    found = [(text.count("\n", 0, match.start()) + 1, match["shown"] or match["hidden"] or "") for match in BLOCK.finditer(text)]
    assert len(found) == len(re.findall(r"^(?:```python|<!-- python)$", text, re.MULTILINE)), "a block is not closed"
    return found


WITH_PYTHON = [page for page in PAGES if blocks(page)]


def test_there_are_pages_with_blocks() -> None:
    assert {"README.md", "index.md", "models.md", "training.md", "layers.md", "plug-ins.md"} <= {page.name for page in WITH_PYTHON}
    assert sum(len(blocks(page)) for page in WITH_PYTHON) >= 25


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_every_block_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.name in NEEDS:
        pytest.importorskip(NEEDS[page.name])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(resolve, "_EPOCHS", ((sys.maxsize, 2),))  # where a page leaves the epochs to elman, two will do
    monkeypatch.setattr(_recipe, "_EPOCHS", ((sys.maxsize, 2),))
    names: dict[str, object] = {"__name__": page.stem}
    for line, text in blocks(page):
        tree = ast.parse("\n" * line + text, filename=str(page))  # errors name the page's own line
        exec(compile(tree, str(page), "exec"), names)
    assert len(names) > 2  # besides __name__ and __builtins__: something was named


def test_examples_that_are_named_are_there() -> None:
    named = {name for page in PAGES for name in re.findall(r"examples/\w+\.py", page.read_text(encoding="utf-8"))}
    assert len(named) >= 5
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_setting_is_in_the_tables() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from settings_tables import MARK, table
    finally:
        sys.path.pop(0)
    for page, kind in (("models.md", Network), ("training.md", Training)):
        mark = MARK.search((ROOT / "docs" / "guide" / page).read_text(encoding="utf-8"))
        assert mark is not None
        lines = table(mark).splitlines()[2:]
        assert [line.split("`")[1] for line in lines] == [field.name for field in fields(kind)]
        assert all(line.count("|") == 4 for line in lines), "a bar inside a cell breaks the table"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if page.name != "README.md"]
    assert [page for page in pages if f": {page}\n" not in navigation] == []


def test_the_reference_has_every_public_name_and_every_class_that_is_returned() -> None:
    import elman

    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import api_pages
    finally:
        sys.path.pop(0)
    pages = api_pages.pages()
    listed = {name.rpartition(".")[2] for names in pages.values() for name in names} | set(pages)
    assert set(elman.__all__) <= listed
    results = {"Alignment", "Anomalies", "AttentionMap", "Attribution", "Backtest", "Diagnosis", "Forecast", "History", "Leaderboard"}
    results |= {"Memorisation", "Memory", "ModelStream", "Persistence", "Plan", "Trace", "Transcript", "Verdict"}
    assert results <= listed
    for name in {name for names in pages.values() for name in names}:
        module, _, attribute = name.rpartition(".")
        assert name in api_pages.MODULES or getattr(importlib.import_module(module), attribute).__doc__, name
