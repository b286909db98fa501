"""Every verb tries its place before it computes, and a result whose last write fails is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import elman
from elman.errors import ModelFileError

Cli = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("place", ["missing/a.elman", ".", "reviews.csv/a.elman"])
def test_fit_refuses_a_bad_place_before_it_reads(elman_cli: Cli, fake, reviews: Path, place: str) -> None:
    code, _, err = elman_cli("fit", "reviews.csv", "--out", place)
    assert code != 0
    assert "cannot write" in err
    assert not fake.Model.made


def test_a_model_whose_save_fails_is_kept_and_named(elman_cli: Cli, fake, reviews: Path, tmp_path: Path, monkeypatch) -> None:
    save = fake.Model.save

    def refuse_once(model, path):
        if Path(path).name == "a.elman":
            raise ModelFileError("could not write a.elman: No space left on device.")
        save(model, path)

    monkeypatch.setattr(fake.Model, "save", refuse_once)
    code, _, err = elman_cli("fit", "reviews.csv", "--out", "a.elman")
    assert code != 0
    (kept,) = tmp_path.glob("a-*.elman")
    assert f"The result is kept in {kept}" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--out", "missing/a.csv"), "The folder does not exist"),
        (("--out", "a.xyz"), "its ending should be one of .csv, .tsv"),
        (("--plot", "a.xyz"), "its ending should be one of .png"),
        (("--save", "missing/a.elman"), "The folder does not exist"),
    ],
)
def test_forecast_refuses_a_bad_place_before_it_trains(elman_cli: Cli, fake, tmp_path: Path, monkeypatch, options, message) -> None:
    monkeypatch.delattr(fake.Forecaster, "fit")
    (tmp_path / "a.csv").write_text("t,v\n" + "".join(f"2024-01-{day:02d},{day}\n" for day in range(1, 29)))
    code, _, err = elman_cli("forecast", "a.csv", *options)
    assert code != 0
    assert message in err


def test_predict_and_report_refuse_a_bad_place(tmp_path: Path, monkeypatch, capsys) -> None:
    from elman.cli.app import run

    monkeypatch.chdir(tmp_path)
    quick = elman.Training(max_epochs=1, verbose=0)
    elman.Model(elman.Text(), elman.Category(), training=quick).fit(["good", "bad"] * 10, ["a", "b"] * 10).save("m.elman")
    Path("x.csv").write_text("text\ngood\n")
    for verb in (
        ("predict", "m.elman", "x.csv", "--out", "missing/a.csv"),
        ("predict", "m.elman", "x.csv", "--out", "a.doc"),
        ("report", "m.elman", "--out", "missing/a.html"),
        ("trace", "m.elman", "--text", "good", "--out", "missing/a.html"),
    ):
        assert run(list(verb)) != 0
        assert "cannot write" in capsys.readouterr().err
