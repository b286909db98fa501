"""Video: files and arrays as frames at a target rate, decoded one after the other, within limits."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from elman.codecs.media import files as media_files
from elman.errors import DataError, DataTypeError, MissingExtraError
from elman.io.missing import unmasked

_BORDER = 1 << 16
"""Pixels that a decoder may have beyond twice the limit: coded frames are larger than shown ones."""
ENDINGS = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".mpg", ".mpeg", ".ogv")


def frames(value: Any, fps: float, *, max_pixels: int, max_seconds: float) -> Iterator[np.ndarray]:
    """Yield the frames of a video at a rate.

    Parameters
    ----------
    value : array, path or bytes
        (T, h, w) or (T, h, w, 1 or 3) bytes or floats in 0..1, assumed to have the rate; or a file.
    fps : float
        Frames a second of files: the first frame of every 1/fps seconds.
    max_pixels : int
        Larger frames are refused.
    max_seconds : float
        Longer files are refused.

    Yields
    ------
    np.ndarray
        float32 (h, w, 1 or 3), 0 black and 1 white.
    """
    if media_files.is_file(value):
        yield from _decoded(value, fps, max_pixels, max_seconds)
    else:
        yield from _array(value, max_pixels)


def _array(value: Any, max_pixels: int) -> np.ndarray:
    try:
        array = np.asarray(unmasked(value))
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataTypeError(f"expected a video (array, path or bytes); got {type(value).__name__} ({error}).") from error
    if array.dtype.kind not in "uf" or array.ndim not in (3, 4) or (array.dtype.kind == "u" and array.dtype != np.uint8):
        raise DataTypeError(
            f"expected a video (T, h, w) or (T, h, w, 3) of bytes or floats in 0..1; got {array.dtype} of shape {array.shape}."
        )
    array = array[..., None] if array.ndim == 3 else array
    if array.shape[3] not in (1, 3) or 0 in array.shape[1:]:
        raise DataError(f"expected a video (T, h, w) or (T, h, w, 3); got shape {array.shape}. Put time first and channels last.")
    _small(array.shape[1:3], max_pixels, "the array")
    if array.dtype == np.uint8:
        return array.astype(np.float32) / 255
    bad = ~((array >= 0) & (array <= 1)).all(axis=(1, 2, 3))
    if bad.any():
        raise DataError(f"expected floats in 0..1; got others in frame {int(bad.argmax())}. Divide by the largest, and fill NaN in.")
    return array.astype(np.float32)


def count(value: Any, fps: float, *, max_pixels: int, max_seconds: float) -> int | None:
    """Return the number of frames that :func:`frames` will yield of a file, from the times of its packets; nothing is decoded."""
    with _opened(value, max_pixels) as (container, stream, name):
        times = [packet.pts for packet in container.demux(stream) if packet.size and not packet.is_discard]
        if any(time is None for time in times):
            return None
        choice = _Choice(fps, max_seconds, name)
        return sum(choice.takes(float(time * stream.time_base)) for time in sorted(times))


class _Choice:
    """Choice of frames: the first of every 1/fps seconds."""

    def __init__(self, fps: float, max_seconds: float, name: str) -> None:
        self._fps, self._longest, self._name = fps, max_seconds, name
        self._first: float | None = None
        self._next = 0

    def takes(self, seconds: float) -> bool:
        """Return whether a frame shown at this time is chosen; frames come in order."""
        self._first = seconds if self._first is None else self._first
        since = seconds - self._first
        if since > self._longest:
            raise DataError(f"{self._name} lasts more than max_seconds={self._longest:g}. Raise Video(max_seconds=…) or cut it.")
        if since < self._next / self._fps - 1e-6:
            return False
        self._next = int(since * self._fps + 1e-6) + 1
        return True


@contextmanager
def _opened(value: Any, max_pixels: int) -> Iterator[tuple[Any, Any, str]]:
    """Open a file, and name it in errors: its container, its stream of pictures and its name."""
    av = _library()
    name = media_files.present(value, "video")
    file = io.BytesIO(value) if isinstance(value, bytes | bytearray) else str(value)
    try:
        # only the file itself is read: no playlist may name another one, nor an address
        with av.open(file, options={"protocol_whitelist": "file"}) as container:
            if not container.streams.video:
                raise DataError(f"{name} has no pictures in it. Expected a video.")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise DataError(f"{name} has pictures of a kind that cannot be decoded. Convert it, or drop the row.")
            _small((stream.height, stream.width), max_pixels, name)
            stream.codec_context.options = {"max_pixels": str(2 * max_pixels + _BORDER)}  # frames may be larger than the header's size
            yield container, stream, name
    except (av.FFmpegError, ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name} is not video that can be read ({error}). Replace the file or drop the row.") from error


def _decoded(value: Any, fps: float, max_pixels: int, max_seconds: float) -> Iterator[np.ndarray]:
    av, position = _library(), 0
    with _opened(value, max_pixels) as (container, stream, name):
        choice = _Choice(fps, max_seconds, name)
        try:
            for frame in container.decode(stream):
                if choice.takes(position / 25 if frame.time is None else float(frame.time)):
                    _small((frame.height, frame.width), max_pixels, name)
                    yield frame.to_ndarray(format="rgb24").astype(np.float32) / 255
                position += 1
        except (av.FFmpegError, ValueError, OverflowError) as error:
            if isinstance(error, DataError) or not position:
                raise
            raise DataError(
                f"{name} is not video that can be read after frame {position} ({error}). Expected frames of one size and of at most "
                f"max_pixels={max_pixels}. Replace the file or drop the row."
            ) from error
        if not position:
            raise DataError(f"{name} has no frames. Replace the file or drop the row.")


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("video", "av", "read video files") from error
    return av


def _small(size: tuple[int, int], max_pixels: int, name: str) -> None:
    if size[0] * size[1] > max_pixels:
        raise DataError(f"{name} has frames of {size[1]} x {size[0]} pixels, more than max_pixels={max_pixels}. Raise Video(max_pixels=…).")
