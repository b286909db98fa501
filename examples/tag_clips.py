"""Video: the event in a clip, and the event in each of its frames. From video files.

Makes files of scanned digits that drift, bounce or rest, and learns to name the motion. Run: python examples/tag_clips.py
"""

import os
import tempfile
from pathlib import Path

import av
import numpy as np
from sklearn.datasets import load_digits

from elman import Category, Model, Symbols, Training, Video

quick = bool(os.environ.get("ELMAN_QUICK"))
scans = load_digits().images / 16
random = np.random.default_rng(0)


def clip(kind: str, scan: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return twelve frames (12, 32, 32) of a digit, and its motion in each."""
    way = {"rests": [0], "drifts": [1], "bounces": [1, -1]}[kind]
    frames, labels, place = np.zeros((12, 32, 32), np.uint8), [], int(random.integers(0, 5))
    for t, picture in enumerate(frames):
        step = way[t // 6 % len(way)]
        place += step
        picture[8:24, place : place + 16] = 255 * np.kron(scan, np.ones((2, 2)))
        labels.append({0: "still", 1: "right", -1: "left"}[step])
    return frames, labels


def save(path: Path, frames: np.ndarray) -> None:
    """Write grey frames as a file of eight frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray").reformat(format="yuv420p")))
        container.mux(stream.encode(None))


kinds = [("rests", "drifts", "bounces")[i % 3] for i in range(24 if quick else 300)]
clips = [clip(kind, scans[i]) for i, kind in enumerate(kinds)]
with tempfile.TemporaryDirectory() as folder:
    files = [Path(folder) / f"{i}.mkv" for i in range(len(clips))]
    for path, (frames, _) in zip(files, clips, strict=True):
        save(path, frames)
    held = len(files) // 6
    training, frame_labels = Training(budget="1s" if quick else "30s"), [labels for _, labels in clips]
    whole = Model(Video(16), Category(), training=training).fit(files[held:], kinds[held:])
    each = Model(Video(16), Symbols(), align="step", training=training).fit(files[held:], frame_labels[held:])
    print(f"clips named right: {whole.score(files[:held], kinds[:held]):.1%}; frames: {each.score(files[:held], frame_labels[:held]):.1%}")
    print(kinds[2], "is", whole.predict(files[2:3])[0], "->", " ".join(each.predict(files[2:3])[0]))
