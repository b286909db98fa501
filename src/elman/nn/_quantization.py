"""Let ``torch.ao.quantization`` find accelerated layers: it looks modules up by their very class, and would leave ours in float."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from torch import nn


def see_through(restore: Callable[[nn.Module], None], accelerate: Callable[[nn.Module], object]) -> None:
    """Have quantisation find torch's class in each accelerated layer; a layer that it quantises keeps that class.

    Parameters
    ----------
    restore : callable
        Gives an accelerated layer its class back.
    accelerate : callable
        Takes it away again.
    """
    quantize: Any = importlib.import_module("torch.ao.quantization.quantize")
    propagate = getattr(quantize, "_propagate_qconfig_helper", None)
    if propagate is None:  # another torch
        return

    def propagate_restored(module: nn.Module, *given: Any, **named: Any) -> None:
        """Choose the qconfig of a module and of its children, as ever."""
        accelerated = type(module)
        restore(module)
        propagate(module, *given, **named)
        if type(module) is not accelerated and getattr(module, "qconfig", None) is None:
            accelerate(module)

    quantize._propagate_qconfig_helper = propagate_restored
