"""The compiled passes on tensors: allocate outputs, hand over addresses. Everything here is plain data, no autograd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch  # before the compiled module, so that both share one OpenMP pool
from torch import Tensor

from elman import _native

CELLS = {"elman": 0, "elman_relu": 1, "gru": 2, "lstm": 3}
INPUTS = ("x", "h_0", "c_0", "w_ih", "w_hh", "b_ih", "b_hh", "gain_ih", "gain_hh", "gain_c", "bias_c", "mask", "zone_h", "zone_c")
LEARNED = INPUTS[:11]  # those that may have a gradient
_TENSORS: tuple[str, ...] = _native.TENSORS


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What is not a tensor in a call.

    Parameters
    ----------
    cell : str
        A name of ``CELLS``.
    reverse : bool
        Read each sequence from its own last step to its first.
    eps : float or None
        Of layer norm; None without.
    zone_h, zone_c : float
        Keep-factors for all elements, where the tensors of the same names are missing.
    recompute : bool
        Backward works the gates out again instead of finding them saved; not with layer norm.
    """

    cell: str
    reverse: bool = False
    eps: float | None = None
    zone_h: float = 0.0
    zone_c: float = 0.0
    recompute: bool = False

    @property
    def has_c(self) -> bool:
        """Whether the cell has an inner state."""
        return self.cell == "lstm"

    @property
    def keeps_gates(self) -> bool:
        """Whether backward needs the gates; a plain Elman cell's only gate is its output."""
        return self.cell in ("gru", "lstm") or self.eps is not None or self.zone_h != 0


def forward(spec: Spec, batch_sizes: Tensor, given: dict[str, Tensor], save: bool) -> dict[str, Tensor]:
    """Run the forward pass.

    Parameters
    ----------
    spec : Spec
        What to run.
    batch_sizes : Tensor
        (T,) int64, contiguous.
    given : dict
        Contiguous tensors by the names of ``INPUTS``; those a call has not are left out.
    save : bool
        Also return what backward needs.

    Returns
    -------
    dict
        ``y`` (ΣT, H), ``h_n``, for an LSTM ``c_n`` (N, H), and with ``save`` the saved tensors.
    """
    x, hidden = given["x"], given["w_hh"].shape[1]
    out = {"y": x.new_empty(len(x), hidden), "h_n": torch.empty_like(given["h_0"])}
    if spec.has_c:
        out["c_n"] = torch.empty_like(given["c_0"])
    if save:
        out |= _saved(spec, given, hidden)
    _run(_native.forward, spec, batch_sizes, given, out)
    return out


def _saved(spec: Spec, given: dict[str, Tensor], hidden: int) -> dict[str, Tensor]:
    x = given["x"]
    width, units = _native.widths(CELLS[spec.cell], hidden, x.element_size())
    widths: dict[str, int] = {}
    if (spec.keeps_gates or "zone_h" in given) and not spec.recompute:
        widths["gates"] = width
    if spec.has_c:
        widths["c"] = hidden
    if spec.eps is not None:
        widths |= {"norm_x": width, "norm_h": width, "scales": 4} | ({"norm_c": units} if spec.has_c else {})
    return {name: _empty(x, columns) for name, columns in widths.items()}


def _empty(x: Tensor, columns: int) -> Tensor:
    """Rows beside those of x, on memory that the next call uses again: fresh pages would cost a quarter of a training step."""
    return _native.empty(x.dtype == torch.float64, len(x), columns)


def backward(
    spec: Spec, batch_sizes: Tensor, given: dict[str, Tensor], saved: dict[str, Tensor], grads: dict[str, Tensor], wanted: set[str]
) -> dict[str, Tensor]:
    """Run the backward pass; nothing that was saved is changed.

    Parameters
    ----------
    spec : Spec
        As forward had it.
    batch_sizes : Tensor
        As forward had them.
    given : dict
        As forward had them.
    saved : dict
        What forward returned.
    grads : dict
        ``d_y``, ``d_h_n``, ``d_c_n``, contiguous; a missing one is zero.
    wanted : set of str
        Names of ``LEARNED`` whose gradients are asked for.

    Returns
    -------
    dict
        Gradients by the names of ``LEARNED``.
    """
    x, hidden = given["x"], given["w_hh"].shape[1]
    width, units = _native.widths(CELLS[spec.cell], hidden, x.element_size())
    names = ["d_gates"] if spec.eps is None else ["d_gates", "d_norm_x", "d_norm_h"]
    work = {name: _empty(x, width) for name in names}
    if spec.eps is not None and spec.has_c:
        work["d_norm_c"] = _empty(x, units)
    result = {name: torch.empty_like(given[name]) for name in LEARNED if name in wanted and name in given}
    _run(_native.backward, spec, batch_sizes, given, saved | grads | work | {f"d_{name}": value for name, value in result.items()})
    return result


def new_stream(is_double: bool, count: int, layers: list[tuple[Spec, dict[str, Tensor | None]]]) -> Any:
    """Return a compiled stream of layers, bottom first, for ``count`` sequences.

    Parameters
    ----------
    is_double : bool
        float64 instead of float32.
    count : int
        N.
    layers : list
        Of each layer its spec and its tensors by the names of ``INPUTS``; they are copied.

    Returns
    -------
    _native.Stream
        With the states that the layers name.
    """
    stream = _native.Stream(is_double, count)
    for spec, tensors in layers:
        given = {name: tensor.detach().contiguous() for name, tensor in tensors.items() if tensor is not None}
        stream.add(_sizes(spec, given, 1), _numbers(spec), _addresses(given))
    return stream


def _run(compiled: Any, spec: Spec, batch_sizes: Tensor, given: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    sizes = _sizes(spec, given, len(batch_sizes))
    compiled(given["x"].dtype == torch.float64, sizes, _numbers(spec), batch_sizes.data_ptr(), _addresses(given | other))


def _sizes(spec: Spec, given: dict[str, Tensor], steps: int) -> tuple[int, ...]:
    inputs, hidden = given["w_ih"].shape[1], given["w_hh"].shape[1]
    return (
        CELLS[spec.cell],
        inputs,
        hidden,
        len(given["h_0"]),
        steps,
        torch.get_num_threads(),
        spec.reverse,
        spec.eps is not None,
        spec.recompute,
    )


def _numbers(spec: Spec) -> tuple[float, ...]:
    return spec.eps or 0.0, spec.zone_h, spec.zone_c


def _addresses(tensors: dict[str, Tensor]) -> tuple[int, ...]:
    return tuple([tensors[name].data_ptr() if name in tensors else 0 for name in _TENSORS])
