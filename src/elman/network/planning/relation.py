"""The one table from rank and space of both sides to a relation and its decoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from elman.codecs.space import Continuous, Discrete, Pixels, Product, Rectangles, Words
from elman.errors import DataError, SettingError, did_you_mean
from elman.network.decoders import registry
from elman.network.planning.side import Side
from elman.network.planning.sizes import Sizes

ALIGNMENTS = ("auto", "step", "attention", "ctc")


@dataclass(frozen=True)
class Relation:
    """How source and target belong together."""

    name: str
    decoder: str
    why: str


@dataclass(frozen=True)
class _Row:
    source: str | None
    target: str
    align: str
    when: Callable[[Side | None, Side, Sizes], bool]
    relation: Relation


def _always(source: Side | None, target: Side, sizes: Sizes) -> bool:  # noqa: ARG001
    return True


def _equal(source: Side | None, target: Side, sizes: Sizes) -> bool:  # noqa: ARG001
    return sizes.equal_lengths


def _discrete(source: Side | None, target: Side, sizes: Sizes) -> bool:  # noqa: ARG001
    return isinstance(target.space, Discrete)


def _frames_to_symbols(source: Side | None, target: Side, sizes: Sizes) -> bool:
    return source is not None and _is_frames(source) and isinstance(target.space, Discrete) and sizes.monotone_share >= 0.95


def _rectangles(source: Side | None, target: Side, sizes: Sizes) -> bool:  # noqa: ARG001
    return isinstance(target.space, Rectangles)


def _is_frames(side: Side) -> bool:
    """Sound, columns or rows of a picture, strokes: measurements in reading order; whole video frames are not."""
    space = side.space
    if isinstance(space, Product):
        return bool(space.parts) and all(not isinstance(part, Discrete | Words) for part in space.parts.values())
    return isinstance(space, Continuous) or (isinstance(space, Pixels) and min(space.h, space.w) == 1)


TABLE = (
    _Row(None, "many", "auto", _always, Relation("continue", "autoregressive", "no source: every element follows from those before it")),
    _Row("one", "one", "auto", _always, Relation("one-to-one", "summary", "one element in, one answer out")),
    _Row("many", "one", "auto", _always, Relation("many-to-one", "summary", "a sequence in, one answer out")),
    _Row("one", "many", "auto", _rectangles, Relation("one-to-many", "boxes", "boxes of a picture are found one at a time until no more")),
    _Row("one", "many", "auto", _always, Relation("one-to-many", "autoregressive", "one element in, a sequence of free length out")),
    _Row("one", "many", "attention", _always, Relation("one-to-many", "autoregressive", "one element in, a sequence of free length out")),
    _Row("many", "many", "step", _always, Relation("step", "step", "asked for: one answer per step of the source")),
    _Row(
        "many",
        "many",
        "attention",
        _always,
        Relation("free", "autoregressive", "asked for: lengths and order are free, attention finds them"),
    ),
    _Row("many", "many", "ctc", _discrete, Relation("monotonic", "ctc", "asked for: symbols in the order of the frames")),
    _Row("many", "many", "auto", _equal, Relation("step", "step", "in every row source and target have the same length")),
    _Row(
        "many",
        "many",
        "auto",
        _frames_to_symbols,
        Relation("monotonic", "ctc", "frames in, fewer symbols out: they keep the frames' order"),
    ),
    _Row("many", "many", "auto", _always, Relation("free", "autoregressive", "lengths differ: attention finds what belongs to what")),
)
"""First row that matches wins."""


def relate(
    source: Side | None, target: Side, sizes: Sizes, *, align: str = "auto", horizon: int | None = None, segment: int = 0
) -> Relation:
    """Look up how source and target belong together.

    Parameters
    ----------
    source : Side or None
        None for a language model.
    target : Side
        Side that is predicted.
    sizes : Sizes
        Lengths of the data.
    align : {"auto", "step", "attention", "ctc"}
        The user's setting for the alignment of sequences.
    horizon : int, optional
        Answer this many steps in one go, as a direct forecaster does.
    segment : int, default 0
        Steps that a direct forecaster reads and answers together; 0 for none.

    Returns
    -------
    Relation
        Name, decoder and reason.

    Raises
    ------
    SettingError
        If the combination is impossible, or align is unknown.
    DataError
        If the data's lengths forbid the request.

    Examples
    --------
    >>> sides = Side("many", Discrete(9)), Side("many", Discrete(5))
    >>> relate(*sides, Sizes(rows=10, equal_lengths=True)).decoder
    'step'
    """
    check_alignment(align)
    _check_target(target)
    if align not in ALIGNMENTS:
        return Relation(align, align, f"align={align!r}")
    if isinstance(target.space, Rectangles) and (source is None or not isinstance(source.space, Pixels) or source.rank != "one"):
        raise SettingError("Boxes are found in a whole picture. Use Image() as the source, its read left at 'whole'.")
    if horizon is not None:
        return _direct(source, target, horizon, segment)
    rank = None if source is None else source.rank
    result = next((r for r in TABLE if (r.source, r.target, r.align) == (rank, target.rank, align) and r.when(source, target, sizes)), None)
    if result is None:
        raise SettingError(_impossible(rank, target, align))
    if align == "step" and not sizes.equal_lengths:
        raise DataError("align='step' needs source and target of the same length in every row; some rows differ. Use align='attention'.")
    if align == "ctc" and sizes.monotone_share == 0:
        raise DataError("align='ctc' needs targets shorter than their sources; none is. Use align='attention'.")
    return result.relation


def check_alignment(align: str) -> None:
    """Refuse an alignment that is neither ours nor the name of somebody else's decoder."""
    if align in ALIGNMENTS:
        return
    available = (*ALIGNMENTS, *registry.others())
    if align not in available:
        raise SettingError(f"align must be one of {available}; got {align!r}.{did_you_mean(str(align), available)}")


def _direct(source: Side | None, target: Side, horizon: int, segment: int) -> Relation:
    if horizon < 1:
        raise SettingError(f"horizon must be at least 1; got {horizon}.")
    if source is None or not isinstance(target.space, Continuous):
        raise SettingError("A horizon needs a source and a target of numbers. Use Series() for both, or leave the horizon out.")
    if segment:
        return Relation("direct", "segments", f"all {horizon} steps of the horizon are answered in one go, {segment} by {segment}")
    return Relation("direct", "summary", f"all {horizon} steps of the horizon are answered in one go")


def _check_target(target: Side) -> None:
    space = target.space
    if isinstance(space, Pixels):
        raise SettingError("Pictures cannot be predicted. Use a target of classes, symbols, numbers or yes/no answers.")
    if isinstance(space, Discrete) and space.n < 1:
        raise SettingError("The target has no classes. Fit its codec on at least one value.")
    if isinstance(space, Product):
        mixed = {space.ranks.get(name, target.rank) for name in space.parts}
        if mixed != {target.rank} or not space.parts:
            raise SettingError("The parts of a target must all be single values or all be sequences. Train one model per part.")


def _impossible(rank: str | None, target: Side, align: str) -> str:
    if rank is None and target.rank == "one":
        return "Without a source the target must be a sequence. Give a source, or a target such as Text() or Symbols()."
    if align == "ctc" and rank == target.rank == "many":
        return f"align='ctc' needs a target of symbols; got {type(target.space).__name__}. Use align='attention'."
    have = "no source" if rank is None else f"a source of rank {rank!r}"
    return f"align={align!r} is for sequences on both sides; got {have} and a target of rank {target.rank!r}. Leave align at 'auto'."
