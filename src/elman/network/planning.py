"""Plan: everything that was inferred, with reasons; plain values that rebuild the network without data."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from elman.codecs.space import Discrete, Pixels
from elman.errors import DataError, SettingError
from elman.network.backbone import backbone_grid, is_backbone
from elman.network.grid import grid_of
from elman.network.plan_checks import PENALTIES, check, check_preparation
from elman.network.reach import reach_of
from elman.network.relation import Relation, relate
from elman.network.settings import Network
from elman.network.sizes import Sizes
from elman.network.sizing import choose
from elman.network.spaces import HasSpace, Side

PLAN_VERSION = 1

_LISTS = ("class_weights", "cutoffs", "copies", "grid")
_BEAM_SIZE = 5
_FRAME_BEAM_SIZE = 16
_ADDED: dict[str, Any] = {
    "input_dropout": 0.0,
    "embedding_dropout": 0.0,
    "locked_dropout": False,
    "activation_penalty": 0.0,
    "temporal_activation_penalty": 0.0,
    "cutoffs": [],
    "copies": [],
    "coverage": 0.0,
    "teacher_forcing_ratio": 1.0,
    "beam_size": 1,
    "word_dropout": 0.0,
    "wide": 0,
    "ngram_order": 0,
    "members": 1,
    "body": "recurrent",
    "reach": 0,
    "segment": 0,
    "grid": [],
    "stem_frozen": False,
    "preparation": {},
}
"""What files of earlier versions do not say, and what they mean by that."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a network will be. ``str(plan)`` is a table; ``config()`` is plain JSON; ``elman.network.build`` makes the network.

    Attributes
    ----------
    relation, decoder : str
        What the table of relations said.
    source, target : Side
        Rank and space of both sides; no source for a language model.
    cell, hidden_size, num_layers, … :
        As in :class:`elman.Network`, with every "auto" filled.
    joined : bool
        Parts of the source are laid end to end.
    horizon : int or None
        Steps answered in one go.
    max_length : int
        Longest answer given by default.
    length_ratio : float
        Longest answer over its source by default.
    class_weights : tuple of float
        Weight of each class in the loss; empty for none.
    cutoffs : tuple of int
        Where the bands of an adaptive softmax begin; empty for a plain one.
    copies : tuple of int
        For each symbol of the source the target's index when it is copied, -1 for none; empty where nothing is copied.
    beam_size : int
        Beginnings kept when answers are searched; 1 takes the likeliest symbol at every step.
    wide : int
        n-grams of the linear model beside the recurrent one; 0 for none (1 until they are counted).
    ngram_order : int
        Length of the n-grams whose probabilities are mixed into a language model's; 0 for none.
    members : int
        Networks whose answers are averaged.
    body : str
        What reads the steps.
    reach : int
        Steps that a body without a memory sees; 0 for the recurrence.
    segment : int
        Steps of a segment where a forecast reads and answers by segments; 0 elsewhere.
    grid : tuple of int
        Rows and columns of cells of a picture that an answer looks at one by one; empty where it is one vector.
    stem_frozen : bool
        The weights of a stem of timm learn nothing.
    preparation : dict
        How series are prepared, by name: what was chosen, and why.
    parameters : int
        Trainable numbers.
    why : dict
        Reasons by name.
    """

    relation: str
    decoder: str
    source: Side | None
    target: Side
    cell: str
    hidden_size: int
    num_layers: int
    bidirectional: bool
    embedding_size: int
    pooling: str
    attention: str
    input_feeding: bool
    stem: str
    time_stride: int
    head: str
    dropout: float
    weight_dropout: float
    recurrent_dropout: float
    zoneout: float
    layer_norm: bool
    tie_weights: bool
    label_smoothing: float
    joined: bool = False
    horizon: int | None = None
    max_length: int = 1
    length_ratio: float = 1.0
    class_weights: tuple[float, ...] = ()
    input_dropout: float = 0.0
    embedding_dropout: float = 0.0
    locked_dropout: bool = False
    activation_penalty: float = 0.0
    temporal_activation_penalty: float = 0.0
    cutoffs: tuple[int, ...] = ()
    copies: tuple[int, ...] = ()
    coverage: float = 0.0
    teacher_forcing_ratio: float = 1.0
    beam_size: int = 1
    word_dropout: float = 0.0
    wide: int = 0
    ngram_order: int = 0
    members: int = 1
    body: str = "recurrent"
    reach: int = 0
    segment: int = 0
    grid: tuple[int, ...] = ()
    stem_frozen: bool = False
    preparation: dict[str, list[str]] = field(default_factory=dict)
    parameters: int = 0
    why: dict[str, str] = field(default_factory=dict)

    @property
    def attends(self) -> bool:
        """Whether an answer looks at its source while it is written: at the steps of a sequence or the cells of a picture."""
        there = self.source is not None and (self.source.rank == "many" or bool(self.grid))
        return there and self.decoder == "autoregressive" and self.attention != "none"

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        values["source"] = None if self.source is None else self.source.config()
        values["target"] = self.target.config()
        values |= {name: list(getattr(self, name)) for name in _LISTS}
        return {"version": PLAN_VERSION, **values, "why": dict(self.why)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Plan:
        """Rebuild a plan; unknown or missing keys, wrong types and absurd sizes raise DataError."""
        names = {f.name for f in fields(cls)}
        if isinstance(config, dict):
            config = {**_ADDED, **config}
        if not isinstance(config, dict) or set(config) != names | {"version"}:
            extra = sorted(set(config) ^ (names | {"version"})) if isinstance(config, dict) else []
            raise DataError(
                f"A plan must have exactly its own keys; unknown or missing: {extra}. The file is damaged or of another version."
            )
        if config["version"] != PLAN_VERSION:
            raise DataError(f"This plan has version {config['version']!r}; this elman reads {PLAN_VERSION}. Update elman.")
        values = {name: config[name] for name in names}
        values["source"] = None if values["source"] is None else Side.from_config(values["source"])
        values["target"] = Side.from_config(values["target"])
        values |= {name: tuple(values[name]) for name in _LISTS}
        check_preparation(values["preparation"])
        made = cls(**values)
        try:
            check(made)
        except SettingError as error:
            raise DataError(f"A plan holds a value that cannot be: {error} The file is damaged.") from error
        return made

    def __str__(self) -> str:
        """Show the plan as a small table."""
        shown = [(label, str(value), self.why.get(key, "")) for label, value, key in _lines(self)]
        shown[-1:-1] = [(name, chosen, why) for name, (chosen, why) in self.preparation.items()]
        widths = [max(len(line[i]) for line in shown) for i in (0, 1)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in shown)

    def _repr_html_(self) -> str:
        from elman.markup import fragment

        return fragment(self.drawn())

    def drawn(self) -> Any:
        """Return the plan as a table of names, values and reasons.

        Returns
        -------
        Markup
            The table.
        """
        from elman.markup import table

        return table(["setting", "value", "why"], [(label, str(value), self.why.get(key, "")) for label, value, key in _lines(self)])


_QUIET = {"coverage": 0.0, "teacher_forcing_ratio": 1.0}
"""Settings that are shown only where they are not the usual ones."""


def _lines(p: Plan) -> list[tuple[str, Any, str]]:
    lines: list[tuple[str, Any, str]] = [("relation", p.relation, "relation"), ("decoder", p.decoder, "decoder")]
    if p.relation != "one-to-one":
        lines += [("body", f"{p.body}, {p.reach} steps", "body")] if p.reach else [("cell", p.cell, "cell")]
        lines += [("hidden_size", p.hidden_size, "hidden_size"), ("num_layers", p.num_layers, "num_layers")]
        lines.append(("bidirectional", "yes" if p.bidirectional else "no", "bidirectional"))
    lines += [("stem", p.stem + (", frozen" if p.stem_frozen else ""), "stem"), ("embedding_size", p.embedding_size, "embedding_size")]
    if p.time_stride > 1:
        lines.append(("time_stride", p.time_stride, "time_stride"))
    if p.decoder == "summary" and p.source is not None and p.source.rank == "many":
        lines.append(("pooling", p.pooling, "pooling"))
    if p.segment:
        lines.append(("segment", f"{p.segment} steps", "segment"))
    if p.attends:
        lines.append(("attention", p.attention + (" + input feeding" if p.input_feeding else ""), "attention"))
    if p.grid:
        lines.append(("grid", f"{p.grid[0]} x {p.grid[1]} cells", "grid"))
    if p.copies:
        lines.append(("copy", "yes", "copy"))
    lines += [(name, getattr(p, name), name) for name, usual in _QUIET.items() if getattr(p, name) != usual]
    lines.append(("dropout", p.dropout, "dropout"))
    if p.word_dropout:
        lines.append(("word_dropout", p.word_dropout, "word_dropout"))
    if p.wide:
        lines.append(("wide", f"{p.wide:,} n-grams", "wide"))
    if p.ngram_order:
        lines.append(("ngram_order", p.ngram_order, "ngram_order"))
    if p.members > 1:
        lines.append(("members", p.members, "members"))
    if p.decoder in ("autoregressive", "ctc", "boxes"):
        lines.append(("max_length", p.max_length, "max_length"))
    if p.locked_dropout:
        lines += [(name, getattr(p, name), name) for name in ("input_dropout", "embedding_dropout", "weight_dropout", *PENALTIES)]
    if p.cutoffs:
        lines.append(("softmax", f"adaptive, bands from {', '.join(map(str, p.cutoffs))}", "cutoffs"))
    if p.beam_size > 1:
        lines.append(("beam_size", p.beam_size, "beam_size"))
    if p.tie_weights:
        lines.append(("tie_weights", "yes", "tie_weights"))
    if p.label_smoothing:
        lines.append(("label_smoothing", p.label_smoothing, "label_smoothing"))
    return [*lines, ("parameters", f"{p.parameters:,}", "parameters")]


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
    """Decide what the network will be.

    Parameters
    ----------
    source : codec or Side or None
        Fitted codec, or a side; None for a language model.
    target : codec or Side
        Fitted codec, or a side.
    settings : Network, optional
        What the user set; the rest is "auto".
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
        If the combination is impossible; see :func:`elman.network.relation.relate`.

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
    kept = ("input_feeding", "coverage", "teacher_forcing_ratio", "recurrent_dropout", "zoneout", "layer_norm")
    made = Plan(
        relation=relation.name,
        decoder=relation.decoder,
        source=source_side,
        target=target_side,
        **{**values, "wide": int(values["wide"])},
        **{name: getattr(settings, name) for name in kept},
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
    return counted(made)


def counted(made: Plan, **changes: Any) -> Plan:
    """Return a plan with changes, checked, and its parameters counted anew.

    Parameters
    ----------
    made : Plan
        The plan.
    **changes : Any
        New values by name.

    Returns
    -------
    Plan
        Another plan.
    """
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
    copied = f"{sizes.copied_share:.0%} of the targets' symbols stand in their own source, {sizes.chance_share:.0%} in another"
    if settings.copy == "auto":
        wanted = sizes.copied_share >= 0.5 and sizes.copied_share - sizes.chance_share >= 0.25 and values["attention"] != "none"
        why["copy"] = f"{copied} (See 2017)"
        return sizes.shared if wanted else ()
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
