"""Every use of perception on the command line, from files to answers: tiny data, few epochs, the real estimators."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman.cli.app import run

RANDOM = np.random.default_rng(0)
SIGNS = {"l": [[0, 9], [0, 0]], "v": [[0, 9], [3, 0], [6, 9]], "z": [[0, 9], [5, 9], [0, 0], [5, 0]]}
WAYS = ("left", "right")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def elman(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str) -> str:
        code = run(list(words))
        seen = capsys.readouterr()
        assert code == 0, seen.err
        return seen.out

    return call


def table(name: str, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    with Path(name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def learned(elman: Any, data: str, source: str, target: str, *more: str) -> list[dict[str, Any]]:
    """Fit, evaluate and predict; return the rows of the prediction."""
    elman("fit", data, "--source", source, "--target", target, "--out", "m.elman", "--max-epochs", "2", "--quiet", *more)
    assert json.loads(elman("evaluate", "m.elman", data, "--json"))
    elman("predict", "m.elman", data, "--out", "out.jsonl", "--quiet")
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert len(rows) == 12
    assert all("prediction" in row for row in rows)
    return rows


def waves(words: str) -> np.ndarray:
    return np.concatenate([np.append(np.sin(np.arange(500) * (0.2 if word == "low" else 0.9)), np.zeros(200)) for word in words.split()])


@pytest.mark.parametrize(("texts", "target"), [(["low", "high"], "category:said"), (["low high", "high high low"], "text:word:said")])
def test_speech(elman: Any, texts: list[str], target: str) -> None:
    soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")
    rows = [{"file": f"{i}.flac", "said": texts[i % 2]} for i in range(12)]
    for row in rows:
        soundfile.write(row["file"], 0.5 * waves(row["said"]), 8000)
    table("calls.csv", rows)
    for row in learned(elman, "calls.csv", "audio:file", target):
        assert set(row["prediction"].split()) <= {"low", "high"}


@pytest.mark.parametrize(("count", "target"), [(1, "category:sign"), (3, "text:char:sign")])
def test_pen(elman: Any, count: int, target: str) -> None:
    lines = []
    for i in range(12):
        signs = "".join(list(SIGNS)[(i + k) % 3] for k in range(count))
        points = np.concatenate([np.add(SIGNS[sign], [10 * k, 0]) for k, sign in enumerate(signs)])
        lines.append(json.dumps({"points": (points + RANDOM.normal(0, 0.2, points.shape)).tolist(), "sign": signs}))
    Path("signs.jsonl").write_text("\n".join(lines))
    for row in learned(elman, "signs.jsonl", "strokes:points", target):
        assert set(row["prediction"]) <= set(SIGNS)


def test_handwriting_is_written(elman: Any) -> None:
    drawings = [[[*point, float(point is points[-1])] for point in points] for points in SIGNS.values()] * 4
    Path("hand.jsonl").write_text("\n".join(json.dumps({"points": points}) for points in drawings))
    elman("fit", "hand.jsonl", "--continue", "strokes:points", "--out", "hand.elman", "--max-epochs", "2", "--quiet")
    found = json.loads(elman("generate", "hand.elman", "--prompt", "[[0, 9, 0]]", "--max-new-steps", "5", "--random-state", "0", "--json"))
    points = np.array(found["results"][0]["piece"])
    assert points.shape[1] == 3
    assert 1 <= len(points) <= 6


@pytest.mark.parametrize("read", ["image", "image:rows", "image:pixels", "image:patches"])
def test_pictures(elman: Any, read: str) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    rows = [{"file": f"{i}.png", "shows": ("stripe", "slope")[i % 2]} for i in range(12)]
    for i, row in enumerate(rows):
        picture = np.eye(8) if i % 2 else np.ones((8, 8)) * (np.arange(8) % 2)
        pillow.fromarray((255 * np.roll(picture, i // 2, 1)).astype(np.uint8)).save(row["file"])
    table("pictures.csv", rows)
    for row in learned(elman, "pictures.csv", f"{read}:file", "category:shows"):
        assert row["prediction"] in ("stripe", "slope")


def test_print(elman: Any) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    letters = {"a": np.eye(8, 6), "b": np.ones((8, 6)) * (np.arange(6) % 2)}
    rows = [{"file": f"{i}.png", "text": "".join(RANDOM.choice(list(letters), 3))} for i in range(12)]
    for row in rows:
        picture = np.concatenate([letters[letter] for letter in row["text"]], axis=1)
        pillow.fromarray((255 * (1 - picture)).astype(np.uint8)).save(row["file"])
    table("lines.csv", rows)
    for row in learned(elman, "lines.csv", "image:columns:file", "text:char:text"):
        assert set(row["prediction"]) <= set(letters)


@pytest.mark.parametrize("each_frame", [False, True])
def test_video(elman: Any, each_frame: bool) -> None:
    av = pytest.importorskip("av", reason="the extra video is not installed")
    rows = []
    for i in range(12):
        way = WAYS[i % 2]
        with av.open(f"{i}.mkv", "w") as container:
            stream = container.add_stream("mpeg4", rate=8)
            stream.width = stream.height = 32
            stream.pix_fmt = "yuv420p"
            for t in range(6):
                picture = np.zeros((32, 32, 3), np.uint8)
                picture[:, 4 * (t if i % 2 else 7 - t) : 4 * (t if i % 2 else 7 - t) + 4] = 255
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        rows.append({"file": f"{i}.mkv", "way": " ".join([way] * 6) if each_frame else way})
    table("clips.csv", rows)
    told = ("symbols:way", "--align", "step") if each_frame else ("category:way",)
    for row in learned(elman, "clips.csv", "video:file", *told):
        said = row["prediction"].split()
        assert len(said) == (6 if each_frame else 1)
        assert set(said) <= set(WAYS)


def test_music_in_files(elman: Any) -> None:
    symusic = pytest.importorskip("symusic", reason="the extra music is not installed")
    from elman import Notes

    for i in range(8):
        frames = [[60 + i, 64 + i], [62 + i, 65 + i], [64 + i, 67 + i]] * 3
        Path(f"{i}.mid").write_bytes(Notes(beat=1).fit([frames]).midi(frames))
    table("pieces.csv", [{"file": f"{i}.mid"} for i in range(8)])
    elman("fit", "pieces.csv", "--continue", "notes:file", "--out", "music.elman", "--max-epochs", "1", "--quiet")
    elman("generate", "music.elman", "--prompt", "0.mid", "--max-new-steps", "3", "--random-state", "0", "--out", "new.mid")
    assert symusic.Score.from_midi(Path("new.mid").read_bytes()).note_num() > 0
