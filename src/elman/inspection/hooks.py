"""Hooks on the recurrent layers of a network: record their inputs, or replace their outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from elman.nn.recurrent import Recurrent
from elman.sequences import Ragged

Replace = Callable[[Recurrent, Ragged, Any, Any], Any]
"""From a layer, its input, its first state and its answer to the answer that goes on."""


@dataclass(kw_only=True, eq=False)
class Seen:
    """Inputs of one recurrent stack, call by call.

    Attributes
    ----------
    name : str
        "encoder", "decoder", or the path of the module in the network.
    layer : Recurrent
        The stack.
    inputs : list of Ragged
        One a call.
    states : list
        The first state of each call, as torch shapes it; None for zeros.
    """

    name: str
    layer: Recurrent
    inputs: list[Ragged] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)


def recurrent_parts(network: nn.Module) -> dict[str, Recurrent]:
    """Return a network's recurrent stacks by name, in the order they are read."""
    entries = {path: module for path, module in network.named_modules() if isinstance(module, Recurrent)}
    return {path.removesuffix(".layers") or "layers": module for path, module in entries.items()}


@contextmanager
def watching(network: nn.Module) -> Iterator[list[Seen]]:
    """Record the inputs of the recurrent stacks of a network while it runs."""
    seen = [Seen(name=name, layer=layer) for name, layer in recurrent_parts(network).items()]

    def note(one: Seen) -> Any:
        def hook(_: nn.Module, args: tuple[Any, ...]) -> None:
            one.inputs.append(args[0])
            one.states.append(args[1] if len(args) > 1 else None)

        return hook

    with ExitStack() as stack:
        for one in seen:
            stack.callback(one.layer.register_forward_pre_hook(note(one)).remove)
        yield seen


@contextmanager
def replacing(layers: list[Recurrent], replace: Replace) -> Iterator[None]:
    """Let something else answer for recurrent stacks while a network runs.

    Parameters
    ----------
    layers : list of Recurrent
        The stacks.
    replace : callable
        ``replace(layer, x, state, answer) -> answer``; it may call ``layer.forward``.
    """

    def hook(layer: Any, args: tuple[Any, ...], answer: Any) -> Any:
        return replace(layer, args[0], args[1] if len(args) > 1 else None, answer)

    with ExitStack() as stack:
        for layer in layers:
            stack.callback(layer.register_forward_hook(hook).remove)
        yield
