"""Sound: arrays and files as one channel of float32 at a target rate, and its log-mel spectrum."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from elman.codecs.media import files as media_files
from elman.codecs.media.audio_stream import WIDTH, Resampler, Spectrum, common, has_table, sinc
from elman.errors import DataError, DataTypeError, MissingExtraError
from elman.io.missing import unmasked

_BLOCK = 1 << 14
"""Samples of a file decoded at once."""
FASTEST = 10_000_000
"""Samples a second at most."""
MOST_CHANNELS = 32
_UNKNOWN = 1 << 62
"""Samples of a stream that is not seekable and has no length."""


def read(value: Any, rate: int, max_seconds: float) -> np.ndarray:
    """Return one channel at a rate, all of it; the parameters are those of :func:`pieces`.

    Parameters
    ----------
    value : array, (array, rate), path or bytes
        The sound.
    rate : int
        Samples a second to return.
    max_seconds : float
        Longer sound is refused.

    Returns
    -------
    ndarray
        float32 (T,).
    """
    return np.concatenate([np.zeros(0, dtype=np.float32), *pieces(value, rate, max_seconds)])


def pieces(value: Any, rate: int, max_seconds: float) -> Iterator[np.ndarray]:
    """Yield one channel at a rate; files are decoded piece by piece, so that long ones need little memory.

    Parameters
    ----------
    value : array, (array, rate), path or bytes
        Samples (T,) or (T, channels), floats in -1..1 or whole numbers of their dtype's full range; or a file.
    rate : int
        Samples a second to return; an array without a rate is assumed to have it.
    max_seconds : float
        Longer sound is refused, files before they are decoded.

    Yields
    ------
    np.ndarray
        float32 (T,).
    """
    if media_files.is_file(value):
        yield from _decoded(value, rate, max_seconds)
        return
    samples, actual = split(value, rate)
    mono = to_mono(samples)
    if len(mono) > max_seconds * actual:
        raise DataError(
            f"the sound lasts {len(mono) / actual:.1f} s, more than max_seconds={max_seconds:g}. Raise Audio(max_seconds=…) or cut it."
        )
    yield resample(mono, actual, rate)


def split(value: Any, rate: int) -> tuple[Any, int]:
    """Return samples and their rate, of an array or of a pair of both."""
    samples, actual = (
        value if isinstance(value, tuple) and len(value) == 2 and np.ndim(value[0]) > 0 and np.ndim(value[1]) == 0 else (value, rate)
    )
    if isinstance(actual, bool) or not isinstance(actual, int | float | np.number) or not 1 <= actual <= FASTEST or actual != int(actual):
        raise DataError(f"expected a whole number of samples a second; got {actual!r}.")
    return samples, int(actual)


def to_mono(samples: Any, start: int = 0) -> np.ndarray:
    """Return one channel, float32 (T,), of samples (T,) or (T, channels) of any usual dtype; the first is sample ``start`` in messages."""
    try:
        array = np.asarray(unmasked(samples))
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataTypeError(f"expected sound (samples, path or bytes); got {type(samples).__name__} ({error}).") from error
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2):
        raise DataTypeError(f"expected sound of shape (T,) or (T, channels); got {array.dtype} of shape {array.shape}.")
    if array.ndim == 2:
        if array.shape[1] > MOST_CHANNELS or array.shape[1] == 0:
            raise DataError(f"expected (T, channels) with 1..{MOST_CHANNELS} channels; got {array.shape}. Put time first: array.T.")
        array = array if array.dtype.kind == "f" else _full(array)
        return _finite(array.mean(axis=1, dtype=np.float64).astype(np.float32), start)
    return _finite(_full(array), start)


def _full(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    span = np.iinfo(array.dtype)
    middle = 0 if span.min < 0 else (span.max + 1) / 2  # 8-bit wav is unsigned around 128
    # lists of small whole numbers arrive as int64: as floats they would all be silence
    if array.dtype.itemsize == 8:
        raise DataTypeError(f"expected sound as floats in -1..1 or whole numbers of 8, 16 or 32 bits; got {array.dtype}. Convert it.")
    return ((array.astype(np.float64) - middle) / (span.max + 1 - middle)).astype(np.float32)


def _finite(array: np.ndarray, start: int) -> np.ndarray:
    bad = ~np.isfinite(array)
    if bad.any():
        raise DataError(f"expected finite samples; got NaN or infinity at sample {start + int(bad.argmax())}. Cut it out or fill it in.")
    return array


def count(value: Any, rate: int, max_seconds: float) -> int | None:
    """Return how many samples :func:`pieces` will yield of a file, from its header; None where it lacks them."""
    with _opened(value, max_seconds) as (file, _):
        up, down = common(file.samplerate, rate)
        return -(-file.frames * up // down) if file.frames < _UNKNOWN else None


@contextmanager
def _opened(value: Any, max_seconds: float) -> Iterator[tuple[Any, str]]:
    """Open a sound file, and name it in errors."""
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: libsndfile itself is missing
        raise MissingExtraError("audio", "soundfile", "read sound files") from error
    name = media_files.present(value, "sound")
    try:
        with soundfile.SoundFile(io.BytesIO(value) if isinstance(value, bytes | bytearray) else str(value)) as file:
            if file.samplerate > FASTEST or file.channels > MOST_CHANNELS:
                raise DataError(
                    f"{name} has {file.channels} channels of {file.samplerate} samples a second, more than {MOST_CHANNELS} or {FASTEST}. "
                    "Its header is broken: replace the file or drop the row."
                )
            if file.frames > max_seconds * file.samplerate:
                seconds = file.frames / file.samplerate
                raise DataError(
                    f"{name} lasts {seconds:.1f} s, more than max_seconds={max_seconds:g}. Raise Audio(max_seconds=…) or cut it."
                )
            yield file, name
    except (soundfile.SoundFileError, TypeError) as error:
        reason = getattr(error, "error_string", error)  # the whole message names a Python object for bytes
        raise DataError(f"{name} is not sound that can be read ({reason}). Expected wav, flac, ogg or mp3.") from error


def _decoded(value: Any, rate: int, max_seconds: float) -> Iterator[np.ndarray]:
    position = 0
    with _opened(value, max_seconds) as (file, name):
        if not has_table(file.samplerate, rate):  # rates with no common factor: sample by sample, in one piece
            yield resample(_checked(file.read(dtype="float32"), name, 0), file.samplerate, rate)
            return
        resampler = Resampler(file.samplerate, rate)
        while len(block := _block(file, name, position)):
            yield resampler.feed(_checked(block, name, position))
            position += len(block)
        if position < file.frames < _UNKNOWN:
            raise DataError(
                f"{name} is broken off: it should have {file.frames} samples and ends at sample {position}. Copy it again, or cut it."
            )
        yield resampler.close()


def _block(file: Any, name: str, position: int) -> np.ndarray:
    try:
        return file.read(_BLOCK, dtype="float32")
    except (RuntimeError, TypeError) as error:  # soundfile's own error is a RuntimeError
        raise DataError(f"{name} cannot be read beyond sample {position} ({error}). Copy it again, or cut it.") from error


def _checked(block: np.ndarray, name: str, start: int) -> np.ndarray:
    try:
        return to_mono(block, start)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error


def resample(samples: np.ndarray, source_rate: int, target_rate: int) -> np.ndarray:
    """Return samples at another rate; see :class:`~elman.codecs.media.audio_stream.Resampler`.

    Parameters
    ----------
    samples : ndarray
        float32 (T,).
    source_rate : int
        Their rate.
    target_rate : int
        The rate to return.

    Returns
    -------
    ndarray
        float32 (ceil(T·target_rate/source_rate),).
    """
    if source_rate == target_rate or not len(samples):
        return samples
    if not has_table(source_rate, target_rate):
        return _resampled_singly(samples, *common(source_rate, target_rate))
    resampler = Resampler(source_rate, target_rate)
    return np.concatenate([resampler.feed(samples), resampler.close()])


def _resampled_singly(samples: np.ndarray, up: int, down: int) -> np.ndarray:
    cutoff = 0.95 * min(1.0, up / down)
    reach = math.ceil(WIDTH / cutoff)
    padded = np.pad(samples, (reach, reach + 1))
    result = np.empty(-(-len(samples) * up // down), dtype=np.float32)
    for start in range(0, len(result), 4096):
        first, over = np.divmod(np.arange(start, min(start + 4096, len(result)), dtype=np.int64) * down, up)
        taps = np.arange(-reach, reach + 1)
        weights = sinc(taps[None] - (over / up)[:, None], cutoff)
        result[start : start + 4096] = (padded[first[:, None] + taps + reach] * weights).sum(axis=1)
    return result


def frames(pieces: Iterable[np.ndarray], spectrum: Spectrum) -> Iterator[np.ndarray]:
    """Yield the frames of sound in pieces, each as soon as it is complete.

    Parameters
    ----------
    pieces : iterable of ndarray
        float32 (T,) each.
    spectrum : Spectrum
        Not fed yet.

    Yields
    ------
    np.ndarray
        float64 (T', features); in all 1 + T // hop frames, none for no samples.
    """
    for piece in pieces:
        yield spectrum.feed(piece)
    yield spectrum.close()


def log_mel(pieces: Iterable[np.ndarray], spectrum: Spectrum) -> np.ndarray:
    """Return :func:`frames` in one piece, float64 (T, features)."""
    return np.concatenate(list(frames(pieces, spectrum)))
