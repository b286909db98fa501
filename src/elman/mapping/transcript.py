"""Transcript of a recording that is still being received."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from elman.codecs import Codec
from elman.codecs.capabilities import Incremental
from elman.codecs.incremental import IncrementalEncoder
from elman.errors import DataError, SettingError
from elman.generation import CTCBeam
from elman.generation.options import Decoding
from elman.mapping.pair import Pair
from elman.network import SequenceModel
from elman.network.ensemble import Ensemble
from elman.network.streams.frames import FrameStream


class Transcript:
    """Transcript so far.

    Parameters
    ----------
    target : Codec
        Fitted.
    symbols : list of int
        Symbols that are settled; the list grows with the recording.
    open_end : tuple of int
        Symbols after them that may still change.
    final : bool
        Whether the recording has ended.

    Attributes
    ----------
    value : Any
        The whole answer so far, as ``predict`` gives it: text, or a list of symbols.
    settled : int
        Number of symbols from the start that will not change.
    final : bool
        Whether the recording has ended.
    """

    def __init__(self, target: Codec, symbols: list[int], open_end: tuple[int, ...], *, final: bool) -> None:
        self._target, self._symbols, self._open = target, symbols, open_end
        self.settled, self.final = len(symbols), final  # the list only grows, after these

    @property
    def value(self) -> Any:
        """The whole answer so far."""
        return self._target.decode(np.asarray([*self._symbols[: self.settled], *self._open], dtype=np.int64))

    def __str__(self) -> str:
        """Show the answer."""
        return str(self.value)


def transcribe(model: SequenceModel | Ensemble, pair: Pair, chunks: Iterable[Any], decoding: Decoding) -> Iterator[Transcript]:
    """Yield the transcript after each chunk; models that cannot be streamed are refused before the first.

    Parameters
    ----------
    model : SequenceModel or Ensemble
        The network.
    pair : Pair
        Codecs and plan; the source encodes piece by piece: ``Audio``, ``Series``, ``Strokes``, ``Image`` by columns, ….
    chunks : iterable
        Pieces of one value.
    decoding : Decoding
        Search for symbols.

    Returns
    -------
    iterator of Transcript
        One a chunk and one at the end.
    """
    encoder = pair.source.incremental_encoder() if isinstance(pair.source, Incremental) else None
    if encoder is None:
        raise SettingError(f"{type(pair.source).__name__} cannot be transcribed as it comes: its encoding needs the whole. Use predict.")
    if isinstance(chunks, str | bytes | np.ndarray):
        raise DataError(f"chunks must be an iterable of pieces of one recording; got {type(chunks).__name__}. Put it in a list: [chunk].")
    stream = FrameStream(model)
    return _transcripts(stream, encoder, pair.target, chunks, decoding.search)


def _transcripts(
    stream: FrameStream, encoder: IncrementalEncoder, target: Codec, chunks: Iterable[Any], search: Any
) -> Iterator[Transcript]:
    search_state = _Beam(search) if isinstance(search, CTCBeam) else _Greedy()
    for chunk in chunks:
        search_state.feed(stream.feed(torch.from_numpy(encoder.feed(chunk))))
        yield Transcript(target, search_state.symbols, search_state.open(), final=False)
    search_state.feed(stream.feed(torch.from_numpy(encoder.close())))
    search_state.feed(stream.close())
    yield Transcript(target, search_state.symbols, search_state.open(), final=True)


class _Greedy:
    """Most probable label of each frame, without repeats and blanks."""

    def __init__(self) -> None:
        self.symbols: list[int] = []
        self._last = -1

    def feed(self, frames: np.ndarray) -> None:
        blank = frames.shape[1] - 1
        for label in frames.argmax(-1).tolist():
            if label not in (self._last, blank):
                self.symbols.append(label)
            self._last = label

    def open(self) -> tuple[int, ...]:
        return ()


class _Beam:
    """Beam search; symbols that all its prefixes share are settled."""

    def __init__(self, search: CTCBeam) -> None:
        self.symbols: list[int] = []
        self._settings, self._search = search, None

    def feed(self, frames: np.ndarray) -> None:
        if self._search is None:
            self._search = self._settings.begin(frames.shape[1], frames.shape[1] - 1)
        self._search.feed(frames)
        self.symbols += self._search.settle()

    def open(self) -> tuple[int, ...]:
        return self._search.best(1)[0][0] if self._search is not None else ()
