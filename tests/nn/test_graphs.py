"""torch.compile, torch.export, fake tensors and modes: one graph, and the same numbers as eager."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode

import elman
from elman import nn
from elman.errors import ShapeError

pytest.importorskip("elman._native", reason="the native module is not built")

KINDS = ["elman", "elman_relu", "gru", "lstm"]
X = torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(2))
LENGTHS = torch.tensor([7, 0, 3, 5])
OPERATORS = {"elman": "rnn_tanh", "elman_relu": "rnn_relu", "gru": "gru", "lstm": "lstm"}


@pytest.fixture(autouse=True)
def fresh():
    torch.manual_seed(0)
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class Reader(torch.nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.rnn = nn.layer(kind)(3, 5, batch_first=True, **options)

    def forward(self, x, lengths=None):
        output, state = self.rnn(x, lengths=lengths)
        return output, *(state if isinstance(state, tuple) else (state,))


def with_gradients(module, run, *inputs):
    x = inputs[0].clone().requires_grad_()
    answer = run(x, *inputs[1:])
    total = sum((part * torch.linspace(-1, 1, part.numel()).view(part.shape)).sum() for part in answer)
    return [*answer, *torch.autograd.grad(total, [x, *module.parameters()])]


def equal(given, expected):
    for a, b in zip(given, expected, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["padded", "lengths"])
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_in_one_graph_it_equals_eager(kind, lengths):
    module = Reader(kind, num_layers=2, bidirectional=True)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    inputs = (X,) if lengths is None else (X, lengths)
    equal(with_gradients(module, compiled, *inputs), with_gradients(module, module, *inputs))
    with torch.no_grad():
        equal(compiled(*inputs), module(*inputs))


@pytest.mark.slow  # half a minute of compilers
@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a C++ compiler")
def test_compiled_by_inductor(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    module = Reader("lstm", num_layers=2, bidirectional=True)
    compiled = torch.compile(module, fullgraph=True)
    given, expected = with_gradients(module, compiled, X, LENGTHS), with_gradients(module, module, X, LENGTHS)
    for a, b in zip(given, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_compiled_with_options_draws_the_same_masks():
    options = {"layer_norm": True, "zoneout": 0.2, "recurrent_dropout": 0.3, "weight_dropout": 0.2, "dropout": 0.1, "num_layers": 2}
    module = Reader("gru", **options)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    answers = []
    for run in (module, compiled):
        torch.manual_seed(3)
        answers.append(with_gradients(module, run, X))
    equal(*answers)
    equal(compiled.eval()(X), module.eval()(X))


def test_compiled_for_any_size_and_lengths_are_checked_when_the_graph_runs():
    module = Reader("gru")
    compiled = torch.compile(module, fullgraph=True, dynamic=True, backend="aot_eager")
    for n, steps in ((2, 5), (3, 9), (4, 6)):
        x, lengths = torch.randn(n, steps, 3), torch.randint(0, steps + 1, (n,))
        equal(compiled(x, lengths), module(x, lengths))
    with pytest.raises(ShapeError, match=r"lengths must be in 0\.\.T \(T=6\); got 9"):
        compiled(x, torch.tensor([1, 9, 2, 3]))
    with pytest.raises(Exception, match=r"lengths must be \(4,\) whole numbers"):
        compiled(x, torch.ones(4))


def test_torchs_own_layers_are_as_closed_to_compile_as_before():
    """What lets our layers in must not change what happens to others."""
    compiled = torch.compile(torch.nn.GRU(3, 4), fullgraph=True, backend="eager")
    with pytest.raises(torch._dynamo.exc.Unsupported, match="Dynamo does not support RNN, GRU, or LSTM"):
        compiled(X)


def test_accelerated_models_compile_where_torchs_do_not():
    module = elman.accelerate(torch.nn.Sequential(torch.nn.LSTM(3, 4, 2)))
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(X)[0], module(X)[0])


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_compiled_packed_batches_projections_and_autocast_work_too():
    packed = torch.nn.utils.rnn.pack_padded_sequence(X, [7, 5, 4, 1], batch_first=True)
    layer = nn.GRU(3, 4)
    torch.testing.assert_close(torch.compile(layer, backend="eager")(packed)[0].data, layer(packed)[0].data)
    layer = nn.LSTM(3, 4, proj_size=2)
    torch.testing.assert_close(torch.compile(layer, backend="eager")(X)[0], layer(X)[0])
    layer = nn.LSTM(3, 4)
    with torch.autocast("cpu"):
        found = torch.compile(layer, backend="aot_eager")(X)[0]
    assert found.dtype is torch.bfloat16
    torch.testing.assert_close(found.float(), layer(X)[0], rtol=0.02, atol=0.02)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_exported_for_any_size_saved_and_loaded(kind, strict):
    module = Reader(kind, num_layers=2, bidirectional=True)
    n, steps = torch.export.Dim("n", min=1, max=99), torch.export.Dim("steps", min=2, max=99)
    shapes = {"x": {0: n, 1: steps}, "lengths": {0: n}}
    program = torch.export.export(module, (X, LENGTHS), dynamic_shapes=shapes, strict=strict)
    assert sum(str(node.target) == f"elman.{OPERATORS[kind]}.default" for node in program.graph.nodes) == 4
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    back = torch.export.load(file).module()
    x, lengths = torch.randn(2, 11, 3), torch.tensor([11, 4])
    equal(back(x, lengths), module(x, lengths))


@pytest.mark.parametrize("imports", ["import torch, elman", "import elman.nn, torch", "from elman import nn; import torch"])
def test_exported_programs_are_read_in_another_process(tmp_path, imports):
    module = elman.accelerate(torch.nn.Sequential(torch.nn.LSTM(3, 4, 2)))
    torch.export.save(torch.export.export(module, (X,)), tmp_path / "program.pt2")
    torch.save((X, module(X)[0].detach()), tmp_path / "answer.pt")
    lines = (imports, "x, y = torch.load('answer.pt')", "assert torch.equal(torch.export.load('program.pt2').module()(x)[0], y)")
    path = str(Path(elman.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # torch leaves its log file open
@pytest.mark.parametrize("options", [{}, {"bias": False, "zoneout": 0.2}, {"layer_norm": True}], ids=str)
@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_drafts_of_exports(kind, options):
    module = Reader(kind, **options).eval()
    equal(torch.export.draft_export(module, (X,)).module()(X), module(X))


def test_fake_tensors_have_the_shapes_of_real_ones():
    expected = [part.shape for part in Reader("lstm")(X, LENGTHS)]
    with FakeTensorMode():
        module = Reader("lstm")
        found = module(torch.randn(4, 7, 3), torch.tensor([1, 2, 3, 4]))
    assert [part.shape for part in found] == expected


def test_modes_see_the_operator_and_graphs_made_under_them_are_filled():
    module = Reader("gru")
    graph = make_fx(lambda x: module(x)[0])(X)
    other = torch.randn(4, 7, 3)
    assert torch.equal(graph(other), module(other)[0])
    with FlopCounterMode(display=False):
        assert torch.equal(module(X)[0], graph(X))


def test_traced_layers_with_options_hold_the_operator():
    layer = nn.GRU(3, 4, layer_norm=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(layer, X, check_trace=False)
    assert torch.equal(traced(X + 1)[0], layer(X + 1)[0])


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # torch says it of its own layers too
def test_another_backend_asked_for_is_recorded_instead():
    module = torch.nn.Sequential(nn.GRU(3, 4))
    with elman.kernels.use("aten"):
        program = torch.export.export(module, (X,))
    calls = [str(node.target) for node in program.graph.nodes]
    assert "aten.gru.input" in calls
    assert not any("elman" in call for call in calls)
