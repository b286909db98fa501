"""Reading sound: arrays and files as one channel of float32 at a wanted rate, and its log-mel spectrum."""

from __future__ import annotations

import functools
import io
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import DataError, DataTypeError, MissingExtraError

_WIDTH = 16
"""Zero crossings of the resampling filter on each side."""
_LARGEST = 1_000_000


def read(value: Any, rate: int, max_seconds: float) -> np.ndarray:
    """Return one channel at a rate.

    Parameters
    ----------
    value : array, (array, rate), path or bytes
        Samples (T,) or (T, channels), floats in -1..1 or whole numbers of their dtype's full range; or a file.
    rate : int
        Samples a second wanted; an array without its rate is taken to have it.
    max_seconds : float
        Longer sound is refused, files before they are decoded.

    Returns
    -------
    ndarray
        float32 (T,).
    """
    if isinstance(value, str | os.PathLike | bytes | bytearray):
        samples, given = _decoded(value, max_seconds)
    elif isinstance(value, tuple) and len(value) == 2 and np.ndim(value[0]) > 0 and np.ndim(value[1]) == 0:
        samples, given = value
    else:
        samples, given = value, rate
    if isinstance(given, bool) or not isinstance(given, int | float | np.number) or not 1 <= given <= 10_000_000 or given != int(given):
        raise DataError(f"expected a whole number of samples a second; got {given!r}.")
    mono = _mono(samples)
    if len(mono) > max_seconds * given:
        raise DataError(
            f"the sound lasts {len(mono) / given:.1f} s, more than max_seconds={max_seconds:g}. Raise Audio(max_seconds=…) or cut it."
        )
    return resample(mono, int(given), rate)


def _mono(samples: Any) -> np.ndarray:
    try:
        array = np.asarray(samples)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataTypeError(f"expected sound (samples, path or bytes); got {type(samples).__name__} ({error}).") from error
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2):
        raise DataTypeError(f"expected sound of shape (T,) or (T, channels); got {array.dtype} of shape {array.shape}.")
    if array.ndim == 2:
        if array.shape[1] > 32 or array.shape[1] == 0:
            raise DataError(f"expected (T, channels) with 1..32 channels; got {array.shape}. Put time first: array.T.")
        array = array if array.dtype.kind == "f" else _full(array)
        return _finite(array.mean(axis=1, dtype=np.float64).astype(np.float32))
    return _finite(_full(array))


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


def _finite(array: np.ndarray) -> np.ndarray:
    bad = ~np.isfinite(array)
    if bad.any():
        raise DataError(f"expected finite samples; got NaN or infinity at sample {int(np.flatnonzero(bad)[0])}. Cut it out or fill it in.")
    return array


def _decoded(value: Any, max_seconds: float) -> tuple[np.ndarray, int]:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: libsndfile itself is missing
        raise MissingExtraError("audio", "soundfile", "read sound files") from error
    is_bytes = isinstance(value, bytes | bytearray)
    name = f"the sound of {len(value)} bytes" if is_bytes else f"{os.fspath(value)!r}"
    if not is_bytes and not Path(value).is_file():
        raise DataError(f"there is no file {name}. Check the path, and the folder it starts from.")
    try:
        with soundfile.SoundFile(io.BytesIO(value) if is_bytes else str(value)) as file:
            if file.frames > max_seconds * file.samplerate:
                seconds = file.frames / file.samplerate
                raise DataError(
                    f"{name} lasts {seconds:.1f} s, more than max_seconds={max_seconds:g}. Raise Audio(max_seconds=…) or cut it."
                )
            return file.read(dtype="float32"), file.samplerate
    except (soundfile.SoundFileError, TypeError) as error:
        raise DataError(f"{name} is not sound that can be read ({error}). Expected wav, flac, ogg or mp3.") from error


def resample(samples: np.ndarray, given: int, wanted: int) -> np.ndarray:
    """Return samples at another rate, by a windowed sinc that keeps what both rates can hold.

    Parameters
    ----------
    samples : ndarray
        float32 (T,).
    given : int
        Their rate.
    wanted : int
        The rate to return.

    Returns
    -------
    ndarray
        float32 (ceil(T·wanted/given),).

    Notes
    -----
    Smith 2002, "Digital audio resampling": polyphase sinc, Hann window of 16 zero crossings, cut at 95 % of the lower Nyquist.
    """
    if given == wanted or not len(samples):
        return samples
    up, down = wanted // math.gcd(given, wanted), given // math.gcd(given, wanted)
    if up * down > _LARGEST:  # rates with no common factor: a table of filters would fill the memory
        return _resampled_singly(samples, up, down)
    from torch import from_numpy
    from torch.nn.functional import conv1d, pad

    filters, reach = _filters(up, down)
    length = -(-len(samples) * up // down)
    x = pad(from_numpy(np.ascontiguousarray(samples))[None, None], (reach, reach + down))
    phases = conv1d(x, from_numpy(filters)[:, None], stride=down)[0]  # (up, blocks)
    return phases.T.reshape(-1)[:length].numpy().copy()


@functools.lru_cache(maxsize=16)
def _filters(up: int, down: int) -> tuple[np.ndarray, int]:
    cut = 0.95 * min(1.0, up / down)
    reach = math.ceil(_WIDTH / cut)
    # output sample p of a block lies p·down/up input samples after the block's first
    at = np.arange(-reach, reach + down + 1)[None] - (np.arange(up) * down / up)[:, None]
    return _sinc(at, cut).astype(np.float32), reach


def _sinc(at: np.ndarray, cut: float) -> np.ndarray:
    x = cut * at
    return cut * np.sinc(x) * np.where(np.abs(x) <= _WIDTH, np.cos(np.pi * x / (2 * _WIDTH)) ** 2, 0.0)


def _resampled_singly(samples: np.ndarray, up: int, down: int) -> np.ndarray:
    cut = 0.95 * min(1.0, up / down)
    reach = math.ceil(_WIDTH / cut)
    padded = np.pad(samples, (reach, reach + 1))
    done = np.empty(-(-len(samples) * up // down), dtype=np.float32)
    for start in range(0, len(done), 4096):
        first, over = np.divmod(np.arange(start, min(start + 4096, len(done)), dtype=np.int64) * down, up)
        taps = np.arange(-reach, reach + 1)
        weights = _sinc(taps[None] - (over / up)[:, None], cut)
        done[start : start + 4096] = (padded[first[:, None] + taps + reach] * weights).sum(axis=1)
    return done


def log_mel(samples: np.ndarray, rate: int, *, features: int, window: float, step: float) -> np.ndarray:
    """Return the log-mel spectrum.

    Parameters
    ----------
    samples : ndarray
        float32 (T,).
    rate : int
        Samples a second.
    features : int
        Mel bands.
    window : float
        Length of a frame in seconds.
    step : float
        Seconds from frame to frame.

    Returns
    -------
    ndarray
        float64 (1 + T // hop, features); (0, features) for no samples.
    """
    if not len(samples):
        return np.zeros((0, features))
    import torch

    length, hop = max(2, round(window * rate)), max(1, round(step * rate))
    size = 1 << (length - 1).bit_length()
    x = torch.from_numpy(np.ascontiguousarray(samples))
    spectrum = torch.stft(x, size, hop, length, torch.hann_window(length), center=True, pad_mode="constant", return_complex=True)
    power = torch.from_numpy(mel_bands(features, size, rate)) @ spectrum.abs().square()
    return torch.log(power + 1e-6).T.double().numpy()


@functools.lru_cache(maxsize=16)
def mel_bands(features: int, size: int, rate: int) -> np.ndarray:
    """Return triangular bands (features, size // 2 + 1), evenly spaced on the mel scale 2595·log10(1 + f/700)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, features + 2) / 2595) - 1)
    bins = np.arange(size // 2 + 1) * rate / size
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
