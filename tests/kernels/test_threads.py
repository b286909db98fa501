"""Threads: several Python threads at once, workers and forks, and never more threads than torch is set to use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from elman import nn

pytest.importorskip("elman._native", reason="the native module is not built")

LINUX = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

# Work enough for as many threads as there may be.
COUNT = """
import os, torch
from elman import nn
torch.set_num_threads({threads})
layer, x = nn.LSTM(64, 128), torch.randn(30, 32, 64, requires_grad=True)
def threads(): return len(os.listdir("/proc/self/task"))
before = threads()
with torch.no_grad():
    layer(x)
forward = threads()
print(before, forward)
"""


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@LINUX
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_never_more_threads_than_torch_is_set_to_use(threads):
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(threads=threads)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "4"},
    )
    before, after = map(int, done.stdout.split())
    assert after - before <= threads - 1
    assert (after > before) == (threads > 1)  # negative control: with more than one allowed, one more is there


def work(layer, x):
    for parameter in layer.parameters():
        parameter.grad = None
    output = layer(x)[0]
    return output.detach().clone(), torch.autograd.grad(output.square().sum(), layer.weight_hh_l0)[0]


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_several_python_threads_at_once(kind):
    torch.manual_seed(0)
    torch.set_num_threads(2)
    layers = [nn.layer(kind)(16, 32 + i) for i in range(4)]
    inputs = [torch.randn(20, 8 + i, 16) for i in range(4)]
    expected = [work(layer, x) for layer, x in zip(layers, inputs, strict=True)]
    found, failures = {}, []

    def run(i: int) -> None:
        try:
            for _ in range(10):
                found[i] = work(layers[i], inputs[i])
                assert all(torch.equal(a, b) for a, b in zip(found[i], expected[i], strict=True))
        except Exception as error:  # noqa: BLE001  # seen by the test's own thread
            failures.append(error)

    running = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert failures == []
    assert len(found) == 4


@FORK
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_the_child_computes_the_same():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    layer, x = nn.LSTM(16, 64), torch.randn(40, 32, 16)
    with torch.no_grad():
        expected = layer(x)[0]  # the parent's pool is at work before the fork
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # a pool used after a fork hangs
            output = layer(x)[0]
            torch.set_num_threads(1)  # torch's own operators would hang in the child
            os._exit(0 if torch.equal(output, expected) else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert torch.equal(layer(x)[0], expected)


class Outputs(torch.utils.data.Dataset):
    def __init__(self, layer, xs):
        self.layer, self.xs = layer, xs

    def __len__(self):
        return len(self.xs)

    def __getitem__(self, row):
        with torch.no_grad():
            return self.layer(self.xs[row])[0]


@FORK
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_inside_data_loader_workers():
    torch.manual_seed(0)
    layer, xs = nn.GRU(4, 32), torch.randn(6, 30, 8, 4)
    expected = Outputs(layer, xs)[0]
    loader = torch.utils.data.DataLoader(Outputs(layer, xs), num_workers=2, batch_size=None, multiprocessing_context="fork")
    found = list(loader)
    assert len(found) == 6
    assert torch.equal(found[0], expected)
    assert all(torch.equal(a, Outputs(layer, xs)[row]) for row, a in enumerate(found))
