"""Voices: music as symbols, the action of each voice in each frame, one voice after the other (as DeepBach and BachBot write chorales)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs.media import files as media_files
from elman.codecs.media import midi
from elman.codecs.media.midi import Struck
from elman.codecs.notes_roll import other_key
from elman.codecs.space import Discrete
from elman.codecs.tokens.vocabulary import indices_in
from elman.errors import DataError, DataTypeError

SILENT = -1
AGAIN = 128
"""Added to the number of a note that is struck again where it sounded in the frame before."""
MOST_VOICES = 64
_SILENT, _HELD, _FIRST = range(3)
"""Actions of a voice: silence, a held note, and the first of the notes that can be struck."""


@dataclass(frozen=True, kw_only=True)
class Voices:
    """Notes from ``low`` to ``high`` of so many voices, ``beat`` frames a beat.

    Index 0 is unknown; voice v has ``1 + v * kinds`` for silence, the next for a note that is held, those after it for notes struck.
    """

    low: int
    high: int
    beat: int
    voices: int

    @property
    def kinds(self) -> int:
        """Number of actions of a voice."""
        return _FIRST + self.high - self.low + 1

    @property
    def space(self) -> Discrete:
        """One index for each action of each voice, and 0 for unknown."""
        return Discrete(1 + self.voices * self.kinds)

    def read(self, value: Any) -> np.ndarray:
        """Return a piece as int64 (T, V), every number checked; it may have any number of voices."""
        if media_files.is_file(value):
            piece = _of_tracks(midi.tracks(value, self.beat))
        else:
            piece = _of_frames(value)
        notes = piece % AGAIN
        wrong = (piece != SILENT) & ((piece < 0) | (piece >= 2 * AGAIN) | (notes < self.low) | (notes > self.high))
        if wrong.any():
            frame, voice = np.argwhere(wrong)[0]
            raise DataError(
                f"frame {frame}, voice {voice}: expected MIDI numbers in {self.low}..{self.high} ({AGAIN} more where a note is struck"
                f" again), or {SILENT} for silence; got {piece[frame, voice]}. Widen Notes(low=…, high=…)."
            )
        return piece

    def encode(self, value: Any) -> np.ndarray:
        """Return the indices of a piece, int64 (T * V,); voices that it lacks are silent."""
        piece = self.read(value)
        if piece.shape[1] > self.voices:
            raise DataError(f"expected {self.voices} voices at most, as fit saw; got {piece.shape[1]}. Fit on pieces of as many.")
        piece = np.pad(piece, ((0, 0), (0, self.voices - piece.shape[1])), constant_values=SILENT)
        notes = np.where(piece == SILENT, SILENT, piece % AGAIN)
        before = np.concatenate([np.full((1, self.voices), SILENT), notes[:-1]])
        kinds = np.where(notes == SILENT, _SILENT, np.where(piece == before, _HELD, _FIRST + notes - self.low))
        return (1 + np.arange(self.voices) * self.kinds + kinds).reshape(-1).astype(np.int64)

    def decode(self, array: Any) -> np.ndarray:
        """Return the piece, int64 (T, V); see :class:`VoiceDecoder` for symbols out of order."""
        decoder = self.incremental_decoder()
        frames = [frame for index in indices_in(array, "Notes").tolist() for frame in decoder.feed(index)]
        return np.array([*frames, *decoder.close()], dtype=np.int64).reshape(-1, self.voices)

    def incremental_decoder(self) -> VoiceDecoder:
        """Return a decoder of frames, symbol by symbol."""
        return VoiceDecoder(self)

    def allowed(self, symbols: tuple[int, ...]) -> list[int]:
        """Return the indices that may follow the symbols after the last whole frame: those of the next voice, and the end after a frame."""
        voice = len(symbols) % self.voices
        indices = list(range(1 + voice * self.kinds, 1 + (voice + 1) * self.kinds))
        return indices if voice else [*indices, self.space.n]

    def augment_encoded(self, encoded: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return a piece in another key."""
        kinds = (encoded - 1) % self.kinds
        struck = (encoded > 0) & (kinds >= _FIRST)
        if not struck.any():
            return encoded
        notes = kinds[struck] - _FIRST
        return encoded + struck * other_key(int(notes.min()), int(notes.max()), self.kinds - _FIRST, random)

    def struck(self, value: Any) -> list[list[Struck]]:
        """Return the notes of a piece, one track a voice; notes that cannot be in the vocabulary are refused."""
        piece = self.read(value)
        return [_of_voice(piece[:, voice].tolist()) for voice in range(piece.shape[1])]

    def name(self, index: int) -> str:
        """Return the name of a symbol, as ``"voice 1: 60"``."""
        if not index:
            return "(unknown)"
        voice, kind = divmod(index - 1, self.kinds)
        action = {_SILENT: "silent", _HELD: "held"}.get(kind, str(kind - _FIRST + self.low))
        return f"voice {voice + 1}: {action}"


class VoiceDecoder:
    """Decoder of frames, symbol by symbol.

    A frame is complete with its last voice, or where a voice comes that is not after the one before it: it begins the next frame. Voices
    that a frame lacks hold their note. Unknown symbols are skipped; a note held that never began is silence.

    Parameters
    ----------
    form : Voices
        Meaning of the symbols.
    """

    def __init__(self, form: Voices) -> None:
        self._form, self._sounding = form, [SILENT] * form.voices
        self._actions: dict[int, int] = {}

    def feed(self, index: int) -> list[list[int]]:
        """Return the frames that one more symbol completes, each of V numbers."""
        form = self._form
        if not 0 <= index < form.space.n:
            raise DataError(f"Notes: expected symbols in 0..{form.space.n - 1} to decode; got {index}.")
        if not index:
            return []
        voice, kind = divmod(index - 1, form.kinds)
        frames = self.close() if self._actions and voice <= max(self._actions) else []
        self._actions[voice] = kind
        return frames + (self.close() if voice == form.voices - 1 else [])

    def close(self) -> list[list[int]]:
        """Return the incomplete frame, if there is one."""
        if not self._actions:
            return []
        frame = []
        for voice, before in enumerate(self._sounding):
            kind = self._actions.get(voice, _HELD)
            note = before if kind == _HELD else SILENT if kind == _SILENT else kind - _FIRST + self._form.low
            frame.append(note + AGAIN if kind >= _FIRST and note == before else note)
            self._sounding[voice] = note
        self._actions = {}
        return [frame]


def _of_frames(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        piece = value
    elif isinstance(value, Iterable):
        frames = [list(frame) if isinstance(frame, Iterable) and not isinstance(frame, str | bytes) else frame for frame in value]
        for number, frame in enumerate(frames):
            if not isinstance(frame, list):
                raise DataTypeError(f"frame {number}: expected one MIDI number a voice, {SILENT} for silence; got {frame!r}.")
            if len(frame) != len(frames[0]):
                raise DataError(
                    f"frame {number}: expected {len(frames[0])} voices, as the first frame has; got {len(frame)}. Fill up with {SILENT}."
                )
        piece = np.array(frames) if frames else np.zeros((0, 1), np.int64)
    else:
        raise DataTypeError(f"expected frames of voices (T, V) or a MIDI file; got {type(value).__name__}.")
    if piece.ndim == 1 and not len(piece):
        piece = np.zeros((0, 1), np.int64)
    if piece.ndim != 2 or not 1 <= piece.shape[1] <= MOST_VOICES:
        raise DataError(f"expected frames of 1 to {MOST_VOICES} voices, (T, V); got an array of shape {piece.shape}.")
    if piece.dtype.kind not in "iuf" or (piece.dtype.kind == "f" and not (piece == np.rint(piece)).all()):
        raise DataError(f"expected whole numbers, MIDI numbers and {SILENT} for silence; got {piece.dtype}. Convert them.")
    return (np.clip(piece, -1e6, 1e6) if piece.dtype.kind == "f" else piece).astype(np.int64)


def _of_tracks(tracks: list[list[Struck]]) -> np.ndarray:
    """Return the voices of a file's tracks: a note ends where the next begins; two that begin together are refused."""
    if len(tracks) > MOST_VOICES:
        raise DataError(f"expected a MIDI file of at most {MOST_VOICES} voices; got {len(tracks)} tracks. Read it as 'roll' or 'events'.")
    piece = np.full((max(note.stop for track in tracks for note in track), len(tracks)), SILENT, np.int64)
    for voice, track in enumerate(tracks):
        before = Struck(-1, 0, SILENT)
        for note in sorted(track):
            if note.start == before.start or note.start < before.stop - 1:
                raise DataError(
                    f"frame {note.start}: expected tracks of one note at a time; track {voice + 1} has {before.pitch} and {note.pitch}"
                    " together. Read it as 'roll' or 'events'."
                )
            piece[note.start : note.stop, voice] = note.pitch
            if before.pitch == note.pitch and before.stop >= note.start:
                piece[note.start, voice] += AGAIN
            before = note
    return piece


def _of_voice(frames: list[int]) -> list[Struck]:
    notes: list[Struck] = []
    start, sounding = 0, SILENT
    for place, number in enumerate([*frames, SILENT]):
        note = number if number == SILENT else number % AGAIN
        if number != sounding:  # other than held
            if sounding != SILENT:
                notes.append(Struck(start, place, sounding))
            start, sounding = place, note
    return notes
