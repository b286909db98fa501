"""Notes: music as frames of notes that sound together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from elman.codecs._base import Codec, each
from elman.codecs.checks import real, strict, whole
from elman.codecs.space import Binary
from elman.errors import DataError, DataTypeError, MissingExtraError, SettingError

_LONGEST = 1_000_000


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

    Examples
    --------
    >>> codec = Notes().fit([[[60, 64, 67], []]])
    >>> codec.space, codec.decode(codec.encode([[67, 60], [], [21]]))
    (Binary(n=88), [[60, 67], [], [21]])
    """

    id = "notes.v1"
    rank = "many"

    def __init__(self, *, low: int = 21, high: int = 108, beat: int = 4, threshold: float = 0.5) -> None:
        self.low = low
        self.high = high
        self.beat = beat
        self.threshold = threshold

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
        if isinstance(value, str | os.PathLike | bytes | bytearray):
            return self._place(_midi(value, self.beat), low, high)
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
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise DataError(f"expected a piano roll of zeros and ones; got {array.dtype} with other values. Use array > 0.")
    notes = high - low + 1
    if array.shape[1] == 128 and notes != 128:
        outside = np.flatnonzero(array.any(axis=0))
        outside = outside[(outside < low) | (outside > high)]
        if len(outside):
            raise DataError(f"expected MIDI numbers in {low}..{high}; got {int(outside[0])}. Widen Notes(low=…, high=…).")
        array = array[:, low : high + 1]
    if array.shape[1] != notes:
        raise DataError(f"expected a piano roll (T, {notes}) or (T, 128); got {array.shape}.")
    return array.astype(np.float32)


def _midi(value: Any, beat: int) -> list[set[int]]:
    try:
        from symusic import Score
    except ImportError as error:
        raise MissingExtraError("music", "symusic", "read MIDI files") from error
    is_bytes = isinstance(value, bytes | bytearray)
    name = f"the MIDI of {len(value)} bytes" if is_bytes else f"{os.fspath(value)!r}"
    if not is_bytes and not Path(value).is_file():
        raise DataError(f"there is no file {name}. Check the path, and the folder it starts from.")
    held = bytes(value) if is_bytes else Path(value).read_bytes()
    try:
        score: Any = Score.from_midi(held)
        score = score.resample(tpq=beat, min_dur=1)
    except (RuntimeError, ValueError, TypeError) as error:
        raise DataError(f"{name} is not a MIDI file that can be read ({error}). Replace it or drop the row.") from error
    notes = [(n.time, n.time + n.duration, n.pitch) for track in score.tracks if not track.is_drum for n in track.notes]
    end = max((stop for _, stop, _ in notes), default=0)
    if end == 0 or end > _LONGEST:
        found = "no notes" if end == 0 else f"{end} frames"
        raise DataError(f"{name}: expected notes within {_LONGEST} frames; got {found}. Drop the row.")
    frames: list[set[int]] = [set() for _ in range(end)]
    for start, stop, pitch in notes:
        for frame in frames[start:stop]:
            frame.add(int(pitch))
    return frames
