"""MIDI files as they come: without notes, with broken times and lengths. Each is a defined result or one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.codecs import media
from tests.codecs.media import END, OFF, ON

from elman.codecs import Notes
from elman.codecs.media import midi as midi_files
from elman.errors import DataError

pytest.importorskip("symusic", reason="the extra music is not installed")
CODEC = Notes().fit([[[60]]])
WAIT, LONGEST = b"\x60\xff\x01\x00", b"\xff\xff\xff\x7f"
"""A beat without an event, and the longest time that can be written."""


def test_a_beat_is_four_frames() -> None:
    assert CODEC.decode(CODEC.encode(media.midi(ON + OFF + END))) == [[60]] * 4
    assert CODEC.decode(CODEC.encode(media.midi(WAIT + ON + OFF + END))) == [[]] * 4 + [[60]] * 4


@pytest.mark.parametrize(
    ("track", "frames"),
    [
        (ON + OFF, [[60]] * 4),  # no end of the track
        (ON + b"\x60\x3c\x00" + END, [[60]] * 4),  # running status; silence by a velocity of 0
        (ON + b"\x00\x80\x3c\x40" + END, [[60]]),  # no length at all: one frame
        (ON + OFF + b"\x00\x90\x40\x40" + END, [[60]] * 4),  # a note that is never let go is left out
        (b"\x00\xff\x51\x03\x00\x00\x00" + ON + OFF + END, [[60]] * 4),  # a tempo of 0 changes nothing: frames are of beats
        (ON + b"\x00\x99\x24\x40" + OFF + b"\x00\x89\x24\x40" + END, [[60]] * 4),  # drums have no pitch
    ],
)
def test_odd_files_have_one_meaning(track: bytes, frames: list) -> None:
    assert CODEC.decode(CODEC.encode(media.midi(track))) == frames


def test_notes_on_top_of_each_other_are_one() -> None:
    data = media.midi(ON + b"\x30\x90\x3c\x40" + OFF + OFF + END)
    assert CODEC.decode(CODEC.encode(data))[:6] == [[60]] * 6


@pytest.mark.parametrize("track", [b"", END, ON + END, ON + WAIT + END, OFF + END, b"\x00\x99\x3c\x40\x60\x89\x3c\x40" + END])
def test_files_without_notes_are_named(track: bytes, tmp_path: Path) -> None:
    path = tmp_path / "silent.mid"
    path.write_bytes(media.midi(track))
    with pytest.raises(DataError, match=r"row 1: '.*silent\.mid': expected notes within 250000 frames; got no notes\. Drop the row"):
        CODEC.encode_all([[[60]], path])


@pytest.mark.parametrize(
    "data",
    [
        media.midi(ON + b"\xff\xff"),  # a time cut off
        media.midi(LONGEST + b"\xff" + ON[1:] + OFF + END),  # a time of five bytes
        media.midi(b"\x00\x3c\x40" + END),  # running status after nothing
        media.midi(b"\x00\x90\xbc\x40" + OFF + END),  # no such note
        media.midi(ON + b"\x00\xff\x01" + LONGEST + b"ab"),  # a text longer than the file
        media.midi(ON + b"\x00\xf0" + LONGEST + b"ab"),
        media.midi(ON + OFF + END, length=2**31 - 1),
        media.midi(ON + OFF + END, length=3),
        media.midi(ON + OFF + END, division=0),
        media.midi(ON + OFF + END, division=0xE728),  # times of film, not of beats
        media.midi(ON + OFF + END, kind=7),
        media.midi((ON + OFF) * 50 + END)[:120],
        b"MThd",
    ],
)
def test_broken_files_are_named(data: bytes) -> None:
    with pytest.raises(DataError, match=rf"row 0: the MIDI of {len(data)} bytes is not a MIDI file that can be read \(.*Replace it"):
        CODEC.encode_all([data])


def test_absurd_lengths_are_refused_before_there_are_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = media.midi(ON + LONGEST + OFF[1:] + END)
    with pytest.raises(DataError, match=r"expected notes within 250000 frames; got 11184811 frames\. Drop the row"):
        CODEC.encode(data)
    monkeypatch.setattr(midi_files, "_LARGEST", 10)
    (tmp_path / "long.mid").write_bytes(data)
    with pytest.raises(DataError, match=r"'.*long\.mid': expected a MIDI file of at most 10 bytes; got 37"):
        CODEC.encode(tmp_path / "long.mid")


def test_many_long_notes_at_once_take_no_time() -> None:
    data = media.midi(ON * 20_000 + b"\xb0\x00\x80\x3c\x40" + b"\x00\x80\x3c\x40" * 19_999 + END)
    assert set(CODEC.encode(data).sum(1).tolist()) == {1.0}


def test_notes_beyond_the_span_are_named_with_file_and_frame(tmp_path: Path) -> None:
    (tmp_path / "low.mid").write_bytes(media.midi(WAIT + b"\x00\x90\x05\x40\x60\x80\x05\x40" + END))
    with pytest.raises(DataError, match=r"row 0: '.*low\.mid': frame 4: expected MIDI numbers in 21\.\.108; got 5\. Widen Notes"):
        CODEC.encode_all([tmp_path / "low.mid"])
    with pytest.raises(DataError, match="the MIDI of 0 bytes is empty"):
        CODEC.encode(b"")


def test_rolls_come_back_from_a_file() -> None:
    roll = (np.random.default_rng(0).random((40, 88)) < 0.05).astype(np.float32)
    roll[-1, 3] = 1  # silence at the end would not be written
    for beat in (1, 4, 24):
        codec = Notes(beat=beat).fit([roll])
        np.testing.assert_array_equal(codec.encode(codec.midi(roll, tempo=111)), roll)
