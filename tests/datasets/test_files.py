from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

import pytest

from elman import datasets
from elman.datasets import files
from elman.datasets.files import Content, Files, Source, cache_folder, gunzip
from elman.errors import FileError


def content_of(data: bytes) -> Content:
    return Content(size=len(data), sha256=hashlib.sha256(data).hexdigest())


@pytest.fixture
def known(monkeypatch):
    """A set of two files whose digests the test knows: one with an address, one without."""
    sources = {
        "a.txt.gz": Source(
            path="a.txt.gz", content=content_of(b"hello\n"), url="https://example.org/a.txt", upstream=content_of(b"hello, all\n")
        ),
        "b.bin": Source(path="b.bin", content=content_of(b"\x00\x01")),
        "c.txt": Source(path="c.txt", content=content_of(b"1+2"), parts=("https://example.org/1", "https://example.org/2")),
    }
    monkeypatch.setattr(files, "sources", {"tiny": sources}.__getitem__)
    return sources


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.delenv("ELMAN_DATA", raising=False)
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.usefixtures("known")
def test_a_mirror_is_read_and_checked(mirror):
    mirror("tiny", {"a.txt.gz": "hello\n", "b.bin": b"\x00\x01"})
    assert Files("tiny").read("a.txt.gz") == b"hello\n"
    assert Files("tiny").lines("a.txt.gz") == ["hello"]
    assert Files("tiny").read("b.bin") == b"\x00\x01"


@pytest.mark.usefixtures("known")
def test_the_origins_own_form_is_accepted_too(mirror):
    mirror("tiny", {"a.txt.gz": "hello, all\n"})
    assert Files("tiny").text("a.txt.gz") == "hello, all\n"


@pytest.mark.usefixtures("known")
def test_one_changed_byte_is_refused_unless_told(mirror):
    mirror("tiny", {"a.txt.gz": "hellO\n"})
    with pytest.raises(FileError, match=r"a.txt.gz is not the published file: its SHA-256 or size differs.*verify=False"):
        Files("tiny").read("a.txt.gz")
    assert Files("tiny", verify=False).read("a.txt.gz") == b"hellO\n"


@pytest.mark.usefixtures("known")
def test_a_far_too_large_file_is_refused_before_it_is_read(mirror):
    mirror("tiny", {"b.bin": bytes(2**16 + 100)})
    with pytest.raises(FileError, match=r"has 65636 bytes, more than the 2 expected"):
        Files("tiny").read("b.bin")


@pytest.mark.usefixtures("known")
def test_a_gzip_bomb_is_refused_before_it_is_unpacked(mirror):
    mirror("tiny", {"a.txt.gz": bytes(10**7)})
    with pytest.raises(FileError, match=r"unpacks to more than 11 bytes"):
        Files("tiny").read("a.txt.gz")


@pytest.mark.usefixtures("known")
def test_a_mirror_without_the_file_never_asks_the_network(mirror):
    folder = mirror("tiny", {})
    with pytest.raises(FileError, match=r"tiny/a.txt.gz is not in ELMAN_DATA .*Put it there, or unset ELMAN_DATA"):
        Files("tiny").read("a.txt.gz")
    assert not Files("tiny").has("a.txt.gz")
    (folder / "a.txt.gz").write_bytes(gzip.compress(b"hello\n"))
    assert Files("tiny").has("a.txt.gz")


def test_a_mirror_that_is_no_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileError, match=r"ELMAN_DATA names '.*nowhere', which is not a folder"):
        datasets.load("sst2")


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "gzip"])
@pytest.mark.usefixtures("known")
def test_a_download_is_checked_kept_and_asked_for_once(plain, cache, monkeypatch):
    asked = []

    def download(url, limit, advice):
        asked.append((url, limit, advice))
        return b"hello\n" if plain else gzip.compress(b"hello\n")

    monkeypatch.setattr(files, "download", download)
    assert Files("tiny").has("a.txt.gz")
    assert Files("tiny").read("a.txt.gz") == b"hello\n"
    assert Files("tiny").read("a.txt.gz") == b"hello\n"
    assert [(url, limit) for url, limit, _ in asked] == [("https://example.org/a.txt", 11 + 2**16)]
    kept = cache / "tiny" / "a.txt.gz"
    assert kept.read_bytes() == gzip.compress(b"hello\n", mtime=0)
    assert [path.name for path in kept.parent.iterdir()] == ["a.txt.gz"]
    monkeypatch.setenv("ELMAN_DATA", str(cache))
    assert Files("tiny").read("a.txt.gz") == b"hello\n", "a cache is a mirror"


@pytest.mark.usefixtures("known")
def test_other_data_than_expected_is_not_kept(cache, monkeypatch):
    monkeypatch.setattr(files, "download", lambda *_args, **_more: b"<html>")
    with pytest.raises(FileError, match=r"https://example.org/a.txt gave other data .*nothing was kept.*set ELMAN_DATA"):
        Files("tiny", verify=False).read("a.txt.gz")
    assert not cache.exists()


@pytest.mark.usefixtures("known")
def test_a_cache_that_cannot_be_made_is_named(cache, monkeypatch):
    monkeypatch.setattr(files, "download", lambda *_args, **_more: b"hello\n")
    cache.write_text("a file where the folder should be")
    with pytest.raises(FileError, match=r"cannot make the folder .*tiny: .*Set ELMAN_CACHE to a folder you may write to"):
        Files("tiny").read("a.txt.gz")


@pytest.mark.usefixtures("known", "cache")
def test_a_derived_file_says_how_it_was_made():
    assert not Files("tiny").has("b.bin")
    with pytest.raises(FileError, match=r"tiny/b.bin cannot be downloaded. Made by hand. Set ELMAN_DATA to a folder that holds tiny/b.bin"):
        Files("tiny", derivation="Made by hand.").read("b.bin")
    with pytest.raises(FileError, match=r"It has no address of its own"):
        Files("tiny").read("b.bin")


@pytest.mark.usefixtures("known")
def test_a_file_is_made_of_its_parts_and_checked_as_a_whole(cache, monkeypatch):
    monkeypatch.setattr(files, "download", lambda url, _limit, advice: url[-1:].encode() if advice else b"")
    derived = Files("tiny", derive=b"+".join)
    assert derived.has("c.txt")
    assert derived.read("c.txt") == b"1+2"
    assert (cache / "tiny" / "c.txt").read_bytes() == b"1+2"
    (cache / "tiny" / "c.txt").unlink()
    with pytest.raises(FileError, match=r"example.org/1 gave other data than expected \(SHA-256 or size differs\)"):
        Files("tiny", derive=b"-".join).read("c.txt")
    with pytest.raises(FileError, match=r"example.org/1 and the others of tiny/c.txt gave .*ValueError: invalid.*set ELMAN_DATA"):
        Files("tiny", derive=lambda parts: bytes(int(part + b"?") for part in parts)).read("c.txt")
    with pytest.raises(FileError, match=r"tiny/c.txt cannot be downloaded"):
        Files("tiny").read("c.txt")
    assert list((cache / "tiny").iterdir()) == []


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", datasets.names())
def test_every_file_has_an_address_or_a_derivation(name):
    for source in files.sources(name).values():
        assert source.url is not None or datasets.info(name).derivation
        assert all(url.startswith("https://") for url in (source.url, *source.parts) if url is not None)
        assert not source.parts or datasets.info(name).derive is not None
        assert len(source.content.sha256) == 64
        assert source.content.size > 0


def test_the_cache_folder_follows_the_platform(monkeypatch, tmp_path):
    for variable in ("ELMAN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    found = {}
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        found[platform] = cache_folder().relative_to(tmp_path).as_posix()
    assert found == {
        "linux": ".cache/elman/datasets",
        "darwin": "Library/Caches/elman/datasets",
        "win32": "AppData/Local/elman/datasets",
    }
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "elman" / "datasets"
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_gunzip_names_damage():
    packed = gzip.compress(b"some text, some text")
    assert gunzip(packed, 20, "x.gz") == b"some text, some text"
    assert gunzip(b"plain", 5, "x") == b"plain"
    with pytest.raises(FileError, match=r"x.gz unpacks to more than 19 bytes"):
        gunzip(packed, 19, "x.gz")
    with pytest.raises(FileError, match=r"x.gz is cut short"):
        gunzip(packed[:-6], 20, "x.gz")
    with pytest.raises(FileError, match=r"x.gz is damaged"):
        gunzip(packed[:12] + b"\xff\xff" + packed[14:], 20, "x.gz")


@pytest.mark.usefixtures("known")
def test_bytes_that_are_not_utf8_are_named_by_offset(mirror):
    mirror("tiny", {"a.txt.gz": b"abc\xffd"})
    with pytest.raises(FileError, match=r"tiny/a.txt.gz is not UTF-8 at byte 3"):
        Files("tiny", verify=False).text("a.txt.gz")


@pytest.mark.usefixtures("known")
def test_only_line_ends_end_a_line(mirror):
    mirror("tiny", {"a.txt.gz": "a\u2028b\r\n\nc\x0bd"})
    assert Files("tiny", verify=False).lines("a.txt.gz") == ["a\u2028b", "", "c\x0bd"]
