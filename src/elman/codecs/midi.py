"""MIDI files: frames of notes out of them and into them, by symusic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from elman.codecs import media_files
from elman.errors import DataError, MissingExtraError

_LONGEST = 250_000
"""Frames of a piece at most: more than eight hours at four frames a beat and 120 beats a minute."""
_LARGEST = 1 << 26
"""Bytes of a file at most."""
_TICKS = 480
"""Ticks a beat in files that are written."""
_VELOCITY = 80


def _library(verb: str) -> Any:
    try:
        import symusic
    except ImportError as error:
        raise MissingExtraError("music", "symusic", f"{verb} MIDI files") from error
    return symusic


def read(value: Any, beat: int) -> np.ndarray:
    """Return the notes of each frame of a MIDI file, drums left out, and notes that are never switched off.

    Parameters
    ----------
    value : path or bytes
        The file.
    beat : int
        Frames a beat.

    Returns
    -------
    ndarray
        bool (T, 128): which MIDI numbers sound.
    """
    symusic = _library("read")
    name = media_files.present(value, "MIDI")
    if not isinstance(value, bytes | bytearray) and Path(value).stat().st_size > _LARGEST:
        raise DataError(f"{name}: expected a MIDI file of at most {_LARGEST} bytes; got {Path(value).stat().st_size}. Drop the row.")
    held = bytes(value) if isinstance(value, bytes | bytearray) else Path(value).read_bytes()
    try:
        score: Any = symusic.Score.from_midi(held)
        score = score.resample(tpq=beat, min_dur=1)
    except (RuntimeError, ValueError, TypeError, ArithmeticError) as error:
        raise DataError(f"{name} is not a MIDI file that can be read ({error}). Replace it or drop the row.") from error
    notes = [(n.time, n.time + n.duration, n.pitch) for track in score.tracks if not track.is_drum for n in track.notes]
    end = max((stop for _, stop, _ in notes), default=0)
    if end == 0 or end > _LONGEST:
        found = "no notes" if end == 0 else f"{end} frames"
        raise DataError(f"{name}: expected notes within {_LONGEST} frames; got {found}. Drop the row.")
    starts, stops, pitches = np.array(notes, dtype=np.int64).T
    changes = np.zeros((end + 1, 128), dtype=np.int32)  # summed up at once: notes may be many, long and on top of each other
    np.add.at(changes, (starts, pitches), 1)
    np.add.at(changes, (stops, pitches), -1)
    return np.cumsum(changes[:-1], axis=0, out=changes[:-1]) > 0


def written(roll: np.ndarray, low: int, beat: int, tempo: float) -> bytes:
    """Return a piano roll as a MIDI file of one track.

    Parameters
    ----------
    roll : ndarray
        (T, notes) zeros and ones.
    low : int
        MIDI number of the first note.
    beat : int
        Frames a beat.
    tempo : float
        Beats a minute.

    Returns
    -------
    bytes
        The file.
    """
    symusic = _library("write")
    score = symusic.Score(_TICKS)
    score.tempos.append(symusic.Tempo(time=0, qpm=tempo))
    track = symusic.Track(name="elman", program=0, is_drum=False)
    sounding = np.pad(np.asarray(roll) > 0.5, ((1, 1), (0, 0))).astype(np.int8)
    changes = np.diff(sounding, axis=0)
    for note in range(roll.shape[1]):
        for start, stop in zip(np.flatnonzero(changes[:, note] > 0), np.flatnonzero(changes[:, note] < 0), strict=True):
            begin, end = (round(int(frame) * _TICKS / beat) for frame in (start, stop))
            track.notes.append(symusic.Note(time=begin, duration=end - begin, pitch=low + note, velocity=_VELOCITY))
    score.tracks.append(track)
    return score.dumps_midi()
