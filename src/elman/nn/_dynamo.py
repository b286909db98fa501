"""Let ``torch.compile`` look into our layers: it refuses every subclass of ``torch.nn.RNN``, ``GRU`` and ``LSTM``, unseen.

Torch has a switch for that, ``torch._dynamo.config.allow_rnn``, but one for all: it would also unroll torch's own layers over time.
So the switch is on only while a layer of ours is looked at. Importing the tracer takes a second that most programs never need; it is
changed when somebody else imports it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

BUILDER = "torch._dynamo.variables.builder"


def open_to(base: type) -> None:
    """Have the tracer accept instances of a class, now or when it is imported.

    Parameters
    ----------
    base : type
        The base of our layers.
    """
    if BUILDER in sys.modules:
        _change(sys.modules[BUILDER], base)
    else:
        sys.meta_path.insert(0, _WhenImported(lambda module: _change(module, base)))


def _change(builder: ModuleType, base: type) -> None:
    wrap = getattr(getattr(builder, "VariableBuilder", None), "wrap_module", None)
    if wrap is None:  # another torch: it keeps its own ways, and is reported when a layer is compiled
        return

    def wrap_module(self: Any, value: Any) -> Any:
        """Let the tracer go into our layers; every other module is wrapped as ever."""
        if not isinstance(value, base):
            return wrap(self, value)
        from torch import _dynamo

        settings: Any = _dynamo.config  # torch adds `patch` when the module is made
        with settings.patch(allow_rnn=True):
            return wrap(self, value)

    builder.VariableBuilder.wrap_module = wrap_module


class _WhenImported(MetaPathFinder):
    """Run something once, right after the tracer's module was imported."""

    def __init__(self, then: Callable[[ModuleType], None]) -> None:
        self.then = then

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002
        """Find the tracer's module as ever, with one more thing to do after it was run; nothing else is touched."""
        if fullname != BUILDER or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            _follow(spec.loader, self.then)
        return spec


def _follow(loader: Loader, then: Callable[[ModuleType], None]) -> None:
    run = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        run(module)
        then(module)

    loader.exec_module = exec_module
