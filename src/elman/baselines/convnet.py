"""ConvNet: a convolutional network on the same words, loop and head as the recurrent one (Kim 2014)."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from elman.codecs import Category, Codec, Text
from elman.codecs.capabilities import augmentation_of, with_subwords
from elman.errors import NotFittedError, SettingError
from elman.fitting.inference import decode_all, predict_rows, proba_rows
from elman.fitting.inputs import paired_rows, rows_of
from elman.fitting.learning import learn
from elman.fitting.recipe import recipe
from elman.metrics.by_target import scoring_of
from elman.network import Plan, SequenceModel, Sizes, plan
from elman.network.assembly import build
from elman.network.encoders.convolution import Convolutions
from elman.network.initialisation import initialise
from elman.network.settings import Network
from elman.training.settings import Training


class ConvNet(ClassifierMixin, BaseEstimator):
    """Filters over three, four and five words, the largest answer of each, one linear layer.

    Words are read as :class:`elman.Model` reads them, so that only the recurrence differs.

    Parameters
    ----------
    source : Codec, optional
        Source; ``Text()`` by default.
    filters : int, default 100
        Filters of each width.
    widths : tuple of int, default (3, 4, 5)
        Words that a filter sees.
    training : Training, optional
        How to learn.

    Attributes
    ----------
    classes_ : list
        The categories.
    parameters_ : int
        Trainable numbers.

    Examples
    --------
    >>> model = ConvNet(filters=4, training=Training(max_epochs=20, verbose=0))
    >>> model.fit(["good food", "bad food", "good wine", "bad wine"] * 6, [1, 0, 1, 0] * 6).predict(["good wine"]).tolist()
    [1]
    """

    def __init__(
        self,
        source: Codec | None = None,
        *,
        filters: int = 100,
        widths: tuple[int, ...] = (3, 4, 5),
        training: Training | None = None,
    ) -> None:
        self.source = source
        self.filters = filters
        self.widths = widths
        self.training = training

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from values and their categories.

        Parameters
        ----------
        X : list, array or column
            Values of the source, N rows.
        y : list, array or column
            Categories, N rows.

        Returns
        -------
        ConvNet
            The estimator itself.
        """
        xs, ys = paired_rows(X, y)
        self.source_ = with_subwords(copy.deepcopy(self.source or Text())).fit(xs)
        self.target_ = Category().fit(ys, role="target")
        if self.source_.rank != "many":
            raise SettingError(f"ConvNet reads sequences; got {type(self.source_).__name__}. Use Text(), Symbols() or Series().")
        sources, targets = self.source_.encode_all(xs), self.target_.encode_all(ys)
        sizes = Sizes.measure(self.source_, self.target_, sources, targets)
        layout = plan(self.source_, self.target_, Network(wide=False, members=1), examples=sizes)
        training = recipe(layout, self.training or Training(), len(targets))
        augment_encoded = augmentation_of(self.source_)
        learned = learn(
            layout, sources, targets, training, scoring_of(self.target_, False), build=self._build, augment_encoded=augment_encoded
        )
        self.model_, self.history_, self.classes_ = learned.model, learned.history, self.target_.classes_
        self.parameters_ = sum(weight.numel() for weight in learned.model.parameters())
        return self

    def _build(self, layout: Plan) -> SequenceModel:
        """Build the network of a plan with convolutions instead of recurrent layers, and maximum pooling."""
        network = build(replace(layout, hidden_size=max(1, self.filters * len(self.widths)), bidirectional=False, pooling="max"))
        convolutions = Convolutions(layout.embedding_size, self.filters, self.widths)
        initialise(convolutions)
        network.encoder = convolutions  # type: ignore[assignment]  # the same calls
        return network

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest category of each value."""
        sources = self._encode(X)
        return np.asarray(decode_all(self.target_, predict_rows(self.model_, sources, self.source_)))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities (N, C), columns in the order of ``classes_``."""
        sources = self._encode(X)
        return np.stack(proba_rows(self.model_, sources, self.source_))

    def _encode(self, X: Any) -> list[Any]:
        if not hasattr(self, "model_"):
            raise NotFittedError("This ConvNet is not fitted yet. Call fit(values, categories) first.")
        return self.source_.encode_all(rows_of(X, "X"))
