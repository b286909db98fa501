"""Layers over layers, in one direction or two: turn a module's parameters into a stack for the kernels, and run it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest
from operator import is_
from typing import Any

import torch
from torch import Tensor

from elman import cells
from elman.errors import ShapeError
from elman.kernels import Call, dispatch, masks
from elman.kernels.stack import Batch, Spec, States, call_of, spec_of
from elman.nn._layer import RecurrentLayer
from elman.nn.dropouts import locked_dropout

_PLAIN = (("w_ih", "weight_ih"), ("w_hh", "weight_hh"))
_BIASES = (("b_ih", "bias_ih"), ("b_hh", "bias_hh"))
_NORMS = (("gain_ih", "norm_ih"), ("gain_hh", "norm_hh"), ("gain_c", "norm_c"), ("bias_c", "norm_c_bias"))
_EPS = 1e-5


def _describe(
    cell: str,
    inputs: int,
    hidden: int,
    layers: int,
    directions: int,
    bias: bool,
    layer_norm: bool,
    projected: bool,
    zoneout: float,
    recompute: bool,
) -> tuple[Spec, tuple[str, ...]]:
    """Return the spec of a layer's evaluation, and the names of the parameters of all its parts."""
    norms = _NORMS[: 4 if len(cells.get(cell).states) > 1 else 2] if layer_norm else ()
    columns = _PLAIN + (_BIASES if bias else ()) + norms + ((("w_hr", "weight_hr"),) if projected else ())
    kinds, eps = tuple(kind for kind, _ in columns), _EPS if layer_norm else None
    ends = [f"_l{k}{way}" for k in range(layers) for way in ("", "_reverse")[:directions]]
    spec = spec_of(cell, inputs, hidden, layers, directions, kinds, False, eps, zoneout, recompute)
    return spec, tuple(name + end for end in ends for _, name in columns)


_described = lru_cache(maxsize=1024)(_describe)


def suffixes(layer: RecurrentLayer) -> list[str]:
    """Return the endings of parameter names, as ``_l0``, ``_l0_reverse``, ``_l1``, in the order of states.

    Parameters
    ----------
    layer : RecurrentLayer
        One of our layers.

    Returns
    -------
    list of str
        L·D endings.
    """
    return [f"_l{k}{way}" for k in range(layer.num_layers) for way in ("", "_reverse")[: layer.directions]]


def weight(layer: RecurrentLayer, name: str) -> Tensor:
    """Return a parameter by its name, also where a parametrisation or a replica has put something else in its place.

    Parameters
    ----------
    layer : RecurrentLayer
        One of our layers.
    name : str
        As ``weight_ih_l0``.

    Returns
    -------
    Tensor
        The parameter.
    """
    result = layer._parameters.get(name)  # pyright: ignore[reportPrivateUsage]  # torch's own way to an attribute costs a microsecond
    return getattr(layer, name) if result is None else result


def parts(layer: RecurrentLayer, n: int, rows: int, *, training: bool) -> tuple[Spec, tuple[Tensor, ...]]:
    """Describe a layer's parameters for the kernels, with this forward pass's masks drawn.

    Parameters
    ----------
    layer : RecurrentLayer
        One of our layers.
    n : int
        N.
    rows : int
        ΣT.
    training : bool
        Whether masks are drawn.

    Returns
    -------
    tuple
        ``(spec, tensors)``, the tensors of all parts.
    """
    options = layer.options
    compiling = torch.compiler.is_compiling()
    describe = _describe if compiling else _described  # the tracer wants no cache
    spec, names = describe(
        layer.cell.name,
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        2 if layer.bidirectional else 1,
        layer.bias,
        options.layer_norm,
        bool(layer.proj_size),
        float(options.zoneout),
        options.recompute,
    )
    held = layer._parameters  # pyright: ignore[reportPrivateUsage]  # as in `weight`
    tensors: list[Any] = [held.get(name) for name in names]  # torch's own way to an attribute costs a microsecond each
    if any(tensor is None for tensor in tensors):
        tensors = [weight(layer, name) for name in names]
    flat = layer._flat_weights  # pyright: ignore[reportPrivateUsage]
    if not compiling and not options.layer_norm and not (len(flat) == len(tensors) and all(map(is_, tensors, flat))):
        tensors = _from_flat(layer, names, tensors)
    if training and not options.plain:
        return _masked(layer, spec, tensors, n, rows)
    return spec, tuple(tensors)


def _from_flat(layer: Any, names: tuple[str, ...], tensors: list[Any]) -> list[Any]:
    """Return the weights of torch's flat list, which old code sets by hand; where a parameter was exchanged, torch makes the list anew."""
    if "parametrizations" in layer._modules:  # each question for a weight would compute it again
        return tensors
    layer._update_flat_weights()
    for name, other, tensor in zip_longest(names, layer._flat_weights, tensors):
        if other is not tensor and not (isinstance(other, Tensor) and isinstance(tensor, Tensor) and _alike(other, tensor)):
            actual = f"{tuple(other.shape)} {other.dtype} on {other.device}" if isinstance(other, Tensor) else type(other).__name__
            raise ShapeError(f"_flat_weights must have a tensor like {name} in its place; got {actual}. Set the parameter itself instead.")
    return list(layer._flat_weights)


def _alike(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.device == b.device and a.layout == b.layout


def _masked(layer: RecurrentLayer, spec: Spec, tensors: list[Tensor], n: int, rows: int) -> tuple[Spec, tuple[Tensor, ...]]:
    """Drop recurrent weights, and add masks and keep-factors to every part."""
    options, width = layer.options, len(spec.kinds)
    out = layer.proj_size or layer.hidden_size
    zones = (("zone_h", out), ("zone_c", layer.hidden_size))[: len(layer.cell.states)] if options.zoneout else ()
    results: list[Tensor] = []
    for first in range(0, len(tensors), width):
        weights = tensors[first : first + width]
        weights[1] = options.drop_weight(weights[1], True)
        mask = options.mask(weights[0], n, out, True)
        results += [*weights, *([] if mask is None else [mask]), *(options.keep(weights[0], rows, size) for _, size in zones)]
    kinds = (*spec.kinds, *(("mask",) if options.recurrent_dropout else ()), *(name for name, _ in zones))
    more = spec_of(spec.cell, spec.inputs, spec.hidden, spec.layers, spec.directions, kinds, spec.reverse, spec.eps, 0.0, spec.recompute)
    return more, tuple(results)


def run(
    layer: RecurrentLayer, spec: Spec, batch: Batch, x: Tensor, states: States | None, tensors: tuple[Tensor, ...], *, whole: bool
) -> tuple[Tensor, States]:
    """Run all layers and directions, with dropout between layers where the module trains.

    Parameters
    ----------
    layer : RecurrentLayer
        One of our layers.
    spec : Spec
        The stack.
    batch : Batch
        Layout of its rows.
    x : Tensor
        As in ``batch``.
    states : tuple of Tensor or None
        Each (L·D, N, H), in the caller's order.
    tensors : tuple of Tensor
        As :func:`parts` gave them.
    whole : bool
        Result of ``dispatch.can_run_stack``.

    Returns
    -------
    tuple
        ``(output, states)``: rows of width D·H laid out as the input's, and per state (L·D, N, H).
    """
    if not (layer.dropout and layer.training and spec.layers > 1):
        return dispatch.run_stack(spec, batch, x, states, tensors, whole=whole)
    # In packed order, so that the same seed drops the same units as torch, which drops them time-major.
    rows, packed = batch.pack(x), replace(batch, time=None, padded=0)
    ways, width = spec.directions, spec.directions * len(spec.kinds)
    last: list[States] = []
    for depth in range(spec.layers):
        inputs = spec.inputs if depth == 0 else rows.shape[-1]
        one = spec_of(spec.cell, inputs, spec.hidden, 1, ways, spec.kinds, spec.reverse, spec.eps, spec.zoneout, spec.recompute)
        initial = None if states is None else tuple(s[depth * ways : (depth + 1) * ways] for s in states)
        rows, final = dispatch.run_stack(one, packed, rows, initial, tensors[depth * width : (depth + 1) * width], whole=whole)
        last.append(final)
        if depth + 1 < spec.layers:
            rows = _drop(rows, layer, packed)
    return batch.unpack(rows), tuple(torch.cat(each) for each in zip(*last, strict=True))


def step_calls(layer: RecurrentLayer, states: States) -> list[Call]:
    """Describe one evaluation step of every layer, for streams.

    Parameters
    ----------
    layer : RecurrentLayer
        A layer in one direction.
    states : tuple of Tensor
        Where to start, each (L, N, H).

    Returns
    -------
    list of Call
        Bottom first; their inputs are zeros.
    """
    n = states[0].shape[1]
    spec, tensors = parts(layer, n, n, training=False)
    sizes = torch.tensor([n] if n else [], dtype=torch.int64, device="cpu")
    widths = (layer.input_size, *[layer.proj_size or layer.hidden_size] * (spec.layers - 1))
    calls: list[Call] = []
    for index, inputs in enumerate(widths):
        calls.append(call_of(spec, index, states[0].new_zeros(n, inputs), sizes, tuple(s[index] for s in states), tensors))
    return calls


def _drop(x: Tensor, layer: RecurrentLayer, batch: Batch) -> Tensor:
    """Drop between two layers, whose rows are packed: each element for itself, or a feature at every step of its sequence."""
    p = layer.dropout
    if not layer.options.locked_dropout:
        return masks.dropout(x, p)
    return locked_dropout(x, batch.batch_sizes(), batch.n, p)


def check_weights(layer: RecurrentLayer) -> None:
    """Raise ShapeError when a parameter no longer has its layer's shape: torch's own operators trust it blindly.

    Parameters
    ----------
    layer : RecurrentLayer
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
                actual = f"{tuple(weight.shape)} {weight.dtype} on {weight.device}"
                raise ShapeError(
                    f"{name}{end} must be {shape} {like.dtype} on {like.device}; got {actual}. Set it back or build a new layer."
                )
