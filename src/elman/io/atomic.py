"""Atomic writes: after a crash, a full disk or a power cut the old file is whole or the new one is, never a mixture.

The order is temporary file in the same folder, write, fsync, rename, fsync of the folder (without the last, a rename may be
lost in a power cut). The temporary file is locked while its writer lives; an unlocked one is an orphan and is swept away by
the next write to the same path.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from elman.errors import FileError
from elman.io.paths import as_path

Buffer = bytes | bytearray | memoryview
_CHUNK = 1 << 24


def write(path: str | os.PathLike[str], data: Buffer | Iterable[Buffer], *, error: type[FileError] = FileError) -> None:
    """Replace the file at ``path`` by ``data``, all of it or not at all.

    Parameters
    ----------
    path : path-like
        Where to; a symbolic link is followed, so that the link survives.
    data : bytes-like, or iterable of them
        Content; several pieces are written one after the other without joining them in memory.
    error : type, default FileError
        Class of the error raised when the system refuses.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write(folder / "a.txt", b"whole")
    >>> (folder / "a.txt").read_bytes(), len(list(folder.iterdir()))
    (b'whole', 1)
    """
    target = Path(os.path.realpath(as_path(path, error=error)))
    mode = _mode(target, error)
    sweep(target)
    pieces = [memoryview(data)] if isinstance(data, bytes | bytearray | memoryview) else data
    try:
        _write_and_rename(target, pieces, mode)
        sync_folder(target.parent)
    except OSError as cause:
        raise error(explain(cause, f"could not write {target}")) from cause


def _mode(target: Path, error: type[FileError]) -> int | None:
    """Return the permissions of the file that is replaced, None where there is none; refuse what is no file."""
    try:
        mode = target.stat().st_mode
    except OSError:  # writing tells why
        return None
    if stat.S_ISDIR(mode):
        raise error(explain(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), f"could not write {target}"))
    if not stat.S_ISREG(mode):
        raise error(f"could not write {target}: it is a pipe, a socket or a device. Give the name of a file.")
    return stat.S_IMODE(mode) & 0o777


def _write_and_rename(target: Path, pieces: Iterable[Buffer], mode: int | None) -> None:
    handle, temporary = create_temporary(target, mode)
    try:
        if mode is not None:
            os.fchmod(handle, mode)  # whatever the umask takes away
        for piece in pieces:
            _write_all(handle, memoryview(piece).cast("B"))
        os.fsync(handle)
        os.replace(temporary, target)  # noqa: PTH105  # os-level calls throughout: tests fail each of them in turn
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(handle)


def create_temporary(target: Path, mode: int | None = None) -> tuple[int, Path]:
    """Create a temporary file beside a target and lock it; one that another writer's sweep takes away before its lock is made anew."""
    while True:
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if mode is None else mode)
        with suppress(OSError):  # some network disks have no locks; then nothing is swept
            fcntl.flock(handle, fcntl.LOCK_EX)
        if temporary.exists():
            return handle, temporary
        os.close(handle)


def _write_all(handle: int, view: memoryview) -> None:
    while view.nbytes:
        view = view[os.write(handle, view[:_CHUNK]) :]


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` (created, renamed, removed) survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as cause:
        if cause.errno != errno.EINVAL:  # a few file systems cannot sync a folder and report it this way
            raise
    finally:
        os.close(handle)


def sweep(target: Path) -> None:
    """Remove temporary files that dead writers of ``target`` left behind; one that a living writer holds stays."""
    orphans = re.compile(re.escape(f".{target.name}.") + r"[0-9a-f]{12}\.tmp")
    with suppress(OSError):
        for path in target.parent.iterdir():
            if orphans.fullmatch(path.name):
                _remove_if_unlocked(path)


def _remove_if_unlocked(orphan: Path) -> None:
    with suppress(OSError):
        handle = os.open(orphan, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            orphan.unlink()
        finally:
            os.close(handle)


_ADVICE = {
    errno.ENOSPC: "Free some space on this disk or choose another folder.",
    errno.EDQUOT: "Your disk quota is used up: free some space or choose another folder.",
    errno.EFBIG: "A limit on file sizes is set here (ulimit -f): raise it or choose another folder.",
    errno.EROFS: "This disk is read-only: choose another folder.",
    errno.EACCES: "You may not write there: choose another folder or change its permissions.",
    errno.EPERM: "You may not write there: choose another folder or change its permissions.",
    errno.ENOENT: "The folder does not exist: create it first.",
    errno.ENOTDIR: "Part of the path is a file, not a folder: check the path.",
    errno.EISDIR: "The path is a folder: give the name of a file.",
    errno.EIO: "The disk reports an error: check it and choose another one.",
}


def explain(cause: OSError, what: str) -> str:
    """Return one line with the failure, its cause and a remedy."""
    advice = _ADVICE.get(cause.errno or 0, "What stood there before is untouched.")
    return f"{what}: {cause.strerror or cause}. {advice}"
