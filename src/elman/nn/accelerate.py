"""accelerate() and restore(): give an existing PyTorch model our recurrent layers, in place, and take them away again.

A layer is not replaced but changes its class. So everything that hangs on it stays: parameters and their order in ``state_dict``,
hooks, parametrisations, tied weights, an optimizer's references, other modules that hold the same layer.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TypeVar, cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from elman.errors import DataTypeError, ElmanWarning
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.rnn import RNN
from elman.nn.step_cells import GRUCell, LSTMCell, RNNCell

_OURS: dict[type, type] = {
    nn.RNN: RNN,
    nn.GRU: GRU,
    nn.LSTM: LSTM,
    nn.RNNCell: RNNCell,
    nn.GRUCell: GRUCell,
    nn.LSTMCell: LSTMCell,
}
_TORCHS = {ours: torchs for torchs, ours in _OURS.items()}
_MARK = "_elman_accelerated"
Module = TypeVar("Module", bound=nn.Module)


def accelerate(module: Module) -> Module:
    """Have every ``torch.nn.RNN``, ``GRU``, ``LSTM`` and their cells inside a model run on elman's kernels.

    Parameters
    ----------
    module : torch.nn.Module
        Any model, changed in place. Scripted parts and subclasses with a ``forward`` of their own are left alone with a warning.

    Returns
    -------
    torch.nn.Module
        The same object.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.LSTM(3, 4))
    >>> type(accelerate(model)[1]).__module__
    'elman.nn.lstm'
    >>> type(restore(model)[1]).__module__
    'torch.nn.modules.rnn'
    """
    for name, part in _parts(module):
        other = _class_for(part, _OURS)
        if other is not None:
            part.__class__ = other
            part.__dict__[_MARK] = True
        elif reason := _why_left(part):
            warnings.warn(f"accelerate() left {name or 'the module'!r} as it is: {reason}.", ElmanWarning, stacklevel=2)
    return module


def restore(module: Module) -> Module:
    """Undo :func:`accelerate`; layers that were elman's from the beginning stay so.

    Parameters
    ----------
    module : torch.nn.Module
        An accelerated model, changed in place.

    Returns
    -------
    torch.nn.Module
        The same object.
    """
    for _, part in _parts(module):
        if part.__dict__.pop(_MARK, False):
            part.__class__ = _class_for(part, _TORCHS) or part.__class__
    return module


def _parts(module: object) -> list[tuple[str, nn.Module]]:
    if not isinstance(module, nn.Module):
        raise DataTypeError(f"module must be a torch.nn.Module; got {type(module).__name__}.")
    return list(cast("Iterator[tuple[str, nn.Module]]", module.named_modules()))


def _class_for(part: nn.Module, table: dict[type, type]) -> type | None:
    """Return the class a layer changes to; a parametrised layer has a class of its own, made anew over the other base."""
    cls = type(part)
    if cls in table:
        return table[cls]
    if parametrize.is_parametrized(part) and len(cls.__bases__) == 1 and cls.__bases__[0] in table:
        body = {key: value for key, value in vars(cls).items() if key not in ("__dict__", "__weakref__")}
        return type(cls.__name__, (table[cls.__bases__[0]],), body)
    return None


def _why_left(part: nn.Module) -> str | None:
    if isinstance(part, torch.jit.ScriptModule):
        recurrent = getattr(part, "original_name", "") in {kind.__name__ for kind in _OURS}
        return "it is scripted, and TorchScript cannot hold other kernels" if recurrent else None
    if isinstance(part, tuple(_OURS)) and not isinstance(part, tuple(_TORCHS)):
        return f"{type(part).__name__} is a subclass of torch's with its own ways"
    return None
