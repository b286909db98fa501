"""Contestants that may not be installed; a missing one is left out."""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Callable

import torch


def onnx_runner(module: torch.nn.Module, x: torch.Tensor) -> dict[str, Callable[[], object]]:
    """Forward of a torch layer in ONNX Runtime with the number of threads torch has when it first runs, or nothing."""
    if importlib.util.find_spec("onnxruntime") is None or importlib.util.find_spec("onnx") is None:
        return {}
    import onnxruntime

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = io.BytesIO()
        torch.onnx.export(module, (x,), file, dynamo=False, opset_version=17)
    sessions: dict[int, onnxruntime.InferenceSession] = {}
    array = x.numpy()

    def run() -> object:
        threads = torch.get_num_threads()
        if threads not in sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            sessions[threads] = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
        session = sessions[threads]
        return session.run(None, {session.get_inputs()[0].name: array})

    return {"onnx": run}
