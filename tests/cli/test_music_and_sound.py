"""The command line on sound files, music and pen strokes, with the real estimators."""

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


def test_sound_files_are_learned_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")
    monkeypatch.chdir(tmp_path)
    random, lines = np.random.default_rng(0), ["file,word"]
    for number in range(24):
        word = ("low", "high")[number % 2]
        wave = np.sin(np.arange(600) * (0.2 if word == "low" else 0.9)) + random.normal(0, 0.01, 600)
        soundfile.write(f"{number}.wav", wave, 8000)
        lines.append(f"{number}.wav,{word}")
    Path("calls.csv").write_text("\n".join(lines))
    fit = ("fit", "calls.csv", "--source", "audio:file", "--target", "category:word", "--out", "a.elman")
    assert told(capsys, *fit, "--max-epochs", "6", "--quiet")[0] == 0
    code, out = told(capsys, "evaluate", "a.elman", "calls.csv", "--json")
    assert code == 0
    assert "accuracy" in out
    Path("0.wav").write_bytes(b"RIFF")
    code, out = told(capsys, "predict", "a.elman", "calls.csv")
    assert code != 0
    assert "0.wav' is not sound that can be read" in out


def test_music_is_learned_composed_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pieces.jsonl").write_text("".join(json.dumps({"piece": [[60, 64], [62, 65], [64, 67]] * 3}) + "\n" for _ in range(8)))
    assert told(capsys, "fit", "pieces.jsonl", "--continue", "notes:piece", "--out", "m.elman", "--max-epochs", "2", "--quiet")[0] == 0
    code, out = told(capsys, "generate", "m.elman", "--prompt", "[[60, 64]]", "--max-new-steps", "3", "--random-state", "0", "--json")
    assert code == 0
    assert json.loads(out)["results"][0]["piece"][0] == [60, 64]
    code, out = told(capsys, "generate", "m.elman", "-p", "[[60]]", "-p", "[[60]]", "--out", "two.mid")
    assert code != 0
    assert "--out is for one piece of music; got 2 of Notes" in out
    symusic = pytest.importorskip("symusic", reason="the extra music is not installed")
    assert told(capsys, "generate", "m.elman", "--prompt", "[[60, 64]]", "--max-new-steps", "3", "--out", "a.mid")[0] == 0
    assert {note.pitch for note in symusic.Score.from_midi(Path("a.mid").read_bytes()).tracks[0].notes} >= {60, 64}


def test_only_music_becomes_a_midi_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("abc\nabd\n" * 20)
    assert told(capsys, "fit", "words.txt", "--continue", "text:char", "--out", "t.elman", "--max-epochs", "1", "--quiet")[0] == 0
    code, out = told(capsys, "generate", "t.elman", "--out", "a.mid")
    assert code != 0
    assert "--out is for models of music; t.elman writes Text" in out
