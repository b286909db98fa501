"""Pen strokes: written digits, drawn characters."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.datasets.formats import read_npz, split_at
from elman.errors import FileError


def _pendigits(files: Files) -> tuple[dict[str, Split], dict[str, Any]]:
    splits = {}
    for name, part in (("train", "tra"), ("test", "tes")):
        path = f"pendigits.{part}.csv.gz"
        rows = [line.split(",") for line in files.lines(path)]
        for number, row in enumerate(rows, start=1):
            if len(row) != 17 or not all(cell.strip().isdigit() for cell in row):
                raise FileError(f"{path}, line {number}: 16 whole numbers and a class were expected.")
        points = np.array([[int(cell) for cell in row[:16]] for row in rows], dtype=np.float32).reshape(-1, 8, 2)
        splits[name] = Split(x=list(points), y=np.array([_digit(row[16].strip()) for row in rows], dtype=np.int64))
    return splits, {}


def _digit(cell: str) -> int:
    """Return the class; the origin writes it as ten zeros and ones."""
    return cell.index("1") if len(cell) == 10 and cell.count("1") == 1 else int(cell)


def _omniglot(files: Files, points: str) -> tuple[dict[str, Split], dict[str, Any]]:
    path, parts = "omniglot_strokes.npz", ("train", "valid", "test")
    data = read_npz(files.read(path), path, tuple(f"{part}{end}" for part in parts for end in ("", "_offsets")))
    splits = {}
    for part in parts:
        drawings = split_at(data[part].astype(np.float32), data[f"{part}_offsets"], f"{path}, {part}")
        if points == "absolute":
            drawings = [np.column_stack([np.cumsum(one[:, :2], axis=0), one[:, 2]]).astype(np.float32) for one in drawings]
        splits[part] = Split(x=drawings)
    return splits, {"columns": ("x", "y", "pen_up") if points == "absolute" else ("dx", "dy", "pen_up")}


SETS = (
    Info(
        name="pendigits",
        family="pen",
        summary="pen-written digits as 8 points (x, y) in 0..100; official split 7,494 / 3,498, test by other writers",
        licence="not stated by the origin (UCI: CC BY 4.0)",
        origin="https://github.com/1nflktd/RedeNeuralGoIA2/tree/b071dad",
        citation="E. Alpaydin and F. Alimoglu, Pen-based recognition of handwritten digits, UCI 1998",
        source="strokes",
        target="category",
        read=_pendigits,
        derivation="The origin writes the class as ten zeros and ones; the mirror's copy holds the digit. Both are read.",
    ),
    Info(
        name="omniglot_strokes",
        family="pen",
        summary="drawn characters of many alphabets as points with a pen-up flag, 30,000 / 1,000 / 1,000; no classes",
        licence='the origin says "as brendenlake/omniglot" (MIT as far as known)',
        origin="https://github.com/hardmaru/sketch-rnn-datasets/tree/7c854de/omniglot",
        citation="B. Lake et al., Human-level concept learning through probabilistic program induction, Science 2015",
        source="strokes",
        target="",
        read=_omniglot,
        options={"points": ("absolute", "offsets")},
        derivation=(
            "omniglot_strokes.npz was made from omniglot/omniglot.npz of the origin, whose pickled arrays are never read here: int16 rows "
            "(dx, dy, pen lifted) joined end to end for train, valid and test, with *_offsets."
        ),
    ),
)
