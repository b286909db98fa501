"""Where a stream's steps are computed: the one place a faster step plugs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from elman.errors import BackendError, SettingError
from elman.kernels import dispatch
from elman.kernels.dispatch import wanted
from elman.kernels.recording import is_recording
from elman.kernels.stack import Batch
from elman.nn import stack
from elman.nn._layer import RecurrentLayer

if TYPE_CHECKING:
    from elman.kernels.stream import Stepper as NativeStepper


class Stepper(Protocol):
    """Run some steps of N full sequences in evaluation."""

    def __call__(self, x: Tensor, steps: int, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Take time-major rows (T·N, I) and states (L, N, H); return rows (T·N, H) and the states after the last step."""
        ...


def stepper(layer: RecurrentLayer) -> Stepper:
    """Return the stepper of a layer's streams.

    Parameters
    ----------
    layer : RecurrentLayer
        A layer in one direction.

    Returns
    -------
    Stepper
        Always an evaluation pass, whatever mode the layer is in.
    """
    if layer.bidirectional:
        raise SettingError("A bidirectional layer cannot be streamed: its second direction starts from the end. Use bidirectional=False.")

    def run(x: Tensor, steps: int, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read ``steps`` steps of every sequence."""
        n = states[0].shape[1]
        batch = Batch(n=n, steps=steps if n else 0, rows=len(x))
        spec, tensors = stack.parts(layer, n, len(x), training=False)
        whole = not is_recording(x) and dispatch.can_run_stack(spec, x, states, tensors)
        if not whole:
            stack.check_weights(layer)
        return dispatch.run_stack(spec, batch, x, states, tensors, whole=whole)

    return run


def native_stepper(layer: RecurrentLayer, states: tuple[Tensor, ...]) -> NativeStepper | None:
    """Return compiled steps over weights packed now, or None where they cannot run this layer.

    Parameters
    ----------
    layer : RecurrentLayer
        A layer in one direction.
    states : tuple of Tensor
        Where to start, each (L, N, H).

    Returns
    -------
    NativeStepper or None
        None also when another backend is asked for by name.
    """
    try:
        from elman.kernels.stream import Stepper as NativeStepper
    except ImportError:  # the compiled module was not built
        return None
    if wanted() not in (None, "native"):
        return None
    try:
        return NativeStepper(stack.step_calls(layer, states)) if states[0].shape[1] else None
    except BackendError:
        return None


def zeros(layer: RecurrentLayer, n: int) -> tuple[Tensor, ...]:
    """Return zero states (L·D, N, H) of a layer for N sequences.

    Parameters
    ----------
    layer : RecurrentLayer
        The layer.
    n : int
        Number of sequences.

    Returns
    -------
    tuple of Tensor
        One per state of the cell.
    """
    widths = (layer.proj_size or layer.hidden_size, layer.hidden_size)[: len(layer.cell.states)]
    depth = layer.num_layers * layer.directions
    try:
        return tuple(layer.weight_ih_l0.new_zeros(depth, n, width) for width in widths)
    except (TypeError, RuntimeError) as error:  # torch's words for "more than fits into memory, or into an index"
        raise SettingError(f"The states of {n} sequences do not fit into memory. Take fewer.") from error
