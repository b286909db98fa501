"""Network: from rank and space of both sides to a plan, and from a plan to a model.

Names load on first use: ``elman.network.settings`` is read by ``elman --help`` and must not import torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.network.assembly import SequenceModel as SequenceModel
    from elman.network.assembly import build as build
    from elman.network.collation import collate as collate
    from elman.network.decoders.search import Steps as Steps
    from elman.network.interfaces import Encoded as Encoded
    from elman.network.interfaces import Loss as Loss
    from elman.network.interfaces import State as State
    from elman.network.planning.infer import plan as plan
    from elman.network.planning.plan import Plan as Plan
    from elman.network.planning.relation import Relation as Relation
    from elman.network.planning.relation import relate as relate
    from elman.network.planning.side import Side as Side
    from elman.network.planning.sizes import Sizes as Sizes
    from elman.network.settings import Network as Network

_HOME = {
    "assembly": ("SequenceModel", "build"),
    "collation": ("collate",),
    "decoders.search": ("Steps",),
    "interfaces": ("Encoded", "Loss", "State"),
    "planning.infer": ("plan",),
    "planning.plan": ("Plan",),
    "planning.relation": ("Relation", "relate"),
    "planning.side": ("Side",),
    "planning.sizes": ("Sizes",),
    "settings": ("Network",),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_WHERE)  # pyright: ignore[reportUnsupportedDunderAll]  # attributes come lazily (PEP 562)


def __getattr__(name: str) -> Any:
    """Import the request on first use."""
    if name in _WHERE:
        return getattr(importlib.import_module(f"elman.network.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'elman.network' has no attribute {name!r}")
