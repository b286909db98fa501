"""Numbers: read from arrays and lists, standardised per channel, missing ones marked; and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from elman.codecs.checks import one_of, reals, strict
from elman.errors import DataError, DataTypeError, SettingError
from elman.io.missing import is_missing, unmasked

SCALES = ("standard", "log", "none")
MISSING = ("auto", True, False)


def numbers(value: Any, ranks: tuple[int, ...], expected: str) -> np.ndarray:
    """Read numbers as a float64 array; whatever is missing becomes NaN."""
    if isinstance(value, str | bytes):
        raise DataTypeError(f"expected {expected}; got text {_short(value)}. Convert it to numbers first, or use Text or Category.")
    try:
        actual = np.asarray(unmasked(value))
        if (actual.dtype.kind == "O" and any(isinstance(v, str | bytes) for v in actual.flat)) or actual.dtype.kind in "US":
            raise DataTypeError(f"expected {expected}; got text in it: {_short(value)}. Convert it to numbers first, or use Symbols.")
        if actual.dtype.kind not in "biufO":
            raise DataTypeError(f"expected {expected}; got {actual.dtype}. Convert it to numbers first.")
        if actual.dtype.kind == "O":
            actual = np.array([np.nan if is_missing(v) else v for v in actual.flat], dtype=object).reshape(actual.shape)
        array = actual.astype(np.float64)
    except DataTypeError:
        raise
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise DataTypeError(f"expected {expected}; got {_short(value)} ({error}).") from error
    if array.ndim not in ranks:
        raise DataError(f"expected {expected}; got an array of shape {array.shape}.")
    if np.isinf(array).any():
        where = tuple(int(i) for i in np.argwhere(np.isinf(array))[0])
        raise DataError(f"expected finite numbers; got an infinity at {list(where)}. Replace it by a number, or by NaN in a source.")
    return array


@dataclass(frozen=True, kw_only=True)
class Scaler:
    """Standardise d channels: (x - center) / scale, on log(x) if ``log``; with ``masked``, d more channels mark real values.

    Notes
    -----
    Shapes:

        center, scale  (d,)      x  (..., d)      encoded  (..., d), or (..., 2·d) when masked: values, then 1 = real, 0 = missing
    """

    center: np.ndarray
    scale: np.ndarray
    log: bool = False
    masked: bool = False

    @classmethod
    def fit(cls, arrays: Iterable[np.ndarray], size: int, *, how: str, missing: Any, target: bool) -> Self:
        """Learn mean and deviation of every channel over arrays (..., d); a constant channel is only centred.

        Parameters
        ----------
        arrays : iterable of ndarray
            Each (..., d), read twice, so a list.
        size : int
            Number of channels d.
        how : {"standard", "log", "none"}
            Scale of the numbers.
        missing : {"auto", True, False}
            Add mask channels: when NaN was seen, always, never.
        target : bool
            A target never has a mask.

        Returns
        -------
        Scaler
            Fitted.
        """
        flat = [logarithm(a).reshape(-1, size) if how == "log" else a.reshape(-1, size) for a in arrays]
        real = [~np.isnan(a) for a in flat]
        count = np.maximum(np.sum([r.sum(axis=0) for r in real], axis=0), 1)
        center, scale = np.zeros(size), np.ones(size)
        if how != "none":
            with np.errstate(over="ignore", invalid="ignore"):
                center = np.sum([np.where(r, a, 0.0).sum(axis=0) for a, r in zip(flat, real, strict=True)], axis=0) / count
                squares = [np.square(np.where(r, a - center, 0.0)).sum(axis=0) for a, r in zip(flat, real, strict=True)]
                scale = np.sqrt(np.sum(squares, axis=0) / count)
            if not (np.isfinite(center).all() and np.isfinite(scale).all()):
                raise DataError("expected numbers whose mean and deviation fit in float64; these are too large. Divide them first.")
            # rounding leaves a deviation of a few ulps on a constant channel: dividing by it would blow noise up
            scale = np.where(scale <= 1e-12 * np.abs(center), 1.0, scale)
            scale = np.where(scale < 1e-150, 1.0, scale)
        holes = not all(r.all() for r in real)
        return cls(center=center, scale=scale, log=how == "log", masked=not target and (holes if missing == "auto" else bool(missing)))

    @property
    def size(self) -> int:
        """Number of encoded channels: d, or 2·d when masked."""
        return len(self.center) * (2 if self.masked else 1)

    def encode(self, array: np.ndarray) -> np.ndarray:
        """Return float32 (..., size) of float64 (..., d); NaN becomes the mean with mask 0."""
        if self.log:
            array = logarithm(array)
        with np.errstate(over="ignore"):
            scaled = ((array - self.center) / self.scale).astype(np.float32)
        if np.isinf(scaled).any():
            raise DataError("expected a number near those of fit; got one too far away for float32. Check its unit.")
        missing = np.isnan(scaled)
        if self.masked:
            return np.concatenate([np.where(missing, np.float32(0), scaled), (~missing).astype(np.float32)], axis=-1)
        if missing.any():
            where = [int(i) for i in np.argwhere(missing)[0]]
            raise DataError(f"expected a number; got NaN at {where}. Fill it in; a source codec with missing=True marks it instead.")
        return scaled

    def decode(self, array: Any) -> np.ndarray:
        """Return float64 (..., d) of (..., size); NaN where a mask is 0. Without its mask channels everything is real."""
        array = np.asarray(array, dtype=np.float64)
        d = len(self.center)
        if array.ndim == 0 or array.shape[-1] not in (d, self.size):
            raise DataError(f"expected an array (..., {d}) to decode; got shape {array.shape}.")
        values = array[..., :d] * self.scale + self.center
        if self.log:
            values = np.exp(values)
        return np.where(array[..., d:] < 0.5, np.nan, values) if array.shape[-1] != d else values

    def state(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"center": self.center.tolist(), "scale": self.scale.tolist(), "log": self.log, "masked": self.masked}

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """Rebuild from plain JSON; strict."""
        fields = strict(state, ("center", "scale", "log", "masked"), "scaler")
        center = reals(fields["center"], "scaler: center")
        scale = reals(fields["scale"], "scaler: scale", len(center))
        if (scale <= 0).any():
            raise DataError("scaler: scale must be above 0.")
        log, masked = (one_of(fields[name], (True, False), f"scaler: {name}") for name in ("log", "masked"))
        return cls(center=center, scale=scale, log=log, masked=masked)


def check_settings(scale: Any, missing: Any) -> None:
    """Raise SettingError for a scale or missing that does not exist."""
    one_of(scale, SCALES, "scale", SettingError)
    one_of(missing, MISSING, "missing", SettingError)


def learnable(array: np.ndarray, *, how: str, target: bool) -> np.ndarray:
    """Return the array of one row if a scaler can learn from it: no NaN in a target, nothing below 0 on a log scale."""
    if target and np.isnan(array).any():
        raise DataError("expected numbers in a target; got NaN. Drop the row or fill it in.")
    if how == "log":
        logarithm(array)
    return array


def logarithm(array: np.ndarray) -> np.ndarray:
    """Return log(array), and refuse numbers that have none."""
    if (array <= 0).any():
        raise DataError(f"expected numbers above 0 for scale='log'; got {array[array <= 0].flat[0]:g}. Use scale='standard'.")
    return np.log(array)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
