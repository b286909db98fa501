"""Plan: everything that was inferred, with reasons; plain values that rebuild the network without data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from elman.codecs.space import Discrete, Pixels
from elman.errors import SettingError
from elman.network.planning.checks import check
from elman.network.planning.plan import Plan
from elman.network.planning.reach import reach_of
from elman.network.planning.relation import Relation, relate
from elman.network.planning.side import HasSpace, Side
from elman.network.planning.sizes import Sizes
from elman.network.planning.sizing import choose
from elman.network.settings import Network
from elman.network.stems.backbone import backbone_grid, is_backbone
from elman.network.stems.grid import grid_of

_BEAM_SIZE = 5
_FRAME_BEAM_SIZE = 16


def plan(
    source: HasSpace | None,
    target: HasSpace,
    settings: Network | None = None,
    *,
    examples: Sizes,
    align: str = "auto",
    horizon: int | None = None,
    segment: int = 0,
) -> Plan:
    """Infer the plan of a network.

    Parameters
    ----------
    source : codec or Side or None
        Fitted codec, or a side; None for a language model.
    target : codec or Side
        Fitted codec, or a side.
    settings : Network, optional
        The user's settings; the rest is "auto".
    examples : Sizes
        Numbers about the training data, from ``Sizes.measure``.
    align : {"auto", "step", "attention", "ctc"}
        Alignment of two sequences.
    horizon : int, optional
        Steps of a forecast in one go.
    segment : int, default 0
        Steps that such a forecast reads and answers together; 0 for none.

    Returns
    -------
    Plan
        The decisions with their reasons.

    Raises
    ------
    SettingError, DataError
        If the combination is impossible; see :func:`elman.network.planning.relation.relate`.

    Examples
    --------
    >>> from elman.codecs import Continuous
    >>> sides = Side("many", Continuous(12)), Side("one", Discrete(9))
    >>> made = plan(*sides, examples=Sizes(rows=270, source_mean=15.8, source_max=26))
    >>> made.decoder, made.cell, made.bidirectional
    ('summary', 'gru', True)
    >>> Plan.from_config(made.config()) == made
    True
    """
    settings = settings or Network()
    source_side, target_side = None if source is None else Side.of(source), Side.of(target)
    relation = relate(source_side, target_side, examples, align=align, horizon=horizon, segment=segment)
    values, why = choose(source_side, target_side, examples, relation, settings)
    longest = max(8, 2 * examples.target_max)
    grid = _grid(source_side, relation, values)
    as_set = ("input_feeding", "coverage", "teacher_forcing_ratio", "recurrent_dropout", "zoneout", "layer_norm")
    output = Plan(
        relation=relation.name,
        decoder=relation.decoder,
        source=source_side,
        target=target_side,
        **{**values, "wide": int(values["wide"])},
        **{name: getattr(settings, name) for name in as_set},
        joined=examples.joined,
        horizon=horizon,
        segment=segment,
        max_length=longest,
        length_ratio=max(1.0, 1.5 * examples.longest_ratio),
        class_weights=_class_weights(target_side, examples, settings.class_weight),
        copies=_copies(settings, examples, values, why),
        grid=grid,
        stem_frozen=_frozen(settings, values["stem"]),
        body=settings.body,
        reach=reach_of(settings.body, examples, relation.name == "continue", segments=relation.decoder == "segments"),
        beam_size=_FRAME_BEAM_SIZE if relation.decoder == "ctc" else _BEAM_SIZE if _writes(relation, source_side, target_side) else 1,
        why={"relation": relation.why, **why, "max_length": f"twice the longest target seen, {examples.target_max}"} | _WHY,
    )
    return counted(output)


def counted(made: Plan, **changes: Any) -> Plan:
    """Return a plan with changes, checked, and its parameters counted anew."""
    changed = replace(made, **changes)
    check(changed)
    return replace(changed, parameters=_count(changed))


def _class_weights(target: Side, sizes: Sizes, kind: str) -> tuple[float, ...]:
    if kind not in ("none", "balanced"):
        raise SettingError(f"class_weight must be 'none' or 'balanced'; got {kind!r}.")
    if kind == "none" or not isinstance(target.space, Discrete):
        return ()
    present = [count for count in sizes.class_counts if count]
    return tuple(sum(present) / (len(present) * count) if count else 0.0 for count in sizes.class_counts)


_WHY = {"beam_size": "beginnings kept when an answer is searched", "grid": "of a picture, to attend to (Xu 2015)"}


def _writes(relation: Relation, source: Side | None, target: Side) -> bool:
    """Whether symbols are written from a source, one after the other."""
    return relation.decoder == "autoregressive" and source is not None and isinstance(target.space, Discrete)


def _frozen(settings: Network, stem: str) -> bool:
    if settings.stem_weights is not None and not is_backbone(stem):
        raise SettingError(f"stem_weights are for a stem of timm, such as 'timm:resnet18'; got stem={stem!r}. Leave them out.")
    return settings.stem_weights is not None if settings.stem_frozen == "auto" else settings.stem_frozen


def _grid(source: Side | None, relation: Relation, values: dict[str, Any]) -> tuple[int, ...]:
    """Rows and columns of cells that a free sequence attends to in a picture."""
    stem = values["stem"]
    looks = relation.decoder == "autoregressive" and values["attention"] != "none" and (stem == "conv" or is_backbone(stem))
    if not looks or source is None or source.rank == "many" or not isinstance(source.space, Pixels):
        return ()
    return grid_of(source.space) if stem == "conv" else backbone_grid(stem, source.space)


def _copies(settings: Network, sizes: Sizes, values: dict[str, Any], why: dict[str, str]) -> tuple[int, ...]:
    copied = f"{sizes.copied_share:.0%} of the targets' symbols are in their own source, {sizes.chance_share:.0%} in another"
    if settings.copy == "auto":
        copies = sizes.copied_share >= 0.5 and sizes.copied_share - sizes.chance_share >= 0.25 and values["attention"] != "none"
        why["copy"] = f"{copied} (See 2017)"
        return sizes.shared if copies else ()
    if not settings.copy:
        return ()
    why["copy"] = "as set"
    if not sizes.shared or values["attention"] == "none":
        raise SettingError(
            "copy=True needs attention over a source of the same kind of symbols as the target: words and words, or subwords and subwords."
            " Leave copy at 'auto'."
        )
    return sizes.shared


def _count(made: Plan) -> int:
    import torch

    from elman.network.assembly import assemble

    with torch.device("meta"):
        return made.members * sum(p.numel() for p in assemble(made).parameters() if p.requires_grad)
