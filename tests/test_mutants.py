"""The planted mutations of ``make mutants`` still apply: a change of the source that moves one of them is noticed here, without a run."""

import shlex
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def mutants(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import mutants

    return mutants


def test_every_mutation_is_in_one_place_of_the_source(mutants):
    assert [reason for one in mutants.read() if (reason := one.stale_reason())] == []


def test_every_mutation_changes_something_and_names_tests_that_are_there(mutants):
    everything = mutants.read()
    assert len({(one.file, one.old, one.new) for one in everything}) == len(everything) >= 60
    assert [one.why for one in everything if one.old == one.new or not one.why] == []
    paths = {word for one in everything for word in shlex.split(one.tests) if word.startswith("tests/")}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_every_room_has_two_mutations_or_more(mutants):
    counts = Counter(one.room for one in mutants.read())
    rooms = {path.relative_to(ROOT / "src" / "elman").parts[0].removesuffix(".py") for path in (ROOT / "src" / "elman").rglob("*.py")}
    assert {room for room in rooms if counts[room] < 2} == {"__init__", "__main__"}


def test_a_mutation_that_no_longer_applies_is_named_with_the_reason(mutants):
    one = replace(mutants.read()[0], old="what nobody ever wrote")
    assert one.stale_reason() == f"{one.file} has 'what nobody ever wrote' 0 times, not once"
    assert replace(one, file="nowhere.py").stale_reason() == "nowhere.py is not there"


def test_a_mutated_tree_comes_back_as_it_was(mutants, tmp_path):
    one = mutants.read()[0]
    path = tmp_path / "src" / "elman" / one.file
    path.parent.mkdir(parents=True)
    path.write_text(f"before {one.old} after")
    before = path.stat().st_mtime_ns
    with mutants.mutated(tmp_path, one):
        assert path.read_text() == f"before {one.new} after"
    assert (path.read_text(), path.stat().st_mtime_ns) == (f"before {one.old} after", before)


@pytest.mark.parametrize(("killed", "stale", "status"), [(9, 0, 0), (8, 0, 1), (9, 1, 1)])
def test_few_killed_or_one_stale_end_with_one(mutants, monkeypatch, capsys, killed, stale, status):
    verdicts = iter(["killed"] * killed + ["no longer applies"] * stale + ["survived"] * (10 - killed - stale))
    monkeypatch.setattr(mutants, "read", lambda: [mutants.Mutation(file="a.py", old="x", new="y", why="", tests="tests/io")] * 10)
    monkeypatch.setattr(mutants, "copy_tree", lambda folder: folder)
    monkeypatch.setattr(mutants, "run_tests", lambda *_: "passed")
    monkeypatch.setattr(mutants, "judge", lambda *_, **__: (next(verdicts), 0.0))
    assert mutants.main(["--jobs", "1"]) == status
    assert f"10 mutations: {killed} killed" in capsys.readouterr().out
