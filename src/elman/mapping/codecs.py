"""Codecs of a pair: fitted together, so that two sides of text share their symbols, and compared symbol by symbol."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from elman.codecs import Codec
from elman.codecs.capabilities import HasTextLevel, Spells
from elman.codecs.shared_symbols import shared_symbols
from elman.codecs.tokens.words import split

_SUBWORDS = 6_000
"""Subwords of free text: the output layer is most of the work, and rare words are spelled well."""
_COMPARED = 2_000
"""Most rows of a comparison of both sides."""


def fit_codecs(source: Codec, target: Codec, xs: Sequence[Any], ys: Sequence[Any], align: str) -> tuple[Codec, Codec]:
    """Return fitted copies of both codecs.

    Free text is written in subwords where its level is "auto": no word is unknown, and a small vocabulary learns fast
    (Sennrich 2016). Where targets repeat the words of their sources, both sides share one vocabulary, so that subwords can be copied.
    """
    source, target = copy.deepcopy(source), copy.deepcopy(target)
    if not isinstance(source, HasTextLevel) or not isinstance(target, HasTextLevel) or align == "step":
        return source.fit(xs, role="source"), target.fit(ys, role="target")
    is_open = source.level == target.level == "auto"
    if is_open and not (align == "auto" and _as_many_words(source, target, xs, ys)):
        for codec in (source, target):
            codec.level, codec.max_vocabulary = "bpe", codec.max_vocabulary or _SUBWORDS
    together = source.level == target.level == "bpe" and source.get_params() == target.get_params() and _repeats(source, target, xs, ys)
    source_values, target_values = ([*xs, *ys], [*xs, *ys]) if together else (xs, ys)
    return source.fit(source_values, role="source"), target.fit(target_values, role="target")


def fit_target(source: Codec, target: Codec, xs: Sequence[Any], ys: Sequence[Any], align: str) -> Codec:
    """Return a fitted copy of the target codec, that of :func:`fit_codecs`; the source is read only where its symbols count."""
    if isinstance(source, HasTextLevel) and isinstance(target, HasTextLevel) and align != "step":
        return fit_codecs(source, target, xs, ys, align)[1]
    return copy.deepcopy(target).fit(ys, role="target")


def _as_many_words(source: HasTextLevel, target: HasTextLevel, xs: Sequence[Any], ys: Sequence[Any]) -> bool:
    return all(len(split(source.read(x))) == len(split(target.read(y))) for x, y in zip(xs, ys, strict=True))


def _repeats(source: HasTextLevel, target: HasTextLevel, xs: Sequence[Any], ys: Sequence[Any]) -> bool:
    """Whether at least half of the words of targets are in their sources."""
    repeated = total = 0
    for x, y in zip(xs[:_COMPARED], ys[:_COMPARED], strict=True):
        words, source_words = split(target.read(y)), set(split(source.read(x)))
        repeated, total = repeated + sum(word in source_words for word in words), total + len(words)
    return total > 0 and repeated >= total / 2


def compare_symbols(source: Codec, target: Codec, xs: Sequence[Any], ys: Sequence[Any]) -> dict[str, Any]:
    """Compare the symbols of both sides, those beyond the vocabularies too.

    Parameters
    ----------
    source : Codec
        Fitted.
    target : Codec
        Fitted.
    xs : sequence
        Values of the source.
    ys : sequence
        Values of the target.

    Returns
    -------
    dict
        ``shared``, ``copied_share`` and ``chance_share`` of :class:`elman.network.Sizes`; empty where nothing can be compared.
    """
    shared = shared_symbols(source, target)
    if shared is None or not isinstance(source, Spells) or not isinstance(target, Spells):
        return {}
    sources = [set(source.symbols(x)) for x in xs[:_COMPARED]]
    targets = [target.symbols(y) for y in ys[:_COMPARED]]
    total = max(sum(map(len, targets)), 1)
    # the share of symbols that the row's source has, beside the share that the source of another row has: by chance
    copied, chance = (sum(s in sources[i - step] for i, symbols in enumerate(targets) for s in symbols) / total for step in (0, 1))
    return {"shared": tuple(shared.tolist()), "copied_share": copied, "chance_share": chance}
