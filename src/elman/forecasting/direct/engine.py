"""DirectEngine: forecasts of the whole horizon at once, by segments, with conformal intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch

from elman.errors import DataError
from elman.fitting.learning import Learned
from elman.forecasting.covariates import Covariates, future_covariates_at
from elman.forecasting.direct.inputs import SegmentInputs, batch
from elman.forecasting.direct.selection import Reasons, choose_spec, default_context, default_segment
from elman.forecasting.direct.training import DirectTrainer, quantile_levels, split
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.engine import LEVEL, FitRequest, ForecastRequest, refuse_samples
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.naive_reference import WindowPlan
from elman.forecasting.schedule import validation_share
from elman.forecasting.seasons import choose_seasons
from elman.io.schema import Mapping, anything, check, real
from elman.network import Plan
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel

_BATCH = 1_024
"""Windows forecast at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DirectEngine:
    """Forecasts of all steps at once.

    Attributes
    ----------
    inputs : SegmentInputs
        Inputs of the network.
    covariates : Covariates
        Encoders of the covariates.
    margins : dict
        Widening of each interval, in scaled units, from held-out windows.
    """

    kind: ClassVar[str] = "direct"
    inputs: SegmentInputs
    covariates: Covariates
    margins: dict[int, float]

    @property
    def reach(self) -> int:
        """Steps of history that a forecast depends on; all of it where the unit is the deviation of the history."""
        return 10**9 if self.inputs.spec.scale == "last" else self.inputs.spec.reach

    @property
    def windows(self) -> WindowPlan:
        """Context, horizon and season of the naive reference."""
        spec = self.inputs.spec
        return WindowPlan(context=spec.context, horizon=spec.horizon, season=min(spec.seasons, default=1))

    def group(self, panel: Panel) -> GroupedSeries:
        """Concatenate the series of a panel, with their covariates encoded."""
        series = GroupedSeries.from_panel(panel, **self.covariates.encode(panel))
        for row, one in enumerate(panel.series):
            self.inputs.spec.power_transform.check(series[row], one.name)
        return series

    def future_covariates(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray:
        """Return the future covariates of the steps after the ends, (n, horizon, F)."""
        return self.covariates.encode_future(panel, stamps, future)

    def future_covariates_at(self, panel: Panel, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Return the future covariates of the steps after past cutoffs, (m, horizon, F)."""
        return future_covariates_at(self.covariates, panel, series, index, cutoffs, self.inputs.spec.horizon)

    def forecast(self, model: Any, request: ForecastRequest) -> Prediction:
        """Forecast the steps after each cutoff."""
        refuse_samples(request)
        batches = [slice(at, at + _BATCH) for at in range(0, len(request.index), _BATCH)]
        return Prediction.concatenate([self._forecast(model, request, rows) for rows in batches])

    def _forecast(self, model: Any, request: ForecastRequest, rows: slice) -> Prediction:
        index, cutoffs = request.index[rows], request.cutoffs[rows]
        windows = self.inputs.spec.scale_windows(request.series, index, cutoffs)
        future = None if request.future is None else request.future[rows]
        arrays = self.inputs.arrays(request.series, index, cutoffs, windows, future)
        with torch.inference_mode():
            quantiles = model.quantiles(batch(arrays), quantile_levels(self.margins)).double().cpu().numpy()
        middle = quantiles[..., 0]
        # the median bounds both ends: a negative margin must not turn an interval inside out
        low = {level: np.minimum(quantiles[..., 1 + 2 * i] - margin, middle) for i, (level, margin) in enumerate(self.margins.items())}
        high = {level: np.maximum(quantiles[..., 2 + 2 * i] + margin, middle) for i, (level, margin) in enumerate(self.margins.items())}
        steps = slice(request.horizon)
        return Prediction(
            mean=windows.invert(middle)[:, steps],
            low={level: windows.invert(values)[:, steps] for level, values in low.items()},
            high={level: windows.invert(values)[:, steps] for level, values in high.items()},
        )

    def start(self, model: Any, panel: Panel) -> None:
        """Return None: a forecast reads its window, and there is no state."""

    def advance(self, model: Any, state: Any, panel: Panel, counts: dict[int, int]) -> None:
        """Return None: there is no state."""

    def config(self) -> dict[str, Any]:
        """Return plain JSON for the model file."""
        margins = {str(level): margin for level, margin in self.margins.items()}
        return {"kind": self.kind, "inputs": self.inputs.config(), "covariates": self.covariates.config(), "margins": margins}

    @classmethod
    def from_config(cls, config: Any) -> DirectEngine:
        """Rebuild from plain JSON; strict."""
        schema = {"kind": anything, "inputs": anything, "covariates": anything, "margins": Mapping(real())}
        parts = check(config, schema, "engine")
        levels = check([int(level) for level in parts["margins"]], [LEVEL], "engine.margins")
        margins = dict(zip(levels, map(float, parts["margins"].values()), strict=True))
        inputs, covariates = SegmentInputs.from_config(parts["inputs"]), Covariates.from_config(parts["covariates"])
        covariates.check_widths(past=inputs.past, future=inputs.future)
        static = tuple((column.name, column.width) for column in covariates.of("static"))
        if static != inputs.static or inputs.spec.context % inputs.segment or inputs.segment > inputs.spec.horizon:
            raise DataError("inputs, covariates and segments of a direct forecast do not fit one another. The file is damaged.")
        return cls(inputs=inputs, covariates=covariates, margins=margins)

    def check_plan(self, plan: Plan) -> None:
        """Raise DataError where a network of this plan, read from a file, cannot be asked by this engine."""
        spec, shape = self.inputs.spec, (plan.source, plan.horizon, plan.segment)
        if shape != (self.inputs.side(), spec.horizon, self.inputs.segment):
            raise DataError(f"its network answers {plan.horizon} steps of {plan.source}; expected {spec.horizon}. The file is damaged.")


def fit_direct(panel: Panel, covariates: Covariates, request: FitRequest) -> tuple[DirectEngine, Learned]:
    """Fit a direct engine."""
    series = GroupedSeries.from_panel(panel, **covariates.encode(panel))
    spec, windows, reasons = _choose_windows(series, panel, request)
    segment = _segment(spec.seasons, request, spec.context)
    static = tuple((name, values.shape[1]) for name, values in series.static.items())
    widths = {"past": covariates.past_width, "future": covariates.future_width, "static": static}
    inputs = SegmentInputs(spec=spec, segment=segment, linear=request.preparation.linear is True, **widths)
    trainer = DirectTrainer(series, windows, request)
    validation, reason = trainer.validate(inputs)
    learned = trainer.finish(validation)
    preparation = {name: list(pair) for name, pair in {**reasons, "linear": reason}.items()}
    learned = replace(learned, plan=replace(learned.plan, preparation=preparation))
    return DirectEngine(inputs=validation.inputs, covariates=covariates, margins=validation.margins), learned


def _choose_windows(series: GroupedSeries, panel: Panel, request: FitRequest) -> tuple[WindowSpec, tuple[np.ndarray, np.ndarray], Reasons]:
    """Resolve every "auto" setting of the windows."""
    longest = int(series.lengths.max())
    if longest < request.horizon + 2:
        raise DataError(
            f"Every series is too short for horizon {request.horizon}: the longest has {longest} points, {request.horizon + 2} are needed."
        )
    seasons, reason = choose_seasons(series, panel, request.season)
    context = request.context if request.context != "auto" else default_context(seasons, request.horizon, longest)
    segment = _segment(seasons, request, context)
    context = -(-context // segment) * segment
    settings = request.preparation
    spec = WindowSpec(
        context=context,
        horizon=request.horizon,
        seasons=seasons,
        lags=seasons if isinstance(settings.lags, str) else tuple(settings.lags),
        scale="mean" if settings.scale == "auto" else settings.scale,
        reference=settings.reference,
        masked=bool((series.lengths - request.horizon < context).any() or not series.observed.all()),
    )
    windows = split(series, spec, request, share=validation_share(request.training))
    spec, reasons = choose_spec(series, spec, settings, windows)
    sizes = {"seasons": (", ".join(map(str, seasons)) or "none", reason), "context": (str(context), f"{segment} steps a segment")}
    return spec, windows, {**sizes, **reasons}


def _segment(seasons: tuple[int, ...], request: FitRequest, context: int) -> int:
    segment = request.preparation.segment
    return default_segment(seasons, request.horizon, context) if isinstance(segment, str) else min(segment, request.horizon)
