"""Pool: many streams of the same layers by place, any of them stepped in one compiled call; bits equal single streams'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch  # before the compiled module, so that both share one OpenMP pool
from torch import Tensor

from elman import _native
from elman.errors import BackendError, ShapeError
from elman.kernels import native
from elman.kernels.call import Call
from elman.sequences.threads import num_threads
from elman.sequences.torch_internals import dense

_CELLS = {"elman": 0, "elman_relu": 1, "gru": 2, "lstm": 3}


class Pool:
    """States of many streams in one block of memory, beside weights packed once.

    Parameters
    ----------
    calls : sequence of Call
        One per layer, bottom first, as ``kernels.run`` would take them for one step; their rows and states are ignored.
        No recurrent mask, zoneout as one number, forward direction.

    Notes
    -----
    Places are int64 tensors on the CPU, each within the last :meth:`resize` and named once a call; who calls has checked that.

    Examples
    --------
    >>> from elman import cells
    >>> call = Call(cell=cells.get("gru"), x=torch.zeros(1, 3), batch_sizes=torch.tensor([1]), state=(torch.zeros(1, 4),),
    ...             weight_ih=torch.ones(12, 3), weight_hh=torch.ones(12, 4))
    >>> pool, places = Pool([call]), torch.arange(5)
    >>> pool.resize(5)
    >>> pool.put(places, None)
    >>> pool.step(places[1:3], torch.ones(2, 3)).shape
    torch.Size([2, 4])
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        for call in calls:
            call.check()
            reason = native.unsupported_reason(call) or _reason_against(call)
            if reason is not None:
                raise BackendError(f"The native backend cannot step this layer: {reason}. Run the layer step by step instead.")
        self.dtype = calls[0].x.dtype
        self.sizes = [(call.hidden_size, len(call.cell.states)) for call in calls]
        self._native = _native.Pool(self.dtype == torch.float64)
        for call in calls:
            sizes, numbers, tensors = _described(call)
            self._native.add(sizes, numbers, tuple(tensors[name].data_ptr() if name in tensors else 0 for name in _native.TENSORS))

    def resize(self, places: int) -> None:
        """Make room; states stay, those of new places must be put."""
        self._native.resize(places)

    def step(self, places: Tensor, x: Tensor) -> Tensor:
        """Read one element of some streams.

        Parameters
        ----------
        places : Tensor
            (M,).
        x : Tensor
            (M, I), contiguous, of the weights' dtype.

        Returns
        -------
        Tensor
            (M, H).
        """
        x = dense(x)
        y = torch.empty((len(places), self.sizes[-1][0]), dtype=self.dtype, device="cpu")
        self._native.step(places.data_ptr(), len(places), x.data_ptr(), y.data_ptr(), num_threads())
        return y

    def get(self, places: Tensor) -> tuple[Tensor, ...]:
        """Return a copy of states, one tensor (L, M, H) per state of the cell."""
        hidden, count = self.sizes[0]
        states = tuple(torch.empty((len(self.sizes), len(places), hidden), dtype=self.dtype, device="cpu") for _ in range(count))
        for layer in range(len(self.sizes)):
            self._native.get(layer, places.data_ptr(), len(places), *_addresses(states, layer))
        return states

    def put(self, places: Tensor, states: Sequence[Tensor] | None) -> None:
        """Write states as :meth:`get` gives them; None writes zeros."""
        for state in states or ():
            if not state.is_cpu:
                raise ShapeError(f"states must be on the CPU; got a tensor on {state.device}. Move it there first.")
        rows = None if states is None else tuple(dense(state.detach().to(self.dtype)) for state in states)
        for layer in range(len(self.sizes)):
            self._native.set(layer, places.data_ptr(), len(places), *((0, 0) if rows is None else _addresses(rows, layer)))


def _addresses(states: tuple[Tensor, ...], layer: int) -> tuple[int, int]:
    results = [state[layer].data_ptr() for state in states]
    return results[0], results[1] if len(results) > 1 else 0


def _described(call: Call) -> tuple[tuple[int, ...], tuple[float, ...], dict[str, Tensor]]:
    """Return a call's sizes, numbers and tensors as the compiled module names them."""
    norms, zone = call.norms, 0.0 if isinstance(call.zoneout, tuple) else float(call.zoneout)
    sizes: dict[str, Any] = {"cell": _CELLS[call.cell.name], "inputs": call.weight_ih.shape[1], "hidden": call.hidden_size}
    sizes |= {"count": 0, "steps": 1, "threads": 1, "layer_norm": norms is not None}
    numbers = {"eps": 0.0 if norms is None else norms.eps, "zone_h": zone, "zone_c": zone}
    named = {"w_ih": call.weight_ih, "w_hh": call.weight_hh, "b_ih": call.bias_ih, "b_hh": call.bias_hh}
    if norms is not None:
        named |= {"gain_ih": norms.gain_ih, "gain_hh": norms.gain_hh, "gain_c": norms.gain_c, "bias_c": norms.bias_c}
    tensors = {name: dense(tensor.detach()) for name, tensor in named.items() if tensor is not None}
    return tuple(sizes.get(name, 0) for name in _native.SIZES), tuple(numbers[name] for name in _native.NUMBERS), tensors


def _reason_against(call: Call) -> str | None:
    if call.recurrent_mask is not None or isinstance(call.zoneout, tuple):
        return "it has the masks of training"
    return "it reads backwards" if call.reverse else None
