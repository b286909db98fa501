"""Pictures: arrays, files, bytes and PIL images as (h, w) or (h, w, channels) arrays, within a limit of pixels."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elman.codecs.media import files as media_files
from elman.errors import DataError, DataTypeError, MissingExtraError
from elman.io.missing import unmasked

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm")
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")  # no format that starts another program (EPS) or lists files
_FULL = {"uint8": 255.0, "uint16": 65535.0, "bool": 1.0}
_LOCK = threading.RLock()


@dataclass(frozen=True, kw_only=True)
class PictureInfo:
    """Form of a picture: size in pixels, grey (1) or colour (3) channels, kind and range of its numbers."""

    height: int
    width: int
    channels: int
    kind: str
    low: float
    high: float


_BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, LookupError, TypeError, ArithmeticError, AttributeError)
"""Errors of Pillow on mangled files: it has none of its own."""


class _Guard:
    """Context in which Pillow gives no warnings and has our limit of pixels; several threads may be in it."""

    def __init__(self) -> None:
        self._limits: list[int] = []
        self._warnings, self._previous = warnings.catch_warnings(), None

    @contextmanager
    def __call__(self, max_pixels: int) -> Iterator[None]:
        """Allow files of so many pixels within a ``with``."""
        from PIL import Image as Pillow

        with _LOCK:
            if not self._limits:
                self._previous = Pillow.MAX_IMAGE_PIXELS
                self._warnings.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._limits.append(max_pixels)
            Pillow.MAX_IMAGE_PIXELS = max(self._limits)
        try:
            yield
        finally:
            with _LOCK:
                self._limits.remove(max_pixels)
                if self._limits:
                    Pillow.MAX_IMAGE_PIXELS = max(self._limits)
                else:
                    Pillow.MAX_IMAGE_PIXELS = self._previous
                    self._warnings.__exit__(None, None, None)
                    self._warnings = warnings.catch_warnings()


_GUARD = _Guard()
_ANY = 1 << 62
"""Limit of Pillow while it reads a header; the codec checks its own before anything is decoded."""


def is_file(value: Any) -> bool:
    """Return whether a value is a path, bytes or a PIL image, no array."""
    return media_files.is_file(value) or type(value).__module__.startswith("PIL.")


def info(value: Any, max_pixels: int) -> PictureInfo:
    """Return the form of a picture; of a file only the header is read where that is enough.

    Parameters
    ----------
    value : array, path, bytes or PIL image
        The picture.
    max_pixels : int
        Larger ones are refused before they are decoded.

    Returns
    -------
    PictureInfo
        Size, channels, kind and range.
    """
    if is_file(value):
        with _opened(value, max_pixels) as image:
            width, height = image.size
            if image.mode in ("1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "YCbCr"):
                if _is_rotated(image, value):
                    width, height = height, width
                return PictureInfo(height=height, width=width, channels=1 if image.mode in "1LA" else 3, kind="uint8", low=0.0, high=255.0)
    array = read(value, max_pixels)
    kind = array.dtype.name if array.dtype.name in _FULL else "free"
    low, high = (0.0, _FULL[kind]) if kind != "free" else (float(array.min()), float(array.max()))
    channels = 1 if array.ndim == 2 or array.shape[2] <= 2 else 3
    return PictureInfo(height=array.shape[0], width=array.shape[1], channels=channels, kind=kind, low=low, high=high)


def _is_rotated(image: Any, value: Any) -> bool:
    try:
        with _GUARD(_ANY):
            orientation = image.getexif().get(274, 1)
    except _BROKEN as error:  # a PNG may keep it behind the pixels
        raise DataError(f"{_name(value)} is broken ({error}). Replace the file or drop the row.") from error
    return isinstance(orientation, int) and orientation >= 5


def read(value: Any, max_pixels: int) -> np.ndarray:
    """Return the picture as an array (h, w) or (h, w, channels) of its own dtype."""
    if is_file(value):
        return _decoded(value, max_pixels)
    try:
        array = np.asarray(unmasked(value))
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataTypeError(f"expected a picture (array, path, bytes or PIL image); got {type(value).__name__} ({error}).") from error
    if array.dtype.kind not in "biuf":
        raise DataTypeError(f"expected a picture of numbers; got {type(value).__name__} of {array.dtype}.")
    if array.ndim not in (2, 3) or (array.ndim == 3 and not 1 <= array.shape[2] <= 4):
        hint = " Move the channels last: array.transpose(1, 2, 0)." if array.ndim == 3 and array.shape[0] <= 4 else ""
        raise DataError(f"expected a picture of shape (h, w) or (h, w, 1..4 channels); got {array.shape}.{hint}")
    if 0 in array.shape:
        raise DataError(f"expected a picture of at least one pixel; got shape {array.shape}. Drop the row.")
    _small((array.shape[1], array.shape[0]), max_pixels, "the array")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError("expected finite numbers in a picture; got NaN or infinity. Fill them in.")
    return array


def unit(array: np.ndarray, low: float, high: float, *, free: bool) -> np.ndarray:
    """Return pictures (…) as float32, 0 black and 1 white.

    Parameters
    ----------
    array : ndarray
        One or many pictures of one dtype.
    low : float
        Black, of numbers whose dtype does not define it.
    high : float
        White, of the same.
    free : bool
        Whether ``low`` and ``high`` were learned from such numbers.

    Returns
    -------
    ndarray
        Same shape.
    """
    full = _FULL.get(array.dtype.name)
    if full is not None:
        return array.astype(np.float32) / np.float32(full)
    if not free:
        raise DataError(f"expected pictures of uint8, uint16 or booleans, as in fit; got {array.dtype}. Convert it: array.astype('uint8').")
    return ((array.astype(np.float64) - low) / (high - low)).astype(np.float32)


def _small(size: tuple[int, int], max_pixels: int, name: str) -> None:
    width, height = size
    if width * height == 0:
        raise DataError(f"expected a picture of at least one pixel; {name} has {width} x {height}. Drop the row.")
    if width * height > max_pixels:
        raise DataError(
            f"{name} has {width} x {height} pixels, more than max_pixels={max_pixels}. Raise Image(max_pixels=…) if you trust the file."
        )


def _opened(value: Any, max_pixels: int) -> Any:
    try:
        from PIL import Image as Pillow
        from PIL import UnidentifiedImageError
    except ImportError as error:
        raise MissingExtraError("image", "pillow", "read picture files") from error
    if type(value).__module__.startswith("PIL."):
        _small(value.size, max_pixels, "the picture")
        return _Borrowed(value)
    name = media_files.present(value, "picture")
    try:
        with _GUARD(_ANY):
            image = Pillow.open(io.BytesIO(value) if isinstance(value, bytes | bytearray) else Path(value), formats=_FORMATS)
    except _BROKEN as error:
        reason = "none of its kinds" if isinstance(error, UnidentifiedImageError) else error  # that names a Python object
        raise DataError(f"{name} is not a picture that can be read ({reason}). Expected one of {', '.join(_FORMATS)}.") from error
    try:
        _small(image.size, max_pixels, name)
    except DataError:
        image.close()
        raise
    return image


class _Borrowed:
    """Context of a PIL image of the user's, which stays open."""

    def __init__(self, image: Any) -> None:
        self.image = image

    def __enter__(self) -> Any:
        return self.image

    def __exit__(self, *_: object) -> None:
        return None


def _decoded(value: Any, max_pixels: int) -> np.ndarray:
    with _opened(value, max_pixels) as image:
        from PIL import ImageOps
        from PIL.Image import DecompressionBombError

        try:
            with _GUARD(max_pixels):
                return _array(ImageOps.exif_transpose(image))
        except DecompressionBombError as error:  # a part that is larger than the whole
            raise DataError(
                f"{_name(value)} has parts of more than max_pixels={max_pixels} pixels. Replace the file or drop the row."
            ) from error
        except _BROKEN as error:
            raise DataError(f"{_name(value)} is broken ({error}). Replace the file or drop the row.") from error


def _array(image: Any) -> np.ndarray:
    if image.mode == "LA":
        return np.asarray(image)
    if image.mode in ("RGBA", "PA") or "transparency" in image.info:
        return np.asarray(image.convert("RGBA"))
    if image.mode.startswith("I"):
        deep = np.asarray(image)  # 32 bits where the file has more than 16, or where Pillow is of an older kind
        return deep.astype(np.uint16) if deep.min() >= 0 and deep.max() <= _FULL["uint16"] else deep
    if image.mode in ("L", "RGB", "F"):
        return np.asarray(image)
    return np.asarray(image.convert("L" if image.mode == "1" else "RGB"))


def _name(value: Any) -> str:
    return media_files.named(value, "picture") if media_files.is_file(value) else "the picture"
