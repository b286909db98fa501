"""Prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Said:
    """What was forecast at m cuts: mean (m, horizon), and the ends of the intervals by level."""

    mean: np.ndarray
    low: dict[int, np.ndarray]
    high: dict[int, np.ndarray]

    @classmethod
    def joined(cls, parts: Sequence[Any]) -> Said:
        """Lay parts end to end."""
        levels = parts[0].low
        return cls(
            mean=np.concatenate([p.mean for p in parts]),
            low={k: np.concatenate([p.low[k] for p in parts]) for k in levels},
            high={k: np.concatenate([p.high[k] for p in parts]) for k in levels},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """What is said about the steps after m ends.

    Notes
    -----
    Shapes:

        mean (m, horizon)     low, high  {level: (m, horizon)}     samples  (m, n_samples, horizon) or None
    """

    mean: np.ndarray
    low: dict[int, np.ndarray]
    high: dict[int, np.ndarray]
    samples: np.ndarray | None = None
