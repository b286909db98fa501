"""Pictures in files and what is said of them: fit, evaluate and predict from a table, each file named in several rows."""

import json
from pathlib import Path

import numpy as np
import pytest

from elman.cli.app import run

Pillow = pytest.importorskip("PIL.Image")


@pytest.fixture
def captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty pictures, dark on the left or on the right, each said of twice."""
    random, lines = np.random.default_rng(0), ["picture,caption"]
    for number in range(20):
        left = number % 2 == 0
        picture = random.integers(160, 255, (16, 16, 3), dtype=np.uint8)
        picture[:, slice(0, 8) if left else slice(8, 16)] //= 4
        Pillow.fromarray(picture).save(tmp_path / f"{number}.png")
        side = "left" if left else "right"
        lines += [f"{number}.png,dark on the {side}", f"{number}.png,the {side} is dark"]
    (tmp_path / "captions.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_captions_are_learned_from_a_table_of_files(capsys, captions) -> None:
    settings = ["--max-epochs", "25", "--learning-rate", "0.01", "--hidden-size", "24", "--validation-fraction", "0"]
    said = ["--source", "image:picture", "--target", "text:word:caption", "--out", "captions.elman", "-q"]
    assert run(["fit", "captions.csv", *said, *settings]) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert run(["predict", "captions.elman", "captions.csv", "--out", "said.csv", "-q"]) == 0
    rows = [line.split(",") for line in (captions / "said.csv").read_text().splitlines()]
    assert rows[0] == ["picture", "caption", "prediction"]
    assert all(("left" in truth) == ("left" in said) and "dark" in said for _, truth, said in rows[1:])
    assert run(["info", "captions.elman"]) == 0
    assert "8 x 8 cells" in capsys.readouterr().out
    assert run(["evaluate", "captions.elman", "captions.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
