"""Stacks: layers over layers, in one direction or two, over one batch, as plain data; and how to run them part by part.

A *part* is one layer in one direction; parts are ordered layer by layer, a layer's directions side by side. The compiled kernels take a
stack whole. Everything else goes through :func:`loop`, which asks for one :class:`~elman.kernels.call.Call` a part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor

from elman import cells
from elman.errors import ShapeError
from elman.kernels.call import Call, Norms
from elman.sequences import layout as _rows

# Tensors that a part may have, by short names; a stack's parts all have the same kinds, in this order.
KINDS = ("w_ih", "w_hh", "b_ih", "b_hh", "gain_ih", "gain_hh", "gain_c", "bias_c", "mask", "zone_h", "zone_c", "w_hr")
LEARNED = KINDS[:8]  # those whose gradients the compiled kernels find
COMPILED = ("elman", "elman_relu", "gru", "lstm")  # cells, in the order of the compiled module

States = tuple[Tensor, ...]
Run = Callable[[Call], tuple[Tensor, States]]


@dataclass(frozen=True, eq=False)
class Spec:
    """Sizes, kinds and options of a stack; equal ones are one object, see :func:`spec_of`.

    Parameters
    ----------
    cell : str
        Name of the cell.
    inputs, hidden : int
        I of the first layer, and H.
    layers, directions : int
        L and D.
    kinds : tuple of str
        Of ``KINDS``: the tensors of every part.
    reverse : bool
        Whether the first direction reads backwards; the second reads the other way.
    eps : float or None
        Of layer norm; None without.
    zoneout : float
        Keep-factor for all elements, where no part has the tensors ``zone_h`` and ``zone_c``.
    recompute : bool
        The compiled backward pass works the gates out again instead of finding them saved; not with layer norm.
    """

    cell: str
    inputs: int
    hidden: int
    layers: int = 1
    directions: int = 1
    kinds: tuple[str, ...] = ("w_ih", "w_hh")
    reverse: bool = False
    eps: float | None = None
    zoneout: float = 0.0
    recompute: bool = False

    @property
    def parts(self) -> int:
        """L·D."""
        return self.layers * self.directions

    @property
    def has_c(self) -> bool:
        """Whether the cell has an inner state."""
        return len(cells.get(self.cell).states) > 1

    @cached_property
    def compiled(self) -> bool:
        """Whether there are compiled kernels for it."""
        return self.cell in COMPILED and "w_hr" not in self.kinds

    @cached_property
    def learned(self) -> tuple[bool, ...]:
        """Whether the tensors of all parts may have gradients."""
        return tuple(kind in LEARNED for kind in self.kinds) * self.parts

    @cached_property
    def shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        """Shapes of the tensors of all parts; None where it depends on the batch."""
        gates = len(cells.get(self.cell).gates) * self.hidden
        flat = dict.fromkeys(("b_ih", "b_hh", "gain_ih", "gain_hh"), (gates,)) | dict.fromkeys(("gain_c", "bias_c"), (self.hidden,))
        results: list[tuple[int, ...] | None] = []
        for part in range(self.parts):
            width = self.inputs if part < self.directions else self.hidden * self.directions
            fitting = flat | {"w_ih": (gates, width), "w_hh": (gates, self.hidden)}
            results += [fitting.get(kind) for kind in self.kinds]
        return tuple(results)

    def named(self, tensors: tuple[Tensor, ...], part: int) -> dict[str, Tensor]:
        """Return one part's tensors by their kinds."""
        width = len(self.kinds)
        return dict(zip(self.kinds, tensors[part * width : (part + 1) * width], strict=True))


_kept = lru_cache(maxsize=1024)(Spec)


def spec_of(*values: Any) -> Spec:
    """Return a :class:`Spec`, the same one for the same values: most calls of a program have few different ones.

    Parameters
    ----------
    *values : Any
        As ``Spec``.

    Returns
    -------
    Spec
        A new one only while a graph is recorded, where nothing may be kept.
    """
    return Spec(*values) if torch.compiler.is_compiling() else _kept(*values)


@dataclass(kw_only=True, eq=False, slots=True)
class Batch:
    """Layout of the rows of a stack's input and output: packed, or padded with a time axis.

    Parameters
    ----------
    n : int
        N, empty sequences included.
    steps : int
        The longest length.
    rows : int
        ΣT.
    time : int or None, default None
        The time axis of padded input (T, N, I) or (N, T, I); None for packed rows (ΣT, I).
    padded : int, default 0
        T of padded input that has padding, whose output is zero there.
    sizes : Tensor or None
        How many sequences reach each step, (steps,) int64; None: all at every step.
    order : Tensor or None
        The caller's row of each place, longest sequence first, (N,) int64; None: the same.
    """

    n: int
    steps: int
    rows: int
    time: int | None = None
    padded: int = 0
    sizes: Tensor | None = None
    order: Tensor | None = None

    def batch_sizes(self) -> Tensor:
        """Return the sizes of the steps, also where all are N."""
        if self.sizes is not None:
            return self.sizes
        try:
            return torch.full((self.steps if self.n else 0,), self.n, dtype=torch.int64, device="cpu")
        except RuntimeError as error:
            raise self.too_large(error) from error

    def pack(self, x: Tensor) -> Tensor:
        """Return the caller's rows as packed ones (ΣT, I)."""
        if self.time is None:
            return x
        try:
            if self.sizes is None:
                return (x if self.time == 0 else x.transpose(0, 1)).reshape(self.rows, x.shape[2])
            starts, stride = self._places(x.shape[self.time])
            return _rows.pack(x.reshape(-1, x.shape[2]), starts, stride, self.sizes)
        except RuntimeError as error:
            raise self.too_large(error) from error

    def too_large(self, error: RuntimeError) -> ShapeError:
        """Return torch's error about a batch that does not fit into memory, or into an index, as ours."""
        size = f"{self.steps} steps and {self.n} sequences"
        return ShapeError(f"An input of {size} does not fit into memory ({error}). Read it in pieces.")

    def unpack(self, rows: Tensor) -> Tensor:
        """Return packed rows (ΣT, H) as the input came, zeros for padding."""
        if self.time is None:
            return rows
        steps = self.padded if self.sizes is not None else self.steps
        shape = (steps, self.n, rows.shape[1])
        if self.sizes is None:
            padded = rows.reshape(shape)
            return padded if self.time == 0 else padded.transpose(0, 1)
        starts, stride = self._places(steps)
        padded = _rows.unpack(rows, steps * self.n, starts, stride, self.sizes, fill=0.0)
        return padded.reshape(shape if self.time == 0 else (self.n, steps, rows.shape[1]))

    def _places(self, steps: int) -> tuple[Tensor, int]:
        order = torch.arange(self.n, device="cpu") if self.order is None else self.order
        return (order, self.n) if self.time == 0 else (order * steps, 1)

    def sort(self, states: States) -> States:
        """Return states (L·D, N, H) of the caller's rows, longest sequence first."""
        return states if self.order is None else tuple(s.index_select(1, self.order.to(s.device)) for s in states)

    def unsort(self, states: States) -> States:
        """Return sorted states in the caller's order."""
        if self.order is None:
            return states
        back = torch.empty_like(self.order)
        back[self.order] = torch.arange(self.n, device="cpu")
        return tuple(s.index_select(1, back.to(s.device)) for s in states)


def call_of(spec: Spec, part: int, x: Tensor, batch_sizes: Tensor, state: States, tensors: tuple[Tensor, ...]) -> Call:
    """Return one part of a stack as a call.

    Parameters
    ----------
    spec : Spec
        The stack's.
    part : int
        In 0..L·D-1.
    x : Tensor
        (ΣT, I), packed.
    batch_sizes : Tensor
        (T,).
    state : tuple of Tensor
        Each (N, H), longest sequence first.
    tensors : tuple of Tensor
        Of all parts.

    Returns
    -------
    Call
        Not checked.
    """
    named = spec.named(tensors, part)
    zones = tuple(named[name] for name in ("zone_h", "zone_c") if name in named)
    norms = None
    if spec.eps is not None:
        norms = Norms(
            gain_ih=named["gain_ih"], gain_hh=named["gain_hh"], gain_c=named.get("gain_c"), bias_c=named.get("bias_c"), eps=spec.eps
        )
    return Call(
        cell=cells.get(spec.cell),
        x=x,
        batch_sizes=batch_sizes,
        state=state,
        weight_ih=named["w_ih"],
        weight_hh=named["w_hh"],
        bias_ih=named.get("b_ih"),
        bias_hh=named.get("b_hh"),
        norms=norms,
        recurrent_mask=named.get("mask"),
        zoneout=zones or spec.zoneout,
        reverse=spec.reverse != bool(part % spec.directions),
        weight_hr=named.get("w_hr"),
        recompute=spec.recompute,
    )


def zero_states(spec: Spec, batch: Batch, x: Tensor, tensors: tuple[Tensor, ...]) -> States:
    """Return the default initial states of a stack: zeros (L·D, N, H), h (L·D, N, P) with a projection, in the dtype of the input."""
    named = spec.named(tensors, 0)
    widths = (named["w_hr"].shape[0] if "w_hr" in named else spec.hidden, spec.hidden)[: len(cells.get(spec.cell).states)]
    try:
        return tuple(x.new_zeros(spec.parts, batch.n, width) for width in widths)
    except RuntimeError as error:
        raise batch.too_large(error) from error


def loop(spec: Spec, batch: Batch, x: Tensor, states: States | None, tensors: tuple[Tensor, ...], run: Run) -> tuple[Tensor, States]:
    """Run a stack part by part, with anything that can run a call.

    Parameters
    ----------
    spec : Spec
        The stack.
    batch : Batch
        Layout of its rows.
    x : Tensor
        As in ``batch``.
    states : tuple of Tensor or None
        Each (L·D, N, H), in the caller's order; None: zeros.
    tensors : tuple of Tensor
        Of all parts.
    run : callable
        Takes a call, gives ``(output, states)``.

    Returns
    -------
    tuple
        ``(output, states)``: rows of width D·H laid out as the input's, and per state (L·D, N, H).
    """
    starts = zero_states(spec, batch, x, tensors) if states is None else batch.sort(states)
    if batch.order is not None and "mask" in spec.kinds:
        width, at = len(spec.kinds), spec.kinds.index("mask")
        tensors = tuple(t.index_select(0, batch.order.to(t.device)) if i % width == at else t for i, t in enumerate(tensors))
    sizes = batch.batch_sizes()
    rows = batch.pack(x)
    last: list[States] = []
    for first in range(0, spec.parts, spec.directions):
        outputs: list[Tensor] = []
        for part in range(first, first + spec.directions):
            output, final = run(call_of(spec, part, rows, sizes, tuple(s[part] for s in starts), tensors))
            outputs.append(output)
            last.append(final)
        rows = outputs[0] if len(outputs) == 1 else torch.cat(outputs, 1)
    ends = tuple(torch.stack(each) for each in zip(*last, strict=True)) if len(last) > 1 else tuple(s.unsqueeze(0) for s in last[0])
    return batch.unpack(rows), batch.unsort(ends)
