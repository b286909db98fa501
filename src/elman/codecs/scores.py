"""Scores: a piece in frames written as events, or as voices, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from elman.errors import DataError

LONGEST_WAIT = 64
"""Frames that one event waits at most: so many words for time there are."""
SILENT = -1


def to_events(frames: Sequence[Sequence[int]]) -> list[str]:
    """Write a piece as what happens in it, like the messages of MIDI: "off 60", "on 62", "wait 4".

    Parameters
    ----------
    frames : list of lists of int
        MIDI numbers that sound in each frame.

    Returns
    -------
    list of str
        In each frame that differs from the one before: notes that end, then notes that begin, both from the lowest up; then the frames
        until something happens.

    Examples
    --------
    >>> to_events([[60, 64], [60, 64], [60], []])
    ['on 60', 'on 64', 'wait 2', 'off 64', 'wait 1', 'off 60', 'wait 1']
    """
    events: list[str] = []
    sounding: set[int] = set()
    for notes, run in groupby(frames, key=lambda frame: tuple(sorted(set(frame)))):
        events += [f"off {note}" for note in sorted(sounding - set(notes))]
        events += [f"on {note}" for note in sorted(set(notes) - sounding)]
        sounding, left = set(notes), sum(1 for _ in run)
        while left:
            wait = min(left, LONGEST_WAIT)
            events.append(f"wait {wait}")
            left -= wait
    return events


def from_events(events: Iterable[Any], longest: int) -> list[list[int]]:
    """Return the frames of events; a note that already sounds may begin and one that does not may end, as models write it.

    Parameters
    ----------
    events : iterable of str
        As :func:`to_events` writes them.
    longest : int
        Frames at most.

    Returns
    -------
    list of list of int
        MIDI numbers of each frame, from the lowest up; what happens after the last "wait" is never heard.

    Examples
    --------
    >>> from_events(["on 60", "wait 2", "off 60", "on 64", "wait 1"], 99)
    [[60], [60], [64]]
    """
    frames: list[list[int]] = []
    sounding: set[int] = set()
    for place, event in enumerate(events):
        verb, number = _event(event, place)
        if verb == "on":
            sounding.add(number)
        elif verb == "off":
            sounding.discard(number)
        elif len(frames) + number > longest:
            raise DataError(f"event {place}: expected at most {longest} frames; got more. Cut the piece.")
        else:
            frames += [sorted(sounding) for _ in range(number)]
    return frames


def _event(event: Any, place: int) -> tuple[str, int]:
    verb, _, number = event.partition(" ") if isinstance(event, str) else ("", "", "")
    highest = {"on": 127, "off": 127, "wait": 10_000}.get(verb, -1)
    if not (number.isascii() and number.isdigit() and len(number) <= 5 and int(number) <= highest):
        raise DataError(f"event {place}: expected 'on', 'off' and a MIDI number, or 'wait' and a number of frames; got {event!r}.")
    return verb, int(number)


def to_voices(frames: Sequence[Sequence[int]], count: int) -> np.ndarray:
    """Write a piece as voices: in each frame the highest note is the first voice's.

    Parameters
    ----------
    frames : list of lists of int
        MIDI numbers that sound in each frame.
    count : int
        Voices.

    Returns
    -------
    ndarray
        int64 (T, count), -1 where a voice is silent: the lower ones, where there are fewer notes.

    Examples
    --------
    >>> to_voices([[60, 64], [62]], 3).tolist()
    [[64, 60, -1], [62, -1, -1]]
    """
    voices = np.full((len(frames), count), SILENT, dtype=np.int64)
    for number, frame in enumerate(frames):
        notes = sorted(set(frame), reverse=True)
        if len(notes) > count:
            raise DataError(f"frame {number}: expected at most {count} notes, one a voice; got {len(notes)}. Ask for more voices.")
        voices[number, : len(notes)] = notes
    return voices


def from_voices(voices: np.ndarray) -> list[list[int]]:
    """Return the frames of voices (T, count); what is below 0 is silent.

    Parameters
    ----------
    voices : ndarray
        Whole numbers.

    Returns
    -------
    list of list of int
        MIDI numbers of each frame, from the lowest up.

    Examples
    --------
    >>> from_voices(np.array([[64, 60, -1], [62, 62, -1]]))
    [[60, 64], [62]]
    """
    return [sorted({int(note) for note in frame if note >= 0}) for frame in voices]
