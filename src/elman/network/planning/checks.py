"""Plan checks: values of a plan that cannot be, refused before anything is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elman.codecs.space import Binary, Continuous, Discrete, Pixels
from elman.errors import SettingError
from elman.network.decoders import registry
from elman.network.ngram_features import reads_grams
from elman.network.planning.reach import BODIES, check_body
from elman.network.planning.side import Side
from elman.network.stems.backbone import is_backbone

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan

_CHOICES = {
    "body": BODIES,
    "pooling": ("last", "mean", "max", "attention", "concat"),
    "attention": ("general", "dot", "additive", "none"),
    "head": ("point", "median", "gaussian", "student_t", "negative_binomial", "quantile", "chain", "pen"),
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
_STEMS = ("linear", "conv", "conv2d")
_SWITCHES = ("stem_frozen", "bidirectional", "input_feeding", "layer_norm", "tie_weights", "joined", "locked_dropout")
PENALTIES = ("activation_penalty", "temporal_activation_penalty")
_PLANE_STRIDES = (1, 2, 4)
_LARGEST = 100_000
_LARGEST_WIDE = 1_000_000
_LONGEST_NGRAM = 20


def check(made: Plan) -> None:
    """Refuse values that cannot be, before anything is built.

    Parameters
    ----------
    made : Plan
        The plan.

    Raises
    ------
    SettingError
        Naming the setting, its value and the possible ones.
    """
    for name, entry in _CHOICES.items():
        if getattr(made, name) not in entry:
            raise SettingError(f"{name} must be one of {entry}; got {getattr(made, name)!r}.")
    for name in _COUNTS:
        check_count(name, getattr(made, name))
    for name in _SHARES:
        value = getattr(made, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise SettingError(f"{name} must be in 0 <= {name} < 1; got {value!r}.")
    for name in _SWITCHES:
        if not isinstance(getattr(made, name), bool):
            raise SettingError(f"{name} must be True or False; got {getattr(made, name)!r}.")
    for name in PENALTIES:
        value = getattr(made, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise SettingError(f"{name} must be a number from 0; got {value!r}.")
    _check_stem(made)
    _check_lengths(made)
    _check_cutoffs(made)
    _check_together(made)
    _check_extras(made)


def check_count(name: str, value: Any) -> None:
    """Raise SettingError for a size that is no whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST:
        raise SettingError(f"{name} must be a whole number in 1..{_LARGEST}; got {value!r}.")


def _check_extras(made: Plan) -> None:
    if isinstance(made.members, bool) or not isinstance(made.members, int) or not 1 <= made.members <= 100:
        raise SettingError(f"members must be a whole number in 1..100; got {made.members!r}.")
    if made.members > 1 and not registry.get(made.decoder).averages:
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
    _check_grid(made)
    check_body(made)


def _check_stem(made: Plan) -> None:
    if made.stem not in _STEMS and not is_backbone(made.stem):
        raise SettingError(f"stem must be one of {_STEMS}, or 'timm:' and the name of a network; got {made.stem!r}.")
    if is_backbone(made.stem) and (made.source is None or not isinstance(made.source.space, Pixels)):
        raise SettingError(f"stem={made.stem!r} reads pictures, Image() or Video(); this model reads none. Leave stem at 'auto'.")
    if made.stem_frozen and not is_backbone(made.stem):
        raise SettingError(f"stem_frozen=True is for a stem of timm; got stem={made.stem!r}. Leave stem_frozen at 'auto'.")


def _check_grid(made: Plan) -> None:
    if not made.grid:
        return
    space = None if made.source is None or made.source.rank == "many" else made.source.space
    if not isinstance(space, Pixels) or not (made.stem == "conv" or is_backbone(made.stem)) or not made.attends:
        raise SettingError("grid is for one picture read by stem='conv' and a sequence that attends to it. Leave attention at 'auto'.")
    sides = (space.h, space.w)
    if len(made.grid) != 2 or not all(type(n) is int and 1 <= n <= side for n, side in zip(made.grid, sides, strict=True)):
        raise SettingError(f"grid must be rows and columns of cells, at most the picture's {space.h} x {space.w}; got {list(made.grid)}.")


def can_be_wide(source: Side | None, target: Side, decoder: str, head: str) -> bool:
    """Return whether a linear model on n-grams can be used beside the recurrent one."""
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
    if isinstance(made.segment, bool) or not isinstance(made.segment, int) or not 0 <= made.segment <= (made.horizon or 0):
        raise SettingError(f"segment must be a whole number in 0..horizon ({made.horizon or 0}); got {made.segment!r}.")
    if (made.decoder == "segments") != (made.segment > 0):
        raise SettingError(f"segment is for the decoder 'segments', which needs one; got {made.segment} with {made.decoder!r}.")
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
    steps = isinstance(made.target.space, Continuous) and made.target.space.d == 3 and made.target.rank == "many"
    if made.head == "pen" and (not steps or made.horizon is not None):
        raise SettingError(f"head='pen' is for the steps of Strokes(); the target is {made.target.space}. Leave head at 'auto'.")
    if made.head == "chain" and not isinstance(made.target.space, Binary):
        raise SettingError(f"head='chain' is for yes/no answers, such as Notes(); the target is {made.target.space}. Leave head at 'auto'.")
    if made.decoder == "boxes" and (made.embedding_size % 8 or made.body != "recurrent"):
        actual = f"{made.embedding_size} and {made.body!r}"
        raise SettingError(f"boxes need body='recurrent' and an embedding_size that is a multiple of 8; got {actual}.")
    if made.bidirectional and made.source is None:
        raise SettingError("bidirectional=True reads what it should predict: a language model reads one way. Leave it at 'auto'.")
    if made.time_stride > 1 and (made.decoder == "step" or made.stem == "linear"):
        raise SettingError("time_stride > 1 needs stem='conv' or 'conv2d' and a target that is not aligned step by step.")
    if made.stem == "conv2d" and made.time_stride not in _PLANE_STRIDES:
        raise SettingError(f"time_stride must be one of {_PLANE_STRIDES} for stem='conv2d'; got {made.time_stride}.")
    if made.tie_weights and (not isinstance(made.target.space, Discrete) or made.decoder != "autoregressive"):
        raise SettingError("tie_weights=True is for sequences of symbols that are written one by one. Leave it at 'auto'.")
