"""Layers over layers, in one direction or two: turn a module's parameters into kernel calls and put the answers together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from elman.errors import ShapeError
from elman.kernels import Call, Norms, dispatch

if TYPE_CHECKING:
    from elman.nn._recurrent import Recurrent


def suffixes(layer: Recurrent) -> list[str]:
    """Return the endings of parameter names, as ``_l0``, ``_l0_reverse``, ``_l1``, in the order of states.

    Parameters
    ----------
    layer : Recurrent
        One of our layers.

    Returns
    -------
    list of str
        L·D endings.
    """
    return [f"_l{k}{way}" for k in range(layer.num_layers) for way in ("", "_reverse")[: layer.directions]]


def call_of(layer: Recurrent, index: int, x: Tensor, batch_sizes: Tensor, state: tuple[Tensor, ...], *, training: bool) -> Call:
    """Describe one layer in one direction for the kernels, with this forward pass's masks drawn.

    Parameters
    ----------
    layer : Recurrent
        One of our layers.
    index : int
        Place among L·D.
    x : Tensor
        (ΣT, I) packed.
    batch_sizes : Tensor
        (T,).
    state : tuple of Tensor
        Each (N, H), sorted order.
    training : bool
        Whether masks are drawn.

    Returns
    -------
    Call
        Not checked yet.
    """
    end, options = suffixes(layer)[index], layer.options
    return Call(
        cell=layer.cell,
        x=x,
        batch_sizes=batch_sizes,
        state=state,
        weight_ih=getattr(layer, "weight_ih" + end),
        weight_hh=options.drop_weight(getattr(layer, "weight_hh" + end), training),
        bias_ih=getattr(layer, "bias_ih" + end) if layer.bias else None,
        bias_hh=getattr(layer, "bias_hh" + end) if layer.bias else None,
        norms=_norms(layer, end) if options.layer_norm else None,
        recurrent_mask=options.mask(state[0], training),
        zoneout=options.keep(state, x.shape[0], training),
        reverse=end.endswith("_reverse"),
        weight_hr=getattr(layer, "weight_hr" + end) if layer.proj_size else None,
        recompute=options.recompute,
    )


def _norms(layer: Recurrent, end: str) -> Norms:
    return Norms(
        gain_ih=getattr(layer, "norm_ih" + end),
        gain_hh=getattr(layer, "norm_hh" + end),
        gain_c=getattr(layer, "norm_c" + end, None),
        bias_c=getattr(layer, "norm_c_bias" + end, None),
    )


def run(
    layer: Recurrent, x: Tensor, batch_sizes: Tensor, states: tuple[Tensor, ...], *, training: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run all layers and directions.

    Parameters
    ----------
    layer : Recurrent
        One of our layers.
    x : Tensor
        (ΣT, I) packed.
    batch_sizes : Tensor
        (T,).
    states : tuple of Tensor
        Each (L·D, N, H), sorted order.
    training : bool
        Whether dropouts are active.

    Returns
    -------
    tuple
        ``(output, states)``: (ΣT, D·H) and, per state, (L·D, N, H).
    """
    last: list[tuple[Tensor, ...]] = []
    for depth in range(layer.num_layers):
        outputs = []
        for index in range(depth * layer.directions, (depth + 1) * layer.directions):
            call = call_of(layer, index, x, batch_sizes, tuple(s[index] for s in states), training=training)
            output, final = dispatch.run_checked(call)
            outputs.append(output)
            last.append(final)
        x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, 1)
        if layer.dropout and training and depth + 1 < layer.num_layers:
            x = F.dropout(x, layer.dropout, True)
    if len(last) == 1:
        return x, tuple(state.unsqueeze(0) for state in last[0])
    return x, tuple(torch.stack(each) for each in zip(*last, strict=True))


def check_weights(layer: Recurrent) -> None:
    """Raise ShapeError when a parameter no longer has its layer's shape: torch's own operators trust it blindly.

    Parameters
    ----------
    layer : Recurrent
        One of our layers.
    """
    gates, out = len(layer.cell.gates) * layer.hidden_size, layer.proj_size or layer.hidden_size
    like = layer.weight_ih_l0
    for index, end in enumerate(suffixes(layer)):
        width = layer.input_size if index < layer.directions else out * layer.directions
        expected = {"weight_ih": (gates, width), "weight_hh": (gates, out)}
        if layer.bias:
            expected |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if layer.proj_size:
            expected["weight_hr"] = (out, layer.hidden_size)
        if layer.options.layer_norm:
            expected |= {"norm_ih": (gates,), "norm_hh": (gates,)}
            if len(layer.cell.states) > 1:
                expected |= {"norm_c": (layer.hidden_size,), "norm_c_bias": (layer.hidden_size,)}
        for name, shape in expected.items():
            weight = getattr(layer, name + end)
            wrong = weight.shape != shape or weight.layout is not torch.strided
            if wrong or weight.dtype != like.dtype or weight.device != like.device:
                given = f"{tuple(weight.shape)} {weight.dtype} on {weight.device}"
                raise ShapeError(
                    f"{name}{end} must be {shape} {like.dtype} on {like.device}; got {given}. Set it back or build a new layer."
                )
