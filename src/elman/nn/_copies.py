"""Copies and pickles of layers: copies keep our class, a pickle of an accelerated layer holds torch's."""

from __future__ import annotations

import copy
import copyreg
from typing import Any, cast

from torch import nn
from torch.nn.utils import parametrize

MARK = "_elman_accelerated"  # attribute of accelerated layers: the class they had before
_SIZES = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size")
_copyreg: Any = copyreg  # its stubs leave out what pickles hold
_new, _reconstructor = _copyreg.__newobj__, _copyreg._reconstructor


def reduced(layer: nn.RNNBase, value: Any) -> Any:
    """Return a layer's value for pickle, where it was accelerated with the class it had before.

    Parameters
    ----------
    layer : torch.nn.RNNBase
        One of ours.
    value : Any
        As ``object.__reduce_ex__`` gave it.

    Returns
    -------
    Any
        The value.
    """
    original = layer.__dict__.get(MARK)
    if original is None or not isinstance(value, tuple):
        return value
    function, arguments, *rest = cast("tuple[Any, ...]", value)
    if function in (_new, _reconstructor):
        function, arguments = _constructed(layer, original)
    elif function is type(layer):  # a subclass's own __reduce__
        function = original
    if rest and isinstance(rest[0], dict):
        rest[0] = {name: entry for name, entry in cast("dict[str, Any]", rest[0]).items() if name != MARK}
    return function, arguments, *rest


def _constructed(layer: nn.RNNBase, original: type) -> tuple[Any, tuple[Any, ...]]:
    """Return a callable and arguments that give an object of a class; pickle refuses ``__new__`` of another class than the object's.

    ``torch.load(weights_only=True)`` calls only classes that are allowed; on the meta device, torch's constructors draw nothing.
    """
    if original.__module__ != "torch.nn.modules.rnn":
        return _reconstructor, (original, object, None)
    sizes = [getattr(layer, name) for name in _SIZES]
    if original is nn.RNN:
        sizes.insert(3, layer.nonlinearity)  # torch has it among the positional arguments
    return original, (*sizes, "meta")


def copied(layer: nn.RNNBase, memo: dict[int, Any] | None) -> nn.RNNBase:
    """Return a copy of a layer in its class.

    Parameters
    ----------
    layer : torch.nn.RNNBase
        One of ours.
    memo : dict or None
        As ``__deepcopy__`` has it; None for a shallow copy.

    Returns
    -------
    torch.nn.RNNBase
        The copy.
    """
    cls: Any = type(layer)
    other = cls.__new__(cls)
    # Torch's parametrised classes refuse __getstate__, and their own copies take the attributes.
    state = dict(layer.__dict__) if parametrize.is_parametrized(layer) else layer.__getstate__()
    if memo is not None:
        memo[id(layer)] = other
        state = copy.deepcopy(state, memo)
    other.__setstate__(state)
    return other
