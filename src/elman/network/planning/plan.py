"""Plan of a network: every choice as plain data, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from elman.errors import DataError, SettingError
from elman.io import schema
from elman.network.decoders import registry
from elman.network.planning.checks import PENALTIES, check
from elman.network.planning.side import Side

PLAN_VERSION = 1


_LISTS = ("class_weights", "cutoffs", "copies", "grid")
_PLAIN = {
    **dict.fromkeys(("relation", "decoder", "cell"), schema.text),
    "max_length": schema.whole(1),
    "length_ratio": schema.real(0),
    "horizon": schema.Maybe(schema.whole(1)),
    "class_weights": [schema.real(0)],
    "preparation": schema.Mapping((schema.text, schema.text)),
    "parameters": schema.whole(0, 2**48),
    "why": schema.Mapping(schema.text),
}
"""Schema of what :func:`elman.network.planning.checks.check` takes for granted."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Plan of a network. ``str(plan)`` is a table; ``config()`` is plain JSON; ``elman.network.build`` makes the network.

    Attributes
    ----------
    relation, decoder : str
        Entry of the table of relations.
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
        Encoder of the steps.
    reach : int
        Steps that a body without a memory sees; 0 for the recurrence.
    segment : int
        Steps of a segment where a forecast reads and answers by segments; 0 elsewhere.
    grid : tuple of int
        Rows and columns of cells of a picture that an answer looks at one by one; empty where it is one vector.
    stem_frozen : bool
        The weights of a stem of timm learn nothing.
    preparation : dict
        Preparation of series, by name: choice and reason.
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

    @property
    def answers_whole(self) -> bool:
        """Whether there is one answer about a whole source."""
        return registry.get(self.decoder).answers_whole

    @property
    def answers_steps(self) -> bool:
        """Whether there is one answer for each step of the source."""
        return registry.get(self.decoder).answers_steps

    @property
    def writes_symbols(self) -> bool:
        """Whether an answer is written one element after the other, each given those before it."""
        return registry.get(self.decoder).writes_symbols

    @property
    def writes_frames(self) -> bool:
        """Whether an answer is written in the frames of the source (CTC)."""
        return registry.get(self.decoder).writes_frames

    @property
    def finds_places(self) -> bool:
        """Whether answers are places in the source, each with a score."""
        return registry.get(self.decoder).finds_places

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
        schema.check({name: config[name] for name in _PLAIN}, _PLAIN, "plan")
        output = cls(**values)
        try:
            check(output)
        except SettingError as error:
            raise DataError(f"A plan holds a value that cannot be: {error} The file is damaged.") from error
        return output

    def __str__(self) -> str:
        """Show the plan as a small table."""
        shown = [(label, str(value), self.why.get(key, "")) for label, value, key in _lines(self)]
        shown[-1:-1] = [(name, chosen, why) for name, (chosen, why) in self.preparation.items()]
        widths = [max(len(line[i]) for line in shown) for i in (0, 1)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in shown)

    def _repr_html_(self) -> str:
        from elman.markup import fragment

        return fragment(self.to_markup())

    def to_markup(self) -> Any:
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
