"""Video: moving pictures as a sequence of small frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.augmentation import augment_pictures
from elman.codecs.checks import one_of, real, strict, whole
from elman.codecs.codec import Codec
from elman.codecs.media import video_file as moving_pictures
from elman.codecs.space import Pixels
from elman.errors import DataError, SettingError

_TOGETHER = 64
"""Frames resized at once."""


class Video(Codec):
    """Moving pictures: a file (mp4, mkv, webm, avi, …), its bytes, or an array (T, h, w) or (T, h, w, 3).

    Files need the extra ``video``. They are decoded frame by frame and resized on the way, so that long ones need little memory.

    Parameters
    ----------
    size : int or (int, int), default 32
        Height and width to which frames are resized.
    fps : float, default 8
        Frames a second of files; arrays are taken as they are.
    mode : {"grey", "colour"}, default "grey"
        One channel or three.
    max_seconds : float, default 600
        Longer files are refused.
    max_pixels : int, default 50,000,000
        Larger frames are refused before they are decoded.
    augment : bool, default True
        Augment in training: videos turned, shifted, stretched, lighter or darker.

    Examples
    --------
    >>> codec = Video(16).fit([np.zeros((5, 24, 32), np.uint8)])
    >>> codec.encode(np.full((3, 48, 64, 3), 255, np.uint8)).shape, codec.space
    ((3, 1, 16, 16), Pixels(c=1, h=16, w=16))
    """

    id = "video.v1"
    modality = "video"
    reads_paths = True
    rank = "many"
    preserves_steps = True

    def __init__(
        self,
        size: Any = 32,
        *,
        fps: float = 8.0,
        mode: str = "grey",
        max_seconds: float = 600.0,
        max_pixels: int = 50_000_000,
        augment: bool = True,
    ) -> None:
        self.size = size
        self.fps = fps
        self.mode = mode
        self.max_seconds = max_seconds
        self.max_pixels = max_pixels
        self.augment = augment

    @property
    def space(self) -> Pixels:
        """One frame."""
        return Pixels(3 if self.mode == "colour" else 1, *self._fitted("size_"))

    def encode(self, value: Any) -> np.ndarray:
        """Return the frames.

        Parameters
        ----------
        value : array, path or bytes
            The video.

        Returns
        -------
        ndarray
            float32 (T, c, h, w), 0 black and 1 white.
        """
        self._fitted("size_")
        small, batch = [np.zeros((0, *self._shape()), dtype=np.float32)], []
        for frame in moving_pictures.frames(value, self.fps, max_pixels=self.max_pixels, max_seconds=self.max_seconds):
            if batch and (len(batch) == _TOGETHER or batch[0].shape != frame.shape):
                small.append(self._small(np.stack(batch)))
                batch = []
            batch.append(frame)
        return np.concatenate([*small, *([self._small(np.stack(batch))] if batch else [])])

    def decode(self, array: Any) -> np.ndarray:
        """Return frames as bytes.

        Parameters
        ----------
        array : ndarray
            (T, c, h, w).

        Returns
        -------
        ndarray
            uint8 (T, h, w), or (T, h, w, 3).
        """
        frames = np.asarray(array, dtype=np.float64)
        if frames.ndim != 4 or frames.shape[1:] != (self.space.c, *self.size_):
            raise DataError(
                f"Video: expected an array (T, {self.space.c}, {self.size_[0]}, {self.size_[1]}) to decode; got {frames.shape}."
            )
        pixels = np.clip(np.rint(frames * 255), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
        return pixels if self.mode == "colour" else pixels[..., 0]

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        """Return frames as another camera would give them, all changed in the same way.

        Parameters
        ----------
        encoded : ndarray
            (T, c, h, w).
        random : Generator
            Source of random numbers.

        Returns
        -------
        ndarray
            float32 (T, c, h, w).
        """
        count, *shape = encoded.shape
        return augment_pictures(encoded.reshape(-1, *shape[1:]), random).reshape(count, *shape) if count else encoded

    def shape_from_header(self, value: Any) -> tuple[int, ...] | None:
        """Return the shape of the frames of a file, from the times of its packets; nothing is decoded.

        Parameters
        ----------
        value : path
            The file.

        Returns
        -------
        tuple of int or None
            (T, c, h, w), more than ``encode`` gives where frames cannot be decoded; None for packets without times.
        """
        count = moving_pictures.count(value, self.fps, max_pixels=self.max_pixels, max_seconds=self.max_seconds)
        return None if count is None else (count, *self._shape())

    def _shape(self) -> tuple[int, int, int]:
        return (self.space.c, *self.size_)

    def _small(self, frames: np.ndarray) -> np.ndarray:
        from torch import from_numpy
        from torch.nn.functional import interpolate

        x = frames
        if self.mode == "grey" and x.shape[-1] == 3:
            x = x @ np.array([[0.299], [0.587], [0.114]], dtype=np.float32)  # ITU-R BT.601 luma
        if self.mode == "colour" and x.shape[-1] == 1:
            x = np.repeat(x, 3, axis=-1)
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        return x if x.shape[2:] == self.size_ else interpolate(from_numpy(x), size=self.size_, mode="bilinear", antialias=True).numpy()

    def _check(self) -> None:
        one_of(self.mode, ("grey", "colour"), "mode", SettingError)
        one_of(self.augment, (True, False), "augment", SettingError)
        real(self.fps, "fps", 0.01, 1000.0, SettingError)
        real(self.max_seconds, "max_seconds", 0.0, 1e9, SettingError)
        whole(self.max_pixels, "max_pixels", 1, 2**40, SettingError)
        for side in self.size if isinstance(self.size, list | tuple) and len(self.size) == 2 else (self.size,):
            whole(side, "size (a side, or height and width)", 1, 4096, SettingError)

    def _fit(self, values: Sequence[Any]) -> None:  # noqa: ARG002  # everything is set; bad files are found when they are read
        self.size_ = tuple(self.size) if isinstance(self.size, list | tuple) else (self.size, self.size)

    def _state(self) -> dict[str, Any]:
        return {"size": list(self._fitted("size_"))}

    def _restore(self, state: dict[str, Any]) -> None:
        size = strict(state, ("size",), "Video state")["size"]
        expected = list(self.size) if isinstance(self.size, list | tuple) else [self.size, self.size]
        if size != expected:
            raise DataError(f"Video state: expected the size {expected}; got {size!r}.")
        self.size_ = (expected[0], expected[1])
