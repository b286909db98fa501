"""Pieces: values whose elements take several symbols (voices and events of music), written by a language model whole or as they come."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from elman.codecs import Codec
from elman.errors import SettingError
from elman.generation import Sampling, continue_prompts, stream_prompt
from elman.generation.rules import Rules
from elman.network import SequenceModel
from elman.ngrams import Mixture


def are_many(prompt: Any) -> bool:
    """Return whether a prompt is a list of pieces, and not one piece: its elements are rows of numbers, those of a piece are."""
    return isinstance(prompt, list) and bool(prompt) and _is_piece(prompt[0])


def write_pieces(
    network: SequenceModel,
    codec: Codec,
    prompts: Sequence[Any],
    sampling: Sampling,
    *,
    max_new_steps: int,
    mixture: Mixture | None,
) -> list[Any]:
    """Continue pieces."""
    encoded = [np.asarray(row) for row in codec.encode_all(prompts)]
    search = _orderly(codec, sampling)
    result = continue_prompts(network, encoded, max_new_steps=max_new_steps, search=search, mixture=mixture)
    return [codec.decode(np.concatenate(parts)) for parts in zip(encoded, result, strict=True)]


def stream_piece(
    network: SequenceModel,
    codec: Any,
    prompt: Any,
    sampling: Sampling,
    *,
    max_new_steps: int,
    mixture: Mixture | None,
) -> Iterator[Any]:
    """Yield the elements that are added to a piece, in lists, as soon as each is complete."""
    decoder: Any = codec.incremental_decoder()
    encoded = np.asarray(codec.encode(prompt))
    for symbol in encoded.tolist():
        decoder.feed(symbol)
    search = _orderly(codec, sampling)
    for symbol in stream_prompt(network, encoded, max_new_steps=max_new_steps, sampling=search, mixture=mixture):
        if done := decoder.feed(symbol):
            yield list(done)
    if done := decoder.close():
        yield list(done)


def refuse_stop(stop: Any) -> None:
    """Refuse options for texts and plain symbols only."""
    if stop is not None:
        raise SettingError("stop is for texts and symbols; a piece of music ends by itself, or after max_new_steps. Leave it out.")


def _orderly(codec: Any, sampling: Sampling) -> Sampling:
    return sampling if codec.grammar is None else replace(sampling, rules=Rules(constraint=codec.grammar))


def _is_piece(value: Any) -> bool:
    if isinstance(value, str | bytes | os.PathLike):
        return True
    if isinstance(value, np.ndarray):
        return value.ndim == 2
    return isinstance(value, list | tuple) and (not value or isinstance(value[0], list | tuple | np.ndarray))
