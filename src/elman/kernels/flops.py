"""Multiplications and additions of the operators, as ``torch.utils.flop_counter`` counts those of torch's matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import torch
from torch.utils import flop_counter

Shapes = dict[str, Sequence[int]]


def register(name: str, inputs: tuple[str, ...], learned: tuple[str, ...]) -> None:
    """Give FlopCounterMode the formulas of one cell's operators.

    Parameters
    ----------
    name : str
        Of the operator.
    inputs : tuple of str
        Its tensors after ``batch_sizes``.
    learned : tuple of str
        Those that may have gradients.
    """
    counter: Any = flop_counter  # its decorator is untyped
    operators: Any = torch.ops.elman
    counter.register_flop_formula(getattr(operators, name))(partial(_forward, inputs))
    counter.register_flop_formula(getattr(operators, f"{name}_backward"))(partial(_backward, inputs, learned))


def _forward(inputs: tuple[str, ...], _batch_sizes: Any, *rest: Any, **_others: Any) -> int:
    return sum(_products(dict(zip(inputs, rest, strict=False))))


def _products(shapes: Shapes) -> tuple[int, int]:
    """Return the operations of W_ih·x and of W_hh·h for all rows."""
    rows = shapes["x"][0]
    return 2 * rows * prod(shapes["w_ih"]), 2 * rows * prod(shapes["w_hh"])


def _backward(inputs: tuple[str, ...], learned: tuple[str, ...], *arguments: Any, **_others: Any) -> int:
    states = 2 if "c_0" in inputs else 1
    shapes: Shapes = dict(zip(inputs, arguments[1 + states + 1 :], strict=False))
    wanted = {name for name, want in zip(learned, arguments[-1], strict=True) if want}
    from_input, from_past = _products(shapes)
    first = 0 if "h_0" in wanted else 2 * shapes["h_0"][0] * prod(shapes["w_hh"])  # nothing goes back beyond the first step
    return from_input * len(wanted & {"x", "w_ih"}) + from_past * (1 + ("w_hh" in wanted)) - first
