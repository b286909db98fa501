"""Strokes: pen movements, as a tablet or a touch screen gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.augmentation import augment_steps
from elman.codecs.checks import one_of, real, reals, strict
from elman.codecs.codec import Codec, each
from elman.codecs.scaling import numbers
from elman.codecs.space import Continuous
from elman.errors import DataError, SettingError


class Strokes(Codec):
    """Absolute points of a pen: (T, 2), or (T, 3) with a flag that is 1 where the pen is lifted after the point.

    A step is (dx, dy, pen): the way from the point before, both axes divided by one number so that shapes stay as they are.
    The first step starts from the mean first point of ``fit``, so that nothing is lost.

    Parameters
    ----------
    augment : bool, default True
        Augment in training: slanted, stretched, turned, with noise on the points.

    Notes
    -----
    Graves 2013, "Generating sequences with recurrent neural networks", section 5, uses the same steps.

    Examples
    --------
    >>> codec = Strokes().fit([[[10, 10], [13, 14], [16, 10]]])
    >>> codec.encode([[10, 10], [15, 10]]).tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """

    id = "strokes.v1"
    modality = "strokes"
    is_symbolic = False
    rank = "many"
    preserves_steps = True

    def __init__(self, *, augment: bool = True) -> None:
        self.augment = augment

    @property
    def space(self) -> Continuous:
        """Three numbers a step: dx, dy, pen."""
        self._fitted("scale_")
        return Continuous(3)

    def encode(self, value: Any) -> np.ndarray:
        """Return the steps.

        Parameters
        ----------
        value : array-like
            (T, 2) or (T, 3) absolute points.

        Returns
        -------
        ndarray
            float32 (T, 3).
        """
        return self._steps(_read(value), self._start())

    def incremental_encoder(self) -> PenEncoder:
        """Return an incremental encoder of points.

        Returns
        -------
        PenEncoder
            With ``feed(points)`` and ``close()``.
        """
        return PenEncoder(self, self._start())

    def _start(self) -> np.ndarray:
        self._fitted("scale_")
        return self.start_

    def _steps(self, points: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Return the steps to points from the one before them."""
        steps = np.diff(points[:, :2], axis=0, prepend=before[None]) / self.scale_
        with np.errstate(over="ignore"):
            encoded = np.concatenate([steps, points[:, 2:]], axis=1).astype(np.float32)
        if not np.isfinite(encoded).all():
            raise DataError("expected points near those of fit; got one too far away for float32. Check its unit.")
        return encoded

    def decode(self, array: Any) -> np.ndarray:
        """Return absolute points.

        Parameters
        ----------
        array : ndarray
            (T, 3) steps.

        Returns
        -------
        ndarray
            float64 (T, 2), or (T, 3) if ``fit`` saw the flag.
        """
        scale = self._fitted("scale_")
        steps = np.asarray(array, dtype=np.float64)
        if steps.ndim != 2 or steps.shape[1] != 3:
            raise DataError(f"Strokes: expected an array (T, 3) to decode; got shape {steps.shape}.")
        points = self.start_ + np.cumsum(steps[:, :2] * scale, axis=0)
        return np.concatenate([points, (steps[:, 2:] > 0.5).astype(np.float64)], axis=1) if self.pen_ else points

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        """Return steps as another hand would draw them.

        Parameters
        ----------
        encoded : ndarray
            (T, 3) steps.
        random : Generator
            Source of random numbers.

        Returns
        -------
        ndarray
            float32 (T, 3).
        """
        return augment_steps(encoded, random)

    def _check(self) -> None:
        one_of(self.augment, (True, False), "augment", SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        drawings = [points for points in each(_read, values) if len(points)]
        self.pen_ = any(np.ndim(value) == 2 and np.shape(value)[1] == 3 for value in values)
        self.start_ = np.mean([points[0, :2] for points in drawings], axis=0) if drawings else np.zeros(2)
        steps = np.concatenate([np.diff(points[:, :2], axis=0) for points in drawings] or [np.zeros((0, 2))])
        scale = float(np.sqrt(np.square(steps).sum(axis=1).mean())) if len(steps) else 1.0
        if not np.isfinite(scale) or not np.isfinite(self.start_).all():
            raise DataError("expected points whose distances fit in float64; these are too large. Divide them first.")
        self.scale_ = scale if scale > 1e-150 else 1.0

    def _state(self) -> dict[str, Any]:
        return {"scale": self._fitted("scale_"), "start": self.start_.tolist(), "pen": self.pen_}

    def _restore(self, state: dict[str, Any]) -> None:
        fields = strict(state, ("scale", "start", "pen"), "Strokes state")
        self.start_ = reals(fields["start"], "Strokes state: start", 2)
        self.pen_ = one_of(fields["pen"], (True, False), "Strokes state: pen")
        self.scale_ = real(fields["scale"], "Strokes state: scale", 1e-300)


class PenEncoder:
    """Incremental encoder of a drawing, some points at a time; ``codec.incremental_encoder()`` makes one.

    Parameters
    ----------
    codec : Strokes
        Fitted.
    start : ndarray
        (2,) where the pen comes from.
    """

    def __init__(self, codec: Strokes, start: np.ndarray) -> None:
        self._codec, self.state = codec, start

    def feed(self, points: Any) -> np.ndarray:
        """Return the steps to some more points, float32 (T, 3)."""
        array = _read(points)
        steps = self._codec._steps(array, self.state)
        self.state = array[-1, :2].copy() if len(array) else self.state
        return steps

    def piece(self, element: Any) -> list[Any]:
        """Return one element as a piece."""
        return [element]

    def close(self) -> np.ndarray:
        """Return no steps: none waits."""
        return np.zeros((0, 3), dtype=np.float32)


def _read(value: Any) -> np.ndarray:
    expected = "points of a pen, (T, 2) or (T, 3) with a flag"
    array = numbers(value, (1, 2), expected)
    if array.size == 0:
        return np.zeros((0, 3))
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise DataError(f"expected {expected}; got an array of shape {array.shape}.")
    if np.isnan(array).any():
        raise DataError("expected points of a pen; got NaN among them. Drop the point, and lift the pen before it.")
    if array.shape[1] == 2:
        return np.concatenate([array, np.zeros((len(array), 1))], axis=1)
    if not np.isin(array[:, 2], (0, 1)).all():
        raise DataError("expected 0 or 1 in the third column (1: the pen is lifted after this point); got other numbers.")
    return array
