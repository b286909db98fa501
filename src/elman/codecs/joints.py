"""Joints: people's poses over time, as a motion capture or a pose estimator gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.augmentation import augment_poses
from elman.codecs.checks import one_of, strict, whole
from elman.codecs.codec import Codec, each
from elman.codecs.scaling import Scaler, numbers
from elman.codecs.space import Continuous
from elman.errors import DataError, SettingError


class Joints(Codec):
    """Joints over time: (T, joints, dimensions), or (T, joints · dimensions) as a table has them.

    A step holds the pose around its own middle, the motion of every joint since the step before, and the distances of all pairs of joints,
    all in units of the body's size, so that place and size of a body do not matter.

    Parameters
    ----------
    dimensions : int, default 2
        Numbers of a joint: 2 in a picture, 3 in space.
    augment : bool, default True
        Augment in training: turned, faster or slower, with noise on the joints and some of them missing.

    Notes
    -----
    Distances and motion: Yang 2019, "Make skeleton-based action recognition model smaller, faster and better" (DD-Net), section 3.

    Examples
    --------
    >>> codec = Joints().fit([np.random.default_rng(0).normal(size=(4, 3, 2))])
    >>> codec.encode(np.ones((5, 3, 2))).shape  # 3 joints: 6 numbers of the pose, 6 of motion, 3 distances
    (5, 15)
    """

    id = "joints.v1"
    modality = "other"
    rank = "many"

    def __init__(self, dimensions: int = 2, *, augment: bool = True) -> None:
        self.dimensions = dimensions
        self.augment = augment

    @property
    def space(self) -> Continuous:
        """Pose, motion and distances."""
        return Continuous(self._fitted("scaler_").size)

    def encode(self, value: Any) -> np.ndarray:
        """Return the steps.

        Parameters
        ----------
        value : array-like
            (T, joints, dimensions) or (T, joints · dimensions).

        Returns
        -------
        ndarray
            float32 (T, features).
        """
        scaler = self._fitted("scaler_")
        return scaler.encode(_features(self._poses(value, self.joints_)))

    def decode(self, array: Any) -> np.ndarray:
        """Return the poses around their middle, in units of the body's size; place and size are lost.

        Parameters
        ----------
        array : ndarray
            (T, features) steps.

        Returns
        -------
        ndarray
            float64 (T, joints, dimensions).
        """
        decoded = self._fitted("scaler_").decode(array)
        if decoded.ndim != 2:
            raise DataError(f"Joints: expected an array (T, {self.space.d}) to decode; got shape {decoded.shape}.")
        return decoded[:, : self.joints_ * self.dimensions].reshape(-1, self.joints_, self.dimensions)

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        """Return steps as another body and camera would give them.

        Parameters
        ----------
        encoded : ndarray
            (T, features) steps.
        random : Generator
            Source of random numbers.

        Returns
        -------
        ndarray
            float32 (T', features).
        """
        scaler = self._fitted("scaler_")
        return scaler.encode(augment_poses(scaler.decode(encoded), self.joints_, self.dimensions, random))

    def _check(self) -> None:
        whole(self.dimensions, "dimensions", 1, 3, SettingError)
        one_of(self.augment, (True, False), "augment", SettingError)

    def _poses(self, value: Any, joints: int) -> np.ndarray:
        expected = f"joints over time, (T, joints, {self.dimensions}) or (T, joints · {self.dimensions})"
        array = numbers(value, (1, 2, 3), expected)
        if array.size == 0:
            return np.zeros((0, joints, self.dimensions))
        if (
            array.ndim == 1
            or (array.ndim == 3 and array.shape[2] != self.dimensions)
            or (array.ndim == 2 and array.shape[1] % self.dimensions)
        ):
            raise DataError(f"expected {expected}; got an array of shape {array.shape}. Set Joints(dimensions=…).")
        poses = array.reshape(len(array), -1, self.dimensions)
        if joints and poses.shape[1] != joints:
            raise DataError(f"expected {joints} joints, as in fit; got {poses.shape[1]}.")
        if np.isnan(poses).any():
            raise DataError(f"expected every joint in every step; got NaN in step {int(np.isnan(poses).any((1, 2)).argmax())}. Fill it in.")
        return poses

    def _fit(self, values: Sequence[Any]) -> None:
        joints = 0

        def learn(value: Any) -> np.ndarray:
            """Return the features of a row with as many joints as those before it."""
            nonlocal joints
            poses = self._poses(value, joints)
            joints = joints or poses.shape[1]
            return _features(poses)

        rows = [row for row in each(learn, values) if len(row)]
        self.joints_ = max(joints, 1)
        size = _features(np.zeros((0, self.joints_, self.dimensions))).shape[1]
        self.scaler_ = Scaler.fit(rows or [np.zeros((0, size))], size, how="standard", missing=False, target=self.role_ == "target")

    def _state(self) -> dict[str, Any]:
        return {"scaler": self._fitted("scaler_").state(), "joints": self.joints_}

    def _restore(self, state: dict[str, Any]) -> None:
        fields = strict(state, ("scaler", "joints"), "Joints state")
        self.joints_ = whole(fields["joints"], "Joints state: joints", 1, 10_000)
        scaler = Scaler.from_state(fields["scaler"])
        size = self.joints_ * (2 * self.dimensions) + self.joints_ * (self.joints_ - 1) // 2
        if scaler.size != size:
            raise DataError(f"Joints state: expected {size} channels; got {scaler.size}.")
        self.scaler_ = scaler


def _features(poses: np.ndarray) -> np.ndarray:
    """Return pose, motion and distances (T, J·D + J·D + J·(J - 1)/2) of poses (T, J, D)."""
    count, joints, dimensions = poses.shape
    around = poses - poses.mean(axis=1, keepdims=True)
    reach = float(np.sqrt(np.square(around).sum(axis=2).mean())) if count else 1.0
    size = reach if np.isfinite(reach) and reach > 1e-12 else 1.0
    motion = np.diff(poses, axis=0, prepend=poses[:1]) / size
    first, second = np.triu_indices(joints, 1)
    distances = np.linalg.norm(around[:, first] - around[:, second], axis=2) / size
    return np.concatenate(
        [around.reshape(count, joints * dimensions) / size, motion.reshape(count, joints * dimensions), distances], axis=1
    )
