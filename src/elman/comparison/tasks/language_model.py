"""Task of a LanguageModel: its candidates, and bits per symbol."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from elman.baselines import Markov
from elman.codecs import Discrete
from elman.comparison.candidate import Candidate, networks
from elman.comparison.division import Parts
from elman.comparison.shuffling import can_shuffle, shuffled_rows
from elman.errors import DataError, SettingError
from elman.leakage import overlap as leaks
from elman.leakage.alarm import Alarm
from elman.metrics.measure import Judgement, Measure

_PIECE = 200
"""Symbols drawn together for the intervals where there are few documents: neighbours depend on each other."""
_FEW = 100
"""Documents below which pieces of them are drawn."""
_PROMPT = 30


class LanguageModelTask:
    """Documents, on one split; symbols are the same for all candidates, and ends of documents count.

    Parameters
    ----------
    estimator : LanguageModel
        Unfitted, as the caller gave it.
    parts : Parts
        The split.
    random_state : int
        Seed of the shuffling.
    """

    kind = "continue"
    measure = Measure(name="bits per symbol", higher_is_better=False)

    def __init__(self, estimator: Any, parts: Parts, random_state: int) -> None:
        self.estimator, self.parts, self.seed = estimator, parts, random_state
        self.codec = copy.deepcopy(estimator.codec).fit(parts.train_x, role="target")
        if self.codec.rank != "many" or not isinstance(self.codec.space, Discrete):
            raise SettingError(f"LanguageModel continues sequences of symbols; {type(self.codec).__name__} is not one. Use Text().")
        self.steps = [len(row) for row in self.codec.encode_all(parts.test_x)]
        if not sum(self.steps):
            raise DataError("The test part holds no symbol. Give longer documents, or test=.")
        self.unit = "document" if len(self.steps) >= _FEW else f"piece of {_PIECE} symbol"

    def candidates(self) -> list[Candidate]:
        """Return who can do this task."""
        codec = self.estimator.codec

        def simple(name: str, label: str, rank: int, **settings: Any) -> Candidate:
            return Candidate(name=name, label=label, kind="simple", rank=rank, make=lambda: Markov(copy.deepcopy(codec), **settings))

        chains = [
            simple("frequency", "how frequent each symbol is", 0, order=1),
            simple("bigram", "the symbol before", 1, order=2),
            simple("markov", "Markov chain, Kneser-Ney", 2),
            simple("ppm", "Markov chain, PPM", 2, smoothing="ppm"),
        ]
        single = {"network__ngram_order": 0}
        others = networks(self.estimator, single, "lstm", fixed="window", fixed_label="a layer over the last 8 symbols")
        return [*chains, *(one for one in others if not one.shuffles or can_shuffle(codec))]

    def fit(self, estimator: Any, candidate: Candidate) -> Any:
        """Let one learn from the training part."""
        return estimator.fit(self._seen(candidate, self.parts.train_x, 0))

    def judge(self, estimator: Any, candidate: Candidate) -> Judgement:
        """Count the bits of the test part."""
        bits = estimator.surprisal(self._seen(candidate, self.parts.test_x, 1))
        if len(bits) < _FEW:
            bits = [piece for document in bits for piece in np.array_split(document, max(1, round(len(document) / _PIECE)))]
        return Judgement(over=np.array([b.sum() for b in bits]), under=np.array([float(len(b)) for b in bits]))

    def _seen(self, candidate: Candidate, texts: list[Any], part: int) -> list[Any]:
        return shuffled_rows(texts, self.estimator.codec, 2 * self.seed + part) if candidate.shuffles else texts

    def ask(self, estimator: Any) -> Callable[[int], Any]:
        """Return how the next symbol after thirty is asked for."""
        return lambda row: estimator.next(self.parts.test_x[row][:_PROMPT])

    def content(self) -> Any:
        """Return the data that decide the results beside the settings."""
        return self.kind, self.parts.train_x, self.parts.test_x

    def lengths(self) -> np.ndarray | None:
        """Documents may be cut into pieces; there is nothing to compare by."""
        return None

    def alarms(self) -> list[Alarm]:
        """Look for leaks."""
        p = self.parts
        results = [*leaks.duplicates(p.train_x, p.test_x)]
        if self.codec.modality == "text":
            results += leaks.near_duplicates(p.train_x, p.test_x)
        if p.train_groups is not None and p.test_groups is not None:
            results += leaks.groups(p.train_groups, p.test_groups)
        return results

    def notes(self) -> list[str]:
        """Nothing limits everything that can be concluded but the intervals."""
        return []
