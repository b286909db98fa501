"""Finding cells by name, ours and other people's."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from elman import cells
from elman.cells import registry
from elman.errors import SettingError

FOREIGN = replace(cells.ELMAN, name="foreign")


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_CELLS", dict(registry._CELLS))


def test_names_are_ours_first():
    assert cells.names()[:4] == ["elman", "elman_relu", "gru", "lstm"]


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(SettingError, match=r"cell must be one of .* got 'lstn'\. Did you mean 'lstm'\?"):
        cells.get("lstn")


def test_an_entry_point_is_listed_and_loaded_on_first_use(monkeypatch):
    point = EntryPoint(name="foreign", value=f"{__name__}:FOREIGN", group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints([point]).select(group=group))
    assert cells.names()[-1] == "foreign"
    assert "foreign" not in registry._CELLS
    assert cells.get("foreign").name == "foreign"


def test_a_name_cannot_be_taken_twice():
    cells.register(FOREIGN)
    assert cells.register(FOREIGN) is FOREIGN
    with pytest.raises(SettingError, match="'foreign' exists already"):
        cells.register(replace(FOREIGN, doc="another"))


def test_only_cells_are_registered():
    with pytest.raises(SettingError, match=r"must be an elman\.cells\.Cell; got function"):
        cells.register(lambda: None)
