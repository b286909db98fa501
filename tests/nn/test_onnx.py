"""ONNX files of a layer by itself: the operators and numbers of torch's own layer, with both exporters."""

from __future__ import annotations

import copy
import io
import itertools
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import elman

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


def exported(layer, given, dynamo):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(layer, given, file, dynamo=dynamo, verbose=False)
    return file.getvalue()


def check(kind, dynamo, hx, **options):
    torch.manual_seed(0)
    theirs = getattr(nn, kind)(3, 4, **options).eval()
    start = torch.randn(options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1), 2, 4)
    start = (start, start + 1) if kind == "LSTM" else start
    ours = getattr(elman.nn, kind)(3, 4, **options).eval()
    ours.load_state_dict(theirs.state_dict())
    given = (X, start) if hx else (X,)
    values = [X.numpy(), *(part.numpy() for part in (start if isinstance(start, tuple) else (start,)) if hx)]
    found = []
    for layer in (ours, elman.accelerate(copy.deepcopy(theirs)), theirs):
        file = exported(layer, given, dynamo)
        session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
        feed = {slot.name: value for slot, value in zip(session.get_inputs(), values, strict=True)}
        found.append(([node.op_type for node in onnx.load_model_from_string(file).graph.node], session.run(None, feed)))
    (_, answer), expected = found[2], theirs(*given)
    np.testing.assert_allclose(answer[0], expected[0].detach().numpy(), atol=1e-5)
    for operators, values in found[:2]:
        assert operators == found[2][0]
        assert all(np.array_equal(a, b) for a, b in zip(values, answer, strict=True))


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_the_exporter_that_traces(kind):
    for hx, layers, both in itertools.product([False, True], [1, 2], [False, True]):
        check(kind, False, hx, num_layers=layers, bidirectional=both)


@pytest.mark.slow  # half a minute of tracing
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_the_exporter_that_compiles(kind):
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    check(kind, True, False, num_layers=2, bidirectional=True)
    check(kind, True, True)
