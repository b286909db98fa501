"""Tokens come back from disk as they were; unfinished, cut or foreign folders are refused with the reason."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import DataError, FileError
from elman.io import strict_json
from elman.io.tokens import Tokens, TokenWriter, about, open_tokens, smallest


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(0, 9), max_size=6), end=st.sampled_from([1, 5, 255, 256, 70_000]))
def test_documents_come_back_from_memory_and_from_disk(tmp_path_factory, lengths, end):
    rng = np.random.default_rng(0)
    documents = [rng.integers(0, end, n) for n in lengths]
    folder = tmp_path_factory.mktemp("tokens")
    with TokenWriter(folder, end) as writer:
        writer.extend(documents)
    for tokens in (Tokens.of(documents, end), open_tokens(folder)):
        assert [row.tolist() for row in tokens] == [row.tolist() for row in documents]
        assert tokens.lengths.tolist() == lengths
        assert tokens.flat.dtype == smallest(end)
        flat = np.concatenate([*(np.append(row, end) for row in documents), np.empty(0, np.int64)]).astype(int)
        assert tokens.flat.tolist() == flat.tolist()
        assert tokens.counts().tolist() == np.bincount(flat, minlength=end + 1).tolist()
    assert Tokens.of(documents, end).fingerprint() == open_tokens(folder).fingerprint()


def test_a_document_may_come_in_parts_and_an_open_one_is_closed(tmp_path):
    with TokenWriter(tmp_path, 9, {"from": "here"}) as writer:
        writer.append(np.array([1, 2]), closes=False)
        writer.append(np.array([3]))
        writer.append(np.array([4]), closes=False)
    assert [row.tolist() for row in open_tokens(tmp_path)] == [[1, 2, 3], [4]]
    assert about(tmp_path)["from"] == "here"


def test_what_was_not_written_to_the_end_is_no_corpus(tmp_path):
    with pytest.raises(FileError, match="holds no tokens of this version"):
        open_tokens(tmp_path)
    with pytest.raises(TypeError), TokenWriter(tmp_path, 9) as writer:
        writer.append(None)
    assert about(tmp_path) is None
    with pytest.raises(FileError, match="not written to the end. Encode the corpus again"):
        open_tokens(tmp_path)


def test_a_cut_file_is_noticed(tmp_path):
    with TokenWriter(tmp_path, 9) as writer:
        writer.extend([np.array([1, 2, 3])])
    (tmp_path / "tokens.bin").write_bytes(b"\1\2")
    with pytest.raises(DataError, match="2 symbols, expected 4. The files are cut short"):
        open_tokens(tmp_path)
    (tmp_path / "tokens.bin").unlink()
    with pytest.raises(FileError, match="the tokens cannot be read"):
        open_tokens(tmp_path)


@pytest.mark.parametrize("starts", [[0, 9], [0, 4, 5, 7, 9]], ids=["fewer", "more"])
def test_another_number_of_documents_is_noticed(tmp_path, starts):
    with TokenWriter(tmp_path, 9) as writer:
        writer.extend([np.array([1, 2, 3]), np.array([4]), np.array([5, 6])])
    np.array(starts, np.int64).tofile(tmp_path / "starts.bin")
    with pytest.raises(DataError, match=f"{len(starts) - 1} documents, expected 3"):
        open_tokens(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="could not write tokens to"):
        TokenWriter(tmp_path / "file" / "inside", 9)


def written(folder):
    with TokenWriter(folder, 9) as writer:
        writer.extend([np.array([1, 2, 3]), np.array([4])])
    return folder


def signed(folder, change):
    """A folder whose files are changed and whose digests are right."""
    flat, starts = (np.fromfile(folder / name, kind) for name, kind in (("tokens.bin", np.uint8), ("starts.bin", np.int64)))
    header = about(folder)
    change(flat, starts, header)
    flat.tofile(folder / "tokens.bin")
    starts.tofile(folder / "starts.bin")
    header["digests"] = [hashlib.sha256(array.tobytes()).hexdigest() for array in (flat, starts)]
    text = strict_json.canonical({**header, "sha256": hashlib.sha256(strict_json.canonical(header).encode()).hexdigest()})
    (folder / "tokens.json").write_text(text)


@pytest.mark.parametrize("file", ["tokens.bin", "starts.bin"])
def test_every_flipped_bit_of_the_numbers_is_noticed(tmp_path, file):
    path = written(tmp_path) / file
    data = bytearray(path.read_bytes())
    for at in range(len(data)):
        data[at] ^= 1 << at % 8
        path.write_bytes(data)
        with pytest.raises((FileError, DataError), match="Delete the folder .* to have the corpus encoded again"):
            open_tokens(tmp_path)
        data[at] ^= 1 << at % 8
    path.write_bytes(data)
    assert [row.tolist() for row in open_tokens(tmp_path)] == [[1, 2, 3], [4]]
    data[0] ^= 2
    path.write_bytes(data)
    with pytest.raises(FileError, match=rf"{file} does not match its SHA-256: the file is damaged. Delete the folder"):
        open_tokens(tmp_path)


def test_every_flipped_bit_of_the_description_is_noticed(tmp_path):
    path = written(tmp_path) / "tokens.json"
    data = bytearray(path.read_bytes())
    for at in range(len(data)):
        data[at] ^= 1 << at % 8
        path.write_bytes(data)
        assert about(tmp_path) is None
        data[at] ^= 1 << at % 8


def set_item(array, at, value):
    array[at] = value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda flat, starts, header: set_item(flat, 1, 200), r"tokens\.bin holds symbol 200; expected 0\.\.9\. Delete the folder"),
        (lambda flat, starts, header: set_item(flat, 3, 1), r"starts\.bin does not hold the beginnings of documents\. Delete the folder"),
        (lambda flat, starts, header: set_item(starts, 0, -5), r"starts\.bin does not hold the beginnings of documents"),
        (lambda flat, starts, header: set_item(starts, 1, 0), r"starts\.bin does not hold the beginnings of documents"),
        (lambda flat, starts, header: header.update(end="x"), r"tokens\.json\.end must be a whole number"),
        (lambda flat, starts, header: header.update(documents=-1), r"tokens\.json\.documents must be a whole number"),
    ],
)
def test_numbers_out_of_range_are_refused_though_their_digest_is_right(tmp_path, change, message):
    signed(written(tmp_path), change)
    with pytest.raises(DataError, match=message):
        open_tokens(tmp_path)


def test_symbols_are_synced_before_they_are_described(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())) or fsync(handle))
    written(tmp_path)
    assert synced[0] == str(tmp_path / "tokens.bin")
    assert any("tokens.json" in name for name in synced[1:])


def test_a_disk_that_fails_at_the_end_is_reported(tmp_path, monkeypatch):
    def fail(handle):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FileError, match="could not write tokens to .*No space left"):
        written(tmp_path)
    assert about(tmp_path) is None
