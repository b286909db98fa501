"""The command line on pictures and their boxes, with the real estimator: CSV and JSON lines in, JSON out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from elman.cli.app import run


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = run(list(words))
    seen = capsys.readouterr()
    return code, seen.out + seen.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten pictures of one block each, named in a CSV and in JSON lines."""
    image = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    monkeypatch.chdir(tmp_path)
    rows = []
    for number in range(10):
        picture = np.zeros((16, 24), np.uint8)
        picture[4:12, number : number + 8] = 255
        image.fromarray(picture).save(f"{number}.png")
        rows.append({"file": f"{number}.png", "boxes": [{"box": [number, 4, number + 8, 12], "label": "block"}] if number else []})
    Path("scenes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    cells = [row["file"] + ',"' + json.dumps(row["boxes"]).replace('"', '""') + '"' for row in rows]
    Path("scenes.csv").write_text("\n".join(["file,boxes", *cells]) + "\n")
    return tmp_path


def fit(capsys: pytest.CaptureFixture[str], file: str, codec: str) -> tuple[int, str]:
    words = ("fit", file, "--source", "image:file", "--target", f"{codec}boxes", "--out", "b.elman", "--max-epochs", "2", "--quiet")
    return told(capsys, *words, "--embedding-size", "8", "--hidden-size", "8")


@pytest.mark.parametrize("file", ["scenes.csv", "scenes.jsonl"])
def test_boxes_are_learned_found_and_judged(folder: Path, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = fit(capsys, file, "boxes:" if file == "scenes.csv" else "")
    assert code == 0, out
    for name in ("found.jsonl", "found.csv"):
        code, out = told(capsys, "predict", "b.elman", file, "--min-score", "0.001", "--max-length", "4", "--out", name)
        assert code == 0, out
    first = json.loads(Path("found.jsonl").read_text().splitlines()[1])
    assert first["file"] == "1.png"
    assert 1 <= len(first["prediction"]) <= 4
    assert set(first["prediction"][0]) == {"box", "label", "score"}
    assert json.dumps(first["prediction"]) in Path("found.csv").read_text().replace('""', '"')
    code, out = told(capsys, "evaluate", "b.elman", file, "--json")
    assert code == 0, out
    assert "AP@0.5" in out
    code, out = told(capsys, "info", "b.elman")
    assert code == 0
    assert "boxes of a picture are found one at a time until no more" in out


def test_a_bad_box_is_named_by_its_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("scenes.csv").read_text()
    Path("scenes.csv").write_text(text.replace("[2, 4, 10, 12]", "[2, 4, 99, 12]"))
    code, out = fit(capsys, "scenes.csv", "boxes:")
    assert code != 0
    assert "row 2: box 0: expected corners inside the picture of 24 x 16 pixels" in out.replace("\n", " ")
    Path("scenes.csv").write_text(text.replace('"[]"', "none"))
    code, out = fit(capsys, "scenes.csv", "boxes:")
    assert code != 0
    assert "got text 'none'" in out.replace("\n", " ")
