"""Every codec through the public battery."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman.codecs import (
    Audio,
    Boxes,
    Category,
    Dialogue,
    Image,
    Joints,
    Notes,
    Number,
    Record,
    Series,
    Strokes,
    Symbols,
    Tags,
    Text,
    Vector,
    Video,
)
from elman.testing.check_codec import check_codec

PAIR = [np.arange(48, dtype=np.uint8).reshape(6, 8), np.full((6, 8), 255, np.uint8)]
NAN = float("nan")
TEXTS = ["The food was good, really.", "", "Grüße! 👩‍🚀 नमस्ते", "a\nb", '("Don\'t")']


def png(array: np.ndarray) -> bytes:
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def as_sets(a: list, b: list) -> bool:
    return set(a) == set(b)


def frames(wave: Any, back: np.ndarray) -> bool:
    return back.shape == (1 + len(wave) // 80 if len(wave) else 0, 5)


POSES = np.random.default_rng(0).normal(size=(5, 3, 2))
WAVE = np.sin(np.arange(400) * 0.7)
CASES = {
    "number": (Number(), [1.0, -2.5, 1e3], {"unknown": [7, True, np.float32(2)], "bad": ["3", NAN, None, float("inf"), [1, 2], 1j, 1e300]}),
    "number log": (Number("log"), [1.0, 100.0, 1e9], {"bad": [0, -1]}),
    "number none": (Number("none"), [1.0, 2.0], {}),
    "number missing": (Number(), [1.0, NAN, 3.0], {"unknown": [None], "bad": ["x"]}),
    "number target": (Number(), [1.0, 2.0], {"role": "target", "bad": [NAN]}),
    "number constant": (Number(), [5.1, 5.1, 5.1], {"unknown": [6]}),
    "vector": (Vector(), [[1, 2.0], [3, 4.0]], {"bad": [[1], [1, 2, 3], "ab", [NAN, 1], [[1, 2]], ["1", 2], {"a": 1}]}),
    "vector missing": (Vector(missing=True), [[1, NAN], [3, 4.0]], {"bad": [[1, float("inf")]]}),
    "series": (
        Series(),
        [[1.0, 2, 3], [], [4.0]],
        {"unknown": [[[5.0]]], "bad": ["abc", [1, "2"], [NAN], [[1, 2]], 3, [[1], [2, 3]], [None]]},
    ),
    "series wide": (Series(), [np.ones((3, 2)), np.zeros((0, 2))], {"unknown": [[]], "bad": [[1, 2], np.ones((2, 3)), np.ones((1, 2, 2))]}),
    "series missing": (Series(), [[[1.0, NAN], [2, 3]], [[NAN, NAN]]], {"unknown": [[[None, 3]]]}),
    "series target": (Series("log"), [[1.0, 2], [3]], {"role": "target", "bad": [[NAN], [0.0]]}),
    "series empty": (Series(), [[], []], {"unknown": [[1.0]]}),
    "category": (Category(), ["a", "b", "a"], {"unknown": ["z", 3, None, NAN], "bad": [[], {}]}),
    "category target": (Category(), [2, 1, 3], {"role": "target", "bad": [4, "1", NAN, []]}),
    "category mixed": (Category(), ["x", 2, 1.5, False], {"role": "target", "bad": [None]}),
    "tags": (Tags(), [["b", "a"], [], {"c"}], {"unknown": [["z"]], "bad": ["a", None, {"a": 1}, [[]], [NAN]], "equal": as_sets}),
    "tags target": (
        Tags(separator="|"),
        [["b", "a"], []],
        {"role": "target", "bad": [["z"], "a|z"], "unknown": ["a | b|"], "equal": as_sets},
    ),
    "symbols": (Symbols(), [["x", 1, None], [], ("y",)], {"unknown": [["z", NAN], "xy"], "bad": [3, {"x": 1}, [[]], np.ones((2, 2))]}),
    "symbols target": (Symbols(max_vocabulary=9), [["x"], []], {"role": "target", "bad": [[NAN]]}),
    "text": (Text(), TEXTS, {"unknown": ["zyx ?", b"\xff\xfe", "\ud800"], "bad": [3, None, NAN, ["a"]], "equal": None}),
    "text char": (Text("char"), TEXTS, {"unknown": ["zyx ?", b"caf\xc3\xa9", "\udcff"], "bad": [3, None]}),
    "text bpe": (Text("bpe"), TEXTS, {"unknown": ["zyx ?", "\ud800"], "bad": [3, None]}),
    "text lower": (Text(lowercase=True, normalize="NFKC"), ["abc def", "ﬁne".replace("ﬁ", "fi")], {"unknown": ["ABC"]}),
    "text spelled": (
        Text(spelling=True),
        TEXTS,
        {"unknown": ["zyx ?", b"\xff\xfe", "\ud800", "GOOD"], "bad": [3, None, NAN], "equal": lambda a, b: a.lower() == b},
    ),
    "image": (
        Image(),
        PAIR,
        {"unknown": [np.zeros((12, 4), np.uint8)], "bad": [np.zeros((0, 3), np.uint8), np.zeros((6, 8)), "no.png", 3]},
    ),
    "image floats": (Image(), [np.linspace(-1, 3, 12).reshape(3, 4), np.zeros((3, 4))], {"bad": [np.full((3, 4), NAN)]}),
    "image files": (
        Image("columns"),
        [png(a) for a in PAIR],
        {"bad": [b"", b"GIF89a", png(PAIR[0])[:50]], "equal": lambda a, b: png(b) == a},
    ),
    "image colour": (Image("pixels"), [np.arange(36, dtype=np.uint16).reshape(3, 4, 3)], {"unknown": [PAIR[0], np.ones((2, 2, 4), bool)]}),
    "image sized": (Image("columns", size=(6, 8), mode="grey"), PAIR, {"unknown": [np.zeros((9, 9, 3), np.uint8)]}),
    "boxes": (
        Boxes(size=(100, 200)),
        [[{"box": [0.0, 10.5, 200.0, 50.0]}, {"box": [3.25, 4.0, 5.0, 6.0]}], []],
        {
            "unknown": [np.zeros((0, 4)), np.array([[1, 2, 3, 4]]), "[[1, 2, 3, 4]]", {"boxes": [[1, 2, 3, 4]]}, [(1, 2, 3, 4)]],
            "bad": [3, None, "no", [1, 2, 3, 4], [[1, 2, 3]], [[1, 2, NAN, 4]], [[3, 2, 1, 4]], [[1, 2, 201, 4]], [[1, 2, 3, 4, "x"]]],
        },
    ),
    "boxes relative": (
        Boxes(unit="relative", form="xywh"),
        [[{"box": [0.25, 0.5, 0.5, 0.5], "label": "cat"}], [{"box": [0.0, 0.0, 0.125, 1.0], "label": "dog"}]],
        {
            "role": "target",
            "unknown": [[(0.5, 0.5, 0.1, 0.1, "dog")], {"boxes": [], "labels": []}],
            "bad": [[[0.5, 0.5, 0.6, 0.1, "cat"]], [[0, 0, 0, 1, "cat"]], [[0, 0, 1, 1, "fox"]], [[0, 0, 1, 1]], [{"label": "cat"}]],
        },
    ),
    "strokes": (
        Strokes(),
        [[[3, 4], [5, 6]], [], np.array([[1.0, 2]])],
        {"unknown": [[[0, 0, 1]]], "bad": ["x", [1, 2], [[1]], [[NAN, 1]], [[0, 0, 2]]]},
    ),
    "strokes pen": (Strokes(), [[[3, 4, 0], [5, 6, 1.0]]], {"unknown": [[[0, 0]]], "bad": [[[1e300, 1]]]}),
    "audio": (
        Audio(features=5),
        [WAVE, WAVE[:1], []],
        {"unknown": [(WAVE, 44101), WAVE[:, None]], "bad": ["no.wav", b"RIFF", [NAN], 1, (WAVE, 0)], "equal": frames},
    ),
    "joints": (
        Joints(),
        [POSES, POSES[:1], np.zeros((0, 3, 2))],
        {
            "unknown": [POSES.reshape(5, 6), 3 * POSES],
            "bad": ["x", 3, [1, 2], np.ones((2, 4, 2)), np.full((1, 3, 2), NAN)],
            "equal": lambda poses, back: back.shape == np.shape(poses),
        },
    ),
    "joints in space": (Joints(3), [np.arange(24.0).reshape(2, 4, 3)], {"equal": lambda poses, back: back.shape == np.shape(poses)}),
    "video": (
        Video((6, 8)),
        [np.stack(PAIR), np.zeros((0, 6, 8), np.uint8)],
        {
            "unknown": [np.zeros((2, 9, 7, 3), np.uint8), np.zeros((1, 6, 8))],
            "bad": [3, b"", "no.mp4", np.ones((2, 2)), np.full((1, 6, 8), 2.0)],
        },
    ),
    "notes": (
        Notes(),
        [[[60, 64], []], []],
        {"unknown": [np.zeros((2, 88)), np.zeros((1, 128))], "bad": [3, [60], [[7]], "no.mid", b"MThd", np.ones((2, 3))]},
    ),
    "voices": (
        Notes("voices"),
        [np.array([[60, 55], [60, 53], [-1, 53]]), [[60, 50], [188, 50]], []],
        {
            "unknown": [[[40]], np.array([[60.0, 61.0]])],
            "bad": [3, [60], [[60, 55], [60]], [[7, 7]], [[60, 61, 62]], [[NAN, 60]], "no.mid", b"MThd", np.ones((2, 2, 2))],
            "equal": lambda value, back: not len(value) or np.array_equal(value, back),
        },
    ),
    "events": (
        Notes("events"),
        [[(0.0, 1.0, 60), (0.0, 0.5, 64), (2.25, 8.0, 60)], []],
        {
            "role": "target",
            "unknown": [[(0.1, 0.1, 60, 90), (0, 9, 60)], np.array([[0.0, 1.0, 60.0]])],
            "bad": [3, [60], [(0, 1)], [(0, 1, 7)], [(-1, 1, 60)], [(0, NAN, 60)], [(0, 1, 60, 0)], [("a", 1, 60)], "no.mid", b"MThd"],
        },
    ),
    "events struck": (Notes("events", velocity_bins=127, beat=12), [[(0.0, 1 / 3, 60, 1), (0.25, 1.0, 64, 127)]], {}),
    "dialogue": (
        Dialogue(),
        [[("a", "hello you"), ("b", "")], []],
        {"unknown": [[("z", "q")], [{"speaker": "a", "text": "hello"}]], "bad": ["x", [("a",)], [("a", 3)], [{}]]},
    ),
    "dialogue spelled": (
        Dialogue(spelling=True),
        [[("a", "hello you"), ("b", "")], []],
        {"unknown": [[("z", "q")], [{"speaker": "a", "text": "hellos"}]], "bad": ["x", [("a", 3)]]},
    ),
    "dialogue bpe": (Dialogue("bpe", lowercase=True), [[("a", "hello you")]], {"role": "target", "bad": [3]}),
    "record": (
        Record(text=Text(), n=Number(), s=Series()),
        [{"text": "a b", "n": 1.0, "s": [1.0, 2.0]}, {"text": "", "n": 2.0, "s": []}],
        {"unknown": [{"text": "q", "n": 3, "s": [9], "more": 1}], "bad": [{"text": "a"}, 3, {"text": 1, "n": 1, "s": []}]},
    ),
    "record of records": (Record(a=Record(b=Category())), [{"a": {"b": "x"}}, {"a": {"b": "y"}}], {}),
}
for _read in ("rows", "columns", "patches", "pixels"):
    CASES[f"image {_read}"] = (Image(_read), PAIR, {"unknown": [np.zeros((5, 9), np.uint8), PAIR[0].astype(np.uint16)]})


@pytest.mark.parametrize("name", CASES)
def test_keeps_the_promises_of_every_codec(name: str) -> None:
    codec, values, options = CASES[name]
    check_codec(codec, values, **options)


def test_every_built_in_codec_is_in_the_battery() -> None:
    from elman.codecs import registry

    assert {codec.id for codec, _, _ in CASES.values()} >= {id_ for id_, kind in registry().items() if kind.__module__.startswith("elman.")}


def test_the_cases_are_files_too(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(png(PAIR[0]))
    check_codec(Image("rows"), [path, str(path)], equal=lambda _, b: bool((b == PAIR[0]).all()))
