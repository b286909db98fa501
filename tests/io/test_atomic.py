import errno
import os
import resource
import signal
from pathlib import Path

import pytest

from elman.errors import CheckpointError, FileError
from elman.io import atomic

CALLS = ("open", "write", "fsync", "replace")
CAUSES = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT]


def fail_nth(monkeypatch, n, code):
    """Let the n-th system call of a save fail; return a function that says how many were made."""
    made = []

    def shim(name):
        real = getattr(os, name)

        def call(*args, **kwargs):
            made.append(name)
            if len(made) == n:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    for name in CALLS:
        shim(name)
    return lambda: len(made)


@pytest.mark.parametrize("code", CAUSES)
def test_whichever_call_fails_a_whole_file_stays(tmp_path, code):
    target = tmp_path / "a.bin"
    for n in range(1, 100):
        target.write_bytes(b"old")
        with pytest.MonkeyPatch.context() as patch:
            made = fail_nth(patch, n, code)
            try:
                atomic.write(target, [b"ne", b"w"], error=CheckpointError)
            except CheckpointError as error:
                assert str(target) in str(error)  # noqa: PT017  # the loop ends at the first success
                assert os.strerror(code) in str(error)  # noqa: PT017
            else:
                assert made() < n
                break
        assert target.read_bytes() in (b"old", b"new")
        assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]
    assert n == 8  # open, write, write, fsync, replace, open and fsync of the folder: seven ways to fail
    assert target.read_bytes() == b"new"


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, view: real(handle, bytes(view)[:3]))
    atomic.write(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_a_size_limit_at_every_byte_leaves_the_old_file(tmp_path):
    target, data = tmp_path / "a", bytes(range(60))
    for limit in range(len(data) + 1):
        target.write_bytes(b"old")
        child = os.fork()
        if child == 0:
            code = 9
            try:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                atomic.write(target, data)
                code = 0
            except FileError as error:
                code = 1 if "ulimit" in str(error) else 2
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status == (0 if limit == len(data) else 1)
        assert target.read_bytes() == (data if limit == len(data) else b"old")
        assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_orphans_go_and_living_writers_stay(tmp_path):
    target = tmp_path / "a[1].bin"
    orphan = tmp_path / ".a[1].bin.0123.tmp"
    stranger = tmp_path / ".b.bin.0123.tmp"
    orphan.write_bytes(b"half")
    stranger.write_bytes(b"half")
    seen = []

    def pieces():
        yield b"one"
        seen.extend(sorted(p.name for p in tmp_path.iterdir()))
        atomic.sweep(target)
        yield b"two"

    atomic.write(target, pieces())
    assert target.read_bytes() == b"onetwo"
    assert orphan.name not in seen
    assert sorted([p.name for p in tmp_path.iterdir()]) == [stranger.name, target.name]


def test_an_interrupt_leaves_the_old_file(tmp_path):
    target = tmp_path / "a"
    target.write_bytes(b"old")

    def pieces():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write(target, pieces())
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic.write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("place", "message"), [("no/where", "The folder does not exist"), ("file/x", "Part of the path is a file"), ("folder", "is a folder")]
)
def test_paths_that_cannot_be_written(tmp_path, place, message):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=message):
        atomic.write(tmp_path / place, b"x")


def test_a_file_system_that_cannot_sync_folders_is_no_error(tmp_path, monkeypatch):
    real = os.fsync

    def fsync(handle):
        if Path(f"/proc/self/fd/{handle}").resolve().is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    atomic.write(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_modes_follow_the_umask(tmp_path):
    atomic.write(tmp_path / "a", b"x")
    before = os.umask(0)
    os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~before
