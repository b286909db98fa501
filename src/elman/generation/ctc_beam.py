"""Prefix beam search over CTC frames: sums over all ways to write the same symbols (Graves 2012, section 7.5.3; Hannun 2014)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from elman.errors import SettingError
from elman.generation.ctc_plain import PlainBeam, Prior
from elman.kernels import ctc
from elman.ngrams import KneserNey, NGramModel


@dataclass(frozen=True, kw_only=True)
class CTCBeam:
    """Keep the ``size`` likeliest prefixes; each carries the chance of ending in a blank and in its last symbol.

    Runs in the compiled module, with a :class:`elman.ngrams.KneserNey` prior too; any other prior is asked symbol by symbol in Python,
    some hundred times slower.

    Attributes
    ----------
    size : int
        Prefixes kept.
    prior : KneserNey or other n-gram model or callable, optional
        Fitted on the symbols of targets; or ``prior(prefix, symbol)``, which gives a log-probability.
    prior_weight : float
        Weight of the prior.
    symbol_bonus : float
        Added for every symbol, against the prior's taste for short answers.
    threshold : float
        Symbols less likely than this in a frame are not tried (natural logarithm).

    Examples
    --------
    >>> frames = np.log([[0.6, 0.1, 0.3], [0.2, 0.2, 0.6], [0.5, 0.2, 0.3]])
    >>> CTCBeam(size=4)(frames, blank=2)
    (0,)
    >>> from elman.ngrams import KneserNey
    >>> CTCBeam(size=4, prior=KneserNey(2).fit([[0, 0], [0, 0]], vocabulary_size=2), symbol_bonus=1.0)(frames, blank=2)
    (0, 0)
    """

    size: int = 16
    prior: NGramModel | Prior | None = None
    prior_weight: float = 0.5
    symbol_bonus: float = 0.0
    threshold: float = -12.0

    def __post_init__(self) -> None:
        """Refuse values that cannot be."""
        if isinstance(self.size, bool) or not isinstance(self.size, int | np.integer) or self.size < 1:
            raise SettingError(f"beam size must be a whole number of at least 1; got {self.size!r}.")
        for name in ("prior_weight", "symbol_bonus"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value):
                raise SettingError(f"{name} must be a finite number; got {value!r}.")
        if self.prior is not None and not isinstance(self.prior, NGramModel) and not callable(self.prior):
            raise SettingError(
                f"prior must be a fitted n-gram model of elman.ngrams, or a function of prefix and symbol; got {self.prior!r}."
            )

    def __call__(self, log_probs: np.ndarray, blank: int) -> tuple[int, ...]:
        """Return the best symbols for frames (T, V + 1)."""
        return self.n_best(log_probs, blank, 1)[0][0]

    def n_best(self, log_probs: np.ndarray, blank: int, count: int | None = None) -> list[tuple[tuple[int, ...], float]]:
        """Return different answers with their scores, best first.

        Parameters
        ----------
        log_probs : np.ndarray
            (T, V + 1) log-probabilities.
        blank : int
            Index of the blank.
        count : int, optional
            Answers at most; ``size`` by default.

        Returns
        -------
        list of tuple
            Symbols and score (log-probability plus prior and bonus).
        """
        search = self.begin(np.shape(log_probs)[-1], blank)
        search.feed(log_probs)
        return search.best(self.size if count is None else count)

    def begin(self, classes: int, blank: int) -> ctc.PrefixBeam | PlainBeam:
        """Return a search that is fed frames piece by piece.

        Parameters
        ----------
        classes : int
            Columns of a frame, the blank included.
        blank : int
            Index of the blank.

        Returns
        -------
        PrefixBeam or PlainBeam
            With ``feed(frames)`` and ``best(count)``.
        """
        self._check_prior(blank)
        shape: dict[str, Any] = {"size": self.size, "classes": classes, "blank": blank, "threshold": self.threshold}
        shape |= {"symbol_bonus": float(self.symbol_bonus), "prior_weight": float(self.prior_weight)}
        if ctc.available() and (self.prior is None or isinstance(self.prior, KneserNey)):
            return ctc.PrefixBeam(**shape, **self._table)
        return PlainBeam(**shape, prior=self.prior.prior() if isinstance(self.prior, NGramModel) else self.prior)

    @cached_property
    def _table(self) -> dict[str, Any]:
        return {"prior": self.prior.backoff_table(), "start": int(self.prior.start())} if isinstance(self.prior, KneserNey) else {}

    def _check_prior(self, symbols: int) -> None:
        if isinstance(self.prior, NGramModel) and self.prior.classes_ - self.prior.end != symbols:
            raise SettingError(
                f"the prior knows {self.prior.classes_ - self.prior.end} symbols and the model {symbols}."
                " Fit it on the targets as the model's own codec encodes them: model.target_.encode_all(texts)."
            )
