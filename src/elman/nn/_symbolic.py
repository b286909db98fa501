"""Calls of our layers under ``torch.fx.symbolic_trace``: one node each, as torch's own layers have.

FX takes a module for a leaf if its class is from ``torch.nn``; into ours it goes, with a proxy in place of the input.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.fx import Proxy

from elman.errors import DataTypeError


def record(module: nn.Module, *given: Any, **named: Any) -> Any:
    """Record a call with a proxy as one node of the graph.

    Parameters
    ----------
    module : torch.nn.Module
        Called layer or step.
    *given : Any
        Its arguments, a proxy among them; None at the end is left out.
    **named : Any
        Keyword arguments; None is left out.

    Returns
    -------
    torch.fx.Proxy
        The result.
    """
    tracer: Any = next(value.tracer for value in given if isinstance(value, Proxy))
    path = tracer.path_of_module(module)
    if not path:
        kind = type(module).__name__
        raise DataTypeError(f"torch.fx traces a recurrent layer as a part of a model; got {kind} itself. Trace nn.Sequential(layer).")
    while given and given[-1] is None:
        given = given[:-1]
    return tracer.create_proxy("call_module", path, given, {name: value for name, value in named.items() if value is not None})
