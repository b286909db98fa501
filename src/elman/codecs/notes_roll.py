"""Piano roll: music as frames of the notes that sound in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs.media import files as media_files
from elman.codecs.media import midi
from elman.codecs.media.midi import Struck
from elman.codecs.space import Binary
from elman.errors import DataError, DataTypeError


@dataclass(frozen=True, kw_only=True)
class Roll:
    """Notes from ``low`` to ``high``, ``beat`` frames a beat, sounding where their number is above ``threshold``."""

    low: int
    high: int
    beat: int
    threshold: float

    @property
    def space(self) -> Binary:
        """One yes or no for each note."""
        return Binary(self.high - self.low + 1)

    def encode(self, value: Any) -> np.ndarray:
        """Return the roll of frames, of a roll or of a MIDI file, float32 (T, notes)."""
        if media_files.is_file(value):
            return self._checked(midi.read(value, self.beat))
        if isinstance(value, np.ndarray) and value.ndim == 2:
            return self._checked(value)
        if not isinstance(value, Iterable):
            raise DataTypeError(f"expected frames of notes, a piano roll or a MIDI file; got {type(value).__name__}.")
        return self._place(list(value))

    def decode(self, array: Any) -> list[list[int]]:
        """Return the MIDI numbers of each frame, from the lowest up."""
        roll = np.asarray(array)
        if roll.ndim != 2 or roll.shape[1] != self.space.n:
            raise DataError(f"Notes: expected an array (T, {self.space.n}) to decode; got shape {roll.shape}.")
        return [(np.flatnonzero(frame) + self.low).tolist() for frame in roll > self.threshold]

    def augment_encoded(self, encoded: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return a roll in another key."""
        sounding = np.flatnonzero(encoded.any(axis=0))
        if not len(sounding):
            return encoded
        return np.roll(encoded, other_key(int(sounding[0]), int(sounding[-1]), encoded.shape[1], random), axis=1)

    def struck(self, value: Any) -> list[list[Struck]]:
        """Return the notes of a piece as one track; a note goes on while it sounds in consecutive frames."""
        roll = self.encode(value)
        changes = np.diff(np.pad(roll > 0.5, ((1, 1), (0, 0))).astype(np.int8), axis=0)
        notes = []
        for note in range(roll.shape[1]):
            for start, stop in zip(np.flatnonzero(changes[:, note] > 0), np.flatnonzero(changes[:, note] < 0), strict=True):
                notes.append(Struck(int(start), int(stop), self.low + note))
        return [notes]

    def _place(self, frames: Sequence[Any]) -> np.ndarray:
        roll = np.zeros((len(frames), self.space.n), dtype=np.float32)
        for number, frame in enumerate(frames):
            if isinstance(frame, str | bytes) or not isinstance(frame, Iterable):
                raise DataTypeError(f"frame {number}: expected a list of MIDI numbers; got {frame!r}.")
            for note in frame:
                if isinstance(note, bool) or not isinstance(note, int | np.integer) or not self.low <= note <= self.high:
                    raise DataError(
                        f"frame {number}: expected MIDI numbers in {self.low}..{self.high}; got {note!r}. Widen Notes(low=…, high=…)."
                    )
                roll[number, int(note) - self.low] = 1
        return roll

    def _checked(self, array: np.ndarray) -> np.ndarray:
        if array.dtype.kind not in "biuf" or (array.dtype != bool and not np.isin(array, (0, 1)).all()):
            raise DataError(f"expected a piano roll of zeros and ones; got {array.dtype} with other values. Use array > 0.")
        low, high, notes = self.low, self.high, self.space.n
        if array.shape[1] == 128 and notes != 128:
            outside = array.astype(bool)
            outside[:, low : high + 1] = False
            if outside.any():
                frame, note = np.argwhere(outside)[0]
                raise DataError(f"frame {frame}: expected MIDI numbers in {low}..{high}; got {note}. Widen Notes(low=…, high=…).")
            array = array[:, low : high + 1]
        if array.shape[1] != notes:
            raise DataError(f"expected a piano roll (T, {notes}) or (T, 128); got {array.shape}.")
        return array.astype(np.float32)


def other_key(lowest: int, highest: int, notes: int, random: np.random.Generator) -> int:
    """Return semitones to another key, five down to six up, as far as the notes allow."""
    return int(random.integers(max(-5, -lowest), min(6, notes - 1 - highest) + 1))
