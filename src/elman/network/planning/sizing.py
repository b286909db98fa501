"""Which sizes suit the data, each with its reason. Every number here is a default of ``Network(...="auto")``."""

from __future__ import annotations

from typing import Any

from elman.codecs.space import Binary, Continuous, Discrete, Pixels, Product, Space, Words
from elman.network.planning import language_defaults as language
from elman.network.planning.checks import check_count
from elman.network.planning.relation import Relation
from elman.network.planning.side import Side
from elman.network.planning.sizes import Sizes
from elman.network.settings import Network
from elman.network.stems.backbone import is_backbone
from elman.network.stems.grid import grid_of

Choice = tuple[Any, str]
_SPECTRUM = 16
"""Numbers of a step from which it is taken for a spectrum or a column of a picture."""
_FRAMES_A_SYMBOL = 12
_FEW_TEXTS = 20_000
"""Up to as many texts the answers of several networks are averaged."""


def choose(source: Side | None, target: Side, sizes: Sizes, relation: Relation, settings: Network) -> tuple[dict[str, Any], dict[str, str]]:
    """Fill every "auto" of the settings.

    Parameters
    ----------
    source : Side or None
        None for a language model.
    target : Side
        Side that is predicted.
    sizes : Sizes
        Numbers about the data.
    relation : Relation
        Relation of the table.
    settings : Network
        The user's settings.

    Returns
    -------
    tuple of dict
        Values and reasons by setting.
    """
    symbols = _reads_symbols(source.space if source is not None else target.space)
    text = _text(source, relation)
    rules: dict[str, Choice] = {
        "cell": _cell(relation, symbols),
        "hidden_size": (96, "texts are learned by heart quickly") if text else _hidden(sizes, relation, symbols, target),
        "num_layers": _layers(sizes, relation),
        "bidirectional": _directions(source, relation),
        "pooling": ("concat", "mean, maximum and last state side by side"),
        "stem": _stem(source, relation),
        "label_smoothing": _smoothing(relation, target, text),
        "head": _head(target, relation),
        "word_dropout": _word_dropout(source),
        "wide": (True, "n-grams decide many texts") if text else (False, "no text"),
        "ngram_order": language.ngram_order(target, sizes, relation),
        "members": _members(sizes, text),
    }
    values: dict[str, Any] = {}
    why: dict[str, str] = {}
    for name, (value, reason) in rules.items():
        actual = getattr(settings, name)
        values[name], why[name] = (value, reason) if actual == "auto" else (actual, "as set")
    check_count("hidden_size", values["hidden_size"])  # other sizes follow from it
    later = {
        "embedding_size": _embedding(source, target, values["hidden_size"], relation),
        "dropout": _dropout(target, sizes, relation, symbols),
        "time_stride": _stride(values["stem"], sizes, relation),
        "attention": _attention(source, relation, values["stem"]),
    }
    for name, (value, reason) in later.items():
        actual = getattr(settings, name)
        values[name], why[name] = (value, reason) if actual == "auto" else (actual, "as set")
    values["tie_weights"], why["tie_weights"] = _tie(target, settings, relation)
    for name, (value, reason) in language.recipe(target, sizes, relation).items():
        actual = getattr(settings, name)
        values[name], why[name] = (value, reason) if actual == "auto" else (actual, "as set")
    values["cutoffs"], why["cutoffs"] = language.cutoffs(target, relation, settings.softmax)
    return values, why


def _reads_symbols(space: Space) -> bool:
    if isinstance(space, Product):
        return any(_reads_symbols(part) for part in space.parts.values())
    return isinstance(space, Discrete | Words)


def _text(source: Side | None, relation: Relation) -> bool:
    """Whether this is one answer about a text whose words are spelled."""
    return relation.decoder == "summary" and source is not None and source.rank == "many" and isinstance(source.space, Words)


def _members(sizes: Sizes, text: bool) -> Choice:
    if text and sizes.rows <= _FEW_TEXTS:
        return 3, f"averaged: {sizes.rows} texts are few (Hansen & Salamon 1990)"
    return 1, "one network"


def _cell(relation: Relation, symbols: bool) -> Choice:
    if relation.decoder in ("summary", "segments") and not symbols:
        return "gru", "fewer weights for measurements"
    return "lstm", "keeps symbols and frames over long distances"


def _hidden(sizes: Sizes, relation: Relation, symbols: bool, target: Side) -> Choice:
    if relation.decoder == "segments":
        return 128, "for windows read by segments"
    steps = sizes.rows * (sizes.target_mean if relation.decoder != "summary" else sizes.source_mean)
    why = f"for {sizes.rows} rows, {steps:.0f} steps"
    if relation.name == "continue":
        return language.hidden_size(target, steps), why
    if relation.name == "free":
        return (128 if steps < 3e5 else 256), why
    if relation.decoder == "summary":
        return (64 if sizes.rows < 500 else 96 if sizes.rows < 3000 else 128), why
    return (96 if steps < 2e4 else 128 if symbols or steps < 1e6 else 192), why


def _layers(sizes: Sizes, relation: Relation) -> Choice:
    if relation.decoder == "ctc":
        return 2, "frames need a second layer"
    if relation.name == "continue":
        return language.num_layers(sizes)
    return 1, "one learns fastest"


def _directions(source: Side | None, relation: Relation) -> Choice:
    if source is None:
        return False, "what comes next cannot be read"
    if source.rank == "one":
        return False, "one element has no direction"
    if relation.name == "direct":
        return False, "a forecast reads towards the future"
    return True, "the whole sequence is there before the answer"


def _attention(source: Side | None, relation: Relation, stem: str) -> Choice:
    if relation.decoder == "autoregressive" and source is not None:
        if source.rank == "many":
            return "general", "Luong's score, after the recurrence"
        if stem == "conv" and isinstance(source.space, Pixels) and grid_of(source.space) == (source.space.h, source.space.w):
            return "none", "so small a picture is one vector: its cells would be pixels"
        if _is_picture(source.space) and (stem == "conv" or is_backbone(stem)):
            return "general", "Luong's score, after the recurrence, over the cells of the picture (Xu 2015)"
    return "none", "nothing to attend to"


def _is_picture(space: Space) -> bool:
    return isinstance(space, Pixels) and min(space.h, space.w) > 1


def _stem(source: Side | None, relation: Relation) -> Choice:
    if source is not None and _is_picture(source.space):
        return "conv", "pictures"
    if relation.decoder == "ctc" and source is not None and isinstance(source.space, Continuous) and source.space.d >= _SPECTRUM:
        return "conv", "frames of a spectrum, or columns of a picture, belong to those around"
    return "linear", "symbols by embedding, numbers by projection"


def _stride(stem: str, sizes: Sizes, relation: Relation) -> Choice:
    """As many frames to a step as leave every symbol of the tightest row half a step more than it needs, 3 at most."""
    per_symbol = sizes.source_mean / max(sizes.target_mean, 1.0)
    if relation.decoder != "ctc" or stem == "linear" or per_symbol < _FRAMES_A_SYMBOL:
        return 1, "every step"
    most = 3 if stem == "conv" and per_symbol >= 2 * _FRAMES_A_SYMBOL else 2
    stride = next((s for s in range(most, 1, -1) if 1.5 * s * sizes.longest_ratio <= 1), 1)
    return stride, f"{per_symbol:.0f} frames a symbol"


def _word_dropout(source: Side | None) -> Choice:
    if source is not None and isinstance(source.space, Words):
        return 0.3, "so many words are read by their spelling alone"
    return 0.0, "nothing is spelled"


def _smoothing(relation: Relation, target: Side, text: bool) -> Choice:
    if text and isinstance(target.space, Discrete):
        return 0.1, "few texts (Szegedy 2016)"
    if relation.name == "free" and isinstance(target.space, Discrete):
        return 0.1, "free sequences (Szegedy 2016)"
    return 0.0, "not needed"


def _embedding(source: Side | None, target: Side, hidden: int, relation: Relation) -> Choice:
    space = source.space if source is not None else target.space
    if relation.decoder == "boxes":
        return 64, "for the cells of a grid"
    if isinstance(space, Words):
        return 64, "words share the vectors of their pieces"
    n = space.n if isinstance(space, Discrete) else 0
    if not n:
        return min(hidden, 128), "as wide as the recurrence, 128 at most"
    if source is None and n > 1000:
        return min(hidden, 256), "narrow, to be tied"
    if relation.name == "free" and n > 1000:
        return (128 if hidden < 256 else 192), f"for {n} symbols, to be tied"
    return (64 if n <= 300 else 128 if n <= 20000 else 192), f"for {n} symbols"


def _dropout(target: Side, sizes: Sizes, relation: Relation, symbols: bool) -> Choice:
    if relation.name == "one-to-one":
        return 0.1, "a small network"
    if relation.decoder == "segments":
        return 0.1, "before the head"
    if relation.decoder == "boxes":
        return 0.05, "on the features of cells"
    if relation.decoder == "summary":
        return (0.5, "texts are learned by heart quickly") if symbols else (0.2, "measurements")
    if relation.name == "continue":
        return language.dropout(target, sizes)
    if relation.name == "free":
        return (0.3, "few rows") if sizes.rows < 50_000 else (0.2, "many rows") if sizes.rows < 500_000 else (0.1, "very many rows")
    return (0.3, "few rows") if sizes.rows < 20000 else (0.1, "many rows")


def _head(target: Side, relation: Relation) -> Choice:
    if relation.name == "continue" and isinstance(target.space, Binary):
        return "chain", "notes that sound together belong together"
    return "point", "squared error"


def _tie(target: Side, settings: Network, relation: Relation) -> Choice:
    if settings.tie_weights != "auto":
        return bool(settings.tie_weights), "as set"
    if isinstance(target.space, Discrete) and target.space.n > 1000 and relation.decoder == "autoregressive":
        return True, "large vocabulary: embedding and output share their weights (Press & Wolf 2017)"
    return False, "small vocabulary"
