"""Model: one thing to another. Text to category, series to number, picture to words, steps to steps."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

import numpy as np

from elman.codecs import Codec, Discrete
from elman.errors import DataError, DataTypeError, SettingError
from elman.estimators._base import Estimator
from elman.estimators._inference import decode_all, length_of, predict_rows, proba_rows
from elman.estimators._learning import learn
from elman.estimators._rows import paired_rows, rows_of
from elman.estimators._scoring import scoring_of
from elman.estimators._streaming import ModelStream
from elman.network import Plan, Sizes, plan
from elman.network.settings import Network
from elman.training.settings import Training


class Model(Estimator):
    """A recurrent network from values of one kind to values of another.

    Parameters
    ----------
    source : Codec
        What goes in: ``Text()``, ``Series()``, ``Image()``, ``Symbols()``, ``Category()``, ``Record(…)``, …
    target : Codec
        What comes out.
    align : {"auto", "step", "attention", "ctc"}, default "auto"
        How two sequences belong together: one answer per step, freely, or monotonically (sound, handwriting, print).
    network : Network, optional
        Cell, sizes and regularisation; whatever is "auto" is decided from the data.
    training : Training, optional
        Epochs, budget, learning rate, seed, checkpoints.

    Attributes
    ----------
    source_, target_ : Codec
        Fitted copies; the given codecs stay untouched.
    plan_ : Plan
        What was inferred, and why.
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

    def __init__(
        self, source: Codec, target: Codec, *, align: str = "auto", network: Network | None = None, training: Training | None = None
    ) -> None:
        self.source = source
        self.target = target
        self.align = align
        self.network = network
        self.training = training

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
        xs, ys = paired_rows(X, y)
        if len(xs) < 2:
            raise DataError(f"fit needs at least 2 rows, one to learn from and one to check on; got {len(xs)}.")
        self.source_ = copy.deepcopy(self.source).fit(xs, role="source")
        self.target_ = copy.deepcopy(self.target).fit(ys, role="target")
        return self._learn(self.source_.encode_all(xs), self.target_.encode_all(ys))

    def _learn(self, sources: list[Any], targets: list[Any]) -> Self:
        if self.align == "step":
            _check_steps(sources, targets)
        network, training = self._settings()
        sizes = Sizes.measure(self.source_, self.target_, sources, targets)
        self.plan_ = plan(self.source_, self.target_, network, align=self.align, examples=sizes)
        learned = learn(self.plan_, sources, targets, training, scoring_of(self.target_, self.plan_.decoder == "step"))
        self.model_, self.history_, self.baseline_ = learned.model, learned.history, learned.baseline
        return self

    def predict(self, X: Any, **decoding: Any) -> Any:
        """Return one value of the target's kind for each row.

        Parameters
        ----------
        X : list, array or column
            Values of the source.
        **decoding : Any
            For free sequences: ``beam_size``, ``max_length``, ``n_best`` and the other options of the decoder.

        Returns
        -------
        list or array
            Values as the target codec decodes them, plain strings and numbers as an array; with ``n_best=k`` a list of k of them a row.
        """
        self._check_fitted()
        sources = self._encode(X)
        return decode_all(self.target_, predict_rows(self.model_, sources, self.source_, **decoding), nested="n_best" in decoding)

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

    def stream(self) -> ModelStream:
        """Return a stream: one value read piece by piece, answered as it comes, with the bits of ``predict``.

        Returns
        -------
        ModelStream
            For models that read one way and answer each step, or sum up (``Network(bidirectional=False)``).
        """
        self._check_fitted()
        return ModelStream(self.model_, self.source_, self.target_)

    def score(self, X: Any, y: Any) -> float:
        """Return accuracy for categories, F1 for tags, R² for numbers, 1 - edit-distance rate for free sequences.

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
        truth = self.target_.encode_all(ys)
        sources = self.source_.encode_all(xs)
        return self._scoring().score(predict_rows(self.model_, sources, self.source_), truth)

    def plan(self) -> Plan:
        """Return what was inferred from the data (relation, decoder, sizes) and why; printable."""
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
        return scoring_of(self.target_, self.plan_.decoder == "step")

    def _encode(self, X: Any) -> list[Any]:
        return self.source_.encode_all(rows_of(X, "X"))

    def _check_codecs(self) -> None:
        for name in ("source", "target"):
            codec = getattr(self, name)
            if not isinstance(codec, Codec):
                raise DataTypeError(
                    f"{name} must be a codec such as Text() or Category(); got {codec!r}. Give an instance, not a class or name."
                )
        if self.align not in ("auto", "step", "attention", "ctc"):
            raise SettingError(f"align must be 'auto', 'step', 'attention' or 'ctc'; got {self.align!r}.")

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what kind of estimator this is (classifiers get stratified folds)."""
        from sklearn.utils import ClassifierTags, RegressorTags

        tags = super().__sklearn_tags__()
        one_category = type(self.target).__name__ == "Category"
        tags.estimator_type = "classifier" if one_category else "regressor" if type(self.target).__name__ == "Number" else None
        tags.classifier_tags = ClassifierTags() if tags.estimator_type == "classifier" else None
        tags.regressor_tags = RegressorTags() if tags.estimator_type == "regressor" else None
        tags.input_tags.string = tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags


def _check_steps(sources: list[Any], targets: list[Any]) -> None:
    for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
        given, wanted = length_of(target), length_of(source)
        if given != wanted:
            raise DataError(
                f"align='step' needs one answer for each step: the source has {wanted} steps; the target has {given}."
                " Repair the row, or use align='attention'.",
                row=row,
            )
