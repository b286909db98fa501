"""elman: recurrent neural networks as an everyday tool."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "elman.comparison.compare": ("compare",),
    "elman.estimators": ("Model", "LanguageModel", "Forecaster", "load"),
    "elman.codecs": (
        *("Audio", "Boxes", "Category", "Dialogue", "Image", "Joints", "Notes", "Number", "Record"),
        *("Series", "Strokes", "Symbols", "Tags", "Text", "Vector", "Video"),
    ),
    "elman.forecasting.settings": ("Preparation",),
    "elman.inspection.memory": ("memory",),
    "elman.inspection.trace": ("trace",),
    "elman.network.settings": ("Network",),
    "elman.nn": ("accelerate", "restore"),
    "elman.training.settings": ("Training",),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}
_ROOMS = ("baselines", "nn", "cells", "kernels", "errors", "codecs", "sequences", "datasets", "testing")

__version__ = "0.1.0"
__all__ = sorted([*_WHERE, *_ROOMS])  # pyright: ignore[reportUnsupportedDunderAll]  # attributes come lazily (PEP 562)


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use, so that ``import elman`` stays fast."""
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"elman.{name}")
    raise AttributeError(f"module 'elman' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List public names, loaded or not."""
    return sorted([*__all__, "__version__"])
