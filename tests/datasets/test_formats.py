from __future__ import annotations

import io

import numpy as np
import pytest

from elman.datasets import formats
from elman.datasets.formats import read_idx, read_json_lines, read_npz, read_ragged_csv, read_table, read_ts, split_at
from elman.errors import FileError


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def test_tables_keep_quotes_and_line_breaks_in_cells():
    text = 'a,b\r\n"x, ""y""\nz",1\r\n,2\r\n'
    assert read_table(text, "t.csv") == {"a": ['x, "y"\nz', ""], "b": ["1", "2"]}
    assert read_table('a\tb\n"x\t1\n', "t.tsv", delimiter="\t", quoted=False) == {"a": ['"x'], "b": ["1"]}


def test_tables_name_the_wrong_row():
    with pytest.raises(FileError, match=r"t.csv is empty"):
        read_table("", "t.csv")
    with pytest.raises(FileError, match=r"t.csv, row 3: 1 cells, 2 were expected \(a, b\)"):
        read_table("a,b\n1,2\n3\n", "t.csv")


def test_json_lines_name_the_wrong_line():
    assert read_json_lines(['{"a": 1}', '{"a": 2}'], "t") == [{"a": 1}, {"a": 2}]
    with pytest.raises(FileError, match=r"t, line 2: not JSON \(.* at column 6\)"):
        read_json_lines(['{"a": 1}', '{"a":'], "t")
    with pytest.raises(FileError, match=r"t, line 1: a JSON object was expected; got list"):
        read_json_lines(["[1]"], "t")


def test_idx_reads_shapes_types_and_byte_order():
    data = bytes([0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 0, 0xFF, 0xFF])
    found = read_idx(data, "t")
    assert found.tolist() == [[256], [-1]]
    assert found.dtype == np.int16
    assert found.dtype.isnative


def test_idx_refuses_what_is_none():
    with pytest.raises(FileError, match=r"t is not an idx file: it begins with 504b0304"):
        read_idx(b"PK\x03\x04", "t")
    with pytest.raises(FileError, match=r"t ends inside its idx header, at byte 6 of 8"):
        read_idx(bytes([0, 0, 8, 1, 0, 0]), "t")
    with pytest.raises(FileError, match=r"t has 10 bytes; its idx header asks for 4294967303"):
        read_idx(bytes([0, 0, 8, 1, 255, 255, 255, 255, 1, 2]), "t")


def test_npz_refuses_pickles_damage_lack_and_bombs(monkeypatch):
    assert read_npz(npz(a=np.arange(3)), "t.npz", ("a",))["a"].tolist() == [0, 1, 2]
    with pytest.raises(FileError, match=r"t.npz is not a plain .npz file: Object arrays cannot be loaded"):
        read_npz(npz(a=np.array([{}], dtype=object)), "t.npz", ("a",))
    with pytest.raises(FileError, match=r"t.npz is not a plain .npz file"):
        read_npz(npz(a=np.arange(3))[:40], "t.npz", ("a",))
    with pytest.raises(FileError, match=r"t.npz lacks b, c; it holds a"):
        read_npz(npz(a=np.arange(3)), "t.npz", ("a", "b", "c"))
    monkeypatch.setattr(formats, "NPZ_LIMIT", 10**6)
    with pytest.raises(FileError, match=r"t.npz unpacks to 8000\d+ bytes, more than the limit of 1000000"):
        read_npz(npz(a=np.zeros(10**6)), "t.npz", ("a",))


def test_a_single_array_file_is_no_npz():
    file = io.BytesIO()
    np.save(file, np.arange(3))
    with pytest.raises(FileError, match=r"t.npz is not a plain .npz file: it begins with 934e"):
        read_npz(file.getvalue(), "t.npz", ("a",))


@pytest.mark.parametrize("offsets", [[1, 5], [0, 4], [0, 3, 2, 5], [], [[0, 5]]])
def test_offsets_must_rise_from_nothing_to_all(offsets):
    with pytest.raises(FileError, match=r"offsets of t must rise from 0 to 5"):
        split_at(np.arange(5), np.array(offsets, dtype=np.int64), "t")


def test_ts_reads_dimensions_as_columns():
    series, labels = read_ts(["#remark", "@classLabel true 1 2", "@data", "1,2.5:3,?:1", "", "7:8:2"], "t")
    np.testing.assert_array_equal(series[0], [[1, 3], [2.5, np.nan]])
    assert series[0].dtype == np.float32
    assert series[1].tolist() == [[7, 8]]
    assert labels == ["1", "2"]


def test_ts_names_the_wrong_line():
    with pytest.raises(FileError, match=r"t has no line '@data'"):
        read_ts(["1,2:a"], "t")
    with pytest.raises(FileError, match=r"t, line 3: could not convert string to float: 'x'"):
        read_ts(["@data", "1:a", "x:a"], "t")
    with pytest.raises(FileError, match=r"t, line 2: dimensions of one length were expected; got lengths \[2, 1\]"):
        read_ts(["@data", "1,2:3:a"], "t")
    with pytest.raises(FileError, match=r"t, line 2: dimensions of one length were expected; got lengths \[\]"):
        read_ts(["@data", "a"], "t")


def test_ragged_csv_cuts_empty_ends_only():
    found = read_ragged_csv('"V1","V2","V3","V4"\n"H1","1","2.5",""\n"H2","3",,NA\n"H3","","",""\n', "t")
    assert {name: values.tolist() for name, values in found.items()} == {"H1": [1.0, 2.5], "H2": [3.0], "H3": []}
    with pytest.raises(FileError, match=r"t, row 2 \(H1\): .* Only numbers may come before the last value"):
        read_ragged_csv("V1,V2,V3\nH1,,2\n", "t")
