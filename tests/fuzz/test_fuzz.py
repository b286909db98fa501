"""The fuzzer itself: it changes what it says it changes, and notices what it must."""

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent.parent / "tools" / "fuzz.py"


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mangling_always_changes_something_and_a_seed_repeats_it(fuzz):
    data = bytes(range(200))
    assert all(fuzz.mangle(data, random.Random(seed)) != data for seed in range(300))
    assert fuzz.mangle(data, random.Random(5)) == fuzz.mangle(data, random.Random(5))
    assert len({fuzz.mangle(data, random.Random(seed)) for seed in range(100)}) > 90


def test_descriptions_are_changed_in_a_copy(fuzz):
    spec = {"a": [1, 2, {"b": None}], "c": "x"}
    before = json.dumps(spec)
    changed = [json.dumps(fuzz.change(spec, random.Random(seed))) for seed in range(200)]
    assert json.dumps(spec) == before
    assert len(set(changed)) > 20


def test_every_leaf_is_as_likely_as_any_other(fuzz):
    spec = {"a": [1, 2, {"b": None}], "c": "x"}
    assert sorted(fuzz.leaves(spec)) == [("a", 0), ("a", 1), ("a", 2, "b"), ("c",)]
    assert fuzz.with_leaf(spec, ("a", 2, "b"), random.Random(0))["a"][:2] == [1, 2]
    assert spec["a"][2] == {"b": None}


@pytest.mark.parametrize("kind", ["text", "media", "models", "checkpoints"])
def test_mangled_files_raise_only_our_errors(fuzz, kind, tmp_path, capsys):
    if kind == "media":
        pytest.importorskip("PIL")
        pytest.importorskip("soundfile")
    fuzz.child(kind, 2.0, 3, tmp_path)
    assert sum(json.loads(capsys.readouterr().out).values()) > 20


def test_another_error_is_noticed(fuzz, monkeypatch, tmp_path):
    def broken(path):
        if path.read_bytes() != fuzz.text_seeds()[0][1]:
            raise KeyError(path)

    monkeypatch.setattr(fuzz, "use", broken)
    with pytest.raises(KeyError):
        fuzz.child("text", 5.0, 0, tmp_path)


def test_a_damaged_model_that_loads_is_noticed(fuzz, monkeypatch, tmp_path):
    monkeypatch.setattr(fuzz, "use", lambda path: None)
    with pytest.raises(SystemExit, match="was loaded all the same"):
        fuzz.child("models", 5.0, 0, tmp_path)


@pytest.mark.slow
def test_the_program_ends_with_a_table():
    done = subprocess.run(
        [sys.executable, str(TOOL), "--seconds", "60", "--seeds", "1"], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "| .parquet files |" in done.stdout
