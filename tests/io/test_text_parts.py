"""Parts of text files join to the text, whole characters and lines; a byte that is not UTF-8 is named by its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import DataTypeError, FileError
from elman.io.text_parts import TextParts, spool

TEXT = st.text(alphabet="ab\né日\U0001f600", max_size=60)


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=4), part=st.integers(4, 30))
def test_parts_join_to_the_documents(tmp_path_factory, texts, part):
    folder = tmp_path_factory.mktemp("parts")
    paths = []
    for i, text in enumerate(texts):
        paths.append(folder / f"{i}.txt")
        paths[-1].write_bytes(text.encode())
    spooled = spool(iter(texts), folder / "spool.txt", part=part)
    assert joined(spooled) == texts
    assert joined(TextParts(paths, part)) == [text for text in texts if text]
    for parts in (spooled, TextParts(paths, part)):
        assert all(len(parts[i].encode()) <= part for i in range(len(parts)))


def joined(parts):
    documents, at = [], ""
    for i, closes in enumerate(parts.closes):
        at += parts[i]
        if closes:
            documents.append(at)
            at = ""
    assert not at
    return documents


def test_line_ends_and_a_byte_order_mark_are_read_as_any_editor_does(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    parts = TextParts([tmp_path / "a.txt"])
    assert list(parts) == ["one\ntwo\nthree\n"]
    assert parts.size == 18


@settings(max_examples=200, deadline=None)
@given(data=st.text(alphabet="a\r\né", max_size=40).map(str.encode), part=st.integers(4, 9))
def test_line_ends_across_the_border_of_two_parts_stay_one(tmp_path_factory, data, part):
    path = tmp_path_factory.mktemp("ends") / "a.txt"
    path.write_bytes(data)
    expected = path.read_text(encoding="utf-8")  # Python's own universal line ends
    assert "".join(TextParts([path], part)) == expected
    assert "".join(spool([data.decode()], path, part=part)) == expected


def test_a_long_line_is_not_cut_inside_its_end(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abc\r\ndef\r\nghi")
    assert list(TextParts([tmp_path / "a.txt"], part=4)) == ["abc", "\n", "def", "\n", "ghi"]


@pytest.mark.parametrize("where", [0, 5, 999, 1000, 2500])
def test_invalid_utf_8_is_named_by_its_byte(tmp_path, where):
    data = bytearray(b"a line of text\n" * 200)
    data[where] = 0xFF
    (tmp_path / "bad.txt").write_bytes(data)
    with pytest.raises(FileError, match=rf"bad.txt: byte {where} \(0xff\) is not UTF-8 .*Save the file as UTF-8"):
        TextParts([tmp_path / "bad.txt"], part=100)


def test_a_character_cut_off_at_the_end_is_named_too(tmp_path):
    (tmp_path / "cut.txt").write_bytes(b"abc" + "é".encode()[:1])
    with pytest.raises(FileError, match=r"byte 3 \(0xc3\) is not UTF-8 .unexpected end"):
        TextParts([tmp_path / "cut.txt"])


def test_missing_files_and_other_things_than_text(tmp_path):
    with pytest.raises(FileError, match="could not read .*missing.txt"):
        TextParts([tmp_path / "missing.txt"])
    with pytest.raises(DataTypeError, match="row 1: expected text; got int '3'"):
        spool(iter(["a", 3]), tmp_path / "spool.txt")
