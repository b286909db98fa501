"""A recurrent cell as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

Norm = Callable[[Tensor], Tensor]


class Step(Protocol):
    """One step of a cell in plain torch."""

    def __call__(self, gx: Tensor, gh: Tensor, states: tuple[Tensor, ...], norm: Norm | None = None) -> tuple[Tensor, ...]:
        """Return the next states from the input's part, the past's part and the states."""
        ...


class Activate(Protocol):
    """The gates of a cell, of any number of steps at once."""

    def __call__(self, gx: Tensor, gh: Tensor) -> tuple[Tensor, ...]:
        """Return the activations of the gates, from the input's part and the past's part."""
        ...


class Carry(Protocol):
    """One step of the states beside h, from the gates; written in operators, so that arrays will do as well as tensors."""

    def __call__(self, gates: Sequence[Any], inner: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the next inner states from the gates and the inner states."""
        ...


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A recurrent cell as data: its gates, its states and one readable step.

    Parameters
    ----------
    name : str
        The name it is found by.
    gates : tuple of str
        Gates in the order of the weights' rows (torch's order); G is their number.
    states : tuple of str
        Names of the states carried from step to step; the first one is also the output.
    doc : str
        The equations and where they come from.
    step : callable
        ``step(gx, gh, states, norm=None) -> states``; ``norm`` normalises an inner state before the output (layer norm).
    activate : callable, optional
        ``activate(gx, gh) -> gates``, in the order of ``gates``: shown in a trace; without it a trace shows h only.
    carry : callable, optional
        ``carry(gates, inner) -> inner``: the states after the first, from the gates; for traces of cells that have such states.

    Notes
    -----
    Shapes:

        gx      (N, G·H)   W_ih·x_t + b_ih
        gh      (N, G·H)   W_hh·h_{t-1} + b_hh
        states  each (N, H)
        gates   each (N, H), 0 … 1 for sigmoids, -1 … 1 for tanh

    Examples
    --------
    >>> from elman import cells
    >>> cells.get("lstm").gates, cells.get("lstm").states
    (('i', 'f', 'g', 'o'), ('h', 'c'))
    """

    name: str
    gates: tuple[str, ...]
    states: tuple[str, ...]
    doc: str
    step: Step
    activate: Activate | None = None
    carry: Carry | None = None
