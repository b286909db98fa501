"""Video: people's joints in short clips."""

from __future__ import annotations

from typing import Any

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.datasets.formats import read_npz, split_at


def _jhmdb(files: Files, split: int) -> tuple[dict[str, Split], dict[str, Any]]:
    path = "jhmdb_pose.npz"
    names = {part: tuple(f"{part}{split}_{what}" for what in ("pose", "offsets", "label")) for part in ("train", "test")}
    data = read_npz(files.read(path), path, (*names["train"], *names["test"]))
    splits = {}
    for part, (pose, offsets, label) in names.items():
        frames = data[pose].reshape(len(data[pose]), -1)
        splits[part] = Split(x=split_at(frames, data[offsets], path), y=data[label].tolist())
    return splits, {"joints": 15}


SETS = (
    Info(
        name="jhmdb_pose",
        family="video",
        summary="clips of 15-40 frames with 15 joints (x, y), 14 actions; three splits of 433/176, 433/176 and 434/175 clips",
        licence="MIT (repository); data not stated",
        origin="https://github.com/fandulu/DD-Net/tree/f26a999/data/JHMDB",
        citation="H. Jhuang et al., Towards understanding action recognition, ICCV 2013",
        source="series",
        target="category",
        read=_jhmdb,
        options={"split": (1, 2, 3)},
        derivation=(
            "jhmdb_pose.npz was made from the origin's pickles GT_train_{s}.pkl and GT_test_{s}.pkl, read with an unpickler that allows "
            "NumPy arrays only: {part}{s}_pose [frames, 15, 2] joined end to end, {part}{s}_offsets and {part}{s}_label."
        ),
    ),
)
