import os

import pytest

from elman.errors import FileError, ModelFileError
from elman.io import atomic
from elman.io.destination import check_destination, write_or_keep


def test_a_good_place_is_left_as_it_was(tmp_path):
    (tmp_path / "old.csv").write_text("kept")
    for name in ("new.csv", "old.csv", "OLD.CSV"):
        assert check_destination(tmp_path / name, endings=(".csv",)) == tmp_path / name
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    assert (tmp_path / "old.csv").read_text() == "kept"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/a.csv", "The folder does not exist: create it first"),
        ("file.txt/a.csv", "Part of the path is a file, not a folder"),
        ("folder", "it is a folder. Give the name of a file"),
        ("fifo", "it is no regular file. Give the name of a file"),
        ("nul\0.csv", "null byte. Give the name of a file"),
        ("a" * 300 + ".csv", "File name too long"),
        ("a" * 240 + ".csv", "File name too long"),
    ],
)
def test_a_bad_place_is_refused_with_the_remedy(tmp_path, name, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").write_text("x")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(FileError, match=message):
        check_destination(tmp_path / name)


def test_an_ending_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"its ending should be one of \.csv, \.tsv; got '\.xyz'"):
        check_destination(tmp_path / "a.xyz", endings=(".csv", ".tsv"))


def test_a_result_whose_write_fails_is_kept_and_the_error_has_the_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError, match=r"create it first\. The result is kept in .*model-\w{6}\.elman: move it where") as info:
        write_or_keep(tmp_path / "missing" / "model.elman", lambda path: atomic.write(path, b"whole", error=ModelFileError))
    (kept,) = tmp_path.glob("model-*.elman")
    assert kept.read_bytes() == b"whole"
    assert str(kept) in str(info.value)


def test_a_result_that_can_be_kept_nowhere_raises_the_first_error(tmp_path):
    def refuse(path):
        raise FileError(f"no place for {path.parent.name}")

    with pytest.raises(FileError, match=f"no place for {tmp_path.name}"):
        write_or_keep(tmp_path / "a.csv", refuse)
