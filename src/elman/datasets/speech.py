"""Speech: spoken digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.datasets.formats import read_npz, split_at

_SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
_TEST_TAKES = 5


def _digits(files: Files, unseen: str | None) -> tuple[dict[str, Split], dict[str, Any]]:
    path = "fsdd.npz"
    data = read_npz(files.read(path), path, ("audio", "offsets", "label", "speaker", "index", "speaker_names", "sample_rate"))
    waves = split_at(data["audio"].astype(np.float32) / 32768.0, data["offsets"], path)
    speakers = data["speaker_names"][data["speaker"]]
    test = data["index"] < _TEST_TAKES if unseen is None else speakers == unseen
    splits = {}
    for name, chosen in (("train", ~test), ("test", test)):
        rows = np.flatnonzero(chosen)
        extra = {"speaker": speakers[rows].tolist(), "take": data["index"][rows].astype(np.int64)}
        splits[name] = Split(x=[waves[row] for row in rows], y=data["label"][rows].astype(np.int64), extra=extra)
    return splits, {"sample_rate": int(data["sample_rate"]), "speakers": tuple(data["speaker_names"].tolist())}


SETS = (
    Info(
        name="fsdd",
        family="speech",
        summary="3,000 spoken digits of 6 speakers, 8 kHz; official split: takes 0-4 test, or one speaker unseen in training",
        licence="CC BY-SA 4.0",
        origin="https://github.com/Jakobovski/free-spoken-digit-dataset/tree/26eb9aa",
        citation="Z. Jackson et al., Free Spoken Digit Dataset, 2018",
        source="audio",
        target="category",
        read=_digits,
        options={"unseen": (None, *_SPEAKERS)},
        derivation=(
            "fsdd.npz was made from the 3,000 files recordings/{digit}_{speaker}_{take}.wav of the origin: samples int16 end to end, "
            "with offsets, label, speaker, index (take), speaker_names and sample_rate."
        ),
    ),
)
