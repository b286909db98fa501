"""Shuffled steps: the loss in score measures the information in the order."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.codecs import Codec
from elman.codecs.capabilities import HasTextLevel


def shuffled(value: Any, codec: Codec | None, random: np.random.Generator) -> Any:
    """Return a value with its steps in another order.

    Parameters
    ----------
    value : str, sequence or ndarray
        Text keeps its words (other codecs, and ``Text("char")``, its characters), an array its rows; a dict of columns is shuffled column
        by column.
    codec : Codec, optional
        Defines the steps of a text.
    random : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    value
        Of the same kind.

    Examples
    --------
    >>> from elman.codecs import Text
    >>> sorted(shuffled("one two three four", Text(), np.random.default_rng(1)).split())
    ['four', 'one', 'three', 'two']
    """
    if isinstance(value, dict):
        return {name: shuffled(part, codec, random) for name, part in value.items()}
    if isinstance(value, str):
        letters = not isinstance(codec, HasTextLevel) or codec.level == "char"
        steps = list(value) if letters else value.split()
        return ("" if letters else " ").join(steps[i] for i in random.permutation(len(steps)))
    if not hasattr(value, "__len__") or isinstance(value, bytes):
        return value
    order = random.permutation(len(value))
    return value[order] if isinstance(value, np.ndarray) else [value[i] for i in order]


def can_shuffle(codec: Codec) -> bool:
    """Return whether the steps of a codec's values are in the values themselves, not in files that are read."""
    return codec.modality in ("text", "symbols", "series")


def shuffled_rows(xs: list[Any], codec: Codec | None, seed: int) -> list[Any]:
    """Shuffle every value; row r has the same order in every call."""
    return [shuffled(x, codec, np.random.default_rng([seed, row])) for row, x in enumerate(xs)]
