"""Direct engine: a network by segments, learned on windows of all series, and intervals that held on windows held out in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch

from elman.codecs.checks import strict
from elman.errors import DataError
from elman.fitting.learning import Learned
from elman.forecasting.covariates import Covariates, future_covariates_at
from elman.forecasting.direct.inputs import Direct, batch
from elman.forecasting.direct.selection import Reasons, choose_framing, context_of, segment_of
from elman.forecasting.direct.training import DirectLearner, quantile_levels, split
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.engine import FitRequest, ForecastRequest, refuse_samples
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.naive_reference import WindowPlan
from elman.forecasting.schedule import checked
from elman.forecasting.seasons import seasons_of
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel

_AT_ONCE = 1_024
"""Windows forecast at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DirectEngine:
    """The whole horizon in one go.

    Attributes
    ----------
    direct : Direct
        What the network reads.
    covariates : Covariates
        What is known beside the series.
    margins : dict
        How far each interval must be widened, in units of the windows.
    """

    kind: ClassVar[str] = "direct"
    direct: Direct
    covariates: Covariates
    margins: dict[int, float]

    @property
    def reach(self) -> int:
        """Steps of history that a forecast looks at; all of it where it is measured in deviations of the history."""
        return 10**9 if self.direct.framing.scale == "last" else self.direct.framing.reach

    @property
    def windows(self) -> WindowPlan:
        """Context, horizon and season of the simplest forecast."""
        framing = self.direct.framing
        return WindowPlan(context=framing.context, horizon=framing.horizon, season=min(framing.seasons, default=1))

    def tape(self, panel: Panel) -> GroupedSeries:
        """Lay the series and covariates of a panel end to end."""
        return tape_of(panel, self.covariates, self.direct.framing)

    def future_covariates(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray:
        """Return what is known of the steps to come, (n, horizon, F)."""
        return self.covariates.ahead(panel, stamps, future)

    def future_covariates_at(self, panel: Panel, tape: GroupedSeries, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return what is known of the steps after places in the past, (m, horizon, F)."""
        return future_covariates_at(self.covariates, panel, tape, rows, ends, self.direct.framing.horizon)

    def forecast(self, model: Any, asked: ForecastRequest) -> Prediction:
        """Return what comes after some ends."""
        refuse_samples(asked)
        found = [self._forecast(model, asked, slice(at, at + _AT_ONCE)) for at in range(0, len(asked.rows), _AT_ONCE)]
        return Prediction(
            mean=np.concatenate([part.mean for part in found]),
            low={level: np.concatenate([part.low[level] for part in found]) for level in self.margins},
            high={level: np.concatenate([part.high[level] for part in found]) for level in self.margins},
        )

    def _forecast(self, model: Any, asked: ForecastRequest, part: slice) -> Prediction:
        rows, ends = asked.rows[part], asked.ends[part]
        frames = self.direct.framing.cut(asked.tape, rows, ends)
        parts = self.direct.read(asked.tape, rows, ends, frames, None if asked.ahead is None else asked.ahead[part])
        with torch.inference_mode():
            said = model.quantiles(batch(parts), quantile_levels(self.margins)).double().cpu().numpy()
        middle = said[..., 0]
        low = {level: np.minimum(said[..., 1 + 2 * i] - margin, middle) for i, (level, margin) in enumerate(self.margins.items())}
        high = {level: np.maximum(said[..., 2 + 2 * i] + margin, middle) for i, (level, margin) in enumerate(self.margins.items())}
        shown = slice(asked.steps)
        return Prediction(
            mean=frames.restore(middle)[:, shown],
            low={level: frames.restore(values)[:, shown] for level, values in low.items()},
            high={level: frames.restore(values)[:, shown] for level, values in high.items()},
        )

    def start(self, model: Any, panel: Panel) -> None:  # one signature for all
        """Nothing is remembered: a forecast reads its window."""

    def advance(self, model: Any, memory: Any, panel: Panel, counts: dict[int, int]) -> None:
        """Nothing is remembered."""

    def state(self) -> dict[str, Any]:
        """Return what a file says of it."""
        margins = {str(level): margin for level, margin in self.margins.items()}
        config = {"kind": self.kind, "direct": self.direct.config(), "covariates": self.covariates.config(), "margins": margins}
        return {"engine": config}

    @classmethod
    def from_config(cls, config: Any) -> DirectEngine:
        """Rebuild from plain JSON; strict."""
        known = strict(config, ("kind", "direct", "covariates", "margins"), "engine")
        margins = {int(level): float(margin) for level, margin in known["margins"].items()}
        return cls(direct=Direct.from_config(known["direct"]), covariates=Covariates.from_config(known["covariates"]), margins=margins)


def tape_of(panel: Panel, covariates: Covariates, framing: WindowSpec) -> GroupedSeries:
    """Lay a panel end to end, refusing values that the framing has no place for."""
    tape = GroupedSeries.of(panel, **covariates.encode(panel))
    for row, one in enumerate(panel.series):
        framing._power.check(tape.series(row), one.name)
    return tape


def fit_direct(panel: Panel, covariates: Covariates, job: FitRequest) -> tuple[DirectEngine, Learned]:
    """Learn to forecast the whole horizon in one go.

    Parameters
    ----------
    panel : Panel
        The series.
    covariates : Covariates
        What is known beside them.
    job : Job
        The request.

    Returns
    -------
    DirectEngine, Learned
        The way to forecast, and the network.
    """
    tape = GroupedSeries.of(panel, **covariates.encode(panel))
    framing, windows, reasons = _settle(tape, panel, job)
    segment = _segment(framing.seasons, job, framing.context)
    whole = tuple((name, values.shape[1]) for name, values in tape.whole.items())
    widths = {"past": covariates.past_width, "future": covariates.future_width, "whole": whole}
    direct = Direct(framing=framing, segment=segment, linear=job.preparation.linear is True, **widths)
    learner = DirectLearner(tape, windows, job)
    check, why = learner.check(direct)
    learned = learner.finish(check)
    prepared = {name: list(pair) for name, pair in {**reasons, "linear": why}.items()}
    learned = replace(learned, plan=replace(learned.plan, preparation=prepared))
    return DirectEngine(direct=check.direct, covariates=covariates, margins=check.margins), learned


def _settle(tape: GroupedSeries, panel: Panel, job: FitRequest) -> tuple[WindowSpec, tuple[np.ndarray, np.ndarray], Reasons]:
    """Decide everything about windows that "auto" left open."""
    longest = int(tape.lengths.max())
    if longest < job.horizon + 2:
        raise DataError(
            f"Every series is too short for horizon {job.horizon}: the longest has {longest} points, {job.horizon + 2} are needed."
        )
    seasons, why = seasons_of(tape, panel, job.season)
    context = job.context if job.context != "auto" else context_of(seasons, job.horizon, longest)
    segment = _segment(seasons, job, context)
    context = -(-context // segment) * segment
    wanted = job.preparation
    framing = WindowSpec(
        context=context,
        horizon=job.horizon,
        seasons=seasons,
        lags=seasons if wanted.lags == "auto" else tuple(wanted.lags),
        scale="mean" if wanted.scale == "auto" else wanted.scale,
        reference=wanted.reference,
        masked=bool((tape.lengths - job.horizon < context).any() or not tape.known.all()),
    )
    windows = split(tape, framing, job, share=checked(job.training))
    framing, reasons = choose_framing(tape, framing, wanted, windows)
    said = {"seasons": (", ".join(map(str, seasons)) or "none", why), "context": (str(context), f"{segment} steps a segment")}
    return framing, windows, {**said, **reasons}


def _segment(seasons: tuple[int, ...], job: FitRequest, context: int) -> int:
    wanted = job.preparation.segment
    return segment_of(seasons, job.horizon, context) if wanted == "auto" else min(wanted, job.horizon)
