"""Network: from rank and space of both sides to a plan, and from a plan to a model.

Names load on first use: ``elman.network.settings`` is read by ``elman --help`` and must not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman import lazy_imports

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

if not TYPE_CHECKING:
    __getattr__, __all__ = lazy_imports.attach(
        __name__,
        {
            "elman.network.assembly": ("SequenceModel", "build"),
            "elman.network.collation": ("collate",),
            "elman.network.decoders.search": ("Steps",),
            "elman.network.interfaces": ("Encoded", "Loss", "State"),
            "elman.network.planning.infer": ("plan",),
            "elman.network.planning.plan": ("Plan",),
            "elman.network.planning.relation": ("Relation", "relate"),
            "elman.network.planning.side": ("Side",),
            "elman.network.planning.sizes": ("Sizes",),
            "elman.network.settings": ("Network",),
        },
    )
