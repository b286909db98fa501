"""Values of a checkpoint, checked before a run goes on from them: a digest finds damage, not a forged state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import Tensor

from elman.errors import CheckpointError, DataError
from elman.io.model_file import check_state
from elman.io.schema import Maybe, anything, check, one_of, real, text, whole

if TYPE_CHECKING:
    from elman.training.checkpoint import Checkpoint, RunState

_LARGEST = 2**48
_count, _amount = whole(0, _LARGEST), real(0)
_random = {
    "python": (one_of(3), [whole(0, 2**32)], Maybe(real())),
    "numpy": (one_of("MT19937"), [whole(0, 2**32 - 1)], whole(0, 624), whole(0, 1), real()),
    "torch": text,
}
_state = {
    "epoch": _count,
    "position": _count,
    "step": _count,
    "rate": _amount,
    "units": _amount,
    "norm_sum": _amount,
    "norms": _count,
    "first_loss": Maybe(real()),
    "elapsed": _amount,
    "average_steps": _count,
    "schedule": {"factor": real(0, 1), "waited": _count},
    "best": {"epoch": Maybe(_count), "score": Maybe((real(), real())), "lowest_loss": Maybe(real()), "waited": _count},
    "history": anything,  # History checks its own
    "callbacks": anything,  # the state of somebody else's object
    "processes": anything,
}


@contextmanager
def refusing(checkpoint: Checkpoint) -> Iterator[None]:
    """Raise CheckpointError for whatever a checkpoint of a stranger brings about while it is loaded."""
    try:
        yield
    except Exception as error:
        why = str(error) if isinstance(error, DataError) else f"{type(error).__name__}: {error}"
        raise CheckpointError(
            f"{checkpoint.name} holds no state of this run: {why} Remove its folder to go on from the one before."
        ) from error


def check_values(checkpoint: Checkpoint, *, processes: int, callbacks: int) -> None:
    """Refuse a state of other names, types and ranges than those of a run.

    Parameters
    ----------
    checkpoint : Checkpoint
        Read, with a right digest.
    processes : int
        Processes of the run.
    callbacks : int
        Its callbacks that have a state.
    """
    state = check(checkpoint.state, _state, "state")
    check(state["processes"], ((anything, real()),) * processes, "state.processes")
    for generators, _ in state["processes"]:
        cuda = {"cuda": [text]} if isinstance(generators, Mapping) and "cuda" in generators else {}
        check(generators, _random | cuda, "state.processes")
    numbers = {str(number) for number in range(callbacks)}
    names = state["callbacks"]
    if not isinstance(names, Mapping) or not all(name.partition(".")[0] in numbers for name in names):
        raise DataError(f"state.callbacks must have the states of {callbacks} callbacks; got {names!r:.80}.")


def check_tensors(state: RunState, parts: dict[str, dict[str, Tensor]], optimizer: dict[int, dict[str, Tensor]]) -> None:
    """Refuse tensors of other names, types and shapes than those of a run.

    Parameters
    ----------
    state : RunState
        The run.
    parts : dict of dict
        Tensors of the checkpoint by part: "model", "average", "best".
    optimizer : dict of dict
        State of the optimizer by the parameter's number.
    """
    model = state.model.state_dict()
    check_state(parts["model"], model)
    check_state(parts["average"], state.averages.tensors())
    if parts["best"]:
        check_state(parts["best"], model)
    parameters = [weight for group in state.optimizer.param_groups for weight in group["params"]]
    for index, tensors in optimizer.items():
        moments = {name: parameters[index] for name in tensors if name != "step"}
        check_state({name: tensors[name] for name in moments}, moments)
