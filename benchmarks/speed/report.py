"""Tables in Markdown, and what the machine is."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from elman import _native


@dataclass(kw_only=True)
class Table:
    """Rows of equal keys, one table of the report."""

    title: str
    note: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, **row: Any) -> None:
        self.rows.append(row)

    def markdown(self) -> str:
        if not self.rows:
            return f"### {self.title}\n\n{self.note}\n"
        keys = list(self.rows[0])
        lines = ["| " + " | ".join(k.replace("_", " ") for k in keys) + " |", "|" + "---|" * len(keys)]
        lines += ["| " + " | ".join(_shown(row.get(k, "")) for k in keys) + " |" for row in self.rows]
        return "\n".join([f"### {self.title}", "", *([self.note, ""] if self.note else []), *lines, ""])


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if value < 100 else f"{value:.0f}"
    return str(value)


def machine() -> dict[str, Any]:
    """What a figure depends on."""
    versions = {}
    for name in ("torch", "numpy", "onnxruntime", "jax", "keras"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "instruction set": _native.isa(),
        "torch threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": versions,
        "load": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
