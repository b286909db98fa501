"""Boxes: rectangles in a picture, each with a label if there are several kinds of things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs import box_values
from elman.codecs.augmentation import augment_scene
from elman.codecs.box_values import Listed
from elman.codecs.category import in_order
from elman.codecs.checks import one_of, strict, whole
from elman.codecs.codec import Codec, each
from elman.codecs.space import Rectangles
from elman.codecs.tokens.vocabulary import Vocabulary
from elman.errors import DataError, SettingError, did_you_mean

FORMS = ("xyxy", "xywh")
UNITS = ("pixels", "relative")
OUTSIDE = ("error", "clip")


@dataclass(frozen=True)
class Placed:
    """Boxes together with the picture they lie in, as a Model pairs them.

    Attributes
    ----------
    boxes : object
        Boxes of one picture, as the user gives them.
    size : tuple of int
        Height and width of the picture in pixels.
    """

    boxes: Any
    size: tuple[int, int]


class Boxes(Codec):
    """The boxes in one picture, as many as there are: an array (T, 4), lists, dicts with "box" and "label", or a dict of all.

    A box is (x1, y1, x2, y2), optionally with a label behind; x runs to the right and y downwards from the upper left corner.
    Answers are lists of dicts with "box", "label" where there are labels, and "score" where a model found it.

    Parameters
    ----------
    form : {"xyxy", "xywh"}, default "xyxy"
        Two corners, or a corner with width and height.
    unit : {"pixels", "relative"}, default "pixels"
        Pixels of the picture as it was given, or shares of its width and height, 0..1.
    size : int or (int, int), optional
        Height and width of every picture in pixels; by default a Model takes them from each picture.
    outside : {"error", "clip"}, default "error"
        Treatment of a box that reaches beyond its picture.
    augment : bool, default True
        Augment in training: pictures mirrored, zoomed, shifted, lighter or darker, and their boxes with them.

    Attributes
    ----------
    labels_ : list
        The labels, sorted where they can be; empty without labels.

    Examples
    --------
    >>> codec = Boxes(size=(100, 200)).fit([[[20, 10, 60, 50]], []], role="target")
    >>> codec.encode([[20, 10, 60, 50]]).astype(float).round(2).tolist()
    [[0.1, 0.1, 0.3, 0.5, 0.0]]
    >>> codec.decode(codec.encode([[20, 10, 60, 50]]))
    [{'box': [20.0, 10.0, 60.0, 50.0]}]
    """

    id = "boxes.v1"
    rank = "many"

    def __init__(self, *, form: str = "xyxy", unit: str = "pixels", size: Any = None, outside: str = "error", augment: bool = True) -> None:
        self.form = form
        self.unit = unit
        self.size = size
        self.outside = outside
        self.augment = augment

    @property
    def labels_(self) -> list[Any]:
        """The labels in the order of their indices."""
        return list(self._fitted("vocabulary_").symbols)

    @property
    def space(self) -> Rectangles:
        """Corners as shares of the picture, and one of the labels."""
        return Rectangles(max(1, len(self._fitted("vocabulary_"))))

    @property
    def needs_source_size(self) -> bool:
        """Whether boxes can only be read beside their picture, because they are in pixels and no size is set."""
        return self.unit == "pixels" and self.size is None

    def encode(self, value: Any) -> np.ndarray:
        """Return corners as shares of the picture, and the index of the label.

        Parameters
        ----------
        value : array, list, dict or Placed
            The boxes of one picture.

        Returns
        -------
        ndarray
            float32 (T, 5): x1, y1, x2, y2 in 0..1 and the label.
        """
        vocabulary = self._fitted("vocabulary_")
        listed, size = self._read(value)
        corners, numbers = self._corners(listed.boxes, size)
        labels = np.zeros(len(corners), dtype=np.int64)
        if len(vocabulary):
            labels = np.array([_index(vocabulary, listed.label(i), i) for i in numbers], dtype=np.int64)
        elif listed.labels is not None and len(listed.boxes):
            raise DataError("expected boxes without labels, as fit saw them; got labels. Fit on boxes with labels, or leave them out.")
        return np.concatenate([corners / _scale(size), labels[:, None]], axis=1).astype(np.float32)

    def decode(self, array: Any, size: tuple[int, int] | None = None) -> list[dict[str, Any]]:
        """Return boxes as dicts.

        Parameters
        ----------
        array : ndarray
            (T, 5) as ``encode`` gives it, or (T, 6) with a score behind.
        size : (int, int), optional
            Height and width of the picture; by default those of the codec. Without either, boxes stay relative.

        Returns
        -------
        list of dict
            ``box``, and ``label`` and ``score`` where there are any.
        """
        vocabulary = self._fitted("vocabulary_")
        values = np.asarray(array, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] not in (5, 6):
            raise DataError(f"Boxes: expected an array (T, 5), or (T, 6) with scores, to decode; got shape {values.shape}.")
        scale = _scale(size or self._size())
        answers: list[dict[str, Any]] = []
        for row in values:
            box = [_short(share, side) for share, side in zip(row[:4], scale, strict=True)]
            if self.form == "xywh":
                box[2:] = (float(f"{far - near:.7g}") for near, far in zip(box[:2], box[2:], strict=True))
            answer: dict[str, Any] = {"box": box}
            if len(vocabulary):
                answer["label"] = vocabulary.symbol(int(row[4]))
            if len(row) == 6:
                answer["score"] = _short(row[5], 1.0)
            answers.append(answer)
        return answers

    def place(self, value: Any, size: tuple[int, int]) -> Placed:
        """Return boxes beside the size (height, width) of their picture, as ``encode`` takes them."""
        return Placed(value, size)

    def decode_in(self, array: Any, size: tuple[int, int]) -> list[dict[str, Any]]:
        """Return the boxes of an answer in a picture of some size (height, width)."""
        return self.decode(array, size)

    def augment_pair(self, source: Any, encoded: Any, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return a picture seen from elsewhere, and its boxes where they then are.

        Parameters
        ----------
        source : ndarray
            (c, h, w), 0 black and 1 white.
        encoded : ndarray
            (T, 5) as ``encode`` gives it.
        random : Generator
            Source of random numbers.

        Returns
        -------
        tuple of ndarray
            Both, of the same kinds, without the boxes that are no longer inside.
        """
        return augment_scene(np.asarray(source), np.asarray(encoded), random)

    def _read(self, value: Any) -> tuple[Listed, tuple[int, int] | None]:
        size = self._size()
        if isinstance(value, Placed):
            value, size = value.boxes, (value.size if self.unit == "pixels" else None)
        elif self.needs_source_size:
            raise DataError(
                "boxes in pixels can only be read beside their picture; none is known here. "
                "Let a Model pair them, give Boxes(size=(height, width)), or shares of the picture with Boxes(unit='relative')."
            )
        return box_values.read(value), size

    def _corners(self, boxes: np.ndarray, size: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray]:
        """Return both corners (K, 4) in the unit of the value, and the numbers of their boxes."""
        corners = boxes.copy()
        if self.form == "xywh":
            corners[:, 2:] += corners[:, :2]
        if (flat := np.argwhere((corners[:, 2:] <= corners[:, :2]).any(1))).size:
            box = int(flat[0, 0])
            expected = "x1 < x2 and y1 < y2" if self.form == "xyxy" else "a width and a height above 0"
            raise DataError(f"box {box}: expected {expected}; got {boxes[box].tolist()}. Repair or drop it, and check form={self.form!r}.")
        limits = _scale(size)
        clipped = np.clip(corners, 0, limits)
        beyond = np.abs(clipped - corners).max(axis=1, initial=0) > 1e-6 * limits.max()
        if self.outside == "error" and beyond.any():
            box, where = int(np.argmax(beyond)), "0..1" if size is None else f"the picture of {size[1]} x {size[0]} pixels"
            raise DataError(f"box {box}: expected corners inside {where}; got {boxes[box].tolist()}. Check the unit, or outside='clip'.")
        indices = np.flatnonzero((clipped[:, 2:] > clipped[:, :2]).all(1))
        return clipped[indices], indices

    def _size(self) -> tuple[int, int] | None:
        if self.unit == "relative" or self.size is None:
            return None
        return (self.size[0], self.size[1]) if isinstance(self.size, list | tuple) else (self.size, self.size)

    def _check(self) -> None:
        for name, choices in (("form", FORMS), ("unit", UNITS), ("outside", OUTSIDE), ("augment", (True, False))):
            one_of(getattr(self, name), choices, name, SettingError)
        sides = self.size if isinstance(self.size, list | tuple) and len(self.size) == 2 else [self.size]
        for side in sides if self.size is not None else ():
            whole(side, "size (a side, or height and width)", 1, 2**20, SettingError)
        if self.size is not None and self.unit == "relative":
            raise SettingError("size is for boxes in pixels; with unit='relative' boxes are shares of any picture. Leave one of them out.")

    def _fit(self, values: Sequence[Any]) -> None:
        def parse(value: Any) -> Listed:
            """Return the boxes of a picture, checked."""
            listed, size = self._read(value)
            self._corners(listed.boxes, size)
            return listed

        pictures = [listed for listed in each(parse, values) if len(listed.boxes)]
        labelled = [listed.labels is not None for listed in pictures]
        if any(labelled) and not all(labelled):
            raise DataError("expected a label at every box or at none; some pictures have boxes without. Give all of them labels.")
        self.vocabulary_ = Vocabulary(in_order(dict.fromkeys(label for listed in pictures for label in listed.labels or ())), unknown=False)

    def _state(self) -> dict[str, Any]:
        return {"labels": self._fitted("vocabulary_").state("Boxes")}

    def _restore(self, state: dict[str, Any]) -> None:
        self.vocabulary_ = Vocabulary.from_state(strict(state, ("labels",), "Boxes state")["labels"], "Boxes state", unknown=False)


def _scale(size: tuple[int, int] | None) -> np.ndarray:
    return np.ones(4) if size is None else np.array([size[1], size[0], size[1], size[0]], dtype=np.float64)


def _index(vocabulary: Vocabulary, label: Any, box: int) -> int:
    if label not in vocabulary.table:
        names = [s for s in vocabulary.symbols if isinstance(s, str)] if isinstance(label, str) else []
        hint = did_you_mean(label, names)
        raise DataError(f"box {box}: expected one of the labels {vocabulary.symbols[:10]} of fit; got {label!r}.{hint}")
    return vocabulary.table[label]


def _short(share: float, side: float) -> float:
    """Return the shortest number that encodes to this share of a side: 60 instead of 60.0000024."""
    numbers = (float(f"{share * side:.{digits}g}") for digits in range(5, 10))
    return next((number for number in numbers if np.float32(number / side) == np.float32(share)), float(share * side))
