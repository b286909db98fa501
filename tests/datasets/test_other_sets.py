"""Sets of sound, strokes, pictures, music and series read from tiny mirrors."""

from __future__ import annotations

import builtins
import io
import json
import zipfile

import numpy as np
import pytest

from elman.datasets import load, series
from elman.errors import FileError, MissingExtraError


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def test_digits_by_take_and_by_speaker(mirror):
    data = npz(
        audio=np.array([16384, -32768, 1, 2], dtype=np.int16),
        offsets=np.array([0, 2, 3, 4]),
        label=np.array([7, 8, 9], dtype=np.uint8),
        speaker=np.array([0, 1, 1], dtype=np.uint8),
        index=np.array([5, 4, 49], dtype=np.uint8),
        speaker_names=np.array(["george", "theo"]),
        sample_rate=np.int32(8000),
    )
    mirror("fsdd", {"fsdd.npz": data})
    official = load("fsdd", verify=False)
    assert [one.tolist() for one in official.train.x] == [[0.5, -1.0], [2 / 32768]]
    assert (official.train.y.tolist(), official.test.y.tolist(), official.test.extra["speaker"]) == ([7, 9], [8], ["theo"])
    unseen = load("fsdd", verify=False, unseen="george")
    assert (unseen.train.y.tolist(), unseen.test.y.tolist(), unseen.test.extra["take"].tolist()) == ([8, 9], [7], [5])
    assert unseen.details == {"sample_rate": 8000, "speakers": ("george", "theo")}


def test_pen_digits_in_both_spellings(mirror):
    points = ",".join(str(n) for n in range(16))
    mirror("pendigits", {"pendigits.tra.csv.gz": f"{points},8\n", "pendigits.tes.csv.gz": f"{points},0000000010\n{points},1000000000\n"})
    data = load("pendigits", verify=False)
    assert data.train.x[0].tolist() == [[n, n + 1] for n in range(0, 16, 2)]
    assert (data.train.y.tolist(), data.test.y.tolist()) == ([8], [8, 0])
    mirror("pendigits", {"pendigits.tes.csv.gz": f"{points},8\n1,2,x\n"})
    with pytest.raises(FileError, match=r"pendigits.tes.csv.gz, line 2: 16 whole numbers and a class"):
        load("pendigits", verify=False)


def test_drawings_absolute_or_as_offsets(mirror):
    drawn = np.array([[1, 2, 0], [3, -1, 1], [5, 5, 1]], dtype=np.int16)
    parts = {key: value for part in ("train", "valid", "test") for key, value in ((part, drawn), (f"{part}_offsets", np.array([0, 2, 3])))}
    mirror("omniglot_strokes", {"omniglot_strokes.npz": npz(**parts)})
    assert [one.tolist() for one in load("omniglot_strokes", verify=False).train.x] == [[[1, 2, 0], [4, 1, 1]], [[5, 5, 1]]]
    assert load("omniglot_strokes", verify=False, points="offsets")["valid"].x[0].tolist() == [[1, 2, 0], [3, -1, 1]]


def test_early_books_hold_out_the_last_thirty_of_each_book(mirror):
    rows = [f"{n}\t{1476 if n < 32 else 1488}\tp{n}\t2\tline {n}" for n in range(63)]
    pixels = np.repeat(np.arange(63, dtype=np.uint8), 2)[None].repeat(48, axis=0)
    files = {"lines.tsv.gz": "index\tbook\tpage_line\tcolumns\ttext\n" + "\n".join(rows) + "\n"}
    mirror("ocr_early_books", {**files, "lines_h48.npz": npz(pixels=pixels, col_offsets=np.arange(64) * 2)})
    data = load("ocr_early_books", verify=False)
    assert data.train.y == ["line 0", "line 1", "line 32"]
    assert [(*one.shape, one[0, 0]) for one in data.train.x] == [(48, 2, 0), (48, 2, 1), (48, 2, 32)]
    assert (len(data.test), data.test.extra["book"][0], data.test.extra["page_line"][0]) == (60, "1476", "p2")


def test_mnist(mirror):
    pictures = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8])
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 1, 5])
    files = {f"{p}-images-idx3-ubyte.gz": pictures for p in ("train", "t10k")} | {
        f"{p}-labels-idx1-ubyte.gz": labels for p in ("train", "t10k")
    }
    mirror("mnist", files)
    x, y = load("mnist", verify=False).test
    assert (x.tolist(), y.tolist(), y.dtype) == ([[[9, 8]]], [5], np.int64)


def photographs(sizes: dict[str, tuple[int, int]]) -> bytes:
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, size in sizes.items():
            picture = io.BytesIO()
            image.new("RGB", size, (200, 10, 10)).save(picture, "JPEG")
            archive.writestr(name, picture.getvalue())
    return file.getvalue()


CAPTIONS = 'image\tofficial_split\tcaption_index\tcaption\na.jpg\ttrain\t0\tA "dog\na.jpg\ttrain\t1\tDog .\nb.jpg\ttest\t0\tA cat\n'


def test_photographs_with_each_or_the_first_caption(mirror):
    mirror("flickr8k_1000", {"captions.tsv.gz": CAPTIONS, "images_96.zip": photographs({"a.jpg": (96, 96), "b.jpg": (96, 96)})})
    data = load("flickr8k_1000", verify=False)
    assert (data.train.y, data.test.y, len(data["dev"])) == (['A "dog', "Dog ."], ["A cat"], 0)
    assert data.train.x[0] is data.train.x[1]
    assert data.train.x[0].shape == (96, 96, 3)
    assert abs(data.train.x[0].reshape(-1, 3).mean(axis=0) - [200, 10, 10]).max() < 3
    first = load("flickr8k_1000", verify=False, captions="first").train
    assert (first.y, first.extra["captions"]) == (['A "dog'], [['A "dog', "Dog ."]])


def test_photographs_that_are_wrong_are_named(mirror, monkeypatch):
    mirror("flickr8k_1000", {"captions.tsv.gz": CAPTIONS, "images_96.zip": photographs({"a.jpg": (96, 96), "b.jpg": (90, 96)})})
    with pytest.raises(FileError, match=r"b.jpg is 90x96; 96x96 was expected"):
        load("flickr8k_1000", verify=False)
    mirror("flickr8k_1000", {"images_96.zip": photographs({"a.jpg": (96, 96)})})
    with pytest.raises(FileError, match=r"images_96.zip lacks a picture named in captions.tsv.*b.jpg"):
        load("flickr8k_1000", verify=False)
    mirror("flickr8k_1000", {"images_96.zip": b"no zip"})
    with pytest.raises(FileError, match=r"images_96.zip is damaged"):
        load("flickr8k_1000", verify=False)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", bytes(2**20 + 1))
    mirror("flickr8k_1000", {"images_96.zip": bomb.getvalue()})
    with pytest.raises(FileError, match=r"a.jpg unpacks to more than 1048576 bytes"):
        load("flickr8k_1000", verify=False)
    real = builtins.__import__

    def without_pillow(name, *rest):
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    with pytest.raises(MissingExtraError, match=r"pillow is needed to read the photographs.*elman\[image\]"):
        load("flickr8k_1000", verify=False)


def test_faces(mirror):
    header = "image,name,orig_width,orig_height,class,xmin,ymin,xmax,ymax\n"
    images = npz(images=np.zeros((2, 4, 4), dtype=np.uint8))
    mirror("face_boxes_mask", {"images_128_gray.npz": images, "boxes.csv.gz": header + "1,n,9,9,with_mask,1,2,3.5,4\n1,n,9,9,no,0,0,1,1\n"})
    part = load("face_boxes_mask", verify=False)["all"]
    assert part.y[0].shape == (0, 4)
    assert part.y[1].tolist() == [[1, 2, 3.5, 4], [0, 0, 1, 1]]
    assert part.extra == {"name": ["", "n"], "classes": [[], ["with_mask", "no"]]}
    for row, message in (
        ("2,n,9,9,no,0,0,1,1", r"row 2: there is no image 2; images are 0..1"),
        ("1,n,9,9,no,x,0,1,1", "row 2: could not convert"),
    ):
        mirror("face_boxes_mask", {"boxes.csv.gz": header + row + "\n"})
        with pytest.raises(FileError, match=message):
            load("face_boxes_mask", verify=False)


def test_poses(mirror):
    pose, names = np.arange(90, dtype=np.float32).reshape(3, 15, 2), ("pose", "offsets", "label")
    values = dict(zip(names, (pose, np.array([0, 1, 3]), np.array(["run", "wave"])), strict=True))
    mirror("jhmdb_pose", {"jhmdb_pose.npz": npz(**{f"{part}2_{name}": values[name] for part in ("train", "test") for name in names})})
    x, y = load("jhmdb_pose", verify=False, split=2).train
    assert (y, x[0].tolist(), x[1].shape) == (["run", "wave"], [list(range(30))], (2, 30))
    with pytest.raises(FileError, match=r"jhmdb_pose.npz lacks test1_label"):
        load("jhmdb_pose", verify=False)


def test_chorales_in_three_forms(mirror):
    scipy_io = pytest.importorskip("scipy.io")
    rolls = {}
    for part in ("train", "valid", "test"):
        rolls[f"{part}data"] = np.empty((1, 1), dtype=object)
        rolls[f"{part}data"][0, 0] = np.eye(2, 88, dtype=np.uint8)
    file = io.BytesIO()
    scipy_io.savemat(file, rolls)
    parts = ("train", "valid", "test")
    notes = json.dumps({part: [[[60, 64], []]] for part in parts})
    voices = json.dumps({part: [[[60, 55, -1, 40]]] for part in parts})
    mirror("jsb_chorales", {"JSB_Chorales.mat": file.getvalue(), "jsb-chorales-quarter.json.gz": notes, "Jsb16thSeparated.json.gz": voices})
    np.testing.assert_array_equal(load("jsb_chorales", verify=False).train.x[0], np.eye(2, 88))
    assert load("jsb_chorales", verify=False, form="notes")["valid"].x == [[(60, 64), ()]]
    assert load("jsb_chorales", verify=False, form="voices").test.x[0].tolist() == [[60, 55, -1, 40]]


def test_chorales_that_are_wrong_are_named(mirror):
    mirror(
        "jsb_chorales",
        {"JSB_Chorales.mat": b"no mat file" * 20, "jsb-chorales-quarter.json.gz": '{"train": [', "Jsb16thSeparated.json.gz": "[]"},
    )
    with pytest.raises(FileError, match=r"JSB_Chorales.mat is not the MATLAB file expected"):
        load("jsb_chorales", verify=False)
    with pytest.raises(FileError, match=r"jsb-chorales-quarter.json.gz is not JSON \(.* at byte 11\)"):
        load("jsb_chorales", verify=False, form="notes")
    with pytest.raises(FileError, match=r"Jsb16thSeparated.json.gz must be an object with train, valid, test"):
        load("jsb_chorales", verify=False, form="voices")


def test_m4_with_and_without_the_organisers_files(mirror):
    mirror("m4", {"Weekly-train.csv.gz": "V1,V2,V3\nW1,1,2\nW2,3,\n", "Weekly-test.csv.gz": "V1,V2\nW1,3\nW2,4\n"})
    data = load("m4", verify=False, frequency="Weekly")
    assert ([one.tolist() for one in data.train.x], data.train.extra["id"], data.test.x[1].tolist()) == ([[1, 2], [3]], ["W1", "W2"], [4])
    assert data.details == {"horizon": 1, "season": 1, "forecasts": {}, "results": {}}
    results = "method_or_user_id,sMAPE_Weekly,MASE_Weekly,OWA_Weekly\nNaive,9.161,2.777,1\nnote,,,\n"
    mirror("m4", {"forecast-SES-Hourly-Weekly.csv.gz": "id,F1,F2\nW1,7,\nW2,8,\nH1,1,2\n", "reference_results.csv": results})
    details = load("m4", verify=False, frequency="Weekly").details
    assert [one.tolist() for one in details["forecasts"]["SES"]] == [[7], [8]]
    assert details["results"] == {"Naive": {"sMAPE": 9.161, "MASE": 2.777, "OWA": 1.0}}
    mirror("m4", {"Weekly-test.csv.gz": "V1,V2\nW1,3\n"})
    with pytest.raises(FileError, match=r"Weekly-train.csv and Weekly-test.csv of m4 name different series"):
        load("m4", verify=False, frequency="Weekly")


def test_ett_is_cut_by_rows(mirror, monkeypatch):
    monkeypatch.setattr(series, "_ETT_ROWS", (2, 1, 1))
    rows = "".join(f"2016-07-01 0{hour}:00:00,{hour}.5,{hour}\n" for hour in range(5))
    mirror("ett", {"ETTh1.csv.gz": "date,HUFL,OT\n" + rows})
    data = load("ett", verify=False)
    assert (data.train.x.tolist(), data.test.x.tolist(), len(data["all"])) == ([[0.5, 0], [1.5, 1]], [[3.5, 3]], 5)
    assert data.test.extra["date"].tolist() == [np.datetime64("2016-07-01T03:00:00", "s").item()]
    assert data.details["columns"] == ("HUFL", "OT")
    for text, message in (("2016-07-01,x,1\n", "ETTh1.csv, HUFL: could not convert"), ("noon,1,1\n", "ETTh1.csv, date: ")):
        mirror("ett", {"ETTh1.csv.gz": "date,HUFL,OT\n" + text})
        with pytest.raises(FileError, match=message):
            load("ett", verify=False)


def test_nab_marks_the_windows(mirror):
    names = [f"realKnownCause/{name}.csv" for name in series._NAB]
    files = {f"{name}.csv.gz": "timestamp,value\n" + "".join(f"2014-01-01 00:0{m}:00,{m}\n" for m in range(4)) for name in series._NAB}
    windows = {name: [["2014-01-01 00:01:00.000000", "2014-01-01 00:02:00.000000"]] for name in names} | {"other.csv": []}
    points = {name: ["2014-01-01 00:02:00"] for name in names}
    mirror("nab_known_cause", {**files, "combined_labels.json": json.dumps(points), "combined_windows.json": json.dumps(windows)})
    part = load("nab_known_cause", verify=False)["all"]
    assert (part.x[3].tolist(), part.y[3].tolist()) == ([0, 1, 2, 3], [0, 1, 1, 0])
    assert part.extra["points"][0].tolist() == [part.extra["time"][0][2].item()]


def test_stocks_by_column(mirror):
    header = "symbol,date,open,high,low,close,adjusted_close,volume,dividend,split\n"
    rows = "A,1999-11-01,1,2,3,4,5,6,7,8\nA,1999-11-02,1,2,3,4,9,6,7,8\nB,1999-11-01,1,2,3,4,6,6,7,8\n"
    mirror("stocks_daily", {"sp500_20_daily_1999_2021.csv.gz": header + rows})
    part = load("stocks_daily", verify=False)["all"]
    assert ([one.tolist() for one in part.x], part.extra["symbol"]) == ([[5, 9], [6]], ["A", "B"])
    assert str(part.extra["date"][0][1]) == "1999-11-02"
    everything = load("stocks_daily", verify=False, column="all")
    assert everything["all"].x[0][0].tolist() == [5, 1, 2, 3, 4, 6, 7, 8]


def test_vowels(mirror):
    mirror("uea_japanese_vowels", {"JapaneseVowels_TRAIN.ts.gz": "@data\n1,2:3,4:9\n", "JapaneseVowels_TEST.ts.gz": "@data\n"})
    x, y = load("uea_japanese_vowels", verify=False).train
    assert (x[0].tolist(), y) == ([[1, 3], [2, 4]], ["9"])
