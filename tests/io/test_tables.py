"""Tables: exact values or one clear error, whatever the file holds."""

from __future__ import annotations

import csv
import datetime
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elman.errors import DataError, FileError
from elman.io import _csv, tables


def put(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def attempt(path: Path) -> tuple[tables.Table | None, str]:
    """Return the table, or the message of the error that names the file."""
    try:
        return tables.read(path), ""
    except FileError as error:
        return None, str(error)


# CSV: values ---------------------------------------------------------------------------------------------------------


def test_csv_kinds_of_columns(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "a.csv",
        "i,f,b,d,t,s\n1,1.5,true,2020-02-29,2020-01-01 10:30,x\n-2,NA,False,,2020-01-01T10:30:05,\n,2e3,,2021-01-01,NA,NA\n",
    )
    table = tables.read(path)
    assert table.columns == {
        "i": [1, -2, None],
        "f": [1.5, None, 2000.0],
        "b": [True, False, None],
        "d": [datetime.date(2020, 2, 29), None, datetime.date(2021, 1, 1)],
        "t": [datetime.datetime(2020, 1, 1, 10, 30), datetime.datetime(2020, 1, 1, 10, 30, 5), None],
        "s": ["x", "", "NA"],
    }
    assert table.notes == ()
    assert len(table) == 3


@pytest.mark.parametrize(
    "cells",
    [
        ["00123", "45"],
        ["1,5", "2,5"],
        ["9223372036854775808", "1"],
        ["2020-02-31", "2020-01-01"],
        ["1 2 3", "4"],
        ["0x1F", "1"],
        ["1_000", "2"],
        ["yes", "no"],
        ["infinity", "1"],
    ],
)
def test_what_is_not_exactly_a_number_stays_text(tmp_path: Path, cells: list[str]) -> None:
    path = put(tmp_path, "a.csv", "x,y\n" + "".join(f'"{c}",1\n' for c in cells))
    assert tables.read(path).column("x") == cells


def test_a_column_of_integers_that_turns_to_text_late(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "x\n" + "1\n" * 300_000 + "one\n")
    values = tables.read(path).column("x")
    assert values[0] == "1"
    assert values[-1] == "one"
    assert len(values) == 300_001


def test_bom_crlf_and_quotes(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", b'\xef\xbb\xbf"a","b"\r\n"one, two","say ""hi"""\r\n"two\r\nlines",\xc3\xa9\r\n')
    assert tables.read(path).columns == {"a": ["one, two", "two\r\nlines"], "b": ['say "hi"', "é"]}


def test_a_long_cell_is_whole_and_a_longer_one_is_cut_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a.csv", "x\n" + "é" * 1_000_000 + "\n" + "b\n")
    assert tables.read(path).column("x")[0] == "é" * 1_000_000
    monkeypatch.setattr(_csv, "MAX_CELL", 10)
    cut = tables.read(path)
    assert cut.column("x") == ["é" * 10, "b"]
    assert cut.notes == ("1 cells of column 'x' cut to 10 characters",)


def test_header_only_is_a_table_of_no_rows(tmp_path: Path) -> None:
    table = tables.read(put(tmp_path, "a.csv", "a,b\n"))
    assert len(table) == 0
    assert table.columns == {"a": [], "b": []}


def test_other_delimiters_and_tsv(tmp_path: Path) -> None:
    table = tables.read(put(tmp_path, "a.csv", "a;b\n1;x,y\n"))
    assert table.columns == {"a": [1], "b": ["x,y"]}
    assert table.notes == ("columns are separated by ';'",)
    assert tables.read(put(tmp_path, "b.tsv", "a\tb\n1,5\tx\n")).columns == {"a": ["1,5"], "b": ["x"]}
    assert tables.read(put(tmp_path, "c.csv", "a|b\n1|2\n"), delimiter="|").columns == {"a": [1], "b": [2]}


def test_short_rows_are_dropped_counted_and_named(tmp_path: Path) -> None:
    table = tables.read(put(tmp_path, "a.csv", "a,b\n1,2\n3\n4,5\n6,7,8\n"))
    assert table.columns == {"a": [1, 4], "b": [2, 5]}
    assert table.notes == ("2 rows dropped: record 3 has 1 cells where 2 were expected (the first of them)",)


def test_a_first_line_of_numbers_is_pointed_out(tmp_path: Path) -> None:
    table = tables.read(put(tmp_path, "a.csv", "1,2.5\n3,4\n"))
    assert "(1,2.5) is all numbers" in table.notes[0]


def test_nameless_columns_get_a_name_and_empty_ones_are_missing(tmp_path: Path) -> None:
    assert tables.read(put(tmp_path, "a.csv", "a,,c\n1,2,\n3,4,\n")).columns == {"a": [1, 3], "column_2": [2, 4], "c": [None, None]}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(
                st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8), min_size=width, max_size=width
            ),
            max_size=6,
        )
    )
)
def test_text_survives_the_round_trip(tmp_path: Path, rows: list[list[str]]) -> None:
    rows = [["~" + cell for cell in row] for row in rows]  # marked, so that every column is text
    out = io.StringIO(newline="")
    width = len(rows[0]) if rows else 2
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([[f"c{i}" for i in range(width)], *rows])
    table = tables.read(put(tmp_path, "a.csv", out.getvalue()), delimiter=",")
    assert [list(row) for row in zip(*table.columns.values(), strict=True)] == rows
    assert table.notes == ()


# CSV: errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"a,b\n1,caf\xe9\n", r"not utf-8 text: byte 0xE9 in line 2 \(byte 9\)\. It looks like Latin-1"),
        (b"a,a\n1,2\n", "names 'a' 2 times"),
        (b"PAR1....", "not CSV: it looks like a Parquet file"),
        (b"PK\x03\x04", "an Excel workbook"),
        (b"\x1f\x8b\x08", "gzip-compressed"),
        (b"\xff\xfea\x00", "UTF-16 text"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"<?xml version='1.0'?>", "looks like XML"),
        (b'{"a": 1}\n', "looks like JSON"),
        (b"a,b\n\x00,1\n", "binary data"),
        (b"a,b\n1\n2\n3\n", "not a table: record 2 has 1 cells where 2 were expected"),
        (b"\n\na,b\n", "header line cannot be read|not a table"),
    ],
)
def test_csv_errors(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FileError, match=message):
        tables.read(put(tmp_path, "a.csv", data))


def test_nul_far_inside(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="character 0 in line 5002"):
        tables.read(put(tmp_path, "a.csv", b"a\n" + b"x\n" * 5000 + b"\x00\n"))


def test_latin_1_reads_when_asked_for(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", b"a,b\n1,caf\xe9\n")
    assert tables.read(path, encoding="latin-1").column("b") == ["café"]
    with pytest.raises(FileError, match="no text encoding called 'klingon'"):
        tables.read(path, encoding="klingon")


def test_too_many_columns_or_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a.csv", "a,b,c\n1,2,3\n")
    monkeypatch.setattr(_csv, "MAX_COLUMNS", 2)
    with pytest.raises(FileError, match="3 columns; a table may have 2"):
        tables.read(path)
    monkeypatch.setattr("elman.io._sniff.MAX_BYTES", 5)
    with pytest.raises(FileError, match="12 bytes; a file may have 5"):
        tables.read(path)


def test_an_unreadable_header(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="header line cannot be read"):
        tables.read(put(tmp_path, "a.csv", '"a"b,c\n1,2\n'))


def test_rows_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    table = tables.read(put(tmp_path, "a.csv", "a\n1\n2\n3\n"), max_rows=1)
    assert table.columns == {"a": [1]}
    assert table.notes == ("only the first 1 rows are used; the rest (2) is left out",)


def test_no_such_file_suggests_the_nearest(tmp_path: Path) -> None:
    put(tmp_path, "reviews.csv", "a\n1\n")
    with pytest.raises(FileError, match=r"no such file or folder\. Did you mean 'reviews\.csv'\?"):
        tables.read(tmp_path / "review.csv")
    with pytest.raises(FileError, match=r"files ending in '\.xlsx' cannot be read"):
        tables.read(put(tmp_path, "a.xlsx", "a"))


def test_a_missing_column_suggests_the_nearest() -> None:
    with pytest.raises(DataError, match=r"the table has no column 'revew'; it has 'review', 'stars'\. Did you mean 'review'\?"):
        tables.Table({"review": [], "stars": []}).column("revew")


# JSON ----------------------------------------------------------------------------------------------------------------


def test_json_lines_and_lists(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": "x\u2028y"}, {"a": None, "c": [1, 2]}]
    expected = {"a": [1, None], "b": ["x\u2028y", None], "c": [None, [1, 2]]}
    for name, text in (("a.jsonl", "\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n\n"), ("a.json", json.dumps(rows))):
        table = tables.read(put(tmp_path, name, text))
        assert table.columns == expected
        assert table.notes == ("2 rows lack some of the keys; those values are missing",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": \n', r"line 2 is not JSON: Expecting value \(column 7\)"),
        ('{"a": 1}\n[1]\n', "line 2 is a list; every row should be an object"),
        ("3\n", "line 1 is a number"),
        ("[" * 100_000, "line 1 is nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "line 1 cannot be read: Exceeds the limit"),
        ("PK\x03\x04", "not JSON: it looks like a ZIP"),
    ],
)
def test_json_errors(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        tables.read(put(tmp_path, "a.jsonl", text))


def test_json_with_too_many_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.io._jsonl.MAX_COLUMNS", 1)
    with pytest.raises(FileError, match="more than 1 different keys by line 2"):
        tables.read(put(tmp_path, "a.jsonl", '{"a": 1}\n{"b": 1}\n'))


# Parquet -------------------------------------------------------------------------------------------------------------


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {"n": [1, None, 3], "text": ["a", "é", None], "list": [[1.5], [], None], "day": [datetime.date(2020, 1, 1)] * 3}
    tables.write(path, columns)
    assert tables.read(path).columns == columns
    short = tables.read(path, max_rows=2)
    assert short.column("n") == [1, None]
    assert "only the first 2 rows are used" in short.notes[0]


def test_parquet_errors(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    tables.write(path, {"n": list(range(100))})
    whole = path.read_bytes()
    with pytest.raises(FileError, match="cut short"):
        tables.read(put(tmp_path, "b.parquet", whole[:-10]))
    with pytest.raises(FileError, match="not Parquet: it looks like plain text"):
        tables.read(put(tmp_path, "b.parquet", "a,b\n1,2\n"))
    with pytest.raises(FileError, match="not Parquet: it looks like an empty file"):
        tables.read(put(tmp_path, "b.parquet", ""))
    with pytest.raises(FileError, match="cannot be read as Parquet"):
        tables.read(put(tmp_path, "b.parquet", b"PAR1" + b"\xff" * 60 + b"PAR1"))


def test_parquet_reader_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    tables.write(path, {"n": [1]})
    monkeypatch.setattr("elman.io._parquet.PARQUET_SECONDS", 0.001)
    with pytest.raises(FileError, match="took longer than 0 s"):
        tables.read(path)


# text, folders -------------------------------------------------------------------------------------------------------


def test_text_by_line_and_by_file(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "one\r\n\n two\n\n")
    table = tables.read(path)
    assert table.columns == {"text": ["one", " two"]}
    assert table.notes == ("2 empty lines left out",)
    assert tables.read(path, by="file").columns == {"text": ["one\r\n\n two\n\n"]}
    with pytest.raises(FileError, match="not plain text: it looks like a PNG picture"):
        tables.read(put(tmp_path, "b.txt", b"\x89PNG\r\n"))


def test_folder_of_class_folders(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        (tmp_path / name).mkdir()
        put(tmp_path / name, "1.png", name)
    put(tmp_path, "readme", "x")
    put(tmp_path, ".hidden", "x")
    table = tables.read(tmp_path)
    assert table.columns == {"file": [str(tmp_path / "cat/1.png"), str(tmp_path / "dog/1.png")], "label": ["cat", "dog"]}
    assert table.notes == ("1 hidden files left out", "1 files outside of the class folders left out")


def test_folder_of_text_files_brings_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.txt", "one")
    put(tmp_path, "b.txt", "")
    assert tables.read(tmp_path).columns == {"file": [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")], "text": ["one", ""]}
    monkeypatch.setattr("elman.io._folders.MAX_BYTES", 1)
    with pytest.raises(FileError, match="more than 1 bytes together"):
        tables.read(tmp_path)
    monkeypatch.setattr("elman.io._folders.MAX_BYTES", 100)
    monkeypatch.setattr("elman.io._folders.MAX_FILES", 1)
    assert tables.read(tmp_path).notes == ("only the first 1 files are read",)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="the folder holds no files"):
        tables.read(tmp_path)


# NumPy ---------------------------------------------------------------------------------------------------------------


def test_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3))
    assert tables.read(tmp_path / "a.npy").columns == {"value": [0, 1, 2]}
    np.savez(tmp_path / "b.npz", x=np.arange(6.0).reshape(2, 3), y=np.array([1, 0]))
    table = tables.read(tmp_path / "b.npz")
    assert table.column("y") == [1, 0]
    np.testing.assert_array_equal(table.column("x"), [[0, 1, 2], [3, 4, 5]])


def test_array_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(FileError, match="only pickle can read"):
        tables.read(tmp_path / "o.npy")
    np.savez(tmp_path / "r.npz", x=np.arange(2), y=np.arange(3))
    with pytest.raises(FileError, match="one first axis"):
        tables.read(tmp_path / "r.npz")
    np.save(tmp_path / "s.npy", np.float64(3))
    with pytest.raises(FileError, match="one first axis"):
        tables.read(tmp_path / "s.npy")
    np.save(tmp_path / "a.npy", np.arange(3))
    lying = (tmp_path / "a.npy").read_bytes().replace(b"(3,), ", b"(99999999,), "[:6])
    with pytest.raises(FileError, match=r"cannot be read as NumPy data|the header tells of"):
        tables.read(put(tmp_path, "l.npy", lying[:-8]))
    with pytest.raises(FileError, match="not NumPy data: it looks like plain text"):
        tables.read(put(tmp_path, "t.npy", "1 2 3"))
    with zipfile.ZipFile(tmp_path / "z.npz", "w") as archive:
        archive.writestr("x.npy", "no array")
    with pytest.raises(FileError, match="cannot be read as NumPy data"):
        tables.read(tmp_path / "z.npz")
    monkeypatch.setattr("elman.io._arrays.MAX_BYTES", 10)
    with pytest.raises(FileError, match="bytes after unpacking; at most 10"):
        tables.read(tmp_path / "r.npz")


# frames and writing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_frames_in_and_out_in_the_callers_kind(kind: str) -> None:
    library = pytest.importorskip(kind)
    data = {"x": [1.5, 2.0], "name": ["a", "b"]}
    frame = library.table(data) if kind == "pyarrow" else library.DataFrame(data)
    table = tables.from_frame(frame)
    assert table.columns == data
    assert type(tables.to_frame(table.columns, like=frame)) is type(frame)
    assert tables.from_frame(tables.to_frame(table.columns, like=frame)).columns == data


def test_missing_values_of_pandas_are_none() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"f": [1.0, None], "s": ["a", None], "t": pd.to_datetime(["2020-01-01", None]), "n": pd.array([1, None], dtype="Int64")}
    )
    columns = tables.from_frame(frame).columns
    assert [columns[name][1] for name in columns] == [None] * 4
    assert columns["n"][0] == 1


def test_frames_that_are_none() -> None:
    with pytest.raises(DataError, match="got int"):
        tables.from_frame(3)
    with pytest.raises(DataError, match="equally long"):
        tables.from_frame({"a": [1], "b": []})


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    columns = {"x": [1, 2], "p": [0.1, None], "text": ['say "é",\n\tthen', "b"], "day": [datetime.date(2020, 1, 1), None]}
    tables.write(tmp_path / name, columns)
    back = tables.read(tmp_path / name).columns
    if name == "a.jsonl":
        columns["day"] = ["2020-01-01", None]
    assert back == columns


def test_numpy_values_and_lists_are_written_as_json(tmp_path: Path) -> None:
    tables.write(tmp_path / "a.csv", {"x": [np.float32(0.5)], "y": [np.array([1, 2])], "z": [("a", None)]})
    assert (tmp_path / "a.csv").read_text() == 'x,y,z\n0.5,"[1, 2]","[""a"", null]"\n'
    tables.write(tmp_path / "a.jsonl", {"x": [np.float32(0.5)], "y": [{1: float("inf")}], "z": [b"raw"]})
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {"x": 0.5, "y": {"1": None}, "z": "b'raw'"}


def test_writing_to_an_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot be written as '\.xls'"):
        tables.write(tmp_path / "a.xls", {"a": [1]})


# mangled files -------------------------------------------------------------------------------------------------------

SEEDS = {
    "a.csv": b'a,b\n1,"x ""y"", z"\n2.5,2020-01-01\nNA,\xc3\xa9\n',
    "a.jsonl": b'{"a": 1, "b": [1, 2]}\n{"a": "x"}\n',
    "a.txt": b"one\ntwo\n",
}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SEEDS)), st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=3)), min_size=1, max_size=4))
def test_mangled_text_gives_a_table_or_a_named_error(tmp_path: Path, name: str, edits: list[tuple[int, bytes]]) -> None:
    data = SEEDS[name]
    for place, new in edits:
        data = data[:place] + new + data[place + 1 :]
    table, error = attempt(put(tmp_path, name, data))
    assert (table is None) == (name in error)
    assert table is None or len({len(values) for values in table.columns.values()}) <= 1


@pytest.mark.slow
def test_mangled_parquet_and_arrays_in_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tables.write(tmp_path / "a.parquet", {"n": list(range(50)), "s": [str(i) for i in range(50)]})
    np.savez(tmp_path / "a.npz", x=np.arange(6.0).reshape(2, 3), y=np.array([1, 0]))
    for name, times in (("a.parquet", 60), ("a.npz", 3000)):
        whole = (tmp_path / name).read_bytes()
        for _ in range(times):
            data = bytearray(whole)
            for place in rng.integers(0, len(data), rng.integers(1, 6)):
                data[place] = rng.integers(256)
            table, error = attempt(put(tmp_path, "m" + name, bytes(data)))
            assert (table is None) == ("m" + name in error)
