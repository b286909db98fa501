"""Call of a kernel backend: one layer in one direction, and the checks that make it safe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.cells import Cell
from elman.errors import ShapeError
from elman.sequences.torch_internals import ints

try:
    from elman import _native
except ImportError:  # the other backends work without the compiled module
    _native: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Norms:
    """Layer norm inside a recurrent layer: gains of both products and, for a cell with an inner state c, its gain and bias.

    The input's product W_ih·x and the past's product W_hh·h are normalised apart, each over all G·H elements, then scaled;
    ``bias_ih`` and ``bias_hh`` of the call are added after and so are the norms' biases.

    Shapes
    ------
    gain_ih, gain_hh  (G·H,)      gain_c, bias_c  (H,); None leaves c as it is, always so for a cell with one state

    References
    ----------
    Ba, Kiros and Hinton 2016, "Layer normalization", eq. 20–22.
    """

    gain_ih: Tensor
    gain_hh: Tensor
    gain_c: Tensor | None = None
    bias_c: Tensor | None = None
    eps: float = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """One layer, one direction, over a packed batch.

    Parameters
    ----------
    cell : Cell
        The cell of each step.
    x : Tensor
        Packed input.
    batch_sizes : Tensor
        How many sequences reach each step, never rising; rows of ``state`` beyond ``batch_sizes[0]`` are empty sequences.
    state : tuple of Tensor
        Initial state of each sequence, in sorted order.
    weight_ih, weight_hh, bias_ih, bias_hh : Tensor or None
        Torch's weights; both biases or none.
    norms : Norms, optional
        Layer norm.
    recurrent_mask : Tensor, optional
        Multiplies h_{t-1} before W_hh: one mask per sequence, already scaled (Gal and Ghahramani 2016).
    zoneout : float or tuple of Tensor, default 0.0
        Keep-factors z of state_t = z·state_{t-1} + (1−z)·new (Krueger et al. 2017): a tensor per state in training, one number in
        evaluation.
    reverse : bool, default False
        Read each sequence from its own last step to its first.
    weight_hr : Tensor, optional
        Projects h after each step (Sak et al. 2014, torch's ``proj_size``).
    recompute : bool, default False
        Let the compiled backward pass recompute the gates instead of keeping them since forward; other backends ignore it.

    Shapes
    ------
    x               (ΣT, I)          batch_sizes  (T,) int64 on the CPU     state    h (N, H), c (N, H); with weight_hr h is (N, P)
    weight_ih       (G·H, I)         weight_hh    (G·H, H)                  biases   (G·H,)
    recurrent_mask  (N, H)           zoneout      per state (ΣT, H)         weight_hr (P, H)
    """

    cell: Cell
    x: Tensor
    batch_sizes: Tensor
    state: tuple[Tensor, ...]
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    norms: Norms | None = None
    recurrent_mask: Tensor | None = None
    zoneout: tuple[Tensor, ...] | float = 0.0
    reverse: bool = False
    weight_hr: Tensor | None = None
    recompute: bool = False

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.weight_ih.shape[0] // len(self.cell.gates)

    @property
    def output_size(self) -> int:
        """Width of the output: H, or P with a projection."""
        return self.hidden_size if self.weight_hr is None else self.weight_hr.shape[0]

    def tensors(self) -> Iterator[tuple[str, Tensor, tuple[int, ...]]]:
        """Give name, tensor and expected shape of everything that must share dtype and device."""
        gates, hidden, out = self.weight_ih.shape[0], self.hidden_size, self.output_size
        rows, n = self.x.shape[0], self.state[0].shape[0]
        yield "x", self.x, (rows, self.x.shape[1])
        yield "weight_ih", self.weight_ih, (gates, self.x.shape[1])
        yield "weight_hh", self.weight_hh, (gates, out)
        for name, state in zip(self.cell.states, self.state, strict=True):
            yield f"state {name}", state, (n, out if name == self.cell.states[0] else hidden)
        if self.bias_ih is not None and self.bias_hh is not None:
            yield "bias_ih", self.bias_ih, (gates,)
            yield "bias_hh", self.bias_hh, (gates,)
        if self.recurrent_mask is not None:
            yield "recurrent_mask", self.recurrent_mask, (n, out)
        if self.weight_hr is not None:
            yield "weight_hr", self.weight_hr, (out, hidden)
        if self.norms is not None:
            yield from _norm_tensors(self.norms, gates, hidden)
        if isinstance(self.zoneout, tuple):
            for name, keep, like in zip(self.cell.states, self.zoneout, self.state, strict=True):
                yield f"zoneout of {name}", keep, (rows, like.shape[1])

    def check(self) -> None:
        """Raise ShapeError unless every tensor has the rank, size, dtype and device that the others ask for, and batch sizes fit."""
        self.check_tensors()
        check_batch_sizes(self.batch_sizes, self.x.shape[0], self.state[0].shape[0])

    def check_tensors(self) -> None:
        """Check everything but the values of ``batch_sizes``, which a recorded call does not know yet."""
        self._check_form()
        device, dtype = self.x.device, self.x.dtype
        for name, tensor, shape in self.tensors():
            dense = tensor.layout is torch.strided and not tensor.is_nested
            if dense and tensor.shape == shape and tensor.dtype is dtype and tensor.device == device:
                continue
            if tuple(tensor.shape) != shape:
                raise ShapeError(f"{name} must have shape {shape}; got {tuple(tensor.shape)}. Give tensors that belong to one layer.")
            if tensor.layout is not torch.strided or tensor.is_nested:
                raise ShapeError(f"{name} must be a dense tensor; got {tensor.layout}. Convert it first.")
            if tensor.device != self.x.device:
                raise ShapeError(f"{name} must be on the input's device {self.x.device}; got {tensor.device}. Move the layer or the input.")
            if tensor.dtype != self.x.dtype and not is_autocasting(self.x.device):
                raise ShapeError(f"{name} must have the input's dtype {self.x.dtype}; got {tensor.dtype}. Convert the layer or the input.")

    def _check_form(self) -> None:
        if self.x.dim() != 2 or self.weight_ih.dim() != 2:
            raise ShapeError(f"x and weight_ih must have rank 2; got {self.x.dim()} and {self.weight_ih.dim()}. Pack the batch first.")
        if self.x.layout is not torch.strided or not self.x.dtype.is_floating_point:
            raise ShapeError(f"x must be a dense floating-point tensor; got {self.x.dtype}, {self.x.layout}. Convert it first.")
        if self.weight_ih.shape[0] == 0 or self.weight_ih.shape[0] % len(self.cell.gates):
            raise ShapeError(f"weight_ih must have G·H rows with G={len(self.cell.gates)}; got {self.weight_ih.shape[0]}.")
        if len(self.state) != len(self.cell.states) or any(s.dim() != 2 for s in self.state):
            raise ShapeError(f"state of {self.cell.name!r} must be {len(self.cell.states)} tensors (N, H); got {len(self.state)} tensors.")
        if (self.bias_ih is None) != (self.bias_hh is None):
            raise ShapeError("bias_ih and bias_hh must both be given or both be None; got one of them.")
        if isinstance(self.zoneout, tuple) and len(self.zoneout) != len(self.cell.states):
            raise ShapeError(f"zoneout must be a number or one tensor per state; got {len(self.zoneout)} for states {self.cell.states}.")
        if not isinstance(self.zoneout, tuple) and not 0 <= self.zoneout <= 1:
            raise ShapeError(f"zoneout must lie in 0..1; got {self.zoneout}.")
        if self.weight_hr is None:
            return
        if self.weight_hr.dim() != 2 or not 0 < self.weight_hr.shape[0] < self.hidden_size:
            raise ShapeError(f"weight_hr must be (P, H) with 0 < P < H={self.hidden_size}; got {tuple(self.weight_hr.shape)}.")
        if len(self.cell.states) < 2:
            raise ShapeError(f"weight_hr needs a cell with an inner state; {self.cell.name!r} has only {self.cell.states}. Leave it out.")


def is_autocasting(device: torch.device) -> bool:
    """Return whether autocast is on for a device; torch raises for devices that have none, as meta."""
    return torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)


def _norm_tensors(norms: Norms, gates: int, hidden: int) -> Iterator[tuple[str, Tensor, tuple[int, ...]]]:
    yield "norms.gain_ih", norms.gain_ih, (gates,)
    yield "norms.gain_hh", norms.gain_hh, (gates,)
    if norms.gain_c is not None:
        yield "norms.gain_c", norms.gain_c, (hidden,)
    if norms.bias_c is not None:
        yield "norms.bias_c", norms.bias_c, (hidden,)


def check_batch_sizes(batch_sizes: Tensor, rows: int, n: int) -> None:
    """Raise ShapeError unless ``batch_sizes`` describes ``rows`` packed rows of at most ``n`` sequences.

    Parameters
    ----------
    batch_sizes : Tensor
        (T,) int64 on the CPU.
    rows : int
        ΣT, the rows of packed data.
    n : int
        Number of sequences, empty ones included.
    """
    dense = batch_sizes.layout is torch.strided and not batch_sizes.is_nested
    if not dense or batch_sizes.dim() != 1 or batch_sizes.dtype != torch.int64 or batch_sizes.device.type not in ("cpu", "meta"):
        actual = f"{tuple(batch_sizes.shape)} {batch_sizes.dtype} on {batch_sizes.device}"
        raise ShapeError(f"batch_sizes must be (T,) int64 on the CPU; got {actual}.")
    if _fit_natively(batch_sizes, rows, n):
        return
    if len(batch_sizes) == 0:
        first = last = total = 0
    else:
        first, last, total = int(batch_sizes[0]), int(batch_sizes[-1]), int(batch_sizes.sum())
        if last < 1 or bool((batch_sizes[1:] > batch_sizes[:-1]).any()):
            raise ShapeError(f"batch_sizes must be at least 1 and never rise; got {ints(batch_sizes[:8])}…. Sort by length, longest first.")
    if total != rows or first > n:
        raise ShapeError(
            f"batch_sizes must sum to the {rows} packed rows and start at most at {n} sequences; got sum {total}, first {first}."
        )


def _fit_natively(batch_sizes: Tensor, rows: int, n: int) -> bool:
    """True when the compiled check, which costs a tenth, finds nothing wrong; False also when it cannot be asked."""
    if _native is None or type(batch_sizes) is not Tensor or not batch_sizes.is_cpu or not batch_sizes.is_contiguous():
        return False
    return _native.batch_sizes_fit(batch_sizes.data_ptr(), batch_sizes.shape[0], rows, n)
