"""SegmentInputs and WindowDataset: the inputs of a direct network, scaled windows in segments."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.codecs.space import Continuous, Product, Space
from elman.forecasting.direct.windows import ScaledWindows, WindowSpec
from elman.forecasting.engine import STEPS
from elman.forecasting.grouped import GroupedSeries
from elman.io.schema import anything, check, flag, text, whole
from elman.network.collation import collate
from elman.network.decoders.segments import FUTURE, VALUES, WINDOW
from elman.network.planning.side import Side
from elman.sequences import Ragged

_BATCH = 2_048
"""Windows scaled at once."""
_CACHED = 40_000_000
"""Numbers of all windows together up to which they are scaled once and kept in memory."""

Arrays = dict[str, np.ndarray]
_SCHEMA = {"spec": anything, "segment": STEPS, "past": whole(), "future": whole(), "static": [(text, whole(1))], "linear": flag}


@dataclass(frozen=True, kw_only=True)
class SegmentInputs:
    """Specification of the inputs of a direct network.

    Attributes
    ----------
    spec : WindowSpec
        Scaling of a window.
    segment : int
        Steps of a segment.
    past, future : int
        Channels of past and future covariates.
    static : tuple of (str, int)
        Names and widths of static covariates.
    linear : bool
        Whether the forecast of a linear map of the window is added to the network's.
    """

    spec: WindowSpec
    segment: int
    past: int = 0
    future: int = 0
    static: tuple[tuple[str, int], ...] = ()
    linear: bool = False

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        numbers = {"segment": self.segment, "past": self.past, "future": self.future, "linear": self.linear}
        return {"spec": self.spec.config(), "static": [list(pair) for pair in self.static], **numbers}

    @classmethod
    def from_config(cls, config: Any) -> SegmentInputs:
        """Rebuild from plain JSON; strict."""
        fields = check(config, _SCHEMA, "inputs")
        static = tuple((name, width) for name, width in fields["static"])
        return cls(**{**fields, "spec": WindowSpec.from_config(fields["spec"]), "static": static})

    @property
    def segments(self) -> tuple[int, int]:
        """Segments of the window and of the horizon."""
        return self.spec.context // self.segment, -(-self.spec.horizon // self.segment)

    @property
    def size(self) -> int:
        """Numbers of the inputs of a window."""
        channels = 2 + len(self.spec.lags) + int(self.spec.masked) + self.past + self.future
        return self.spec.context * channels + self.spec.horizon * (1 + self.future)

    def side(self) -> Side:
        """Return the input side of the network's plan."""
        channels = 1 + len(self.spec.lags) + int(self.spec.masked) + self.past + self.future
        parts: dict[str, Space] = {
            WINDOW: Continuous(self.segment * channels),
            FUTURE: Continuous(self.segment * (1 + self.future)),
            "frame": Continuous(2 + len(self.spec.seasons)),
            **{f"static {name}": Continuous(width) for name, width in self.static},
            **({VALUES: Continuous(self.spec.context)} if self.linear else {}),
        }
        return Side("many", Product(parts, {name: "many" if name in (WINDOW, FUTURE) else "one" for name in parts}))

    def arrays(
        self, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray, windows: ScaledWindows, future: np.ndarray | None = None
    ) -> Arrays:
        """Return the inputs of windows; ``future`` (m, horizon, F) is needed where the series end at their cutoffs."""
        m, (count, after) = len(index), self.segments
        positions, inside = series.positions_before(index, cutoffs, self.spec.context)
        channels = [windows.values, *windows.lagged, *([windows.mask] if self.spec.masked else [])]
        covariates = [series.past[positions], series.future[positions]]
        window = np.concatenate([np.stack(channels, 2), *(c * inside[:, :, None] for c in covariates)], 2).astype(np.float32)
        covariates_after = series.future[series.positions_after(index, cutoffs, self.spec.horizon)] if future is None else future
        steps = np.zeros((m, after * self.segment, 1 + self.future), np.float32)
        steps[:, : self.spec.horizon] = np.concatenate([windows.scaled_reference()[:, :, None], covariates_after], 2)
        return {
            WINDOW: window.reshape(m, count, -1),
            FUTURE: steps.reshape(m, after, -1),
            "frame": windows.statistics().astype(np.float32),
            **{f"static {name}": series.static[name][index] for name, _ in self.static},
            **({VALUES: windows.values.astype(np.float32)} if self.linear else {}),
            "count": np.clip(-(-cutoffs // self.segment), 1, count),
        }


def batch(arrays: Arrays) -> dict[str, Any]:
    """Return the inputs of windows as ragged and dense tensors; segments before the beginning of a series are dropped."""
    window, count = torch.from_numpy(arrays[WINDOW]), torch.from_numpy(arrays["count"])
    total = window.shape[1]
    if bool((count < total).any()):
        steps = torch.clamp(total - count[:, None] + torch.arange(total, device="cpu"), max=total - 1)
        window = window.gather(1, steps[:, :, None].expand(-1, -1, window.shape[2]))
    future = torch.from_numpy(arrays[FUTURE])
    lengths = torch.full((len(future),), future.shape[1], dtype=torch.int64, device="cpu")
    others = {name: torch.from_numpy(array) for name, array in arrays.items() if name not in (WINDOW, FUTURE, "count")}
    return {WINDOW: Ragged.from_padded(window, count), FUTURE: Ragged.from_padded(future, lengths), **others}


class WindowDataset(Sequence[Any]):
    """Windows as a sequence of targets; :meth:`collate` turns their numbers into batches of inputs.

    Parameters
    ----------
    inputs : SegmentInputs
        Inputs of the network.
    series : GroupedSeries
        All series.
    windows : array of int
        Number of a series and cutoff of each window, (m, 2).
    """

    def __init__(self, inputs: SegmentInputs, series: GroupedSeries, windows: np.ndarray) -> None:
        self.inputs, self.series, self.windows = inputs, series, windows
        spec, parts = inputs.spec, []
        fits_memory = len(windows) * inputs.size <= _CACHED
        self.targets = np.empty((len(windows), spec.horizon, 1), np.float32)
        for start in range(0, len(windows), _BATCH):
            index, cutoffs = windows[start : start + _BATCH].T
            scaled = spec.scale_windows(series, index, cutoffs)
            future = series.values[series.positions_after(index, cutoffs, spec.horizon)]
            self.targets[start : start + _BATCH, :, 0] = scaled.transform(future)
            parts += [inputs.arrays(series, index, cutoffs, scaled)] if fits_memory else []
        self._cache = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else None

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.windows)

    def __getitem__(self, row: Any) -> Any:
        """Return the scaled target of a window, (horizon, 1)."""
        return self.targets[row]

    def fingerprint(self) -> str:
        """Return a digest of the series, their covariates and the windows, which identifies the data of a checkpoint."""
        parts = [self.windows, self.targets, self.series.values, self.series.observed, self.series.past, self.series.future]
        state = hashlib.blake2b(digest_size=16)
        for part in [*parts, *(self.series.static[name] for name in sorted(self.series.static))]:
            state.update(f"{part.dtype}{part.shape}".encode())
            state.update(np.ascontiguousarray(part).tobytes())
        return state.hexdigest()

    @property
    def lengths(self) -> np.ndarray:
        """Steps of the network for each window, (m,)."""
        count, after = self.inputs.segments
        return np.clip(-(-self.windows[:, 1] // self.inputs.segment), 1, count) + after

    def arrays(self, rows: np.ndarray) -> Arrays:
        """Return the inputs of some windows."""
        if self._cache is not None:
            return {name: part[rows] for name, part in self._cache.items()}
        index, cutoffs = self.windows[rows].T
        return self.inputs.arrays(self.series, index, cutoffs, self.inputs.spec.scale_windows(self.series, index, cutoffs))

    def collate(self, values: list[Any], space: Any, rank: str) -> Any:
        """Batch inputs, from the numbers of windows, or targets."""
        if isinstance(space, Product):
            return batch(self.arrays(np.asarray(values, dtype=np.int64)))
        return torch.from_numpy(np.stack(values)) if np.ndim(values[0]) == 2 else collate(values, space, rank)
