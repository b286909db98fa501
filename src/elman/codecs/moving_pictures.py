"""Reading video: files and arrays as small frames at a wanted rate, decoded one after the other, within limits."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import DataError, DataTypeError, MissingExtraError

ENDINGS = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".mpg", ".mpeg", ".ogv")


def is_file(value: Any) -> bool:
    """Tell whether a value is a path or bytes rather than an array."""
    return isinstance(value, str | os.PathLike | bytes | bytearray)


def frames(value: Any, fps: float, *, max_pixels: int, max_seconds: float) -> Iterator[np.ndarray]:
    """Yield the frames of a video at a rate.

    Parameters
    ----------
    value : array, path or bytes
        (T, h, w) or (T, h, w, 1 or 3) bytes or floats in 0..1, taken to have the rate; or a file.
    fps : float
        Frames a second wanted of files: of every 1/fps seconds the first frame.
    max_pixels : int
        Larger frames are refused.
    max_seconds : float
        Longer files are refused.

    Yields
    ------
    np.ndarray
        float32 (h, w, 1 or 3), 0 black and 1 white.
    """
    if is_file(value):
        yield from _decoded(value, fps, max_pixels, max_seconds)
    else:
        yield from _array(value, max_pixels)


def _array(value: Any, max_pixels: int) -> np.ndarray:
    try:
        array = np.asarray(value)
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


def _decoded(value: Any, fps: float, max_pixels: int, max_seconds: float) -> Iterator[np.ndarray]:
    av = _library()
    is_bytes = isinstance(value, bytes | bytearray)
    name = f"the video of {len(value)} bytes" if is_bytes else f"{os.fspath(value)!r}"
    if not is_bytes and not Path(value).is_file():
        raise DataError(f"there is no file {name}. Check the path, and the folder it starts from.")
    count = 0
    try:
        # only the file itself is read: no playlist may name another one, nor an address
        with av.open(io.BytesIO(value) if is_bytes else str(value), options={"protocol_whitelist": "file"}) as container:
            if not container.streams.video:
                raise DataError(f"{name} has no pictures in it. Expected a video.")
            stream = container.streams.video[0]
            _small((stream.height, stream.width), max_pixels, name)
            first, wanted = None, 0
            for frame in container.decode(stream):
                seconds = count / 25 if frame.time is None else float(frame.time)
                first = seconds if first is None else first
                if seconds - first > max_seconds:
                    raise DataError(f"{name} lasts more than max_seconds={max_seconds:g}. Raise Video(max_seconds=…) or cut it.")
                if seconds - first >= wanted / fps - 1e-6:
                    _small((frame.height, frame.width), max_pixels, name)
                    wanted = int((seconds - first) * fps + 1e-6) + 1
                    yield frame.to_ndarray(format="rgb24").astype(np.float32) / 255
                count += 1
    except (av.FFmpegError, ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        where = f" after frame {count}" if count else ""
        raise DataError(f"{name} is not video that can be read{where} ({error}). Replace the file or drop the row.") from error
    if not count:
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
