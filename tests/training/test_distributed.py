import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from elman.training.distributed import Group

HERE = Path(__file__).parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(mode, out, rows, world):
    """Train with ``world`` processes; return each one's result and what it printed."""
    out.mkdir(exist_ok=True)
    base = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]), "OMP_NUM_THREADS": "1"}
    port, started = str(free_port()), []
    for rank in range(world):
        extra = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        command = [sys.executable, str(HERE / "parallel.py"), mode, str(out), str(rows)]
        started.append(subprocess.Popen(command, env={**base, **(extra if world > 1 else {})}, stderr=subprocess.PIPE, text=True))
    printed = []
    try:
        for process in started:
            printed.append(process.communicate(timeout=140)[1])
            assert process.returncode == 0, printed[-1][-2000:]
    finally:
        for process in started:
            process.kill()
    names = range(world) if world > 1 else ["alone"]
    return [json.loads((out / f"result-{name}.json").read_text()) for name in names], printed


def numbers(result):
    return {name: np.frombuffer(bytes.fromhex(value), np.float32) for name, value in result["weights"].items()}


def test_uneven_and_empty_ranks_learn_what_one_process_learns(tmp_path):
    # 7 rows in batches of at most 3: shares of 2 and 1, and of 1 and 0
    (first, second), printed = run("plain", tmp_path / "two", 7, 2)
    (alone,), _ = run("plain", tmp_path / "one", 7, 1)
    assert first == second
    for name, value in numbers(alone).items():
        np.testing.assert_allclose(numbers(first)[name], value, rtol=1e-4, atol=1e-6)
    for ours, theirs in zip(first["history"], alone["history"], strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
        assert ours["validation_loss"] == pytest.approx(theirs["validation_loss"], rel=1e-5)
        assert ours["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=1e-4)
    assert "epoch 3/3" in printed[0]
    assert "epoch" not in printed[1]


def test_a_rank_without_any_row_does_not_hang_and_only_the_first_writes(tmp_path):
    (first, second), _ = run("save", tmp_path / "a", 1, 2)
    assert first == second
    resumed, printed = run("save", tmp_path / "a", 1, 2)  # finished already: it says so by giving the same result
    assert resumed == [first, second]
    assert "going on from checkpoint-" in printed[0]


def test_a_callback_of_one_process_stops_all(tmp_path):
    (first, second), printed = run("stop", tmp_path, 7, 2)
    assert first == second
    assert (first["stopped"], len(first["history"])) == ("callback", 2)
    assert "stopped by a callback" in printed[0]


def test_alone_everything_is_free():
    group = Group()
    assert group.leads
    assert group.share(np.arange(3)).tolist() == [0, 1, 2]
    assert group.sum([1.5]) == [1.5]
    assert group.from_first(2.0) == 2.0
    assert group.gather_text("é") == ["é"]


def test_shares_are_disjoint_and_complete():
    rows = np.arange(7)
    shares = [Group(rank, 3).share(rows).tolist() for rank in range(3)]
    assert sorted(row for share in shares for row in share) == rows.tolist()
    assert Group(2, 3).share(rows[:2]).tolist() == []
