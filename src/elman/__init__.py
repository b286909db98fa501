"""elman: recurrent neural networks as an everyday tool."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from elman import lazy_imports

if TYPE_CHECKING:
    from elman import baselines as baselines
    from elman import cells as cells
    from elman import codecs as codecs
    from elman import datasets as datasets
    from elman import errors as errors
    from elman import kernels as kernels
    from elman import nn as nn
    from elman import sequences as sequences
    from elman import testing as testing
    from elman.codecs import Audio as Audio
    from elman.codecs import Boxes as Boxes
    from elman.codecs import Category as Category
    from elman.codecs import Dialogue as Dialogue
    from elman.codecs import Image as Image
    from elman.codecs import Joints as Joints
    from elman.codecs import Notes as Notes
    from elman.codecs import Number as Number
    from elman.codecs import Record as Record
    from elman.codecs import Series as Series
    from elman.codecs import Strokes as Strokes
    from elman.codecs import Symbols as Symbols
    from elman.codecs import Tags as Tags
    from elman.codecs import Text as Text
    from elman.codecs import Vector as Vector
    from elman.codecs import Video as Video
    from elman.comparison.compare import compare as compare
    from elman.estimators import Forecaster as Forecaster
    from elman.estimators import LanguageModel as LanguageModel
    from elman.estimators import Model as Model
    from elman.estimators import load as load
    from elman.forecasting.settings import Preparation as Preparation
    from elman.inspection.memory import memory as memory
    from elman.inspection.trace import trace as trace
    from elman.network.settings import Network as Network
    from elman.nn import accelerate as accelerate
    from elman.nn import restore as restore
    from elman.training.settings import Training as Training

__version__ = "0.1.0"

if not TYPE_CHECKING:
    __getattr__, __all__ = lazy_imports.attach(
        __name__,
        {
            "elman.codecs": (
                *("Audio", "Boxes", "Category", "Dialogue", "Image", "Joints", "Notes", "Number", "Record"),
                *("Series", "Strokes", "Symbols", "Tags", "Text", "Vector", "Video"),
            ),
            "elman.comparison.compare": ("compare",),
            "elman.estimators": ("Model", "LanguageModel", "Forecaster", "load"),
            "elman.forecasting.settings": ("Preparation",),
            "elman.inspection.memory": ("memory",),
            "elman.inspection.trace": ("trace",),
            "elman.network.settings": ("Network",),
            "elman.nn": ("accelerate", "restore"),
            "elman.training.settings": ("Training",),
        },
        submodules=("baselines", "nn", "cells", "kernels", "errors", "codecs", "sequences", "datasets", "testing"),
    )

    def __dir__() -> list[str]:
        """List public names, loaded or not."""
        return sorted([*__all__, "__version__"])


if "torch" in sys.modules:  # a program that torch.export.load reads holds our operators, and torch must know them before
    importlib.import_module("elman.kernels")
