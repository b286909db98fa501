"""MIDI files: read and written as the notes of each track, by symusic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elman.codecs.media import files as media_files
from elman.errors import DataError, MissingExtraError

LONGEST = 250_000
"""Frames of a piece at most: more than eight hours at four frames a beat and 120 beats a minute."""
_LARGEST = 1 << 26
"""Bytes of a file at most."""
_TICKS = 480
"""Ticks a beat in files that are written."""
VELOCITY = 80
"""Default velocity of a note, 1..127."""


class Struck(NamedTuple):
    """One note: the frames where it begins and ends, its MIDI number, and how hard it is struck."""

    start: int
    stop: int
    pitch: int
    velocity: int = VELOCITY


def _library(verb: str) -> Any:
    try:
        import symusic
    except ImportError as error:
        raise MissingExtraError("music", "symusic", f"{verb} MIDI files") from error
    return symusic


def tracks(value: Any, beat: int) -> list[list[Struck]]:
    """Return the notes of a MIDI file, without drums and notes that never end.

    Parameters
    ----------
    value : path or bytes
        The file.
    beat : int
        Frames a beat; a note lasts one at least.

    Returns
    -------
    list of list of Struck
        One list for each track, and each channel of it, that has notes, in the file's order.
    """
    symusic = _library("read")
    name = media_files.present(value, "MIDI")
    if not isinstance(value, bytes | bytearray) and Path(value).stat().st_size > _LARGEST:
        raise DataError(f"{name}: expected a MIDI file of at most {_LARGEST} bytes; got {Path(value).stat().st_size}. Drop the row.")
    data = bytes(value) if isinstance(value, bytes | bytearray) else Path(value).read_bytes()
    try:
        score: Any = symusic.Score.from_midi(data)
        score = score.resample(tpq=beat, min_dur=1)
    except (RuntimeError, ValueError, TypeError, ArithmeticError) as error:
        raise DataError(f"{name} is not a MIDI file that can be read ({error}). Replace it or drop the row.") from error
    sounding = [track.notes for track in score.tracks if not track.is_drum and len(track.notes)]
    results = [[Struck(n.time, n.time + n.duration, n.pitch, n.velocity) for n in notes] for notes in sounding]
    end = max((note.stop for notes in results for note in notes), default=0)
    if end == 0 or end > LONGEST:
        text = "no notes" if end == 0 else f"{end} frames"
        raise DataError(f"{name}: expected notes within {LONGEST} frames; got {text}. Drop the row.")
    return results


def read(value: Any, beat: int) -> np.ndarray:
    """Return the notes of each frame of a MIDI file.

    Parameters
    ----------
    value : path or bytes
        The file.
    beat : int
        Frames a beat.

    Returns
    -------
    ndarray
        bool (T, 128): whether each MIDI number sounds.
    """
    starts, stops, pitches, _ = np.array([note for notes in tracks(value, beat) for note in notes], dtype=np.int64).T
    changes = np.zeros((int(stops.max()) + 1, 128), dtype=np.int32)  # summed up at once: notes may be many, long and on top of each other
    np.add.at(changes, (starts, pitches), 1)
    np.add.at(changes, (stops, pitches), -1)
    return np.cumsum(changes[:-1], axis=0, out=changes[:-1]) > 0


def to_bytes(voices: Sequence[Sequence[Struck]], beat: int, tempo: float) -> bytes:
    """Return notes as a MIDI file."""
    symusic = _library("write")
    score = symusic.Score(_TICKS)
    score.tempos.append(symusic.Tempo(time=0, qpm=tempo))
    for number, notes in enumerate(voices):
        track = symusic.Track(name="elman" if len(voices) == 1 else f"voice {number + 1}", program=0, is_drum=False)
        for note in notes:
            begin, end = (round(int(frame) * _TICKS / beat) for frame in note[:2])
            track.notes.append(symusic.Note(time=begin, duration=end - begin, pitch=note.pitch, velocity=note.velocity))
        score.tracks.append(track)
    return score.dumps_midi()
