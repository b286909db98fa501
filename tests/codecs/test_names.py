"""Record, names, ids, guesses, and the golden files that keep the formats."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from elman.codecs import (
    Category,
    Image,
    Number,
    Product,
    Record,
    Series,
    Symbols,
    Tags,
    Text,
    Vector,
    catalog,
    describe,
    from_name,
    infer,
    names,
    rebuild,
    registry,
)
from elman.errors import DataError, DataTypeError, SettingError

GOLDEN = Path(__file__).parent.parent / "golden" / "codecs"
ROW = {"a": "x y", "b": 1.0}


def test_every_id_has_a_golden_file() -> None:
    assert {path.stem.rpartition("-")[0] for path in GOLDEN.glob("*.json")} >= set(catalog._BUILT_IN)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_golden_files_are_read_and_encode_the_same(path: Path) -> None:
    golden = json.loads(path.read_text(encoding="utf-8"))
    codec = rebuild(golden["codec"])
    assert json.loads(json.dumps(describe(codec))) == golden["codec"]
    tolerance = 1e-5 if codec.id == "audio.v1" else 1e-6  # the Fourier transform rounds by the processor it runs on
    for value, expected in golden["encoded"]:
        encoded = codec.encode(np.array(value, np.uint8) if codec.id == "image.v1" else value)
        parts = encoded if isinstance(encoded, dict) else {"": encoded}
        assert parts.keys() == expected.keys()
        for name, part in parts.items():
            np.testing.assert_allclose(part, np.reshape(expected[name], part.shape), rtol=tolerance, atol=1e-7)


def test_record_fits_copies_and_names_the_column() -> None:
    text = Text()
    codec = Record(a=text, b=Number()).fit([ROW])
    assert "vocabulary_" not in text.__dict__
    assert isinstance(codec.space, Product)
    assert codec.space.ranks == {"a": "many", "b": "one"}
    assert codec.rank == "many"
    assert Record(b=Number()).rank == "one"
    with pytest.raises(DataError, match=r"row 1: column 'b': expected one number; got text 'x'"):
        codec.encode_all([ROW, {"a": "x", "b": "x"}])
    with pytest.raises(DataError, match=r"row 1: column 'b' is missing; got \['a', 'bb'\]"):
        codec.encode_all([ROW, {"a": "x", "bb": 1}])
    with pytest.raises(DataTypeError, match=r"row 0: expected a mapping with the columns \['a', 'b'\]; got int"):
        codec.encode_all([3])
    with pytest.raises(DataTypeError, match="expected a list of values, one a row; got one dict"):
        codec.fit({"a": ["x"], "b": [1]})


def test_record_parameters_reach_into_the_columns() -> None:
    codec = Record(a=Text(), b=Number())
    codec.set_params(a__level="char", b=Series())
    assert codec == Record(a=Text("char"), b=Series())
    with pytest.raises(SettingError, match=r"Record has no column 'price'; it has \['a', 'b'\]"):
        codec.set_params(price=Number())
    with pytest.raises(SettingError, match="Record needs at least one column"):
        Record().fit([{}])
    with pytest.raises(SettingError, match=r"Record: column 'a' needs a codec such as Text\(\); got 'text'"):
        Record(a="text").fit([ROW])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="Record state: columns must be pairs of a name and a codec"):
        Record.from_config({"role": "source", "settings": {}, "state": {"columns": {}}})


def test_names_give_codecs() -> None:
    assert [from_name(n) for n in ("text", "text:char", "image:rows", "category")] == [Text(), Text("char"), Image("rows"), Category()]
    assert [type(from_name(n)) for n in ("number", "series", "tags", "symbols", "vector")] == [Number, Series, Tags, Symbols, Vector]
    assert all(from_name(name) for name in names())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("txet", r"unknown codec 'txet'; expected one of .* Did you mean 'text'\?"),
        ("text:chars", r"expected one of word, char, bpe; got 'chars'\. Did you mean 'char'\?"),
        ("number:x", "expected nothing after the name; got 'x'"),
        (3, "the name of a codec must be text"),
    ],
)
def test_errors_of_wrong_names_suggest_one(name: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        from_name(name)


def test_unknown_codecs_and_deep_configs_are_refused() -> None:
    with pytest.raises(DataError, match=r"unknown codec 'text.v9'; expected one of .* Did you mean"):
        rebuild({"id": "text.v9", "config": {}})
    deep: dict = {}
    for _ in range(500):
        deep = {"x": deep}
    with pytest.raises(DataError, match="nested deeper than 8 records"):
        rebuild({"id": "record.v1", "config": deep})


def test_codecs_of_others_count_only_once_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(Number):
        id = "mine.v1"

    class Impostor(Number):
        id = "number.v1"

    entries = [types.SimpleNamespace(module="plugin_of_somebody", attr=name) for name in ("Mine", "Impostor")]
    monkeypatch.setattr(catalog.metadata, "entry_points", lambda group: entries if group == "elman.codecs" else [])
    assert "mine.v1" not in registry()
    monkeypatch.setitem(sys.modules, "plugin_of_somebody", types.SimpleNamespace(Mine=Mine, Impostor=Impostor))
    assert registry()["mine.v1"] is Mine
    assert registry()["number.v1"] is Number
    assert type(from_name("mine")) is Mine


@pytest.mark.parametrize(
    ("values", "codec", "reason"),
    [
        (["a", "b", "a", "a"], Category(), "2 distinct texts in 4 rows"),
        (["the food was good", "no, it was not", "fine by me"], Text(), "most of several words"),
        (["kat", "dog", "mouse"], Text("char"), "most of one word"),
        ([1.5, 2.0, None], Number(), "numbers with fractions"),
        ([1, 2, 1, 2, 2, 1], Category(), "2 distinct whole numbers in 6 rows"),
        (list(range(100)), Number(), "100 distinct whole numbers"),
        ([True, False], Category(), "true or false"),
        ([[1, 2], [3.5]], Series(), "sequences of numbers"),
        ([[[1, 2]], [[3, 4]]], Series(), "sequences of rows of numbers"),
        ([["N", "V"], ["N"]], Symbols(), "not numbers"),
        ([{"a"}, {"b"}], Tags(), "sets"),
        (["x/a.png", "b.JPG"], Image(), "names of picture files"),
        ([b"\x89PNGxx"], Image(), "begin like picture files"),
        ([b"hello"], Text(), "UTF-8"),
        (np.zeros((3, 4)), Vector(), "a table of 4 numbers a row"),
        (np.zeros((3, 4, 4), np.uint8), Image(), r"arrays of bytes \(height, width\)"),
        (np.zeros((3, 4, 4, 3)), Image(), r"arrays \(height, width, channels\)"),
        ([{"a": 1.5, "b": "x y"}], Record(a=Number(), b=Text()), "a: Number, numbers with fractions; b: Text"),
        ([1j, 2j], Category(), "values of complex"),
        ([float("inf"), 1.0], Number(), "whole numbers"),
    ],
)
def test_the_codec_of_a_column_is_guessed_with_a_reason(values: object, codec: object, reason: str) -> None:
    import re

    guessed, why = infer(values)  # type: ignore[arg-type]
    assert guessed == codec
    assert re.search(reason, why)


def test_nothing_to_guess_from() -> None:
    with pytest.raises(DataError, match="at least one value that is not missing"):
        infer([None, float("nan")])
    with pytest.raises(DataError, match=r"no codec fits values of bytearray, str"):
        infer([bytearray(b"x"), "x"])
    with pytest.raises(DataError, match="expected mappings with named columns"):
        infer([{}])


def test_many_labels_that_keep_coming_back_are_categories():
    intents = [f"intent_{i % 77}" for i in range(1000)]
    assert isinstance(infer(intents)[0], Category)
    words = [f"word{i}" for i in range(500)] * 2
    assert isinstance(infer(words)[0], Text)


def test_sentences_that_come_back_stay_texts():
    assert isinstance(infer(["the film was good", "the film was bad"] * 20)[0], Text)
    assert isinstance(infer(["very good", "very bad"] * 20)[0], Category)
