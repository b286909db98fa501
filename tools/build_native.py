"""Build elman._native in place: ``python tools/build_native.py`` puts the module beside the sources in src/elman.

Needs cmake, a C++20 compiler and nanobind. ``pip install .`` builds the same module from the same CMakeLists.txt.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(*options: str) -> Path:
    """Configure and build in build/dev, copy the module to src/elman and return its path."""
    place = ROOT / "build" / "dev"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    configure = ["cmake", "-S", str(ROOT), "-B", str(place), *generator, f"-DPython_EXECUTABLE={sys.executable}", *options]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    subprocess.run(["cmake", "--build", str(place), "-j2"], check=True)  # noqa: S603, S607
    module = next(iter(sorted(place.glob("_native*.so"), key=lambda p: p.stat().st_mtime, reverse=True)))
    target = ROOT / "src" / "elman" / module.name
    fresh = target.with_suffix(".new")
    shutil.copy2(module, fresh)
    fresh.replace(target)  # renamed into place: a running process keeps the old file
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{build(*sys.argv[1:])}\n")
