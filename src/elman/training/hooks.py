"""Hooks: call the callbacks of a run, and carry their states through a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from torch import Tensor

from elman.errors import CheckpointError, ModelFileError, SettingError, did_you_mean
from elman.io import layout, strict_json
from elman.training.callback import HOOKS, TrainingState, qualified_name


class Hooks:
    """The callbacks of one run, in the order of their calls.

    Parameters
    ----------
    internal : sequence
        Callbacks of the loop itself, called first and without a state in the checkpoint.
    callbacks : sequence
        Callbacks of the user; checked here.
    """

    def __init__(self, internal: Sequence[Any], callbacks: Sequence[Any]) -> None:
        check(callbacks)
        self._all = [*internal, *callbacks]
        self._stateful = [callback for callback in callbacks if hasattr(callback, "state_dict")]

    @property
    def stateful(self) -> list[str]:
        """Names of the callbacks whose state goes into the checkpoint."""
        return [qualified_name(callback) for callback in self._stateful]

    def call(self, hook: str, state: TrainingState) -> bool:
        """Call a hook of every callback that has it; return whether one returned True."""
        votes = [_call(callback, hook, state) for callback in self._all]  # all are called, also after the first True
        return any(votes)

    def finish(self, state: TrainingState) -> None:
        """Call ``on_train_end`` of every callback, also of those after one that raises: files and bars are closed there."""
        with ExitStack() as stack:
            for callback in reversed(self._all):
                stack.callback(_call, callback, "on_train_end", state)

    def states(self) -> dict[str, Any]:
        """Return the states of all stateful callbacks, independent of them, by the callback's number and the state's own names."""
        states = [_state(callback) for callback in self._stateful]
        return {f"{number}.{name}": value for number, state in enumerate(states) for name, value in state.items()}

    def load(self, states: Mapping[str, Any]) -> None:
        """Load the states that :meth:`states` returned."""
        by_callback: list[dict[str, Any]] = [{} for _ in self._stateful]
        for key, value in states.items():
            number, _, name = key.partition(".")
            by_callback[int(number)][name] = value
        for callback, state in zip(self._stateful, by_callback, strict=True):
            callback.load_state_dict(state)


def check(callbacks: Any) -> None:
    """Raise SettingError for the first entry that cannot be called.

    Parameters
    ----------
    callbacks : sequence of Callback
        The setting.

    Examples
    --------
    >>> check(["mine.Recorder"])
    Traceback (most recent call last):
    elman.errors.SettingError: callbacks[0] is only the name 'mine.Recorder': a model file holds no code. Give the object again with \
model.set_params(training__callbacks=[…]), or train without it: training__callbacks=[].
    """
    if isinstance(callbacks, str) or not isinstance(callbacks, Sequence):
        raise SettingError(f"callbacks must be a list of objects; got {callbacks!r}. Write callbacks=[…].")
    for place, callback in enumerate(callbacks):
        entry = f"callbacks[{place}]"
        if isinstance(callback, str):
            raise SettingError(
                f"{entry} is only the name {callback!r}: a model file holds no code. Give the object again with"
                " model.set_params(training__callbacks=[…]), or train without it: training__callbacks=[]."
            )
        if isinstance(callback, type):
            raise SettingError(f"{entry} is the class {qualified_name(callback)}; expected an object. Write {callback.__name__}(…).")
        if not any(callable(getattr(callback, hook, None)) for hook in HOOKS):
            near = "".join(did_you_mean(name, HOOKS) for name in dir(callback) if name.startswith("on"))
            raise SettingError(f"{entry}, {qualified_name(callback)}, has none of the methods {', '.join(HOOKS)}.{near}")
        if hasattr(callback, "state_dict") != hasattr(callback, "load_state_dict"):
            raise SettingError(f"{entry}, {qualified_name(callback)}, must have both state_dict and load_state_dict, or neither.")


def _call(callback: Any, hook: str, state: TrainingState) -> bool:
    function = getattr(callback, hook, None)
    if function is None:
        return False
    try:
        return bool(function(state))
    except Exception as error:
        with suppress(AttributeError):  # an exception may refuse attributes
            error.add_note(f"This was raised by {hook} of the callback {qualified_name(callback)}.")
        raise


def _state(callback: Any) -> dict[str, Any]:
    """Return a copy of a callback's state, or raise CheckpointError where a checkpoint cannot hold it."""
    state = callback.state_dict()
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise _refusal(callback, f"it is {type(state).__name__}, expected a dict with text keys")
    tensors = {name: value.detach().cpu().clone() for name, value in state.items() if isinstance(value, Tensor)}
    values = {name: value for name, value in state.items() if name not in tensors}
    broken = [name for name, tensor in tensors.items() if not layout.all_finite(tensor)]
    if broken:
        raise _refusal(callback, f"tensor {broken[0]!r} holds NaN or infinity")
    try:
        layout.lay_out(tensors)
        copy = strict_json.parse(strict_json.canonical(values))
    except (TypeError, ValueError, RecursionError, ModelFileError) as cause:
        raise _refusal(callback, str(cause).rstrip(".")) from cause
    if copy != values:  # tuples and numbers as keys would come back as lists and text
        raise _refusal(callback, f"{_different(values, copy)} does not come back from JSON as it is")
    return {**copy, **tensors}


def _different(values: Mapping[str, Any], copy: Mapping[str, Any]) -> str:
    return next(f"{name}={value!r}" for name, value in values.items() if copy[name] != value)


def _refusal(callback: Any, reason: str) -> CheckpointError:
    return CheckpointError(
        f"the state of the callback {qualified_name(callback)} cannot be stored: {reason}."
        " Return a dict of finite tensors, numbers, text, booleans, None, and lists or dicts of them, from state_dict."
    )
