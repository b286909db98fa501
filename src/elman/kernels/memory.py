"""Memory that the compiled kernels keep for their next call: how much at most, and giving it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

try:
    from elman import _native
except ImportError:  # the other backends keep nothing
    _native: Any = None


def trim() -> None:
    """Give the memory that the compiled kernels keep for their next call back to the system.

    Examples
    --------
    >>> trim()
    """
    if _native is not None:
        _native.trim()


def keep_within_limit() -> None:
    """Keep no more than a sixteenth of the memory that this process's control groups allow, as in a container."""
    limit = group_limit()
    if _native is not None and limit is not None:
        _native.keep_at_most(limit // 16)


def group_limit(groups: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return the lowest memory limit of this process's control groups in bytes, of either version, or None.

    Parameters
    ----------
    groups : Path
        Lines ``number:controllers:path`` of the process.
    mount : Path
        Where the groups are mounted.

    Returns
    -------
    int or None
        None outside Linux and without a limit.
    """
    limits: list[int] = []
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            limits += _limits(mount, path, "memory.max")
        elif "memory" in controllers.split(","):
            limits += _limits(mount / "memory", path, "memory.limit_in_bytes")
    return min(limits, default=None)


def _limits(mount: Path, path: str, name: str) -> list[int]:
    """Return the limits of a group and of all groups around it; inside a container some of their folders are not there."""
    folders, found = Path(path).parts[1:], list[int]()
    for depth in range(len(folders) + 1):
        try:
            found.append(int(mount.joinpath(*folders[:depth], name).read_text()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return found
