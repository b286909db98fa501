"""Flipped, cut, repeated and inserted bytes of real files: every reader gives a value, or an error of elman that names the file."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.codecs import media

from elman.codecs import Audio, Codec, Image, Notes, Video
from elman.codecs.capabilities import ReadsFiles
from elman.errors import DataError

NOISE = np.random.default_rng(0).normal(0, 0.1, 1500)
PIXELS = np.random.default_rng(1).integers(0, 255, (20, 24, 3), dtype=np.uint8)
FRAMES = np.random.default_rng(2).integers(0, 255, (6, 16, 32, 3), dtype=np.uint8)
TRACK = b"".join(bytes([0, 0x90, 50 + i % 20, 64, 48, 0x80, 50 + i % 20, 64]) for i in range(12)) + media.END
EASY: list[Any] = list(HealthCheck)
LIMIT = 200_000
"""Pixels, and roughly numbers, that a broken header may still request here."""
FILES: dict[str, Callable[[], bytes]] = {
    **{kind: functools.partial(media.sound, NOISE, kind=kind) for kind in ("WAV", "FLAC", "OGG", "MP3")},
    **{kind: functools.partial(media.picture, PIXELS, kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM")},
    "MIDI": functools.partial(media.midi, TRACK),
    **{kind: functools.partial(media.film, FRAMES, kind=kind) for kind in ("mp4", "matroska", "avi")},
}


@functools.cache
def whole(kind: str) -> bytes:
    """Return a file that is right."""
    return FILES[kind]()


@functools.cache
def codec(kind: str) -> Codec:
    """Return who reads it, with limits that keep a misread header small."""
    if kind in ("WAV", "FLAC", "OGG", "MP3"):
        return Audio(features=4, max_seconds=60).fit([NOISE])
    if kind == "MIDI":
        return Notes().fit([[[60]]])
    if kind in ("mp4", "matroska", "avi"):
        return Video(4, max_pixels=LIMIT, max_seconds=60).fit([FRAMES])
    return Image(size=8, max_pixels=LIMIT).fit([PIXELS])


@st.composite
def broken(draw: st.DrawFn, data: bytes) -> bytes:
    """Change one to twelve places; more often near the beginning, where the headers are."""
    mangled = bytearray(data)
    for _ in range(draw(st.integers(1, 12))):
        end = len(mangled) if draw(st.booleans()) else min(len(mangled), 128)
        at, way = draw(st.integers(0, max(end - 1, 0))), draw(st.sampled_from(("flip", "set", "number", "drop", "repeat", "cut")))
        if way == "flip" and mangled:
            mangled[at] ^= 1 << draw(st.integers(0, 7))
        elif way == "set":
            mangled[at : at + 4] = draw(st.binary(min_size=1, max_size=4))
        elif way == "number":
            mangled[at : at + 4] = draw(st.sampled_from((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")))
        elif way == "drop":
            del mangled[at : at + draw(st.integers(1, 64))]
        elif way == "repeat":
            mangled[at:at] = mangled[at : at + draw(st.integers(1, 64))]
        elif draw(st.integers(0, 5)) == 0:
            del mangled[at:]
    return bytes(mangled)


def check(kind: str, data: bytes) -> None:
    """Read it; nothing but a value of the right kind or a DataError that names the file may come, and soon."""
    begun = time.monotonic()
    for look in (codec(kind).encode, *([codec(kind).shape_from_header] if isinstance(codec(kind), ReadsFiles) else [])):
        value: Any = None
        try:
            value = look(data)
        except DataError as error:
            message = str(error)
        else:
            message = f"of {len(data)} bytes"
        assert f"of {len(data)} bytes" in message
        assert " object at 0x" not in message
        if value is not None and look == codec(kind).encode:
            assert value.dtype == np.float32
            assert np.isfinite(value).all()
            assert value.nbytes < 100_000_000
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("kind", FILES)
def test_broken_bytes_of(kind: str) -> None:
    assert np.size(codec(kind).encode(whole(kind)))

    @settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=EASY)
    @given(broken(whole(kind)))
    def run(data: bytes) -> None:
        check(kind, data)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_many_more_broken_bytes_of(kind: str) -> None:
    @settings(max_examples=3000, deadline=None, database=None, suppress_health_check=EASY)
    @given(broken(whole(kind)))
    def run(data: bytes) -> None:
        check(kind, data)

    run()
