import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from elman.errors import CheckpointError, DataTypeError, FileError
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
    orphan = tmp_path / ".a[1].bin.0123456789ab.tmp"
    others = [".b.bin.0123456789ab.tmp", ".a[1].bin.0123.tmp", ".a[1].bin.draft.tmp", ".a1.bin.0123456789ab.tmp"]
    for path in (orphan, *(tmp_path / name for name in others)):
        path.write_bytes(b"half")
    seen = []

    def pieces():
        yield b"one"
        seen.extend(sorted(p.name for p in tmp_path.iterdir()))
        atomic.sweep(target)
        yield b"two"

    atomic.write(target, pieces())
    assert target.read_bytes() == b"onetwo"
    assert orphan.name not in seen
    assert sorted([p.name for p in tmp_path.iterdir()]) == sorted([*others, target.name])


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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_mode_of_what_is_replaced_stays(tmp_path, mode):
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(mode)
    seen = []

    def pieces():
        yield b"new"
        seen.extend(p.stat().st_mode & 0o777 for p in tmp_path.iterdir())

    atomic.write(path, pieces())
    assert path.stat().st_mode & 0o777 == mode
    assert seen == [mode, mode]
    assert path.read_bytes() == b"new"


def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match=r"could not write .*pipe: it is a pipe, a socket or a device\. Give the name of a file"):
        atomic.write(tmp_path / "pipe", b"x")
    with pytest.raises(FileError, match="could not write /dev/null: it is a pipe, a socket or a device"):
        atomic.write("/dev/null", b"x")
    with pytest.raises(FileError, match="Is a directory.*give the name of a file"):
        atomic.write(tmp_path, b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["pipe"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_temporary_file_swept_away_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    flock, calls = fcntl.flock, []

    def late(handle, how):
        if not calls:
            for path in tmp_path.iterdir():
                path.unlink()
        calls.append(how)
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    atomic.write(tmp_path / "a", b"x")
    assert len(calls) == 2
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"x")]


def test_savers_of_one_path_in_many_threads_all_succeed(tmp_path):
    failures = []

    def save(number):
        for _ in range(40):
            try:
                atomic.write(tmp_path / "a", bytes([number]) * 100)
            except FileError as error:
                failures.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert len(set((tmp_path / "a").read_bytes())) == 1


def test_savers_of_one_path_in_many_processes_all_succeed(tmp_path):
    code = "from elman.io import atomic\nfor i in range(60): atomic.write('a', bytes([i]) * 100)"
    children = [subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) for _ in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert len(set((tmp_path / "a").read_bytes())) == 1


class Place:
    """A path-like object that is no Path."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


def test_path_likes_are_taken_and_what_is_no_path_is_refused(tmp_path):
    atomic.write(Place(tmp_path / "a"), b"x")
    assert (tmp_path / "a").read_bytes() == b"x"
    for wrong in (None, 5, b"a", [], True):
        with pytest.raises(DataTypeError, match=r"a path must be text or path-like; got \w+ .*\. Give the name of a file"):
            atomic.write(wrong, b"x")
    for empty in ("", "a\0b"):
        with pytest.raises(CheckpointError, match="cannot be a path: it is empty or holds a NUL character"):
            atomic.write(empty, b"x", error=CheckpointError)
