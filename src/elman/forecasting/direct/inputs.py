"""Direct: the whole horizon in one go, by segments of windows that are put in units of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.codecs.checks import strict
from elman.codecs.space import Continuous, Product, Space
from elman.forecasting.direct.windows import ScaledWindows, WindowSpec
from elman.forecasting.grouped import GroupedSeries
from elman.network.collation import collate
from elman.network.decoders.segments import FUTURE, VALUES, WINDOW
from elman.network.planning.side import Side
from elman.sequences import Ragged

_AT_ONCE = 2_048
"""Windows framed at once."""
_KEPT = 40_000_000
"""Numbers of all windows together up to which they are framed once and kept."""

Parts = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Direct:
    """What the network reads of a window and what it says of its future.

    Attributes
    ----------
    framing : Framing
        Units of a window.
    segment : int
        Steps of a segment.
    past, future : int
        Channels of covariates known of the past only, and of the future too.
    whole : tuple of (str, int)
        Names and widths of what is said about a series as a whole.
    linear : bool
        A linear map of the window is beside the network.
    """

    framing: WindowSpec
    segment: int
    past: int = 0
    future: int = 0
    whole: tuple[tuple[str, int], ...] = ()
    linear: bool = False

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        numbers = {"segment": self.segment, "past": self.past, "future": self.future, "linear": self.linear}
        return {"framing": self.framing.config(), "whole": [list(pair) for pair in self.whole], **numbers}

    @classmethod
    def from_config(cls, config: Any) -> Direct:
        """Rebuild from plain JSON; strict."""
        known = strict(config, cls.__dataclass_fields__, "direct")
        whole = tuple((str(name), int(width)) for name, width in known["whole"])
        return cls(**{**known, "framing": WindowSpec.from_config(known["framing"]), "whole": whole})

    @property
    def segments(self) -> tuple[int, int]:
        """Segments of the window and of the horizon."""
        return self.framing.context // self.segment, -(-self.framing.horizon // self.segment)

    @property
    def size(self) -> int:
        """Numbers read of a window."""
        channels = 2 + len(self.framing.lags) + int(self.framing.masked) + self.past + self.future
        return self.framing.context * channels + self.framing.horizon * (1 + self.future)

    def side(self) -> Side:
        """Return what the network reads, as a plan says it."""
        channels = 1 + len(self.framing.lags) + int(self.framing.masked) + self.past + self.future
        parts: dict[str, Space] = {
            WINDOW: Continuous(self.segment * channels),
            FUTURE: Continuous(self.segment * (1 + self.future)),
            "frame": Continuous(2 + len(self.framing.seasons)),
            **{f"static {name}": Continuous(width) for name, width in self.whole},
            **({VALUES: Continuous(self.framing.context)} if self.linear else {}),
        }
        return Side("many", Product(parts, {name: "many" if name in (WINDOW, FUTURE) else "one" for name in parts}))

    def read(
        self, tape: GroupedSeries, rows: np.ndarray, ends: np.ndarray, frames: ScaledWindows, ahead: np.ndarray | None = None
    ) -> Parts:
        """Return what the network reads of windows, as arrays; ``ahead`` (m, horizon, F) where the tape ends with the window."""
        m, (count, coming) = len(rows), self.segments
        places, real = tape.places(rows, ends, self.framing.context)
        channels = [frames.values, *frames.lagged, *([frames.real] if self.framing.masked else [])]
        covariates = [tape.past[places], tape.future[places]]
        window = np.concatenate([np.stack(channels, 2), *(c * real[:, :, None] for c in covariates)], 2).astype(np.float32)
        known = tape.future[tape.ahead(rows, ends, self.framing.horizon)] if ahead is None else ahead
        future = np.zeros((m, coming * self.segment, 1 + self.future), np.float32)
        future[:, : self.framing.horizon] = np.concatenate([frames.ahead()[:, :, None], known], 2)
        return {
            WINDOW: window.reshape(m, count, -1),
            FUTURE: future.reshape(m, coming, -1),
            "frame": frames.wholes().astype(np.float32),
            **{f"static {name}": tape.whole[name][rows] for name, _ in self.whole},
            **({VALUES: frames.values.astype(np.float32)} if self.linear else {}),
            "count": np.clip(-(-ends // self.segment), 1, count),
        }


def batch(parts: Parts) -> dict[str, Any]:
    """Return arrays of windows as the network takes them; segments before a series began are left out.

    Parameters
    ----------
    parts : dict of array
        Result of :meth:`Direct.read`.

    Returns
    -------
    dict
        Ragged windows, and tensors.
    """
    window, count = torch.from_numpy(parts[WINDOW]), torch.from_numpy(parts["count"])
    total = window.shape[1]
    if bool((count < total).any()):
        steps = torch.clamp(total - count[:, None] + torch.arange(total, device="cpu"), max=total - 1)
        window = window.gather(1, steps[:, :, None].expand(-1, -1, window.shape[2]))
    future = torch.from_numpy(parts[FUTURE])
    lengths = torch.full((len(future),), future.shape[1], dtype=torch.int64, device="cpu")
    others = {name: torch.from_numpy(part) for name, part in parts.items() if name not in (WINDOW, FUTURE, "count")}
    return {WINDOW: Ragged.from_padded(window, count), FUTURE: Ragged.from_padded(future, lengths), **others}


class Windows(Sequence[Any]):
    """Windows to learn from: row numbers, which :meth:`collate` turns into batches, and their futures.

    Parameters
    ----------
    direct : Direct
        What is read.
    tape : Tape
        Of what.
    windows : array of int
        Series and end of each, (m, 2).
    """

    def __init__(self, direct: Direct, tape: GroupedSeries, windows: np.ndarray) -> None:
        self.direct, self.tape, self.windows = direct, tape, windows
        framing, kept = direct.framing, []
        keeps = len(windows) * direct.size <= _KEPT
        self.truth = np.empty((len(windows), framing.horizon, 1), np.float32)
        for start in range(0, len(windows), _AT_ONCE):
            rows, ends = windows[start : start + _AT_ONCE].T
            frames = framing.cut(tape, rows, ends)
            self.truth[start : start + _AT_ONCE, :, 0] = frames.measure(tape.values[tape.ahead(rows, ends, framing.horizon)])
            kept += [direct.read(tape, rows, ends, frames)] if keeps else []
        self._kept = {name: np.concatenate([part[name] for part in kept]) for name in kept[0]} if kept else None

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.windows)

    def __getitem__(self, row: Any) -> Any:
        """Return the future of a window in its own units, (horizon, 1)."""
        return self.truth[row]

    @property
    def lengths(self) -> np.ndarray:
        """Steps of the network for each window, (m,)."""
        count, coming = self.direct.segments
        return np.clip(-(-self.windows[:, 1] // self.direct.segment), 1, count) + coming

    def parts(self, rows: np.ndarray) -> Parts:
        """Return what is read of some windows."""
        if self._kept is not None:
            return {name: part[rows] for name, part in self._kept.items()}
        series, ends = self.windows[rows].T
        return self.direct.read(self.tape, series, ends, self.direct.framing.cut(self.tape, series, ends))

    def collate(self, values: list[Any], space: Any, rank: str) -> Any:
        """Make a batch: of row numbers what is read, of futures what is to be said."""
        if isinstance(space, Product):
            return batch(self.parts(np.asarray(values, dtype=np.int64)))
        return torch.from_numpy(np.stack(values)) if np.ndim(values[0]) == 2 else collate(values, space, rank)
