"""Planted mutations: the source changed for the worse in one place at a time; the tests named beside each place must fail.

``python tools/mutants.py`` copies the source and its tests into a temporary folder, runs the tests unchanged, then once for every mutation
of ``mutants.toml``. It prints a line for each, and ends with 1 where fewer than 90 % are noticed or a mutation no longer applies.
"""

from __future__ import annotations

import argparse
import compileall
import functools
import importlib.util
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LEAST = 0.9
"""Share of the mutations that the tests must notice."""
UNREDIRECTED = """import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "Redirecting" not in type(finder).__name__]
"""
"""sitecustomize.py of a copy: an editable install would import the source itself, whatever PYTHONPATH is."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One place, inside ``src/elman``, and the tests that must notice its change."""

    file: str
    old: str
    new: str
    why: str
    tests: str

    @property
    def room(self) -> str:
        """Name of the package or file at the top of ``src/elman``."""
        return self.file.split("/")[0].removesuffix(".py")

    def stale_reason(self, root: Path = ROOT) -> str | None:
        """Return why the mutation does not apply to a tree, or None."""
        path = root / "src" / "elman" / self.file
        if not path.is_file():
            return f"{self.file} is not there"
        count = path.read_text("utf-8").count(self.old)
        return None if count == 1 else f"{self.file} has {self.old!r} {count} times, not once"


def read(path: Path = ROOT / "tools" / "mutants.toml") -> list[Mutation]:
    """Return all mutations."""
    return [Mutation(**entry) for entry in tomllib.loads(path.read_text("utf-8"))["mutation"]]


def copy_tree(folder: Path) -> Path:
    """Copy what tests need, the compiled module included, into a folder that they import from."""
    unneeded = shutil.ignore_patterns("__pycache__", "*.so")
    for name in ("src", "tests", "benchmarks"):
        shutil.copytree(ROOT / name, folder / name, ignore=unneeded)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy2(ROOT / name, folder / name)
    native = importlib.util.find_spec("elman._native")
    if native is not None and native.origin is not None:
        shutil.copy2(native.origin, folder / "src" / "elman")
    (folder / "src" / "sitecustomize.py").write_text(UNREDIRECTED)
    compileall.compile_dir(folder / "src", quiet=2)
    return folder


@contextmanager
def mutated(tree: Path, mutation: Mutation) -> Iterator[None]:
    """Change the place in a tree, and put it back. Its time comes back too, so that compiled files count again."""
    path = tree / "src" / "elman" / mutation.file
    text, info = path.read_text("utf-8"), path.stat()
    path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    try:
        yield
    finally:
        path.write_text(text, "utf-8")
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def run_tests(tree: Path, tests: str, limit: float) -> str:
    """Return "passed", "too slow", or the line of the test that failed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--benchmark-disable", *shlex.split(tests)]
    variables = {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=tree,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "too slow"
    failure = next((line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))), "failed")
    return "passed" if process.returncode == 0 else failure


def judge(mutation: Mutation, trees: queue.Queue[Path], limit: float) -> tuple[str, float]:
    """Return "killed", "survived" or "no longer applies", and the seconds it took."""
    start = time.monotonic()
    if mutation.stale_reason() is not None:
        return "no longer applies", 0.0
    tree = trees.get()
    try:
        with mutated(tree, mutation):
            result = run_tests(tree, mutation.tests, limit)
    finally:
        trees.put(tree)
    return "survived" if result == "passed" else "killed", time.monotonic() - start


def check_unmutated(mutations: Sequence[Mutation], trees: queue.Queue[Path], limit: float, each: Callable[..., Any]) -> None:
    """Run all named tests without a mutation; end the program if one fails."""

    def run(tests: str) -> tuple[str, str]:
        tree = trees.get()
        try:
            return tests, run_tests(tree, tests, limit)
        finally:
            trees.put(tree)

    failed = [(tests, result) for tests, result in each(run, sorted({m.tests for m in mutations})) if result != "passed"]
    for tests, result in failed:
        sys.stdout.write(f"without a mutation: {tests}: {result}\n")
    if failed:
        raise SystemExit(1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all mutations, print a line for each and the sums; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="mutations whose file or reason holds this text")
    parser.add_argument("--jobs", type=int, default=2, help="mutations at a time")
    parser.add_argument("--timeout", type=float, default=180.0, help="seconds for the tests of one mutation")
    options = parser.parse_args(arguments)
    mutations = [m for m in read() if options.only in f"{m.file}: {m.why}"]
    begun, counts = time.monotonic(), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="elman-mutants-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        trees: queue.Queue[Path] = queue.Queue()
        for job in range(options.jobs):
            trees.put(copy_tree(Path(folder) / str(job)))
        check_unmutated(mutations, trees, options.timeout, pool.map)
        results = pool.map(functools.partial(judge, trees=trees, limit=options.timeout), mutations)
        for mutation, (verdict, took) in zip(mutations, results, strict=True):
            counts[verdict] += 1
            sys.stdout.write(f"{verdict:<17} {took:5.1f} s  {mutation.file}: {mutation.stale_reason() or mutation.why}\n")
            sys.stdout.flush()
    share = counts["killed"] / max(len(mutations), 1)
    sums = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("killed", "survived", "no longer applies"))
    sys.stdout.write(f"\n{len(mutations)} mutations: {sums}; {share:.0%} killed, {time.monotonic() - begun:.0f} s\n")
    return int(share < LEAST or counts["no longer applies"] > 0)


if __name__ == "__main__":
    sys.exit(main())
