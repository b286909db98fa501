"""Rules: what an answer may not say, whatever the model thinks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from elman.errors import SettingError

NOTHING_LEFT = "The rules allow neither a symbol nor the end after some beginning. Let the constraint allow the end, or lower min_length."

Constraint = Callable[[tuple[int, ...]], Collection[int] | None]
"""From the symbols so far to those allowed next (the end is the index after the last symbol); None allows all."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Rules that every search obeys.

    Attributes
    ----------
    min_length : int
        Symbols before the end is allowed.
    no_repeat_ngram : int
        No run of so many symbols occurs twice; 0 allows all.
    banned : tuple of int
        Symbols never given, besides the model's own ("unknown").
    allow_unknown : bool
        Lift the model's own ban.
    constraint : callable, optional
        Allowed next symbols for what was said so far: a grammar or a lexicon.
    """

    min_length: int = 0
    no_repeat_ngram: int = 0
    banned: tuple[int, ...] = ()
    allow_unknown: bool = False
    constraint: Constraint | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in ("min_length", "no_repeat_ngram"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise SettingError(f"{name} must be a whole number of 0 or more; got {value!r}.")
        if self.constraint is not None and not callable(self.constraint):
            raise SettingError(f"constraint must be a function from the symbols so far to those allowed; got {self.constraint!r}.")

    def apply(
        self, log_probs: Tensor, said: Sequence[tuple[int, ...]], *, end: int, banned: tuple[int, ...] = (), strict: bool = False
    ) -> Tensor:
        """Return log-probabilities with -inf for what is not allowed.

        Parameters
        ----------
        log_probs : Tensor
            (M, n + 1); changed in place.
        said : sequence of tuple of int
            What each row has said.
        end : int
            Index of the end.
        banned : tuple of int
            The model's own ban.
        strict : bool
            Raise SettingError when a row has nothing left to say; a beam drops that beginning instead.

        Returns
        -------
        Tensor
            The same tensor.
        """
        never = self.banned if self.allow_unknown else (*self.banned, *banned)
        if never:
            log_probs[:, list(never)] = -torch.inf
        for row, symbols in enumerate(said):
            if len(symbols) < self.min_length:
                log_probs[row, end] = -torch.inf
            if self.no_repeat_ngram:
                log_probs[row, list(repeats(symbols, self.no_repeat_ngram))] = -torch.inf
            if self.constraint is not None:
                self._constrain(log_probs[row], symbols)
        if strict and bool(torch.isneginf(log_probs).all(1).any()):
            raise SettingError(NOTHING_LEFT)
        return log_probs

    def _constrain(self, row: Tensor, symbols: tuple[int, ...]) -> None:
        allowed = self.constraint(symbols) if self.constraint is not None else None
        if allowed is None:
            return
        outside = torch.ones_like(row, dtype=torch.bool)
        wrong = [s for s in allowed if not 0 <= s < len(row)]
        if wrong:
            raise SettingError(f"constraint must give indices in 0..{len(row) - 1} (the last is the end); got {wrong[:5]}.")
        outside[list(allowed)] = False
        row[outside] = -torch.inf


def repeats(symbols: tuple[int, ...], n: int) -> set[int]:
    """Return symbols that would complete an n-gram said before.

    Parameters
    ----------
    symbols : tuple of int
        What was said.
    n : int
        Length of a run.

    Returns
    -------
    set of int
        Symbols that would repeat one.

    Examples
    --------
    >>> repeats((1, 2, 3, 1, 2), 3)
    {3}
    """
    if len(symbols) < n:
        return set()
    tail = symbols[len(symbols) - n + 1 :]
    return {symbols[i + n - 1] for i in range(len(symbols) - n + 1) if symbols[i : i + n - 1] == tail}
