"""Much in files needs little memory: peaks are measured in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HEAD = """
import resource, sys
import numpy as np, torch
from elman import Audio, Category, Image, Model, Training, Video
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""


def grown(code: str, *arguments: str) -> float:
    """Return by how many MB the peak of a process grew in the code after the word BEFORE."""
    before, after = code.split("BEFORE\n")
    process = subprocess.run(
        [sys.executable, "-c", f"{HEAD}{before}start = peak()\n{after}print(peak() - start)", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    return float(process.stdout)


@pytest.mark.slow
def test_an_hour_of_sound(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")
    path = tmp_path / "hour.flac"
    minute = np.random.default_rng(0).normal(0, 0.1, 60 * 44_100).astype(np.float32)
    with soundfile.SoundFile(str(path), "w", 44_100, 1) as file:
        for _ in range(60):
            file.write(minute)
    code = """
codec = Audio().fit([np.random.default_rng(0).normal(0, 0.1, 8000)])
codec.encode(np.zeros(8000))
BEFORE
frames = codec.encode(sys.argv[1])
assert frames.shape == (360_001, 40)
"""
    # 58 MB of frames, twice while they are put together; the samples alone would be 635 MB
    assert grown(code, str(path)) < 250


@pytest.mark.slow
def test_ten_minutes_of_film(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="the extra video is not installed")
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for t in range(4800):
            picture = np.full((360, 640, 3), t % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    code = """
codec = Video(32).fit([0])
codec.encode(np.zeros((70, 360, 640, 3), np.uint8)[:2])
BEFORE
frames = codec.encode(sys.argv[1])
assert len(frames) == 4800, len(frames)
"""
    # 20 MB of small frames, twice while they are put together, and 64 large ones at a time; decoded at once it would be 13 GB
    assert grown(code, str(path)) < 600


@pytest.mark.slow
def test_ten_thousand_pictures_beyond_the_room(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    random = np.random.default_rng(0)
    for i in range(40):
        pillow.fromarray(random.integers(0, 256, (64, 64), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    code = """
from elman import Network
from elman.codecs import lazy_files
lazy_files.CACHE_SIZE = 10 << 20
paths = [f"{sys.argv[1]}/{i % 40}.png" for i in range(10_000)]
small = Network(hidden_size=4)
def learn(paths):
    training = Training(max_epochs=1, verbose=0, validation_fraction=0.0)
    Model(Image("rows", size=(64, 64)), Category(), network=small, training=training).fit(paths, [i % 2 for i in range(len(paths))])
learn(paths[:200])
BEFORE
learn(paths)
"""
    # all of them would be 164 MB; 10 MB are kept
    assert grown(code, str(tmp_path)) < 100
