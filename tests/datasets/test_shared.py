"""The real files, where a copy lies beside the checkout (``shared/data``) or ELMAN_DATA names one: counts as published."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from elman import datasets
from elman.datasets import files, load


def _mirror() -> Path | None:
    named = [Path(os.environ["ELMAN_DATA"])] if os.environ.get("ELMAN_DATA") else []
    beside = [parent / "shared" / "data" for parent in Path(__file__).resolve().parents]
    return next((folder for folder in [*named, *beside] if (folder / "SHA256SUMS").is_file()), None)


MIRROR = _mirror()
pytestmark = pytest.mark.skipif(MIRROR is None, reason="no mirror of the real data: set ELMAN_DATA to one that has SHA256SUMS")


@pytest.fixture(autouse=True)
def real(monkeypatch):
    monkeypatch.setenv("ELMAN_DATA", str(MIRROR))


def test_the_manifest_lists_the_files_of_every_set_and_no_others_of_it():
    listed = {line.split(maxsplit=1)[1].strip() for line in (MIRROR / "SHA256SUMS").read_text().splitlines()}
    assert {path for path in listed if path.split("/")[0] in datasets.names()} == {
        f"{name}/{path}" for name in datasets.names() for path in files.sources(name)
    }


COUNTS = [
    ("patent_abstracts", {}, {"all": 3522}),
    ("sst2", {}, {"train": 6920, "dev": 872, "test": 1821}),
    ("mr_polarity", {}, {"all": 10662}),
    ("multi30k", {"source": "fr"}, {"train": 29000, "validation": 1014, "test": 1000}),
    ("scan", {"split": "simple"}, {"train": 16728, "test": 4182}),
    ("scan", {"split": "length"}, {"train": 16990, "test": 3920}),
    ("scan", {"split": "addprim_jump"}, {"train": 14670, "test": 7706}),
    ("spooky_authors", {}, {"train": 19579, "unlabelled": 8392}),
    ("banking77", {}, {"train": 10003, "test": 3080}),
    ("sgd_dialogues", {"unit": "dialogue"}, {"train": 3197, "dev": 836, "test": 1331}),
    ("scitldr", {}, {"train": 1992, "dev": 619, "test": 618}),
    ("sentence_compression_eval1000", {}, {"test": 1000}),
    ("fsdd", {}, {"train": 2700, "test": 300}),
    ("fsdd", {"unseen": "lucas"}, {"train": 2500, "test": 500}),
    ("pendigits", {}, {"train": 7494, "test": 3498}),
    ("omniglot_strokes", {"points": "offsets"}, {"train": 30000, "valid": 1000, "test": 1000}),
    ("ocr_early_books", {}, {"train": 840, "test": 210}),
    ("mnist", {}, {"train": 60000, "test": 10000}),
    ("face_boxes_mask", {}, {"all": 853}),
    ("jhmdb_pose", {"split": 2}, {"train": 433, "test": 176}),
    ("jhmdb_pose", {"split": 3}, {"train": 434, "test": 175}),
    ("m4", {"frequency": "Hourly"}, {"train": 414, "test": 414}),
    ("m4", {"frequency": "Weekly"}, {"train": 359, "test": 359}),
    ("ett", {}, {"train": 8640, "validation": 2880, "test": 2880, "all": 17420}),
    ("uea_japanese_vowels", {}, {"train": 270, "test": 370}),
]


@pytest.mark.parametrize(("name", "options", "rows"), COUNTS, ids=[f"{name}-{'-'.join(map(str, o.values()))}" for name, o, _ in COUNTS])
def test_parts_have_the_published_numbers_of_rows(name, options, rows):
    data = load(name, **options)
    assert {part: len(split) for part, split in data.splits.items()} == rows
    assert (data.target == "") == all(split.y is None for split in data.splits.values())


def test_language_model_texts():
    play = load("tiny_shakespeare")
    whole = play.train.x[0] + play["validation"].x[0]
    assert (len(whole), whole.count("\n"), len(set(whole)), len(play.train.x[0])) == (1_115_394, 40_000, 65, 1_003_854)
    lines = load("wikitext2_valid_test")
    tokens = {part: sum(len(line.split()) + 1 for line in split.x) for part, split in lines.splits.items()}
    assert (len(lines["valid"]), len(lines["test"]), tokens) == (3760, 4358, {"valid": 217_646, "test": 245_569})
    dates = load("patent_abstracts")["all"].extra["date"]
    assert (min(dates), max(dates)) == ("1978-06-13", "2018-05-29")


def test_labels():
    assert Counter(load("spooky_authors").train.y) == {"EAP": 7900, "MWS": 6044, "HPL": 5635}
    assert Counter(load("mr_polarity")["all"].y) == {0: 5331, 1: 5331}
    banking = load("banking77")
    assert len(banking.details["categories"]) == 77
    assert set(banking.train.y) == set(banking.test.y) == set(banking.details["categories"])
    assert load("multi30k").train.x[0].startswith("Zwei junge weiße Männer")
    assert load("multi30k").train.y[0].startswith("Two young, White males")


def test_dialogue_turns():
    calls = load("sgd_dialogues", unit="dialogue")
    assert {part: sum(map(len, split.x)) for part, split in calls.splits.items()} == {"train": 47_840, "dev": 11_928, "test": 16_850}


def test_sound_and_print():
    spoken = load("fsdd")
    assert sum(len(wave) for split in spoken.splits.values() for wave in split.x) == 10_498_424
    assert np.bincount(spoken.train.y).tolist() == [270] * 10
    assert max(np.abs(wave).max() for wave in spoken.test.x) <= 1.0
    lines = load("ocr_early_books")
    text = [line for split in lines.splits.values() for line in split.y]
    assert (sum(map(len, text)), len(set("".join(text)))) == (52_775, 131)
    assert sum(picture.shape[1] for split in lines.splits.values() for picture in split.x) == 782_723


def test_pictures():
    assert np.bincount(load("mnist").train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    faces = load("face_boxes_mask")["all"]
    kinds = Counter(kind for row in faces.extra["classes"] for kind in row)
    assert kinds == {"with_mask": 3232, "without_mask": 717, "mask_weared_incorrect": 123}
    assert sum(map(len, faces.y)) == 4072
    pytest.importorskip("PIL")
    photographs = load("flickr8k_1000", captions="first")
    assert {part: len(split) for part, split in photographs.splits.items()} == {"train": 753, "dev": 113, "test": 125, "none": 9}


def test_poses_and_strokes():
    clips = load("jhmdb_pose", split=1)
    lengths = [len(clip) for split in clips.splits.values() for clip in split.x]
    assert (len(lengths), min(lengths), max(lengths), len(set(clips.train.y))) == (609, 15, 40, 14)
    drawings = load("omniglot_strokes").train.x
    assert sum(map(len, drawings)) == 933_430
    vowels = load("uea_japanese_vowels")
    lengths = [len(one) for split in vowels.splits.values() for one in split.x]
    assert (min(lengths), max(lengths), vowels.train.x[0].shape[1], len(set(vowels.train.y))) == (7, 29, 12, 9)


@pytest.mark.parametrize("form", ["roll", "notes"])
def test_chorales(form):
    pieces = load("jsb_chorales", form=form)
    assert {part: len(split) for part, split in pieces.splits.items()} == {"train": 229, "valid": 76, "test": 77}
    assert {part: sum(map(len, split.x)) for part, split in pieces.splits.items()} == {"train": 13_807, "valid": 4_602, "test": 4_725}


def test_rolls_and_notes_are_the_same_music():
    rolls, notes = (load("jsb_chorales", form=form).test.x for form in ("roll", "notes"))
    sounding = Counter(tuple(np.flatnonzero(frame) + 21) for piece in rolls for frame in piece)
    assert sounding == Counter(tuple(sorted(set(chord))) for piece in notes for chord in piece)


def test_m4_naive_figures_come_out_as_published():
    hourly = load("m4")
    assert {len(one) for one in hourly.train.x} >= {700, 960}
    assert {len(one) for one in hourly.test.x} == {48}
    weekly = load("m4", frequency="Weekly")
    assert (min(map(len, weekly.train.x)), max(map(len, weekly.train.x))) == (80, 2597)
    for data, methods in ((hourly, ("Naive2", "sNaive")), (weekly, ("Naive2",))):
        for method in methods:
            pairs = zip(data.details["forecasts"][method], data.test.x, strict=True)
            smape = np.mean([np.mean(200 * np.abs(f - y) / (np.abs(f) + np.abs(y))) for f, y in pairs])
            assert smape == pytest.approx(data.details["results"][method]["sMAPE"], abs=0.001)


def test_other_series():
    nab = load("nab_known_cause")["all"]
    assert [len(one) for one in nab.x] == [7267, 18050, 4032, 22695, 10320, 1882, 5315]
    assert all(0 < marks.mean() < 0.2 for marks in nab.y)
    stocks = load("stocks_daily")["all"]
    assert (len(stocks), {len(one) for one in stocks.x}) == (20, {5402})
    assert {(str(days[0]), str(days[-1])) for days in stocks.extra["date"]} == {("1999-11-01", "2021-04-21")}
    assert str(load("ett")["all"].extra["date"][0]) == "2016-07-01T00:00:00"


def test_one_flipped_byte_of_a_real_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / "tiny_shakespeare").mkdir()
    text = bytearray(gzip.decompress((MIRROR / "tiny_shakespeare" / "input.txt.gz").read_bytes()))
    text[500_000] ^= 1
    (tmp_path / "tiny_shakespeare" / "input.txt.gz").write_bytes(gzip.compress(bytes(text), compresslevel=1))
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path))
    with pytest.raises(files.FileError, match=r"input.txt.gz is not the published file"):
        load("tiny_shakespeare")
