"""One line of a results table, with the machine it was measured on."""

from __future__ import annotations

import copy
import platform
from typing import Any

import torch

from elman import LanguageModel


def row(**cells: Any) -> None:
    """Print one Markdown row: task, metric, elman, baseline, published, parameters, seconds, and the machine."""
    shown = [f"{value:.0f}" if isinstance(value, float) else str(value) for value in cells.values()]
    print("| " + " | ".join([*shown, machine()]) + " |")


def machine() -> str:
    """Return processor, threads and versions in a few words."""
    return f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, Python {platform.python_version()}"


def with_and_without(model: LanguageModel, name: str) -> list[tuple[str, LanguageModel]]:
    """Return a language model's network alone and, where n-grams stand beside it, both, each with its label."""
    if model.mixture_ is None:
        return [(name, model)]
    alone = copy.copy(model)
    alone.mixture_ = None
    return [(f"{name}, network alone", alone), (name, model)]
