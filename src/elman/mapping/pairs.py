"""Pairs: both sides of a Model together, from values to encoded rows and from answers back to values."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from elman.codecs import Boxes, Codec, Image
from elman.codecs.boxes import Placed
from elman.codecs.codec import each
from elman.codecs.lazy_files import encoded
from elman.codecs.shared_symbols import Spelled, shared_symbols
from elman.codecs.text import UNKNOWN, Text
from elman.codecs.tokens.words import split
from elman.errors import DataError, ElmanWarning, SettingError
from elman.fitting.inference import decode_all, length_of
from elman.generation import Hypothesis
from elman.network import Plan
from elman.training.settings import Training

_SUBWORDS = 6_000
"""Subwords of free text: the output layer is most of the work, and rare words are spelled well."""
_MANY = 20_000
"""Pairs from which batches would grow and, with the network, the rate fall: writing learns more from many small, bold steps."""
_BOLD: dict[str, Any] = {"batch_size": 64, "learning_rate": 2e-3}
_NAMED = 10
"""Rows that a warning names one by one."""
_COMPARED = 2_000
"""Rows looked at to see how two sides of text belong together."""


def fit_codecs(source: Codec, target: Codec, xs: Sequence[Any], ys: Sequence[Any], align: str) -> tuple[Codec, Codec]:
    """Return fitted copies of both codecs.

    Free text is written in subwords where its level was left open: no word is unknown, and a small vocabulary learns fast
    (Sennrich 2016). Where targets repeat the words of their sources, both sides share one vocabulary, so that subwords can be copied.

    Parameters
    ----------
    source : Codec
        As the user gave it; stays untouched.
    target : Codec
        The same of the target.
    xs : sequence
        Values of the source.
    ys : sequence
        Values of the target.
    align : str
        What the user says about the alignment.

    Returns
    -------
    tuple of Codec
        Fitted on xs and ys.
    """
    source, target = copy.deepcopy(source), copy.deepcopy(target)
    if not isinstance(source, Text) or not isinstance(target, Text) or align == "step":
        return source.fit(xs, role="source"), target.fit(ys, role="target")
    open_level = source.level == target.level == "auto"
    if open_level and not (align == "auto" and _as_many_words(source, target, xs, ys)):
        for codec in (source, target):
            codec.level, codec.max_vocabulary = "bpe", codec.max_vocabulary or _SUBWORDS
    together = source.level == target.level == "bpe" and source.get_params() == target.get_params() and _repeats(source, target, xs, ys)
    read, wrote = ([*xs, *ys], [*xs, *ys]) if together else (xs, ys)
    return source.fit(read, role="source"), target.fit(wrote, role="target")


def _as_many_words(source: Text, target: Text, xs: Sequence[Any], ys: Sequence[Any]) -> bool:
    return all(len(split(source.read(x))) == len(split(target.read(y))) for x, y in zip(xs, ys, strict=True))


def _repeats(source: Text, target: Text, xs: Sequence[Any], ys: Sequence[Any]) -> bool:
    """Whether at least half of the words of targets stand in their sources."""
    found = total = 0
    for x, y in zip(xs[:_COMPARED], ys[:_COMPARED], strict=True):
        words, known = split(target.read(y)), set(split(source.read(x)))
        found, total = found + sum(word in known for word in words), total + len(words)
    return total > 0 and found >= total / 2


def settings_of(plan: Plan, training: Training, rows: int) -> Training:
    """Return the settings of a plan that writes symbols from a source, where the user left them open.

    Parameters
    ----------
    plan : Plan
        What the network is.
    training : Training
        What the user set.
    rows : int
        Pairs to learn from.

    Returns
    -------
    Training
        The same, or for many pairs a copy with smaller batches and a higher rate than others get.
    """
    if plan.decoder != "autoregressive" or plan.beam_size == 1 or rows <= _MANY:
        return training
    fresh: Any = clone(training)
    return fresh.set_params(**{name: value for name, value in _BOLD.items() if getattr(training, name) == "auto"})


def check_frames(plan: Plan, sources: Sequence[Any], targets: Sequence[Any]) -> None:
    """Say before training which rows a model that writes in frames cannot learn from: those whose target is too long for its source.

    Parameters
    ----------
    plan : Plan
        What the network is.
    sources : sequence
        Encoded.
    targets : sequence
        Encoded.

    Warns
    -----
    ElmanWarning
        With the rows, the steps each has and the steps it needs.

    Raises
    ------
    DataError
        If no row at all can be learned.
    """
    if plan.decoder != "ctc":
        return
    have = np.array([-(-length_of(source) // plan.time_stride) for source in sources])
    need = np.array([len(target) + int((np.diff(target) == 0).sum()) for target in map(np.asarray, targets)])
    short = np.flatnonzero(need > have)
    if not len(short):
        return
    named = "; ".join(f"row {row} has {have[row]} steps and needs {need[row]}" for row in short[:_NAMED])
    more = f"; and {len(short) - _NAMED} more" if len(short) > _NAMED else ""
    stride = f" (a step of the network is {plan.time_stride} of the source)" if plan.time_stride > 1 else ""
    told = f"targets too long to be written in the steps of their sources{stride}: {named}{more}."
    told += " A target needs a step for each symbol and one between equal neighbours."
    if len(short) == len(have):
        raise DataError(f"{told} No row is left to learn from: use a smaller time_stride, shorter targets, or align='attention'.")
    warnings.warn(f"{len(short)} of {len(have)} {told} They are left out of training; repair or drop them.", ElmanWarning, stacklevel=4)


def compared(source: Codec, target: Codec, xs: Sequence[Any], ys: Sequence[Any]) -> dict[str, Any]:
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
    if shared is None or not isinstance(source, Spelled) or not isinstance(target, Spelled):
        return {}
    known = [set(source.symbols(x)) for x in xs[:_COMPARED]]
    wanted = [target.symbols(y) for y in ys[:_COMPARED]]
    total = max(sum(map(len, wanted)), 1)
    own, other = (sum(s in known[i - step] for i, symbols in enumerate(wanted) for s in symbols) / total for step in (0, 1))
    return {"shared": tuple(shared.tolist()), "copied_share": own, "chance_share": other}


def sources_of(source: Codec, plan: Plan, xs: Sequence[Any]) -> list[Any]:
    """Encode values of the source, ready for the network of a plan."""
    rows = encoded(source, xs, once=True)
    if not plan.copies or not isinstance(source, Spelled):
        return rows
    return [mark(source, x, np.asarray(row)) for x, row in zip(xs, rows, strict=True)]


def placed(source: Codec, target: Codec, xs: Sequence[Any], ys: Sequence[Any]) -> list[Any]:
    """Put boxes in pixels beside the size of their picture; other values stay as they are."""
    if not isinstance(target, Boxes) or not target.needs_pictures:
        return list(ys)
    if not isinstance(source, Image):
        raise SettingError(f"Boxes in pixels lie in pictures; the source is {type(source).__name__}. Use Image() as the source.")
    return [Placed(y, size) for y, size in zip(ys, each(source.size_of, xs), strict=True)]


def targets_of(source: Codec, target: Codec, plan: Plan, xs: Sequence[Any], ys: Sequence[Any]) -> list[Any]:
    """Encode values of the target, ready for the network of a plan."""
    encoded = target.encode_all(placed(source, target, xs, ys))
    if not plan.copies or not isinstance(source, Spelled) or not isinstance(target, Spelled):
        return encoded
    lacking = (aim(target, y, np.asarray(row), source.symbols(x)) if 0 in row else row for x, y, row in zip(xs, ys, encoded, strict=True))
    return list(lacking)


def values_of(source: Codec, target: Codec, plan: Plan, xs: Sequence[Any], answers: Sequence[Any]) -> Any:
    """Decode one answer a row; copied symbols come out as the source has them."""
    if isinstance(target, Boxes) and isinstance(source, Image) and target.needs_pictures:
        return [target.decode(answer, source.size_of(x)) for x, answer in zip(xs, answers, strict=True)]
    if not plan.copies or not isinstance(source, Spelled) or not isinstance(target, Spelled):
        return decode_all(target, answers)
    return [target.spell(symbols_of(source, target, x, answer)) for x, answer in zip(xs, answers, strict=True)]


def symbols_of(source: Codec, target: Spelled, x: Any, answer: np.ndarray) -> list[Any]:
    """Return the symbols of an answer, whether said or copied."""
    copied = bool((np.asarray(answer) > target.space.n).any())
    return written(target, answer, source.symbols(x) if copied and isinstance(source, Spelled) else ())


def different(source: Codec, target: Codec, plan: Plan, x: Any, found: Sequence[Hypothesis]) -> tuple[list[Any], list[Hypothesis]]:
    """Decode several answers of a row, best first; what spells the same text twice counts once."""
    values = values_of(source, target, plan, [x] * len(found), [answer.symbols for answer in found])
    kept = [i for i, value in enumerate(values) if not isinstance(value, str) or value not in values[:i]]
    return [values[i] for i in kept], [found[i] for i in kept]


def mark(codec: Spelled, value: Any, encoded: np.ndarray) -> np.ndarray:
    """Tell unknown symbols of a source apart.

    Parameters
    ----------
    codec : Text or Symbols
        Of the source.
    value : Any
        The source.
    encoded : ndarray
        (S,) what ``encode`` gave.

    Returns
    -------
    ndarray
        (S,) with different numbers for different unknown symbols.
    """
    unknown = np.flatnonzero(encoded == 0)
    if not len(unknown):
        return encoded
    symbols, seen, marked = codec.symbols(value), {}, encoded.copy()
    for step in unknown:
        marked[step] = codec.space.n + seen.setdefault(symbols[step], len(seen))
    return marked


def aim(codec: Spelled, value: Any, encoded: np.ndarray, source: Sequence[Any]) -> np.ndarray:
    """Let unknown symbols of a target point to where they stand in its source.

    Parameters
    ----------
    codec : Text or Symbols
        Of the target.
    value : Any
        The target.
    encoded : ndarray
        (T,) what ``encode`` gave.
    source : sequence
        Symbols of the source.

    Returns
    -------
    ndarray
        (T,); unknown symbols that the source has not either stay 0.
    """
    unknown = np.flatnonzero(encoded == 0)
    if not len(unknown):
        return encoded
    symbols, aimed = codec.symbols(value), encoded.copy()
    first = {symbol: step for step, symbol in reversed(list(enumerate(source)))}
    for step in unknown:
        if symbols[step] in first:
            aimed[step] = codec.space.n + 1 + first[symbols[step]]
    return aimed


def written(codec: Spelled, answer: np.ndarray, source: Sequence[Any]) -> list[Any]:
    """Return the symbols of an answer, those of the vocabulary and those copied.

    Parameters
    ----------
    codec : Text or Symbols
        Of the target.
    answer : ndarray
        (T,) classes.
    source : sequence
        Symbols of the source.

    Returns
    -------
    list
        What ``codec.spell`` puts together.
    """
    n, unknown = codec.space.n, UNKNOWN if isinstance(codec, Text) else None
    return [source[i - n - 1] if i > n else codec.vocabulary_.symbol(i, unknown) for i in np.asarray(answer).tolist()]
