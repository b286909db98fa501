"""Sound piece by piece: resampling and log-mel frames that do not depend on how the sound is divided."""

from __future__ import annotations

import functools
import math

import numpy as np

WIDTH = 16
"""Zero crossings of the resampling filter on each side."""
_LARGEST = 1_000_000
_FRAMES = 4096
"""Frames computed at once: bounds the memory of long sound."""


def common(source_rate: int, target_rate: int) -> tuple[int, int]:
    """Return the ratio of output to input samples, in lowest terms."""
    divisor = math.gcd(source_rate, target_rate)
    return target_rate // divisor, source_rate // divisor


def has_table(source_rate: int, target_rate: int) -> bool:
    """Return whether the ratio of two rates is simple enough for the filters of all phases to fit into memory."""
    up, down = common(source_rate, target_rate)
    return up * down <= _LARGEST


class Resampler:
    """Resample by a windowed sinc that keeps the band of both rates.

    Parameters
    ----------
    source_rate : int
        Rate of the samples.
    target_rate : int
        The rate to return.

    Notes
    -----
    Smith 2002, "Digital audio resampling": polyphase sinc, Hann window of 16 zero crossings, cut at 95 % of the lower Nyquist.

    Examples
    --------
    >>> halved = Resampler(16000, 8000)
    >>> len(np.concatenate([halved.feed(np.ones(500, np.float32)), halved.feed(np.ones(501, np.float32)), halved.close()]))
    501
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._same = source_rate == target_rate
        self._up, self._down = common(source_rate, target_rate)
        self._read = self._written = 0
        if not self._same:
            self._filters, reach = filters(self._up, self._down)
            self._buffer = np.zeros(reach, dtype=np.float32)

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Return the output that more samples complete, float32 (T',)."""
        self._read += len(samples)
        if self._same:
            return samples
        self._buffer = np.concatenate([self._buffer, samples])
        result = self._blocks()
        self._written += len(result)
        return result

    def close(self) -> np.ndarray:
        """Return the rest: ceil(T·target_rate/source_rate) samples in all."""
        if self._same:
            return np.zeros(0, dtype=np.float32)
        left = -(-self._read * self._up // self._down) - self._written
        self._buffer = np.concatenate([self._buffer, np.zeros(self._filters.shape[1] + self._down, dtype=np.float32)])
        return self._blocks()[:left]

    def _blocks(self) -> np.ndarray:
        import torch

        from elman.kernels import dense

        width, down = self._filters.shape[1], self._down
        count = max(0, (len(self._buffer) - width) // down + 1)
        parts = []
        with torch.inference_mode():
            weight = torch.from_numpy(self._filters)
            for start in range(0, count, _FRAMES):
                most = min(_FRAMES, count - start)
                windows = torch.from_numpy(self._buffer[start * down : (start + most - 1) * down + width]).unfold(0, width, down)
                parts.append(dense.linear(windows.contiguous(), weight).flatten().numpy())
        self._buffer = self._buffer[count * down :].copy()
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


@functools.lru_cache(maxsize=16)
def filters(up: int, down: int) -> tuple[np.ndarray, int]:
    """Return the filters of all phases, float32 (up, width), and the number of samples before a block that they reach."""
    cutoff = 0.95 * min(1.0, up / down)
    reach = math.ceil(WIDTH / cutoff)
    # output sample p of a block lies p·down/up input samples after the block's first
    at = np.arange(-reach, reach + down + 1)[None] - (np.arange(up) * down / up)[:, None]
    return sinc(at, cutoff).astype(np.float32), reach


def sinc(at: np.ndarray, cutoff: float) -> np.ndarray:
    """Return the windowed sinc of a low pass at ``cutoff`` times the Nyquist frequency."""
    x = cutoff * at
    return cutoff * np.sinc(x) * np.where(np.abs(x) <= WIDTH, np.cos(np.pi * x / (2 * WIDTH)) ** 2, 0.0)


class Spectrum:
    """Log-mel spectrum of sound in pieces; frame t is centred on sample t·hop, and sound is silent before and after.

    Parameters
    ----------
    rate : int
        Samples a second.
    features : int
        Mel bands.
    window : float
        Length of a frame in seconds.
    step : float
        Seconds from frame to frame.

    Examples
    --------
    >>> spectrum = Spectrum(8000, features=20, window=0.025, step=0.01)
    >>> spectrum.feed(np.zeros(100, np.float32)).shape, spectrum.feed(np.zeros(60, np.float32)).shape, spectrum.close().shape
    ((0, 20), (1, 20), (2, 20))
    """

    def __init__(self, rate: int, *, features: int, window: float, step: float) -> None:
        length, self._hop = max(2, round(window * rate)), max(1, round(step * rate))
        self._size = 1 << (length - 1).bit_length()
        left = (self._size - length) // 2
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
        self._window = np.pad(hann, (left, self._size - length - left)).astype(np.float32)
        self._bands = mel_bands(features, self._size, rate)
        self._buffer = np.zeros(self._size // 2, dtype=np.float32)
        self._read = self._skip = 0

    def count(self, samples: int) -> int:
        """Return the number of frames of a number of samples."""
        return 1 + samples // self._hop if samples else 0

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Return the frames that more samples complete, float64 (T, features)."""
        self._read += len(samples)
        self._buffer = np.concatenate([self._buffer, np.asarray(samples, dtype=np.float32)])
        return self._frames()

    def close(self) -> np.ndarray:
        """Return the last frames: 1 + T // hop in all, none for no samples."""
        if self._read:
            self._buffer = np.concatenate([self._buffer, np.zeros(self._size // 2, dtype=np.float32)])
        return self._frames()

    def _frames(self) -> np.ndarray:
        import torch

        from elman.kernels import dense

        samples, behind = self._buffer[self._skip :], max(0, self._skip - len(self._buffer))
        count = max(0, (len(samples) - self._size) // self._hop + 1)
        parts = [np.zeros((0, len(self._bands)))]
        with torch.inference_mode():
            window, bands = torch.from_numpy(self._window), torch.from_numpy(self._bands)
            for start in range(0, count, _FRAMES):
                most = min(_FRAMES, count - start)
                piece = samples[start * self._hop : (start + most - 1) * self._hop + self._size]
                frames = torch.from_numpy(piece).unfold(0, self._size, self._hop) * window
                power = torch.fft.rfft(frames).abs().square()  # pyright: ignore[reportUnknownMemberType]
                parts.append(torch.log(dense.linear(power, bands) + 1e-6).double().numpy())
        ahead = count * self._hop
        self._buffer, self._skip = samples[ahead:].copy(), max(behind, ahead - len(samples))  # a hop longer than a frame leaves samples out
        return np.concatenate(parts)


@functools.lru_cache(maxsize=16)
def mel_bands(features: int, size: int, rate: int) -> np.ndarray:
    """Return triangular bands (features, size // 2 + 1), evenly spaced on the mel scale 2595·log10(1 + f/700)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, features + 2) / 2595) - 1)
    bins = np.arange(size // 2 + 1) * rate / size
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
