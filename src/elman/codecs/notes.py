"""Notes: music as frames of notes that sound together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from elman.codecs import media_files, midi
from elman.codecs._base import Codec, each
from elman.codecs.checks import one_of, real, strict, whole
from elman.codecs.space import Binary
from elman.errors import DataError, DataTypeError, SettingError


class Notes(Codec):
    """Music as frames of equal length: the MIDI numbers that sound in each, a piano roll (T, notes), or a MIDI file.

    Parameters
    ----------
    low : int, default 21
        Lowest MIDI number, A0 of the piano.
    high : int, default 108
        Highest MIDI number, C8.
    beat : int, default 4
        Frames a beat when reading MIDI files (extra ``music``).
    threshold : float, default 0.5
        ``decode`` gives the notes whose number is above this.
    augment : bool, default True
        Let a language model learn from every piece in other keys, up to six semitones away.

    Examples
    --------
    >>> codec = Notes().fit([[[60, 64, 67], []]])
    >>> codec.space, codec.decode(codec.encode([[67, 60], [], [21]]))
    (Binary(n=88), [[60, 67], [], [21]])
    """

    id = "notes.v1"
    later: ClassVar[dict[str, Any]] = {"augment": False}
    rank = "many"

    def __init__(self, *, low: int = 21, high: int = 108, beat: int = 4, threshold: float = 0.5, augment: bool = True) -> None:
        self.low = low
        self.high = high
        self.beat = beat
        self.threshold = threshold
        self.augment = augment

    @property
    def space(self) -> Binary:
        """One yes or no for each note."""
        low, high = self._fitted("span_")
        return Binary(high - low + 1)

    def encode(self, value: Any) -> np.ndarray:
        """Return the piano roll.

        Parameters
        ----------
        value : list of lists of int, ndarray, or path or bytes of a MIDI file
            An array of shape (T, notes) or (T, 128) holds zeros and ones.

        Returns
        -------
        ndarray
            float32 (T, notes).
        """
        low, high = self._fitted("span_")
        if media_files.is_file(value):
            try:
                return _roll(midi.read(value, self.beat), low, high)
            except DataError as error:
                name = media_files.named(value, "MIDI")
                raise error if name in error.detail else DataError(f"{name}: {error.detail}") from error
        if isinstance(value, np.ndarray) and value.ndim == 2:
            return _roll(value, low, high)
        if not isinstance(value, Iterable):
            raise DataTypeError(f"expected frames of notes, a piano roll or a MIDI file; got {type(value).__name__}.")
        return self._place(list(value), low, high)

    def decode(self, array: Any) -> list[list[int]]:
        """Return the MIDI numbers of each frame.

        Parameters
        ----------
        array : ndarray
            (T, notes) probabilities, or zeros and ones.

        Returns
        -------
        list of list of int
            From the lowest up.
        """
        low, high = self._fitted("span_")
        roll = np.asarray(array)
        if roll.ndim != 2 or roll.shape[1] != high - low + 1:
            raise DataError(f"Notes: expected an array (T, {high - low + 1}) to decode; got shape {roll.shape}.")
        return [(np.flatnonzero(frame) + low).tolist() for frame in roll > self.threshold]

    @property
    def augments(self) -> bool:
        """Only where music is continued: what is asked about a piece may be its key."""
        return self.augment and self.role_ == "target"

    def vary(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        """Return a piece in another key, five semitones down to six up, as far as the notes allow.

        Parameters
        ----------
        encoded : ndarray
            (T, notes) roll.
        random : Generator
            Where chance comes from.

        Returns
        -------
        ndarray
            (T, notes).
        """
        sounding = np.flatnonzero(encoded.any(axis=0))
        if not len(sounding):
            return encoded
        low, high = max(-5, -int(sounding[0])), min(6, encoded.shape[1] - 1 - int(sounding[-1]))
        return np.roll(encoded, int(random.integers(low, high + 1)), axis=1)

    def midi(self, frames: Any, *, tempo: float = 90.0) -> bytes:
        """Return a piece as a MIDI file that plays; a note goes on while it sounds in consecutive frames.

        Parameters
        ----------
        frames : list of lists of int, or ndarray
            A piece as ``encode`` takes it, for example what ``LanguageModel.generate`` wrote.
        tempo : float, default 90
            Beats a minute; a beat has ``beat`` frames.

        Returns
        -------
        bytes
            Write them to a file ending in ``.mid``.
        """
        real(tempo, "tempo", 1.0, 1000.0, SettingError)
        return midi.written(self.encode(frames), self.low, self.beat, tempo)

    def _place(self, frames: list[Any], low: int, high: int) -> np.ndarray:
        roll = np.zeros((len(frames), high - low + 1), dtype=np.float32)
        for number, frame in enumerate(frames):
            if isinstance(frame, str | bytes) or not isinstance(frame, Iterable):
                raise DataTypeError(f"frame {number}: expected a list of MIDI numbers; got {frame!r}.")
            for note in frame:
                if isinstance(note, bool) or not isinstance(note, int | np.integer) or not low <= note <= high:
                    raise DataError(f"frame {number}: expected MIDI numbers in {low}..{high}; got {note!r}. Widen Notes(low=…, high=…).")
                roll[number, int(note) - low] = 1
        return roll

    def _check(self) -> None:
        whole(self.low, "low", 0, 127, SettingError)
        whole(self.high, "high", self.low, 127, SettingError)
        whole(self.beat, "beat", 1, 960, SettingError)
        real(self.threshold, "threshold", 0.0, 1.0, SettingError)
        one_of(self.augment, (True, False), "augment", SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        self.span_ = (int(self.low), int(self.high))
        each(self.encode, values)

    def _state(self) -> dict[str, Any]:
        return {"span": list(self._fitted("span_"))}

    def _restore(self, state: dict[str, Any]) -> None:
        span = strict(state, ("span",), "Notes state")["span"]
        if span != [self.low, self.high]:
            raise DataError(f"Notes state: expected the span {[self.low, self.high]}; got {span!r}.")
        self.span_ = (self.low, self.high)


def _roll(array: np.ndarray, low: int, high: int) -> np.ndarray:
    if array.dtype.kind not in "biuf" or (array.dtype != bool and not np.isin(array, (0, 1)).all()):
        raise DataError(f"expected a piano roll of zeros and ones; got {array.dtype} with other values. Use array > 0.")
    notes = high - low + 1
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
