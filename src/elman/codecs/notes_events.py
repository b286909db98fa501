"""Events: music as actions of a player: a key goes down, a key comes up, time passes (Oore et al. 2018, on a grid of beats)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from elman.codecs.checks import real, whole
from elman.codecs.media import files as media_files
from elman.codecs.media import midi
from elman.codecs.media.midi import LONGEST, VELOCITY, Struck
from elman.codecs.notes_roll import other_key
from elman.codecs.space import Discrete
from elman.codecs.tokens.vocabulary import indices_in
from elman.errors import DataError, DataTypeError

_BEATS = 4
"""Beats of the longest shift; more time passes in several."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """Keys from ``low`` to ``high``, ``beat`` steps a beat, ``bins`` velocities (0: no velocities).

    Index 0 is unknown; then come keys down, keys up, shifts of 1, 2, … steps, and velocities of the keys after them.
    """

    low: int
    high: int
    beat: int
    bins: int

    @property
    def keys(self) -> int:
        """Number of keys."""
        return self.high - self.low + 1

    @property
    def longest(self) -> int:
        """Steps of the longest shift."""
        return _BEATS * self.beat

    @property
    def space(self) -> Discrete:
        """One index for each event, and 0 for unknown."""
        return Discrete(1 + 2 * self.keys + self.longest + self.bins)

    def read(self, value: Any) -> list[Struck]:
        """Return the notes of a piece on the grid, none on top of another of its pitch, in order."""
        notes = [n for track in midi.tracks(value, self.beat) for n in track] if media_files.is_file(value) else self._notes_of(value)
        for note in notes:
            if not self.low <= note.pitch <= self.high:
                at = note.start / self.beat
                raise DataError(
                    f"beat {at:g}: expected MIDI numbers in {self.low}..{self.high}; got {note.pitch}. Widen Notes(low=…, high=…)."
                )
        together = groupby(sorted(notes, key=_by_pitch), key=lambda note: note.pitch)
        return sorted((note for _, same in together for note in _apart(list(same))), key=lambda note: (note.start, note.pitch))

    def encode(self, value: Any) -> np.ndarray:
        """Return the events of a piece, int64 (T,): at each place keys come up, then keys go down, from the lowest to the highest."""
        steps: dict[int, tuple[list[int], list[Struck]]] = {}
        for note in self.read(value):
            steps.setdefault(note.start, ([], []))[1].append(note)
            steps.setdefault(note.stop, ([], []))[0].append(note.pitch)
        results, now, force = [], 0, -1
        for step in sorted(steps):
            results += self._shifts(step - now)
            now = step
            ups, downs = steps[step]
            results += [1 + self.keys + pitch - self.low for pitch in sorted(ups)]
            for note in downs:
                if self.bins and force != (force := self._bin(note.velocity)):
                    results.append(1 + 2 * self.keys + self.longest + force)
                results.append(1 + note.pitch - self.low)
        return np.array(results, dtype=np.int64)

    def decode(self, array: Any) -> list[tuple[Any, ...]]:
        """Return notes as (start, duration, pitch), with bins (start, duration, pitch, velocity), in beats; see :class:`EventDecoder`."""
        decoder = self.incremental_decoder()
        notes = [note for index in indices_in(array, "Notes").tolist() for note in decoder.feed(index)]
        return sorted([*notes, *decoder.close()], key=lambda note: (note[0], note[2]))

    def incremental_decoder(self) -> EventDecoder:
        """Return a decoder of notes, event by event."""
        return EventDecoder(self)

    def augment_encoded(self, encoded: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return a piece in another key."""
        keys = (encoded > 0) & (encoded <= 2 * self.keys)
        if not keys.any():
            return encoded
        notes = (encoded[keys] - 1) % self.keys
        return encoded + keys * other_key(int(notes.min()), int(notes.max()), self.keys, random)

    def struck(self, value: Any) -> list[list[Struck]]:
        """Return the notes of a piece as one track."""
        return [self.read(value)]

    def name(self, index: int) -> str:
        """Return the name of an event, as ``"60 down"``."""
        kind, number = self.event(index)
        if kind == "velocity":
            return f"velocity {self.velocity(number)}"
        return "(unknown)" if kind == "unknown" else f"{number} steps" if kind == "shift" else f"{number} {kind}"

    def event(self, index: int) -> tuple[str, int]:
        """Return the kind of an event ("unknown", "down", "up", "shift", "velocity") and its key, steps or bin."""
        if not 0 <= index < self.space.n:
            raise DataError(f"Notes: expected symbols in 0..{self.space.n - 1} to decode; got {index}.")
        at = index - 1
        for kind, first, count in (("down", self.low, self.keys), ("up", self.low, self.keys), ("shift", 1, self.longest)):
            if 0 <= at < count:
                return kind, first + at
            at -= count
        return ("velocity", at) if index else ("unknown", 0)

    def velocity(self, number: int) -> int:
        """Return the velocity in the middle of a bin."""
        lowest, beyond = (-(-127 * edge // self.bins) for edge in (number, number + 1))
        return 1 + (lowest + beyond - 1) // 2

    @property
    def usual(self) -> int:
        """Default velocity of keys."""
        return self.velocity(self._bin(VELOCITY)) if self.bins else VELOCITY

    def _bin(self, velocity: int) -> int:
        return (velocity - 1) * self.bins // 127

    def _shifts(self, steps: int) -> list[int]:
        whole_ones, rest = divmod(steps, self.longest)
        return [2 * self.keys + shift for shift in [self.longest] * whole_ones + [rest] * (rest > 0)]

    def _notes_of(self, value: Any) -> list[Struck]:
        if not isinstance(value, Iterable):
            raise DataTypeError(f"expected notes, (start, duration, pitch) in beats, or a MIDI file; got {type(value).__name__}.")
        return [self._note(note, f"note {number}") for number, note in enumerate(value)]

    def _note(self, note: Any, where: str) -> Struck:
        parts = note.tolist() if isinstance(note, np.ndarray) else note
        if not isinstance(parts, Sequence) or isinstance(parts, str | bytes) or len(parts) not in (3, 4):
            raise DataTypeError(f"{where}: expected (start, duration, pitch) or (start, duration, pitch, velocity); got {note!r}.")
        start = real(parts[0], f"{where}: its start in beats", 0.0, LONGEST / self.beat)
        duration = real(parts[1], f"{where}: its duration in beats", 0.0, LONGEST / self.beat)
        numbers = [int(part) if isinstance(part, float) and part.is_integer() else part for part in parts[2:]]
        pitch = whole(numbers[0], f"{where}: its MIDI number", 0, 127)
        velocity = whole(numbers[1], f"{where}: its velocity", 1, 127) if len(numbers) > 1 else VELOCITY
        begin = round(start * self.beat)
        return Struck(begin, max(begin + 1, round((start + duration) * self.beat)), pitch, velocity)


class EventDecoder:
    """Decoder of notes, event by event.

    A key that goes down again ends its note; one that comes up at once, or was never down, is ignored; unknown events are skipped.

    Parameters
    ----------
    form : Events
        Meaning of the events.
    """

    def __init__(self, form: Events) -> None:
        self._form, self._now, self._velocity = form, 0, form.usual
        self._down: dict[int, tuple[int, int]] = {}

    def feed(self, index: int) -> list[tuple[Any, ...]]:
        """Return the note that one more event ends, if any."""
        kind, number = self._form.event(index)
        if kind == "shift":
            self._now += number
        elif kind == "velocity":
            self._velocity = self._form.velocity(number)
        if kind not in ("down", "up"):
            return []
        ended = self._end(number)
        if kind == "down":
            self._down[number] = (self._now, self._velocity)
        return ended

    def close(self) -> list[tuple[Any, ...]]:
        """Return the notes that have not ended, each at least a step long."""
        if any(start == self._now for start, _ in self._down.values()):
            self._now += 1
        return [note for pitch in sorted(self._down) for note in self._end(pitch)]

    def _end(self, pitch: int) -> list[tuple[Any, ...]]:
        start, velocity = self._down.pop(pitch, (self._now, 0))
        if start == self._now:
            return []
        beat = self._form.beat
        note = (start / beat, (self._now - start) / beat, pitch)
        return [(*note, velocity) if self._form.bins else note]


def _by_pitch(note: Struck) -> tuple[int, int, int]:
    return note.pitch, note.start, -note.stop


def _apart(notes: list[Struck]) -> list[Struck]:
    """Return notes of one pitch without overlaps: the longest of those that begin together, each ending where the next begins."""
    first = [note for number, note in enumerate(notes) if not number or note.start != notes[number - 1].start]
    ends = [note.start for note in first[1:]] + [first[-1].stop]
    return [note._replace(stop=min(note.stop, end)) for note, end in zip(first, ends, strict=True)]
