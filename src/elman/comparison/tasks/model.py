"""The task of a Model: one thing to another. Who can take part, and how an answer is judged."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from sklearn.base import clone

from elman import baselines
from elman.codecs import Codec, Continuous
from elman.codecs.capabilities import has_text_level, spells
from elman.comparison.candidate import Candidate, networks
from elman.comparison.division import Parts
from elman.comparison.shuffling import can_shuffle, shuffled_rows
from elman.errors import DataError, SettingError
from elman.fitting.inference import length_of
from elman.leakage import overlap as leaks
from elman.leakage.alarm import Alarm
from elman.leakage.targets import hidden_targets
from elman.mapping.codecs import fit_codecs, fit_target
from elman.metrics.by_target import scoring_of
from elman.metrics.measure import Judgement
from elman.training.settings import Training

_SINGLE = {"network__members": 1, "network__wide": False}


class ModelTask:
    """Rows with answers, on one split.

    Parameters
    ----------
    estimator : Model
        Unfitted, as the caller gave it.
    parts : Parts
        The split.
    random_state : int
        Seed of the shuffling.
    """

    unit = "row"

    def __init__(self, estimator: Any, parts: Parts, random_state: int) -> None:
        self.estimator, self.parts, self.seed = estimator, parts, random_state
        self.source, self.target = estimator.source, estimator.target
        self._check()
        self.aligned = self.target.rank == "many" and self._is_aligned()
        self.target_ = fit_target(self.source, self.target, parts.train_x, parts.train_y, estimator.align)
        self.scoring = scoring_of(self.target_, self.aligned)
        if self.scoring.measure is None or self.scoring.judge is None:
            raise SettingError(
                f"compare draws rows again for its intervals, and {self.scoring.metric} is no sum over rows; it cannot judge a target of"
                f" {type(self.target).__name__}. Fit the models yourself and compare their score()."
            )
        self.measure, self._judge = self.scoring.measure, self.scoring.judge

    def _check(self) -> None:
        if self.source.rank != "many":
            raise SettingError(
                f"{type(self.source).__name__} is one value, not a sequence: nothing recurs, so there is no recurrence to compare with."
                " Use scikit-learn's models, or a source such as Text(), Symbols() or Series()."
            )
        if _is_category(self.target):
            classes = {leaks.key(y) for y in self.parts.train_y}
            if len(classes) < 2:
                raise DataError(
                    f"The {len(self.parts.train_y)} training rows have one class only, {self.parts.train_y[0]!r}; there is nothing to tell"
                    " apart. Give rows of at least two classes."
                )
            unseen = [y for y in self.parts.test_y if leaks.key(y) not in classes]
            if unseen:
                raise DataError(f"{len(unseen)} test rows have classes that no training row has, such as {unseen[0]!r}. Move some rows.")

    def _is_aligned(self) -> bool:
        """Whether every step of a source has one answer, as in the first rows."""
        few = slice(0, 500)
        source, target = fit_codecs(self.source, self.target, self.parts.train_x[few], self.parts.train_y[few], self.estimator.align)
        pairs = zip(source.encode_all(self.parts.train_x[few]), target.encode_all(self.parts.train_y[few]), strict=True)
        return self.estimator.align == "step" or (self.estimator.align == "auto" and all(length_of(a) == length_of(b) for a, b in pairs))

    @property
    def _is_free(self) -> bool:
        return self.target.rank == "many" and not self.aligned

    # -- who takes part ----------------------------------------------------------------------------------------------------

    def candidates(self) -> list[Candidate]:
        """Return who can do this task."""
        results = list(self._simple())
        series = _reads_numbers(self.source)
        cell = "gru" if series and self.target.rank == "one" else "lstm"
        single = _SINGLE if self.target.rank == "one" else {"network__members": 1}
        fixed = "cnn_fixed" if self.target.rank == "one" else ""
        others = networks(self.estimator, single, cell, fixed=fixed, fixed_label="convolutions for one length")
        if self._is_free:  # a free sequence needs the recurrence of a decoder
            others = [one for one in others if one.name in ("elman", "gru", "lstm", "default", "shuffled")]
        if _is_category(self.target) and has_text_level(self.source):
            results.append(self._kim())
        sides = (self.source, self.target) if self.aligned else (self.source,)
        return [*results, *(one for one in others if not one.shuffles or all(map(can_shuffle, sides)))]

    def _kim(self) -> Candidate:
        """The convolutions that texts are usually given."""
        training = self.estimator.training

        def make() -> Any:
            """With the caller's way of learning."""
            settings = Training() if training is None else cast(Training, clone(training))
            return baselines.ConvNet(copy.deepcopy(self.source), training=settings)

        return Candidate(name="cnn_kim", label="convolutions over 3 to 5 words", kind="network", rank=5, make=make)

    def _simple(self) -> Sequence[Candidate]:
        source, text, series = self.source, _reads_text(self.source), _reads_numbers(self.source)

        def simple(name: str, label: str, rank: int, make: Callable[[], Any]) -> Candidate:
            return Candidate(name=name, label=label, kind="simple", rank=rank, make=make)

        if _is_category(self.target):
            results = [simple("frequency", "always the most frequent", 0, baselines.Frequency)]
            results.append(simple("prior", "drawn as often as seen", 0, baselines.PriorSampling))
            if spells(source):
                results.append(simple("markov", "Markov chain for each class", 2, lambda: baselines.Markov(copy.deepcopy(source))))
            if text:
                results.append(simple("bag_of_words", "bag of words, linear", 3, baselines.BagOfWords))
            if series:
                results.append(simple("bag_of_steps", "bag of steps, linear", 3, lambda: baselines.BagOfSteps(copy.deepcopy(source))))
            return results
        if _is_tags(self.target):
            return [simple("frequency", "the most common tags", 0, baselines.Constant)]
        if self.target.rank == "one":
            results = [simple("frequency", "always the mean", 0, lambda: baselines.Constant("mean"))]
            if series and self.target.estimator_type == "regressor":
                results.append(simple("bag_of_steps", "bag of steps, linear", 3, lambda: baselines.BagOfSteps(copy.deepcopy(source))))
            return results
        if self.aligned and isinstance(self.target_.space, Continuous):
            return [simple("frequency", "always the mean step", 0, lambda: baselines.Constant("mean_step"))]
        if self.aligned and not has_text_level(self.target):
            results = [simple("frequency", "the most frequent label", 0, lambda: baselines.Constant("step"))]
            if spells(source) and not has_text_level(source):
                results.append(simple("usual_label", "the usual label of each symbol", 1, baselines.UsualLabel))
            return results
        if self.aligned:  # of texts, whose words are no labels to count
            return []
        return [simple("frequency", "the most common answer", 0, baselines.Constant)]

    # -- learning and judging ----------------------------------------------------------------------------------------------

    def fit(self, estimator: Any, candidate: Candidate) -> Any:
        """Let one learn from the training part."""
        xs, ys = self._seen(candidate, self.parts.train_x, self.parts.train_y, 0)
        return estimator.fit(xs, np.asarray(ys) if isinstance(estimator, baselines.PriorSampling) else ys)

    def judge(self, estimator: Any, candidate: Candidate) -> Judgement:
        """Let one answer the test part."""
        xs, ys = self._seen(candidate, self.parts.test_x, self.parts.test_y, 1)
        answers = estimator.predict(xs)
        answers = list(answers.tolist() if isinstance(answers, np.ndarray) else answers)
        return self._judge(self.target_.encode_all(answers), self.target_.encode_all(ys))

    def _seen(self, candidate: Candidate, xs: list[Any], ys: list[Any], part: int) -> tuple[list[Any], list[Any]]:
        if not candidate.shuffles:
            return xs, ys
        seed = 2 * self.seed + part
        # answers go with their steps; the same rows give the same orders
        return shuffled_rows(xs, self.source, seed), shuffled_rows(ys, self.target, seed) if self.aligned else ys

    def ask(self, estimator: Any) -> Callable[[int], Any]:
        """Return how one row alone is answered."""
        return lambda row: estimator.predict([self.parts.test_x[row]])

    def content(self) -> Any:
        """Return the data that decide the results beside the settings."""
        return self.measure.name, self.aligned, self.parts.train_x, self.parts.train_y, self.parts.test_x, self.parts.test_y

    # -- further questions ------------------------------------------------------------------------------------------------

    def lengths(self) -> np.ndarray | None:
        """Return how many steps each test row has."""
        fitted = copy.deepcopy(self.source).fit(self.parts.train_x)
        return np.array([length_of(row) for row in fitted.encode_all(self.parts.test_x)])

    def alarms(self) -> list[Alarm]:
        """Look for leaks."""
        p = self.parts
        results = [*leaks.duplicates(p.train_x, p.test_x), *leaks.near_duplicates(p.train_x, p.test_x)]
        if p.train_groups is not None and p.test_groups is not None:
            results += leaks.groups(p.train_groups, p.test_groups)
        if _is_category(self.target):
            results += hidden_targets(p.train_x, p.train_y)
        if _reads_numbers(self.source):
            train, test = ([np.asarray(x, dtype=np.float64) for x in xs] for xs in (p.train_x, p.test_x))
            results += [] if any(alarm.kind == "duplicates" for alarm in results) else leaks.overlaps(train, test)
            results += leaks.joint_scaling(train, test)
        return results

    def notes(self) -> list[str]:
        """Return remarks that limit the conclusions."""
        classes = len({leaks.key(y) for y in self.parts.train_y}) if _is_category(self.target) else 0
        if len(self.parts.test_x) < classes:
            return [f"The test part has {len(self.parts.test_x)} rows for {classes} classes: hardly any difference can show."]
        return []


def _is_category(target: Codec) -> bool:
    return target.estimator_type == "classifier"


def _is_tags(target: Codec) -> bool:
    """Several yes or no answers about a whole: a set of labels."""
    return target.is_multilabel


def _reads_text(source: Codec) -> bool:
    return source.modality in ("text", "symbols")


def _reads_numbers(source: Codec) -> bool:
    return source.modality == "series"
