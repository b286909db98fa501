"""Model: one thing to another. Text to category, series to number, picture to words, steps to steps."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self, TypedDict, Unpack, overload

import numpy as np

from elman.codecs import Codec, Continuous, Discrete
from elman.codecs.capabilities import with_subwords
from elman.codecs.lazy_files import encoded
from elman.errors import DataError, DataTypeError
from elman.estimators.base import Estimator
from elman.estimators.saving import settings_spec
from elman.fitting.inference import length_of, predict_rows, proba_rows
from elman.fitting.inputs import paired_rows, rows_of
from elman.fitting.learning import learn
from elman.fitting.recipe import recipe
from elman.generation.options import Decoding, decoding_of
from elman.mapping import attribution
from elman.mapping.answers import answers_of
from elman.mapping.attribution import Attribution, index_of
from elman.mapping.codecs import compare_symbols, fit_codecs
from elman.mapping.pair import Pair, place
from elman.mapping.recipe import settings_of
from elman.mapping.stream import ModelStream
from elman.mapping.transcript import Transcript, transcribe
from elman.metrics.by_target import scoring_of
from elman.network import Plan, Sizes, plan
from elman.network.backbone_weights import building
from elman.network.decoders.boxes import LEAST
from elman.network.planning.relation import check_alignment
from elman.network.settings import Network
from elman.sequences.threads import reproducible
from elman.training.settings import Training


class SearchOptions(TypedDict, total=False):
    """Options of :meth:`Model.predict`, for type checkers."""

    beam_size: int | None
    length_penalty: float | None
    max_length: int | None
    min_length: int | None
    no_repeat_ngram: int | None
    constraint: Callable[[tuple[int, ...]], Collection[int]] | None
    allow_unknown: bool | None
    prior: Any
    prior_weight: float | None
    symbol_bonus: float | None
    min_score: float | None
    n_best: int | None


class Model(Estimator):
    """A recurrent network from values of one kind to values of another.

    Parameters
    ----------
    source : Codec
        Codec of the inputs: ``Text()``, ``Series()``, ``Image()``, ``Symbols()``, ``Category()``, ``Record(…)``, …
    target : Codec
        Codec of the outputs.
    align : {"auto", "step", "attention", "ctc"} or str, default "auto"
        Alignment of two sequences: one answer per step, freely, or monotonically (sound, handwriting, print); or the name of a decoder of
        somebody else (:mod:`elman.network.decoders.registry`).
    network : Network, optional
        Cell, sizes and regularisation; whatever is "auto" is decided from the data.
    training : Training, optional
        Epochs, budget, learning rate, seed, checkpoints.

    Attributes
    ----------
    source_, target_ : Codec
        Fitted copies; the given codecs stay untouched.
    plan_ : Plan
        Inferred settings, and the reasons.
    history_ : History
        One row an epoch.
    baseline_ : float
        Score of the simplest guess on the held-out part (or on the training rows when nothing was held out).

    Examples
    --------
    >>> from elman import Category, Model, Series, Training
    >>> rises, falls = [[0, 1, 2], [1, 3], [0, 2, 5, 9]], [[2, 1, 0], [3, 1], [9, 5, 2, 0]]
    >>> model = Model(Series(), Category(), training=Training(max_epochs=30, verbose=0))
    >>> model.fit(rises * 4 + falls * 4, ["up"] * 12 + ["down"] * 12).predict([[1, 2, 3, 4]])
    array(['up'], dtype='<U2')
    """

    kind: ClassVar[str] = "model"

    source_: Codec
    target_: Codec

    def __init__(
        self, source: Codec, target: Codec, *, align: str = "auto", network: Network | None = None, training: Training | None = None
    ) -> None:
        self.source = source
        self.target = target
        self.align = align
        self.network = network
        self.training = training

    @reproducible()
    def fit(self, X: Any, y: Any) -> Self:
        """Learn from pairs.

        Parameters
        ----------
        X : list, array or column
            Values of the source, N rows.
        y : list, array or column
            Values of the target, N rows.

        Returns
        -------
        Model
            The estimator itself.
        """
        self._check_codecs()
        settings = settings_spec(self)
        xs, ys = paired_rows(X, y)
        if len(xs) < 2:
            raise DataError(f"fit needs at least 2 rows, one to learn from and one to check on; got {len(xs)}.")
        source = copy.deepcopy(self.source)
        if source.rank == "many" and (self.target.rank == "one" or self.align == "step"):
            source = with_subwords(source)
        ys = place(source, self.target, xs, ys)
        source, target = fit_codecs(source, self.target, xs, ys, self.align)
        return self._conclude(settings, **self._learn(source, target, xs, ys))

    def _learn(self, source: Codec, target: Codec, xs: list[Any], ys: list[Any]) -> dict[str, Any]:
        """Return the fitted attributes."""
        sources, targets = encoded(source, xs, eager=self.align == "step"), target.encode_all(ys)
        if self.align == "step":
            _check_steps(sources, targets)
        network, training = self._settings()
        sizes = replace(Sizes.measure(source, target, sources, targets), **compare_symbols(source, target, xs, ys))
        pair = Pair(source=source, target=target, plan=plan(source, target, network, align=self.align, examples=sizes))
        if pair.plan.copies:
            sources, targets = pair.encode_sources(xs), pair.encode_targets(xs, ys)
        pair.check_lengths(sources, targets)
        training = recipe(pair.plan, settings_of(pair.plan, training, len(ys)), len(ys))
        scoring = scoring_of(target, pair.plan.answers_steps)
        augment_encoded, augment_pair = pair.augmentations()
        build = building(network)
        learned = learn(
            pair.plan, sources, targets, training, scoring, build=build, augment_encoded=augment_encoded, augment_pair=augment_pair
        )
        return {"source_": source, "target_": target, **learned.attributes()}

    @property
    def pair_(self) -> Pair:
        """Both fitted codecs and the plan: from values to encoded rows, and from answers back to values."""
        self._check_fitted()
        return Pair(source=self.source_, target=self.target_, plan=self.plan_)

    @overload
    def predict(
        self,
        X: Any,
        *,
        return_scores: Literal[True],
        return_attention: bool = ...,
        return_alignment: bool = ...,
        **options: Unpack[SearchOptions],
    ) -> tuple[Any, ...]: ...
    @overload
    def predict(
        self,
        X: Any,
        *,
        return_attention: Literal[True],
        return_scores: bool = ...,
        return_alignment: bool = ...,
        **options: Unpack[SearchOptions],
    ) -> tuple[Any, ...]: ...
    @overload
    def predict(
        self,
        X: Any,
        *,
        return_alignment: Literal[True],
        return_scores: bool = ...,
        return_attention: bool = ...,
        **options: Unpack[SearchOptions],
    ) -> tuple[Any, ...]: ...
    @overload
    def predict(self, X: Any, **options: Unpack[SearchOptions]) -> Any: ...
    def predict(
        self,
        X: Any,
        *,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        max_length: int | None = None,
        min_length: int | None = None,
        no_repeat_ngram: int | None = None,
        constraint: Callable[[tuple[int, ...]], Collection[int]] | None = None,
        allow_unknown: bool | None = None,
        prior: Any = None,
        prior_weight: float | None = None,
        symbol_bonus: float | None = None,
        min_score: float | None = None,
        n_best: int | None = None,
        return_scores: bool = False,
        return_attention: bool = False,
        return_alignment: bool = False,
    ) -> Any:
        """Return one value of the target's kind for each row.

        An option is refused where it does not belong: the search options are for free sequences, ``prior`` for frames (CTC), ``min_score``
        for boxes.

        Parameters
        ----------
        X : list, array or column
            Values of the source, N rows.
        beam_size : int, optional
            Beginnings kept in the search of a free sequence: by default 5 where symbols are written from a source, 16 in frames (CTC); 1
            takes the likeliest at every step.
        length_penalty : float, optional
            Exponent of the length that a log-probability is divided by; larger values favour longer answers.
        max_length : int, optional
            Most symbols, or boxes, of an answer.
        min_length : int, optional
            Least symbols of an answer.
        no_repeat_ngram : int, optional
            Length of the n-grams that an answer may have once only.
        constraint : callable, optional
            From the indices so far to the indices that may follow.
        allow_unknown : bool, optional
            Let an answer have the unknown symbol.
        prior : n-gram model, optional
            Fitted on ``target_.encode_all(texts)``; its log-probability times ``prior_weight`` is added in the search over frames.
        prior_weight : float, optional
            Weight of the prior.
        symbol_bonus : float, optional
            Bonus for each symbol.
        min_score : float, optional
            Least score of a box, 0..1; 0.5 by default.
        n_best : int, optional
            Return a list of up to this many different answers a row, best first.
        return_scores : bool, default False
            Also return the score of each answer: its log-probability over a penalty for its length.
        return_attention : bool, default False
            Also return an :class:`~elman.mapping.attention_map.AttentionMap` for each answer.
        return_alignment : bool, default False
            Also return an :class:`~elman.mapping.alignment.Alignment` for each answer: begin, end and confidence of each symbol.

        Returns
        -------
        list or array, or tuple
            Values as the target codec decodes them, plain strings and numbers as an array; with ``return_…`` a tuple of them and of
            each further part.
        """
        options = {
            "beam_size": beam_size, "length_penalty": length_penalty, "max_length": max_length, "min_length": min_length,
            "no_repeat_ngram": no_repeat_ngram, "constraint": constraint, "allow_unknown": allow_unknown, "prior": prior,
            "prior_weight": prior_weight, "symbol_bonus": symbol_bonus, "min_score": min_score, "n_best": n_best,
            "return_scores": return_scores or None, "return_attention": return_attention or None,
            "return_alignment": return_alignment or None,
        }  # fmt: skip
        pair = self.pair_
        return answers_of(self.model_, pair, rows_of(X, "X"), decoding_of(self.plan_, _given(options)))

    def predict_proba(self, X: Any) -> np.ndarray | list[np.ndarray]:
        """Return probabilities: (N, C) for categories and tags, a list of (T, C) for aligned sequences.

        Parameters
        ----------
        X : list, array or column
            Values of the source.

        Returns
        -------
        array or list of arrays
            Columns in the order of ``classes_``.
        """
        self._check_fitted()
        rows = proba_rows(self.model_, self._encode(X), self.source_)
        return np.stack(rows) if self.target_.rank == "one" else rows

    def predict_log_proba(self, X: Any) -> np.ndarray | list[np.ndarray]:
        """Return logarithms of probabilities, as :meth:`predict_proba` gives them; a probability that rounds to 0 has about -103.

        Parameters
        ----------
        X : list, array or column
            Values of the source.

        Returns
        -------
        array or list of arrays
            Columns in the order of ``classes_``.
        """
        proba = self.predict_proba(X)
        return [_log(row) for row in proba] if isinstance(proba, list) else _log(proba)

    def attribute(self, value: Any, answer: Any = None, *, method: str = "integrated", steps: int = 32) -> Attribution:
        """Return which pieces of one value moved an answer: words of a text, symbols, steps of a series, rows of a picture.

        Integrated gradients (Sundararajan 2017) over the vectors of the steps, from vectors of zeros; scores of a linear part on n-grams
        are added to the words of each n-gram. The scores sum to the change of the answer's score, up to the number of ``steps``.

        Parameters
        ----------
        value : object
            One value of the source.
        answer : object, optional
            The category or tag to explain; by default the likeliest. Of a target of several numbers, the number's place.
        method : {"integrated", "gradient"}, default "integrated"
            "gradient" is gradient × vector at the value itself: one step, and no sum.
        steps : int, default 32
            Points on the way from nothing to the value.

        Returns
        -------
        Attribution
            Pieces with scores, in order.
        """
        self._check_fitted()
        attribution.check(self.plan_, method, steps)
        encoded = self._encode([value])[0]
        output, prediction = self._output(encoded, answer)
        question = attribution.Question(encoded=encoded, output=output, method=method, steps=steps)
        return attribution.attribute(self.model_, self.source_, value, question, prediction)

    def _output(self, encoded: Any, answer: Any) -> tuple[int, Any]:
        """Place of an answer among the network's outputs, and the answer in the user's words."""
        space, classes = self.target_.space, getattr(self.target_, "classes_", None)
        if classes is not None:
            place = int(np.argmax(proba_rows(self.model_, [encoded], self.source_)[0])) if answer is None else index_of(classes, answer)
            return place, classes[place]
        count = space.d if isinstance(space, Continuous) else 1
        return index_of(range(count), 0 if answer is None else answer), answer

    def stream(self) -> ModelStream:
        """Return a stream: one value read piece by piece, answered as it comes, with the bits of ``predict``.

        Returns
        -------
        ModelStream
            For models that read one way and answer each step, or sum up: ``Network(bidirectional=False)``, for texts
            also ``members=1, wide=False``.
        """
        self._check_fitted()
        return ModelStream(self.model_, self.pair_)

    def transcribe_stream(
        self,
        chunks: Iterable[Any],
        *,
        beam_size: int | None = None,
        prior: Any = None,
        prior_weight: float | None = None,
        symbol_bonus: float | None = None,
    ) -> Iterator[Transcript]:
        """Transcribe sound while it comes: the transcript after each chunk, and at the end that of ``predict`` over all of it.

        Memory does not grow with the sound, only with the transcript.

        Parameters
        ----------
        chunks : iterable of array or (array, rate)
            Consecutive pieces of one recording, of any lengths; for other sources (``Series``) pieces of one value.
        beam_size : int, optional
            As in :meth:`predict`.
        prior : n-gram model, optional
            As in :meth:`predict`.
        prior_weight : float, optional
            As in :meth:`predict`.
        symbol_bonus : float, optional
            As in :meth:`predict`.

        Returns
        -------
        iterator of Transcript
            One a chunk, and one more at the end, whose ``final`` is true.

        Raises
        ------
        SettingError
            If the model does not write in frames (CTC), or reads both ways: fit it with ``Network(bidirectional=False)``.

        Examples
        --------
        >>> from elman import Model, Network, Series, Symbols, Training
        >>> xs = [[0.0] * 3 + [1.0] * 4 + [0.0] * 3 + [2.0] * 3, [2.0] * 4 + [0.0] * 4, [0.0] * 2 + [1.0] * 5] * 4
        >>> ys = [["one", "two"], ["two"], ["one"]] * 4
        >>> one_way, quick = Network(bidirectional=False), Training(max_epochs=3, verbose=0)
        >>> model = Model(Series(), Symbols(), align="ctc", network=one_way, training=quick)
        >>> *_, last = model.fit(xs, ys).transcribe_stream([xs[0][:4], xs[0][4:]])
        >>> last.final, last.value == model.predict(xs[:1])[0]
        (True, True)
        """
        options = {"beam_size": beam_size, "prior": prior, "prior_weight": prior_weight, "symbol_bonus": symbol_bonus}
        pair = self.pair_
        return transcribe(self.model_, pair, chunks, decoding_of(self.plan_, _given(options)))

    def score(self, X: Any, y: Any) -> float:
        """Return accuracy for categories, F1 for tags, R² for numbers, 1 - edit-distance rate for free sequences, AP@0.5 for boxes.

        Parameters
        ----------
        X : list, array or column
            Values of the source.
        y : list, array or column
            True values of the target.

        Returns
        -------
        float
            Higher is better; free sequences are compared symbol by symbol (characters, words or phonemes).
        """
        self._check_fitted()
        xs, ys = paired_rows(X, y)
        sources, truth = self._pairs(xs, ys)
        return self._scoring().score(predict_rows(self.model_, sources, self.source_, self._judged_with()), truth)

    def plan(self) -> Plan:
        """Return the inferred settings from the data (relation, decoder, sizes) and why; printable."""
        self._check_fitted()
        return self.plan_

    def _own_params(self) -> dict[str, Any]:
        return {"align": self.align}

    @classmethod
    def _from_params(cls, source: Codec, target: Codec, params: dict[str, Any], groups: dict[str, Any]) -> Self:
        return cls(source, target, align=params["align"], **groups)

    @property
    def classes_(self) -> list[Any]:
        """The categories, in the order of the columns of ``predict_proba``."""
        self._check_fitted()
        if self.target_.rank != "one" or not isinstance(self.target_.space, Discrete):
            raise AttributeError(f"classes_ is for a target of categories; this target is {type(self.target_).__name__}.")
        return list(self.target_.classes_)  # pyright: ignore[reportAttributeAccessIssue]  # Category has them

    def _scoring(self) -> Any:
        return scoring_of(self.target_, self.plan_.answers_steps)

    def _judged_with(self) -> Decoding:
        """How answers are searched to be scored: of boxes also those that are not sure, for the curve."""
        return decoding_of(self.plan_, {"min_score": LEAST} if self.plan_.finds_places else {})

    def _encode(self, X: Any) -> list[Any]:
        return self.pair_.encode_sources(rows_of(X, "X"))

    def _pairs(self, xs: list[Any], ys: list[Any]) -> tuple[list[Any], list[Any]]:
        pair = self.pair_
        return pair.encode_sources(xs), pair.encode_targets(xs, ys)

    def _check_codecs(self) -> None:
        for name in ("source", "target"):
            codec = getattr(self, name)
            if not isinstance(codec, Codec):
                raise DataTypeError(
                    f"{name} must be a codec such as Text() or Category(); got {codec!r}. Give an instance, not a class or name."
                )
        check_alignment(self.align)

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags (classifiers get stratified folds)."""
        from sklearn.utils import ClassifierTags, RegressorTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = getattr(self.target, "estimator_type", None)
        tags.classifier_tags = ClassifierTags() if tags.estimator_type == "classifier" else None
        tags.regressor_tags = RegressorTags() if tags.estimator_type == "regressor" else None
        tags.input_tags.string = tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were set: a model refuses those that do not belong to it."""
    return {name: value for name, value in options.items() if value is not None}


def _log(proba: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(proba, np.finfo(proba.dtype).smallest_subnormal))


def _check_steps(sources: list[Any], targets: list[Any]) -> None:
    for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
        actual, expected = length_of(target), length_of(source)
        if actual != expected:
            raise DataError(
                f"align='step' needs one answer for each step: the source has {expected} steps; the target has {actual}."
                " Repair the row, or use align='attention'.",
                row=row,
            )
