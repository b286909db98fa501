"""Whether operations are recorded into a graph, or seen by a mode, instead of simply being run.

A pass that hands addresses to compiled code would be invisible there: a graph would hold empty tensors that nothing fills. So
recorded calls go through operators that torch knows (:mod:`elman.kernels.ops`), eager calls go the shorter way.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Parameter

from elman.sequences.torch_internals import is_dispatching, is_tracing


def is_recording(x: Tensor | None = None) -> bool:
    """Return whether ``torch.compile``, ``torch.export``, ``torch.jit.trace``, a dispatch mode or a fake tensor is at work."""
    if torch.compiler.is_compiling():
        return True
    if is_dispatching() or is_tracing():
        return True
    return x is not None and type(x) not in (Tensor, Parameter) and _is_fake(x)


def _is_fake(x: Tensor) -> bool:
    from torch._subclasses.fake_tensor import FakeTensor  # only met by those who have loaded it

    return isinstance(x, FakeTensor)


def in_one_operator() -> bool:
    """Return whether the graph goes where only torch's own operators are understood: ``torch.jit.trace`` and ONNX."""
    return is_tracing() or torch.onnx.is_in_onnx_export()
