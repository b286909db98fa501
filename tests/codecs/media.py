"""Real files of sound, pictures, music and film, made by the libraries that read them, and the same broken on purpose."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest


def sound(samples: Any, rate: int = 8000, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """Return samples as a sound file."""
    soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")
    buffer = io.BytesIO()
    soundfile.write(buffer, np.asarray(samples), rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def wav_header(buffer: bytes, *, channels: int | None = None, rate: int | None = None, data: int | None = None) -> bytes:
    """Return a WAV file whose header does not fit its data."""
    changed = bytearray(buffer)
    for place, kind, value in ((22, "<H", channels), (24, "<I", rate), (40, "<I", data)):
        if value is not None:
            struct.pack_into(kind, changed, place, value)
    return bytes(changed)


def picture(image: Any, kind: str, **options: Any) -> bytes:
    """Return a PIL image, or an array, as a file."""
    Pillow = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    buffer = io.BytesIO()
    (Pillow.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, kind, **options)
    return buffer.getvalue()


def animation(kind: str, greys: Sequence[int] = (40, 120, 255), side: int = 8) -> bytes:
    """Return a file of several pictures, each of one grey."""
    from PIL import Image as Pillow

    first, *others = (Pillow.fromarray(np.full((side, side, 3), grey, np.uint8)) for grey in greys)
    return picture(first, kind, save_all=True, append_images=others, **({"lossless": True} if kind == "WEBP" else {}))


def chunk(name: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *, rows: int | None = None, before: bytes = b"") -> bytes:
    """Return a grey PNG by hand; it may promise more rows than it has."""
    pixels = zlib.compress(b"\0" * ((width + 1) * (height if rows is None else rows)))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def gif(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """Return a GIF of a few bytes that promises a screen and a frame of some size."""
    return b"GIF89a" + struct.pack("<HH", *screen) + b"\0\0\0\x2c" + struct.pack("<HHHH", 0, 0, *frame) + b"\0\x02\x02\x4c\x01\0\x3b"


ON, OFF, END = b"\x00\x90\x3c\x40", b"\x60\x80\x3c\x40", b"\x00\xff\x2f\x00"
"""Events of a MIDI track: note 60 is struck at once, let go a beat later, and the track ends."""


def midi(track: bytes, *, division: int = 96, length: int | None = None, tracks: int = 1, kind: int = 0) -> bytes:
    """Return a MIDI file of one track, byte by byte."""
    head = b"MThd" + struct.pack(">IHHH", 6, kind, tracks, division)
    return head + b"MTrk" + struct.pack(">I", len(track) if length is None else length) + track


def film(frames: np.ndarray, fps: int = 8, codec: str = "mpeg4", kind: str = "mp4") -> bytes:
    """Return frames (T, h, w, 3) as a file."""
    av = pytest.importorskip("av", reason="the extra video is not installed")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if len(frames):
            container.mux(stream.encode())
    return buffer.getvalue()


def film_of_pictures(files: Sequence[bytes], side: int = 8) -> bytes:
    """Return PNG files as the frames of a video whose header gives side x side."""
    av = pytest.importorskip("av", reason="the extra video is not installed")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mov") as container:
        stream = container.add_stream("png", rate=8)
        stream.width = stream.height = side
        stream.pix_fmt = "gray"
        for time, file in enumerate(files):
            packet = av.Packet(file)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, time, time, Fraction(1, 8)
            container.mux(packet)
    return buffer.getvalue()


def sound_track() -> bytes:
    """Return an mp4 file with sound and no pictures."""
    av = pytest.importorskip("av", reason="the extra video is not installed")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()
