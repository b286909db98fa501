"""Parts of a network that several decoders build from a plan: head, encoder and the options of recurrent layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elman.codecs.space import Discrete
from elman.errors import SettingError
from elman.network.encoders import choice as body
from elman.network.encoders.encoder import Encoder
from elman.network.heads import make_head

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan


def options_of(plan: Plan) -> dict[str, Any]:
    """Return the options of recurrent layers."""
    between = plan.dropout if plan.num_layers > 1 else 0.0
    names = ("weight_dropout", "recurrent_dropout", "zoneout", "layer_norm", "num_layers", "locked_dropout")
    return {**{name: getattr(plan, name) for name in names}, "dropout": between}


def head_of(plan: Plan, features: int, **more: Any) -> Any:
    """Return the head over the target's space."""
    weights = plan.class_weights or None
    options = {"kind": plan.head, "dropout": plan.dropout, "label_smoothing": plan.label_smoothing, "class_weight": weights}
    return make_head(plan.target.space, features, **{**options, **more})


def classes_of(plan: Plan) -> int:
    """Return the number of symbols of the target."""
    if not isinstance(plan.target.space, Discrete):
        raise SettingError(f"CTC and copying write symbols; got a target of {plan.target.space}. Use align='attention'.")
    return plan.target.space.n


def banned_of(plan: Plan) -> tuple[int, ...]:
    """Return the indices that are never predicted."""
    return () if plan.target.unknown is None else (plan.target.unknown,)


def encoder_of(p: Plan) -> Any:
    """Return the encoder of a source of rank "many"."""
    if p.body != "recurrent":
        return body.continuing(p) if p.segment else body.encoder(p)
    return Encoder(p.cell, p.embedding_size, p.hidden_size, bidirectional=p.bidirectional, options=options_of(p))
