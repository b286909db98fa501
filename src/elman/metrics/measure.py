"""Measures: a score that is a ratio of sums over units of the test part, so that units can be drawn again (the bootstrap)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_DRAWS = 2_000
_AT_ONCE = 100
"""Draws made together: bounds memory."""


_EMPTY = {
    "nan": lambda over: np.full(np.shape(over), np.nan),
    "zero": lambda over: np.zeros(np.shape(over)),
    "one": lambda over: np.ones(np.shape(over)),
    "exact": lambda over: np.where(over == 0, 1.0, 0.0),
    "errors": lambda over: 1.0 - over,
}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Judgement of one candidate on each unit of the test part: a row, a document or a piece of one, a series.

    Notes
    -----
    Shapes:

        over   (n,) hits, squared errors, bits     under  (n,) divisors
    """

    over: np.ndarray
    under: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Measure:
    """``base + scale · Σ over / Σ under``: accuracy, R², F1, 1 − error rate, bits per symbol and mean errors all have this form.

    Attributes
    ----------
    name : str
        Display name.
    higher_is_better : bool
        Which way is up.
    base, scale : float
        As in the formula.
    empty : {"nan", "zero", "one", "exact", "errors"}
        Score where Σ under is 0: none, 0, 1, 1 for no error and else 0, or 1 minus the number of errors.

    Examples
    --------
    >>> r2 = Measure(name="R²", higher_is_better=True, base=1.0, scale=-1.0)
    >>> r2.value(Judgement(over=np.array([1.0, 0.0]), under=np.array([2.0, 2.0])))
    0.75
    """

    name: str
    higher_is_better: bool = True
    base: float = 0.0
    scale: float = 1.0
    empty: str = "nan"

    def value(self, judged: Judgement) -> float:
        """Return the score."""
        return float(self._of(judged.over.sum(), judged.under.sum()))

    def _of(self, over: np.ndarray, under: np.ndarray) -> np.ndarray:
        over, under = np.asarray(over, dtype=np.float64), np.asarray(under, dtype=np.float64)
        ratio = np.divide(over, under, out=np.zeros(np.shape(under)), where=under != 0)
        return np.where(under != 0, self.base + self.scale * ratio, _EMPTY[self.empty](over))

    def resampled(self, judged: Mapping[str, Judgement], random_state: int = 0) -> dict[str, np.ndarray]:
        """Return the scores on 2,000 draws of as many units, with replacement; every draw is the same for all candidates.

        Parameters
        ----------
        judged : mapping of str to Judgement
            All over the same n units.
        random_state : int, default 0
            Seed of the draws.

        Returns
        -------
        dict of ndarray
            (2000,) scores of each candidate.

        References
        ----------
        Efron and Tibshirani 1993, "An introduction to the bootstrap"; paired as in Koehn 2004, "Statistical significance tests for
        machine translation evaluation".
        """
        names = list(judged)
        sums = np.stack([part for name in names for part in (judged[name].over, judged[name].under)], 1).astype(np.float64)
        n, random = len(sums), np.random.default_rng(random_state)
        results = []
        for _ in range(0, _DRAWS, _AT_ONCE):
            drawn = random.integers(0, n, (_AT_ONCE, n))
            times = np.stack([np.bincount(row, minlength=n) for row in drawn])
            results.append(times @ sums)
        totals = np.concatenate(results)
        return {name: self._of(totals[:, 2 * i], totals[:, 2 * i + 1]) for i, name in enumerate(names)}

    def gain(self, first: np.ndarray | float, second: np.ndarray | float) -> np.ndarray:
        """Return by how much the first is better than the second; positive is better, whichever way is up."""
        return np.subtract(first, second) if self.higher_is_better else np.subtract(second, first)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the range that holds the middle 95 % of draws."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
