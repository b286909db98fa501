"""accelerate() and restore(): give an existing PyTorch model our recurrent layers, in place, and take them away again.

A layer is not replaced but changes its class. So everything that hangs on it stays: parameters and their order in ``state_dict``,
hooks, parametrisations, tied weights, an optimizer's references, other modules that hold the same layer.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar, cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from elman.errors import DataTypeError, ElmanWarning
from elman.nn import _quantization
from elman.nn._copies import MARK
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.rnn import RNN

_OURS: dict[type[nn.RNNBase], type[Recurrent]] = {nn.RNN: RNN, nn.GRU: GRU, nn.LSTM: LSTM}
_FORWARD = ("forward", "check_input", "check_hidden_size", "check_forward_args", "get_expected_hidden_size", "permute_hidden")
_ADDED = sorted({name for name in dir(Recurrent) if name not in dir(nn.RNNBase) and not name.startswith("__")})
Module = TypeVar("Module", bound=nn.Module)


def accelerate(module: Module) -> Module:
    """Have every ``torch.nn.RNN``, ``GRU`` and ``LSTM`` inside a model run on elman's kernels.

    Parameters
    ----------
    module : torch.nn.Module
        Any model, changed in place. Subclasses keep their own methods. Scripted parts and subclasses with a ``forward`` of their own
        are left alone with a warning; single steps (``nn.LSTMCell``) are left alone, since torch's are as fast.

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
        reason = _reason_against(part)
        if reason is not None:
            warnings.warn(f"accelerate() left {name or 'the module'!r} as it is: {reason}.", ElmanWarning, stacklevel=2)
        elif isinstance(part, tuple(_OURS)) and not isinstance(part, Recurrent):
            part.__dict__[MARK] = _plain_class(part)
            _change_class(part, _accelerated(_plain_class(part)))
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
        _restore_one(part)
    return module


def _restore_one(part: nn.Module) -> None:
    original = part.__dict__.pop(MARK, None)
    if original is not None:
        _change_class(part, original)


def _parts(module: object) -> list[tuple[str, nn.Module]]:
    if not isinstance(module, nn.Module):
        raise DataTypeError(f"module must be a torch.nn.Module; got {type(module).__name__}.")
    return list(cast("Iterator[tuple[str, nn.Module]]", module.named_modules()))


def _plain_class(part: nn.Module) -> type[Any]:
    """Return a module's class, of a parametrised one the class it had before."""
    cls = type(part)
    return cls.__bases__[0] if parametrize.is_parametrized(part) else cls


def _change_class(part: nn.Module, plain: type[Any]) -> None:
    """Give a module another class; a parametrised one has a class of its own, made anew over the other base."""
    cls = type(part)
    if parametrize.is_parametrized(part):
        body = {key: value for key, value in vars(cls).items() if key not in ("__dict__", "__weakref__")}
        plain = type(cls.__name__, (plain,), body)
    part.__class__ = plain


@cache
def _accelerated(cls: type[Any]) -> type[Any]:
    """Return our class for one of torch's; for a subclass, one that is both and finds our ``forward`` behind the subclass's methods."""
    if cls in _OURS:
        return _OURS[cls]
    body = {name: getattr(cls, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(cls.__name__, (cls, _OURS[_base(cls)]), body)


def _base(cls: type[Any]) -> type[nn.RNNBase]:
    return next(base for base in _OURS if issubclass(cls, base))


def _reason_against(part: nn.Module) -> str | None:
    """Return why a recurrent layer cannot be accelerated, or None, also for all other modules."""
    if isinstance(part, torch.jit.ScriptModule):
        recurrent = getattr(part, "original_name", "") in {kind.__name__ for kind in _OURS}
        return "it is scripted, and TorchScript cannot hold other kernels" if recurrent else None
    if not isinstance(part, tuple(_OURS)) or isinstance(part, Recurrent):
        return None
    cls = _plain_class(part)
    own = next((name for name in _FORWARD if getattr(cls, name) is not getattr(_base(cls), name)), None)
    if own is not None:
        return f"{cls.__name__} has its own {own}()"
    taken = next((name for name in _ADDED if hasattr(part, name)), None)
    return None if taken is None else f"{cls.__name__} has its own attribute {taken!r}, a name that elman's layers use"


_quantization.see_through(_restore_one, accelerate)
