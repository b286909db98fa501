"""MIDI files: frames of notes out of them and into them, by symusic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import DataError, MissingExtraError

_LONGEST = 1_000_000
"""Frames of a piece at most."""
_TICKS = 480
"""Ticks a beat in files that are written."""
_VELOCITY = 80


def _library(verb: str) -> Any:
    try:
        import symusic
    except ImportError as error:
        raise MissingExtraError("music", "symusic", f"{verb} MIDI files") from error
    return symusic


def read(value: Any, beat: int) -> list[set[int]]:
    """Return the notes of each frame of a MIDI file, drums left out.

    Parameters
    ----------
    value : path or bytes
        The file.
    beat : int
        Frames a beat.

    Returns
    -------
    list of set of int
        MIDI numbers.
    """
    symusic = _library("read")
    is_bytes = isinstance(value, bytes | bytearray)
    name = f"the MIDI of {len(value)} bytes" if is_bytes else f"{os.fspath(value)!r}"
    if not is_bytes and not Path(value).is_file():
        raise DataError(f"there is no file {name}. Check the path, and the folder it starts from.")
    held = bytes(value) if is_bytes else Path(value).read_bytes()
    try:
        score: Any = symusic.Score.from_midi(held)
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
