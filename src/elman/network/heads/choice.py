"""Which head belongs to a space."""

from __future__ import annotations

from torch import nn

from elman.codecs.space import Binary, Continuous, Discrete, Product, Space
from elman.errors import SettingError, did_you_mean
from elman.network.heads._base import Head
from elman.network.heads.adaptive import AdaptiveHead
from elman.network.heads.bernoulli import BernoulliHead
from elman.network.heads.chain import ChainHead
from elman.network.heads.continuous import ContinuousHead, GaussianHead, MedianHead, PointHead, StudentTHead
from elman.network.heads.counts import NegativeBinomialHead
from elman.network.heads.pen import PenHead
from elman.network.heads.product import ProductHead
from elman.network.heads.quantile import QuantileHead
from elman.network.heads.softmax import SoftmaxHead

CONTINUOUS: dict[str, type[ContinuousHead]] = {
    "point": PointHead,
    "median": MedianHead,
    "gaussian": GaussianHead,
    "student_t": StudentTHead,
    "negative_binomial": NegativeBinomialHead,
    "quantile": QuantileHead,
}


def make_head(
    space: Space,
    in_features: int,
    *,
    kind: str = "point",
    dropout: float = 0.0,
    label_smoothing: float = 0.0,
    class_weight: tuple[float, ...] | None = None,
    extra: int = 0,
    tied: nn.Parameter | None = None,
    cutoffs: tuple[int, ...] = (),
    horizon: int | None = None,
) -> Head:
    """Make the head of a space.

    Parameters
    ----------
    space : Space
        Space of one element of the target.
    in_features : int
        Size of the features.
    kind : {"point", "median", "gaussian", "student_t", "negative_binomial", "quantile", "chain", "pen"}
        Distribution of real numbers; "chain" is for yes/no answers that know each other, "pen" for the steps of a pen.
    dropout : float
        Dropout on the features.
    label_smoothing : float
        For Discrete spaces.
    class_weight : tuple of float, optional
        For Discrete spaces: one weight per class of the codec; the decoder's own classes weigh 1.
    extra : int
        Classes the decoder adds after the codec's own (end, blank).
    tied : nn.Parameter, optional
        Embedding weights to share with a softmax.
    cutoffs : tuple of int
        Where the bands of an adaptive softmax begin; none for a plain one.
    horizon : int, optional
        Steps of a forecast given in one go.

    Returns
    -------
    Head
        The head.

    Raises
    ------
    SettingError
        If the space cannot be a target, or the kind is unknown.
    """
    if isinstance(space, Discrete):
        if cutoffs:
            return AdaptiveHead(in_features, space.n + extra, cutoffs, dropout=dropout, tied=tied)
        weights = None if class_weight is None else (*class_weight, *[1.0] * extra)
        return SoftmaxHead(in_features, space.n + extra, dropout=dropout, label_smoothing=label_smoothing, class_weight=weights, tied=tied)
    if isinstance(space, Binary):
        return (ChainHead if kind == "chain" else BernoulliHead)(in_features, space.n, dropout=dropout)
    if isinstance(space, Continuous) and kind == "pen":
        return PenHead(in_features, dropout=dropout)
    if isinstance(space, Continuous):
        if kind not in CONTINUOUS:
            raise SettingError(f"head must be one of {sorted(CONTINUOUS)}; got {kind!r}.{did_you_mean(kind, CONTINUOUS)}")
        return CONTINUOUS[kind](in_features, (space.d,) if horizon is None else (horizon, space.d), dropout=dropout)
    if isinstance(space, Product):
        parts = {
            name: make_head(part, in_features, kind=kind, dropout=dropout, label_smoothing=label_smoothing, horizon=horizon)
            for name, part in space.parts.items()
        }
        return ProductHead(parts)
    raise SettingError(f"A {type(space).__name__} cannot be predicted. Use a target of classes, numbers or yes/no answers.")
