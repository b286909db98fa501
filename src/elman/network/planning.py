"""Plan: everything that was inferred, with reasons; plain values that rebuild the network without data."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from elman.codecs.space import Binary, Continuous, Discrete
from elman.errors import DataError, SettingError
from elman.network.grams import reads_grams
from elman.network.relation import Relation, relate
from elman.network.settings import Network
from elman.network.sizes import Sizes
from elman.network.sizing import choose
from elman.network.spaces import HasSpace, Side

PLAN_VERSION = 1

_CHOICES = {
    "decoder": ("summary", "step", "autoregressive", "ctc"),
    "pooling": ("last", "mean", "max", "attention", "concat"),
    "attention": ("general", "dot", "additive", "none"),
    "stem": ("linear", "conv", "conv2d"),
    "head": ("point", "gaussian", "student_t", "quantile", "chain", "pen"),
}
_SHARES = (
    "dropout",
    "word_dropout",
    "input_dropout",
    "embedding_dropout",
    "weight_dropout",
    "recurrent_dropout",
    "zoneout",
    "label_smoothing",
)
_COUNTS = ("hidden_size", "num_layers", "embedding_size", "time_stride", "beam_size")
_SWITCHES = ("bidirectional", "input_feeding", "layer_norm", "tie_weights", "joined", "locked_dropout")
_WEIGHTS = ("activation_penalty", "temporal_activation_penalty")
_LISTS = ("class_weights", "cutoffs", "copies")
_PLANE_STRIDES = (1, 2, 4)
_LARGEST = 100_000
_LARGEST_WIDE = 1_000_000
_LONGEST_NGRAM = 20
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
    parameters: int = 0
    why: dict[str, str] = field(default_factory=dict)

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
        made = cls(**values)
        try:
            check(made)
        except SettingError as error:
            raise DataError(f"A plan holds a value that cannot be: {error} The file is damaged.") from error
        return made

    def __str__(self) -> str:
        """Show the plan as a small table."""
        shown = [(label, str(value), self.why.get(key, "")) for label, value, key in _lines(self)]
        widths = [max(len(line[i]) for line in shown) for i in (0, 1)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in shown)


_QUIET = {"coverage": 0.0, "teacher_forcing_ratio": 1.0}
"""Settings that are shown only where they are not the usual ones."""


def _lines(p: Plan) -> list[tuple[str, Any, str]]:
    lines: list[tuple[str, Any, str]] = [("relation", p.relation, "relation"), ("decoder", p.decoder, "decoder")]
    if p.relation != "one-to-one":
        lines += [("cell", p.cell, "cell"), ("hidden_size", p.hidden_size, "hidden_size"), ("num_layers", p.num_layers, "num_layers")]
        lines.append(("bidirectional", "yes" if p.bidirectional else "no", "bidirectional"))
    lines += [("stem", p.stem, "stem"), ("embedding_size", p.embedding_size, "embedding_size")]
    if p.time_stride > 1:
        lines.append(("time_stride", p.time_stride, "time_stride"))
    if p.decoder == "summary" and p.source is not None and p.source.rank == "many":
        lines.append(("pooling", p.pooling, "pooling"))
    if p.attention != "none":
        lines.append(("attention", p.attention + (" + input feeding" if p.input_feeding else ""), "attention"))
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
    if p.decoder in ("autoregressive", "ctc"):
        lines.append(("max_length", p.max_length, "max_length"))
    if p.locked_dropout:
        lines += [(name, getattr(p, name), name) for name in ("input_dropout", "embedding_dropout", "weight_dropout", *_WEIGHTS)]
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
    relation = relate(source_side, target_side, examples, align=align, horizon=horizon)
    values, why = choose(source_side, target_side, examples, relation, settings)
    longest = max(8, 2 * examples.target_max)
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
        max_length=longest,
        length_ratio=max(1.0, 1.5 * examples.longest_ratio),
        class_weights=_class_weights(target_side, examples, settings.class_weight),
        copies=_copies(settings, examples, values, why),
        beam_size=_FRAME_BEAM_SIZE if relation.decoder == "ctc" else _BEAM_SIZE if _writes(relation, source_side, target_side) else 1,
        why={"relation": relation.why, **why, "max_length": f"twice the longest target seen, {examples.target_max}"} | _BEAM_WHY,
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


_BEAM_WHY = {"beam_size": "beginnings kept when an answer is searched"}


def _writes(relation: Relation, source: Side | None, target: Side) -> bool:
    """Whether symbols are written from a source, one after the other."""
    return relation.decoder == "autoregressive" and source is not None and isinstance(target.space, Discrete)


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
        return made.members * sum(p.numel() for p in assemble(made).parameters())


def check(made: Plan) -> None:
    """Refuse values that cannot be, before anything is built.

    Parameters
    ----------
    made : Plan
        The plan.

    Raises
    ------
    SettingError
        Naming the setting, what was given and what is possible.
    """
    for name, known in _CHOICES.items():
        if getattr(made, name) not in known:
            raise SettingError(f"{name} must be one of {known}; got {getattr(made, name)!r}.")
    for name in _COUNTS:
        value = getattr(made, name)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST:
            raise SettingError(f"{name} must be a whole number in 1..{_LARGEST}; got {value!r}.")
    for name in _SHARES:
        value = getattr(made, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise SettingError(f"{name} must be in 0 <= {name} < 1; got {value!r}.")
    for name in _SWITCHES:
        if not isinstance(getattr(made, name), bool):
            raise SettingError(f"{name} must be True or False; got {getattr(made, name)!r}.")
    for name in _WEIGHTS:
        value = getattr(made, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise SettingError(f"{name} must be a number from 0; got {value!r}.")
    _check_lengths(made)
    _check_cutoffs(made)
    _check_together(made)
    _check_extras(made)


def _check_extras(made: Plan) -> None:
    if isinstance(made.members, bool) or not isinstance(made.members, int) or not 1 <= made.members <= 100:
        raise SettingError(f"members must be a whole number in 1..100; got {made.members!r}.")
    if made.members > 1 and made.decoder not in ("summary", "step"):
        raise SettingError(f"members > 1 is for one answer a row or a step; this model's decoder is {made.decoder!r}. Leave it at 'auto'.")
    order = made.ngram_order
    if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= _LONGEST_NGRAM:
        raise SettingError(f"ngram_order must be a whole number in 0..{_LONGEST_NGRAM}, or 'auto'; got {order!r}.")
    if order and (made.source is not None or not isinstance(made.target.space, Discrete)):
        raise SettingError(f"ngram_order={order} is for language models over symbols. Leave it at 'auto'.")
    if isinstance(made.wide, bool) or not isinstance(made.wide, int) or not 0 <= made.wide <= _LARGEST_WIDE:
        raise SettingError(f"wide must be True, False or 'auto', and its n-grams at most {_LARGEST_WIDE}; got {made.wide!r}.")
    if made.wide and not can_be_wide(made.source, made.target, made.decoder, made.head):
        raise SettingError("wide=True is for one answer (a category, tags or numbers) about one text or sequence of symbols. Use 'auto'.")


def can_be_wide(source: Side | None, target: Side, decoder: str, head: str) -> bool:
    """Tell whether a linear model on n-grams can stand beside the recurrent one.

    Parameters
    ----------
    source : Side or None
        What is read.
    target : Side
        What is answered.
    decoder : str
        How.
    head : str
        Distribution over numbers.

    Returns
    -------
    bool
        True for one answer about a sequence of symbols.
    """
    if source is None or source.rank != "many" or decoder != "summary" or target.rank != "one" or not reads_grams(source.space):
        return False
    return isinstance(target.space, Discrete | Binary) or (isinstance(target.space, Continuous) and head == "point")


def _check_cutoffs(made: Plan) -> None:
    classes = made.target.space.n + 1 if isinstance(made.target.space, Discrete) else 0
    whole = all(isinstance(edge, int) and not isinstance(edge, bool) for edge in made.cutoffs)
    rising = whole and all(a < b for a, b in zip((1, *made.cutoffs), (*made.cutoffs, classes), strict=True))
    if made.cutoffs and (not rising or made.decoder != "autoregressive"):
        raise SettingError(f"cutoffs must be whole numbers that rise between 2 and the {classes} classes; got {list(made.cutoffs)}.")


def _check_lengths(made: Plan) -> None:
    whole = isinstance(made.max_length, int) and made.max_length >= 1
    if not whole or not isinstance(made.length_ratio, int | float) or not 0 < made.length_ratio < float("inf"):
        raise SettingError(f"max_length must be 1 or more and length_ratio positive; got {made.max_length!r} and {made.length_ratio!r}.")
    if made.horizon is not None and (not isinstance(made.horizon, int) or not 1 <= made.horizon <= _LARGEST):
        raise SettingError(f"horizon must be None or a whole number in 1..{_LARGEST}; got {made.horizon!r}.")
    if isinstance(made.coverage, bool) or not isinstance(made.coverage, int | float) or not 0 <= made.coverage < 100:
        raise SettingError(f"coverage must be a number in 0 <= coverage < 100; got {made.coverage!r}.")
    ratio = made.teacher_forcing_ratio
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio <= 1:
        raise SettingError(f"teacher_forcing_ratio must be in 0 <= teacher_forcing_ratio <= 1; got {ratio!r}.")
    classes = made.target.space.n if isinstance(made.target.space, Discrete) else 0
    symbols = made.source.space.n if made.source is not None and isinstance(made.source.space, Discrete) else 0
    if made.copies and (
        len(made.copies) != symbols or not all(type(i) is int and -1 <= i < classes for i in made.copies) or made.attention == "none"
    ):
        raise SettingError(f"copies must have one index of the target, or -1, for each of {symbols} symbols; got {len(made.copies)}.")
    if made.class_weights and len(made.class_weights) != classes:
        raise SettingError(f"class_weights must have one number per class ({classes}); got {len(made.class_weights)}.")


def _check_together(made: Plan) -> None:
    if made.input_feeding and made.attention == "none":
        raise SettingError("input_feeding needs attention over a source of sequences. Leave input_feeding at False.")
    attends = made.attention != "none" and made.decoder == "autoregressive"
    if made.coverage and not attends:
        raise SettingError("coverage needs attention over a source of sequences. Leave coverage at 0.")
    if made.teacher_forcing_ratio < 1 and (made.decoder != "autoregressive" or made.source is None):
        raise SettingError("teacher_forcing_ratio < 1 is for free sequences with a source. Leave teacher_forcing_ratio at 1.")
    if made.copies and made.class_weights:
        raise SettingError("class_weight='balanced' weighs symbols that are said; with copy they are also copied. Choose one of the two.")
    if made.head == "chain" and not isinstance(made.target.space, Binary):
        raise SettingError(f"head='chain' is for yes/no answers, such as Notes(); the target is {made.target.space}. Leave head at 'auto'.")
    steps = isinstance(made.target.space, Continuous) and made.target.space.d == 3 and made.target.rank == "many"
    if made.head == "pen" and (not steps or made.horizon is not None):
        raise SettingError(f"head='pen' is for the steps of Strokes(); the target is {made.target.space}. Leave head at 'auto'.")
    if made.bidirectional and made.source is None:
        raise SettingError("bidirectional=True reads what it should predict: a language model reads one way. Leave it at 'auto'.")
    if made.time_stride > 1 and (made.decoder == "step" or made.stem == "linear"):
        raise SettingError("time_stride > 1 needs stem='conv' or 'conv2d' and a target that is not aligned step by step.")
    if made.stem == "conv2d" and made.time_stride not in _PLANE_STRIDES:
        raise SettingError(f"time_stride must be one of {_PLANE_STRIDES} for stem='conv2d'; got {made.time_stride}.")
    if made.tie_weights and (not isinstance(made.target.space, Discrete) or made.decoder != "autoregressive"):
        raise SettingError("tie_weights=True is for sequences of symbols that are written one by one. Leave it at 'auto'.")
