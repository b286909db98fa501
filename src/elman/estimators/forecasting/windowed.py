"""Windowed: how model files of the first version forecast, step by step through the window; they are read, and no longer made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from elman.codecs import Series
from elman.errors import DataError
from elman.estimators._inference import predict_rows, quantile_rows
from elman.estimators._panel import Panel
from elman.estimators._windows import WindowPlan, filled
from elman.estimators.forecasting.engine import Asked, Outlook, refuse_samples
from elman.estimators.forecasting.tape import Tape


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowedEngine:
    """A summary of the window, then the difference to the (seasonal) last value in one go.

    Attributes
    ----------
    windows : WindowPlan
        Context, horizon and season.
    margins : dict
        How far each interval must be widened, in units of the windows.
    source : Series
        The codec of the window.
    """

    kind: ClassVar[str] = "windowed"
    windows: WindowPlan
    margins: dict[int, float]
    source: Series

    @property
    def reach(self) -> int:
        """Steps of history that a forecast looks at."""
        return self.windows.context + self.windows.season

    def tape(self, panel: Panel) -> Tape:
        """Lay the series of a panel end to end."""
        return Tape.of(panel, fill=filled)

    def coming(self, panel: Panel, stamps: list[list[Any]], future: Any) -> None:  # one signature for all
        """Nothing is known of the future."""

    def known_ahead(self, panel: Panel, tape: Tape, rows: np.ndarray, ends: np.ndarray) -> None:
        """Nothing is known of the future."""

    def forecast(self, model: Any, asked: Asked) -> Outlook:
        """Say what comes after some ends."""
        refuse_samples(asked)
        values = [asked.tape.series(row)[:end] for row, end in zip(asked.rows.tolist(), asked.ends.tolist(), strict=True)]
        inputs, scales = zip(*(self.windows.inputs(v) for v in values), strict=True)
        sources = self.source.encode_all(inputs)
        changes = np.stack(predict_rows(model, sources, self.source))
        scale = np.asarray(scales)[:, None]
        reference = np.stack([self.windows.reference(v) for v in values])
        ends = {level: self._ends(model, sources, level) for level in self.margins}
        low = {k: reference + np.minimum(ends[k][0] - margin, changes) * scale for k, margin in self.margins.items()}
        high = {k: reference + np.maximum(ends[k][1] + margin, changes) * scale for k, margin in self.margins.items()}
        shown = slice(asked.steps)
        return Outlook(
            mean=(reference + changes * scale)[:, shown],
            low={k: values[:, shown] for k, values in low.items()},
            high={k: values[:, shown] for k, values in high.items()},
        )

    def _ends(self, model: Any, sources: list[Any], level: int) -> np.ndarray:
        """Low and high end of the interval, (2, n, horizon), in units of the windows' scales."""
        outer = (1 - level / 100) / 2
        return np.moveaxis(np.stack(quantile_rows(model, sources, self.source, (outer, 1 - outer))), -1, 0)

    def begin(self, model: Any, panel: Panel) -> None:  # one signature for all
        """Nothing is remembered: a forecast reads its window."""

    def go_on(self, model: Any, memory: Any, panel: Panel, counts: dict[int, int]) -> None:
        """Nothing is remembered."""

    def state(self) -> dict[str, Any]:
        """Return what a file says of it, as files of the first version did."""
        return {"windows": asdict(self.windows), "margin": {str(level): margin for level, margin in self.margins.items()}}

    @classmethod
    def from_state(cls, state: dict[str, Any], source: Any) -> WindowedEngine:
        """Rebuild from a file's ``fitted`` part."""
        if not isinstance(source, Series):
            raise DataError("a windowed forecaster reads a Series; the file holds none.")
        margins = {int(level): float(margin) for level, margin in state["margin"].items()}
        return cls(windows=WindowPlan(**state["windows"]), margins=margins, source=source)
