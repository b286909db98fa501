"""Rules: symbols that an answer may not have, whatever their probability."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
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
        Allowed next symbols after those so far: a grammar or a lexicon.
    """

    min_length: int = 0
    no_repeat_ngram: int = 0
    banned: tuple[int, ...] = ()
    allow_unknown: bool = False
    constraint: Constraint | None = None

    def __post_init__(self) -> None:
        """Refuse values that cannot be."""
        for name in ("min_length", "no_repeat_ngram"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise SettingError(f"{name} must be a whole number of 0 or more; got {value!r}.")
        if self.constraint is not None and not callable(self.constraint):
            raise SettingError(f"constraint must be a function from the symbols so far to those allowed; got {self.constraint!r}.")

    def apply(
        self,
        log_probs: Tensor,
        said: Tensor | Sequence[tuple[int, ...]],
        *,
        end: int,
        banned: tuple[int, ...] = (),
        strict: bool = False,
        alive: Tensor | None = None,
    ) -> Tensor:
        """Return log-probabilities with -inf for symbols that are not allowed.

        Parameters
        ----------
        log_probs : Tensor
            (M, V); changed in place.
        said : Tensor or sequence of tuple of int
            Symbols of each row so far, (M, t).
        end : int
            Index of the end.
        banned : tuple of int
            The model's own ban.
        strict : bool
            Raise SettingError when a row has no symbol left; a beam drops that beginning instead.
        alive : Tensor, optional
            (M,) rows that count; a constraint is not asked about the others.

        Returns
        -------
        Tensor
            The same tensor.
        """
        said = said if isinstance(said, Tensor) else torch.tensor(list(said), dtype=torch.int64, device="cpu").reshape(len(said), -1)
        never = self.banned if self.allow_unknown else (*self.banned, *banned)
        if never:
            log_probs[:, list(never)] = -torch.inf
        if said.shape[1] < self.min_length:
            log_probs[:, end] = -torch.inf
        if self.no_repeat_ngram:
            row, symbol = repeats(said, self.no_repeat_ngram)
            log_probs[row.to(log_probs.device), symbol.to(log_probs.device)] = -torch.inf
        if self.constraint is not None:
            for row, symbols in enumerate(said.tolist()):
                if alive is None or alive[row]:
                    self._constrain(log_probs[row], tuple(symbols))
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


def repeats(said: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return symbols that would repeat an n-gram.

    Parameters
    ----------
    said : Tensor
        (M, t) symbols of each row so far.
    n : int
        Length of a run.

    Returns
    -------
    tuple of Tensor
        Rows and their symbols, (K,) each.

    Examples
    --------
    >>> rows, symbols = repeats(torch.tensor([[1, 2, 3, 1, 2]]), 3)
    >>> rows.tolist(), symbols.tolist()
    ([0], [3])
    """
    if said.shape[1] < n:
        return said.new_empty(0), said.new_empty(0)
    runs = said.unfold(1, n, 1)
    tail = said[:, said.shape[1] - n + 1 :]
    row, place = torch.nonzero((runs[..., :-1] == tail[:, None]).all(2), as_tuple=True)
    return row, runs[row, place, -1]
