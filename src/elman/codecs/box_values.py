"""Boxes as users have them: arrays, lists, dicts of one box each, one dict of all, or any of these as JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs.tokens.vocabulary import hashable
from elman.errors import DataError, DataTypeError
from elman.io.missing import is_missing

_KEYS = ("box", "label", "score")
_EXPECTED = 'boxes as (T, 4) numbers, a list of boxes or of {"box": [...], "label": ...}'


@dataclass(frozen=True)
class Listed:
    """The boxes of one picture, float64 (T, 4) in the user's own form, and the label of each; None without labels."""

    boxes: np.ndarray
    labels: list[Any] | None = None

    def label(self, box: int) -> Any:
        """Return the label of a box; without labels None."""
        return None if self.labels is None else self.labels[box]


def read(value: Any) -> Listed:
    """Read the boxes of one picture.

    Parameters
    ----------
    value : array, list, dict or JSON text
        (T, 4), or (T, 5) with labels in the last column; ``{"box": …, "label": …}`` a box; ``{"boxes": …, "labels": …}`` of all.

    Returns
    -------
    Listed
        The boxes and their labels.

    Raises
    ------
    DataError
        If a box is invalid; the message names it.

    Examples
    --------
    >>> read([{"box": [1, 2, 3, 4], "label": "cat"}]).labels, read("[[1, 2, 3, 4]]").boxes.tolist()
    (['cat'], [[1.0, 2.0, 3.0, 4.0]])
    """
    if isinstance(value, str):
        value = _parsed(value)
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, Mapping):
        return _of_all(value)
    if isinstance(value, np.ndarray):
        if value.ndim != 2 and value.size:
            raise DataError(f"expected {_EXPECTED}; got an array of shape {value.shape}.")
        value = list(value) if value.size else []
    if not isinstance(value, Sequence):
        raise DataTypeError(f"expected {_EXPECTED}; got {type(value).__name__}.")
    pairs = [_one(box, place) for place, box in enumerate(value)]
    return _joined([box for box, _ in pairs], [label for _, label in pairs])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DataError(f"expected {_EXPECTED}, as JSON; got text {text[:40]!r}.") from error


def _of_all(value: Mapping[str, Any]) -> Listed:
    if not {"boxes"} <= set(value) <= {"boxes", "labels", "scores"}:
        raise DataError(f'expected a dict with "boxes" and perhaps "labels", or a list of dicts; got the keys {sorted(map(str, value))}.')
    boxes = read(value["boxes"])
    if value.get("labels") is None:
        return boxes
    labels = [hashable(label, "a label") for label in value["labels"]]
    if len(labels) != len(boxes.boxes):
        raise DataError(f"expected a label for each of {len(boxes.boxes)} boxes; got {len(labels)}.")
    return _joined(list(boxes.boxes), labels)


def _one(box: Any, place: int) -> tuple[np.ndarray, Any]:
    label = None
    if isinstance(box, Mapping):
        if not {"box"} <= set(box) <= set(_KEYS):
            raise DataError(f"box {place}: expected a dict with the keys {list(_KEYS)}, the first at least; got {sorted(map(str, box))}.")
        label, box = box.get("label"), box["box"]
    elif not isinstance(box, str | bytes) and hasattr(box, "__len__") and len(box) == 5:
        label, box = hashable(box[4], "a label"), box[:4]
        label = int(label) if isinstance(label, float) and label.is_integer() else label
    try:
        numbers = np.array([float(number) for number in box], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataTypeError(f"box {place}: expected four numbers; got {str(box)[:60]!r}.") from error
    if numbers.shape != (4,) or isinstance(box, str | bytes):
        raise DataError(f"box {place}: expected four numbers, perhaps with a label behind; got {str(box)[:60]!r}.")
    if not np.isfinite(numbers).all():
        raise DataError(f"box {place}: expected finite numbers; got {numbers.tolist()}. Repair or drop it.")
    return numbers, hashable(label, "a label")


def _joined(boxes: list[np.ndarray], labels: list[Any]) -> Listed:
    array = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    if all(label is None for label in labels):
        return Listed(array)
    for place, label in enumerate(labels):
        if is_missing(label):
            raise DataError(f"box {place}: expected a label, as other boxes have one; got {label!r}. Give all of them labels.")
    return Listed(array, labels)
