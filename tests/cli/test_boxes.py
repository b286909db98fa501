"""The command line on pictures and boxes: learned from a table, judged, and written as JSON."""

from __future__ import annotations

import csv
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
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[list[int]]]:
    pillow = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    monkeypatch.chdir(tmp_path)
    random, told_boxes = np.random.default_rng(0), []
    for number in range(24):
        picture, (x, y) = random.integers(90, 110, (24, 24)).astype(np.uint8), random.integers(0, 12, 2)
        picture[y : y + 10, x : x + 10] = 240
        pillow.fromarray(picture).save(f"{number}.png")
        told_boxes.append([] if number == 5 else [[int(x), int(y), int(x) + 10, int(y) + 10]])
    with Path("scenes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("picture", "things"), *((f"{n}.png", json.dumps(b)) for n, b in enumerate(told_boxes))])
    lines = [json.dumps({"picture": f"{n}.png", "things": [{"box": box, "label": "x"} for box in b]}) for n, b in enumerate(told_boxes)]
    Path("scenes.jsonl").write_text("\n".join(lines))
    return told_boxes


@pytest.mark.parametrize("data", ["scenes.csv", "scenes.jsonl"])
def test_boxes_of_a_table_are_learned_judged_and_written(table: list, data: str, capsys: pytest.CaptureFixture[str]) -> None:
    fit = ("fit", data, "--source", "image:picture", "--target", "boxes:things", "--out", "m.elman")
    code, out = told(capsys, *fit, "--max-epochs", "2", "--quiet")
    assert code == 0, out
    code, out = told(capsys, "evaluate", "m.elman", data, "--json")
    assert code == 0, out
    assert "AP@0.5" in out
    for name in ("found.jsonl", "found.csv"):
        code, out = told(capsys, "predict", "m.elman", data, "--out", name, "--min-score", "0.0", "--max-length", "2")
        assert code == 0, out
    rows = [json.loads(line)["prediction"] for line in Path("found.jsonl").read_text().splitlines()]
    assert len(rows) == 24
    assert all(len(row) == 2 and len(box["box"]) == 4 and 0 <= box["score"] <= 1 for row in rows for box in row)
    with Path("found.csv").open(newline="") as file:
        assert [json.loads(row["prediction"]) for row in csv.DictReader(file)] == rows


def test_a_cell_that_holds_no_boxes_is_named(table: list, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.csv").write_text('picture,things\n0.png,"[[1, 2, 3, 4]]"\n1.png,here\n')
    code, out = told(capsys, "fit", "bad.csv", "--source", "image:picture", "--target", "boxes:things", "--out", "m.elman")
    assert code != 0
    assert "as JSON; got text 'here'" in out
