"""Memory that the kernels keep: given back by trim(), and a sixteenth of what a container allows."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from elman import kernels, nn
from elman.kernels import memory

native = pytest.importorskip("elman._native", reason="the native module is not built")


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("0::/\n", {"memory.max": "1073741824\n"}, 1 << 30),
        ("0::/a/b\n", {"a/memory.max": "500", "a/b/memory.max": "max\n", "memory.max": "900"}, 500),
        ("3:cpu,cpuacct:/a\n4:memory:/docker/1f\n0::/\n", {"memory/memory.limit_in_bytes": "4096\n"}, 4096),
        ("4:memory:/a\n", {"memory/memory.limit_in_bytes": "9000", "memory/a/memory.limit_in_bytes": "70\n"}, 70),
        ("0::/a\n", {"a/memory.max": "max\n"}, None),
        ("3:cpu:/a\n", {"memory.max": "5"}, None),
    ],
)
def test_limits_of_control_groups(tmp_path, lines, files, expected):
    groups, mount = tmp_path / "cgroup", tmp_path / "mount"
    groups.write_text(lines)
    for name, text in files.items():
        (mount / name).parent.mkdir(parents=True, exist_ok=True)
        (mount / name).write_text(text)
    assert memory.group_limit(groups, mount) == expected
    assert memory.group_limit(tmp_path / "nothing", mount) is None


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def used(steps):
    """Bytes that stay after a forward pass whose output is freed."""
    layer, x = nn.GRU(8, 64), torch.randn(steps, 64, 8)
    with torch.no_grad():
        layer(x)
    return resident()


def test_trim_gives_memory_back():
    kernels.trim()
    used(16)
    before = used(16)
    kept = used(8000) - before
    kernels.trim()
    assert kept > 100 << 20
    assert resident() - before < kept // 4


def test_the_cap_can_only_be_lowered():
    most = native.keep_at_most(1 << 62)
    assert 0 < most < 1 << 50
    assert native.keep_at_most(most) == most
