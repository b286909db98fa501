"""Forecaster: the next steps of one or many series, never far from the simplest forecast unless the data say so."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone

from elman.codecs import Series, Vector
from elman.errors import DataError, SettingError
from elman.estimators._base import Estimator
from elman.estimators._inference import predict_rows, quantile_rows
from elman.estimators._learning import learn
from elman.estimators._panel import Panel, read_panel
from elman.estimators._panel_files import panel_config, panel_from_config
from elman.estimators._scoring import Scoring
from elman.estimators._windows import WindowPlan, detect_season, filled, seasonal_strength
from elman.estimators.forecast import Forecast
from elman.network import Plan, Sizes, plan
from elman.network.settings import Network
from elman.training.settings import Training

_ROWS = 6_000
"""Windows to learn from at most, over all series."""


class Forecaster(Estimator):
    """One network over all series that says how the next steps will differ from the (seasonal) last value.

    Parameters
    ----------
    horizon : int
        Steps to forecast.
    context : int or "auto", default "auto"
        Steps of history to read; "auto" takes two seasons and two horizons, 16 to 256.
    season : int or "auto", default "auto"
        Steps of the cycle; "auto" infers it from the stamps or from the series; 1 for none.
    level : sequence of int, default (80, 95)
        Intervals in per cent: quantiles of the network, widened until they hold on windows held out in time.
    network : Network, optional
        Cell, sizes and regularisation.
    training : Training, optional
        Epochs, budget, learning rate, seed.

    Attributes
    ----------
    windows_ : WindowPlan
        Context, horizon and season in use.
    baseline_ : float
        Mean absolute scaled error of the (seasonal) last value on the held-out windows.
    history_ : History
        One row an epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import Forecaster, Training
    >>> wave = np.sin(np.arange(200) * 2 * np.pi / 20)
    >>> forecast = Forecaster(5, training=Training(max_epochs=5, verbose=0)).fit(wave).predict()
    >>> bool(np.abs(forecast.values - np.sin(np.arange(200, 205) * 2 * np.pi / 20)).max() < 0.1)
    True
    """

    kind: ClassVar[str] = "forecaster"

    def __init__(
        self,
        horizon: int,
        *,
        context: int | str = "auto",
        season: int | str = "auto",
        level: tuple[int, ...] = (80, 95),
        network: Network | None = None,
        training: Training | None = None,
    ) -> None:
        self.horizon = horizon
        self.context = context
        self.season = season
        self.level = level
        self.network = network
        self.training = training

    def fit(self, data: Any, y: None = None) -> Self:  # noqa: ARG002  # scikit-learn passes y
        """Learn from one or several series.

        Parameters
        ----------
        data : array, list of arrays, data frame, Arrow table or Series
            A long frame has columns ``ds``, ``y`` and, for several series, ``unique_id``. NaN is allowed.
        y : None
            Ignored; here for scikit-learn.

        Returns
        -------
        Forecaster
            The estimator itself.
        """
        self._check_settings()
        panel = read_panel(data)
        values = self._known_values(panel)
        self.windows_ = self._plan_windows(panel, values)
        rows, held_out = self._rows(values)
        if not rows:
            longest = max(len(v) for v in values)
            raise DataError(
                f"Every series is too short for horizon {self.horizon}: the longest has {longest} points, {self.horizon + 2} are needed."
            )
        rows, held_out = (rows, held_out) if held_out else (rows[:-1] or rows, rows[-1:])
        self._learn(rows, held_out)
        self.panel_ = panel
        return self

    def _learn(self, rows: list[Any], held_out: list[Any]) -> None:
        inputs, targets = [r[0] for r in rows + held_out], [r[1] for r in rows + held_out]
        network, training = self._settings()
        network = network if network.head != "auto" else clone(network).set_params(head="quantile")
        self.source_ = Series().fit(inputs, role="source")
        self.target_ = Vector("none").fit(targets, role="target")  # scaled by the window: zero must stay the reference
        sources = self.source_.encode_all(inputs)
        encoded = self.target_.encode_all(targets)
        self.plan_ = plan(self.source_, self.target_, network, examples=Sizes.measure(self.source_, self.target_, sources, encoded))
        learned = learn(self.plan_, sources, encoded, training, _SCALED_ERROR, held_out=np.arange(len(rows), len(inputs)), from_zero=True)
        self.model_, self.history_, self.baseline_ = learned.model, learned.history, learned.baseline
        self.margin_ = self._margins(sources[len(rows) :], np.stack(targets[len(rows) :]))

    def _margins(self, sources: list[Any], truth: np.ndarray) -> dict[int, float]:
        """How far the network's intervals must be widened (or narrowed) to hold their share of the held-out steps.

        Conformalized quantile regression (Romano 2019, eq. 6), pooled over the steps of the horizon.
        """
        margins = {}
        for level in self.level:
            low, _, high = self._quantiles(sources, level)
            missed = np.maximum(low - truth, truth - high)
            margins[int(level)] = float(np.quantile(missed, level / 100))
        return margins

    def _quantiles(self, sources: list[Any], level: int) -> np.ndarray:
        """Low end, median and high end of the interval, (3, n, horizon), in units of the windows' scales."""
        outer = (1 - level / 100) / 2
        rows = quantile_rows(self.model_, sources, self.source_, (outer, 0.5, 1 - outer))
        return np.moveaxis(np.stack(rows), -1, 0)

    def predict(self, data: Any = None) -> Forecast:
        """Forecast the steps after the end of the series seen in ``fit``, or of other ones.

        Parameters
        ----------
        data : optional
            Series as in ``fit``; the forecast goes on from their ends.

        Returns
        -------
        Forecast
            ``values``, ``to_frame()``, ``plot()``.
        """
        self._check_fitted()
        panel = self.panel_ if data is None else read_panel(data)
        values = self._known_values(panel)
        inputs, scales = zip(*(self.windows_.inputs(v) for v in values), strict=True)
        sources = self.source_.encode_all(inputs)
        changes = np.stack(predict_rows(self.model_, sources, self.source_))
        scale = np.asarray(scales)[:, None]
        reference = np.stack([self.windows_.reference(v) for v in values])
        ends = {level: self._quantiles(sources, level) for level in self.margin_}
        return Forecast(
            panel=panel,
            mean=reference + changes * scale,
            stamps=[panel.frequency.following(s.stamps[-1], self.horizon) for s in panel.series],
            low={k: reference + np.minimum(ends[k][0] - margin, changes) * scale for k, margin in self.margin_.items()},
            high={k: reference + np.maximum(ends[k][2] + margin, changes) * scale for k, margin in self.margin_.items()},
        )

    def score(self, data: Any, y: Any = None) -> float:  # noqa: ARG002  # scikit-learn passes y
        """Return 1 - error / error of the (seasonal) last value, over the last ``horizon`` steps of each series.

        Parameters
        ----------
        data : as in ``fit``
            Series longer than the horizon; their last steps are hidden and forecast.
        y : None
            Ignored; here for scikit-learn.

        Returns
        -------
        float
            0 is as good as the simplest forecast, 1 is perfect.
        """
        self._check_fitted()
        values = self._known_values(read_panel(data))
        if min(len(v) for v in values) < self.horizon + 2:
            raise DataError(f"score hides the last {self.horizon} steps, so every series needs {self.horizon + 2} points or more.")
        rows = [self.windows_.row(v, len(v) - self.horizon) for v in values]
        predicted = predict_rows(self.model_, self.source_.encode_all([r[0] for r in rows]), self.source_)
        truth = np.stack([r[1] for r in rows])
        naive = float(np.abs(truth).mean())
        return 1.0 - float(np.abs(np.stack(predicted) - truth).mean()) / naive if naive else 0.0

    def plan(self) -> Plan:
        """Return what was inferred from the data and why; printable."""
        self._check_fitted()
        return self.plan_

    def _own_params(self) -> dict[str, Any]:
        return {"horizon": self.horizon, "context": self.context, "season": self.season, "level": list(self.level)}

    @classmethod
    def _from_params(cls, source: Any, target: Any, params: dict[str, Any], groups: dict[str, Any]) -> Self:  # noqa: ARG003  # one signature for all
        return cls(**{**params, "level": tuple(params["level"])}, **groups)

    def _fitted_state(self) -> dict[str, Any]:
        kept = self.windows_.context + self.windows_.season
        return {
            **super()._fitted_state(),
            "windows": asdict(self.windows_),
            "margin": {str(level): margin for level, margin in self.margin_.items()},
            "panel": panel_config(self.panel_, kept),
        }

    def _restore_fitted(self, state: dict[str, Any]) -> None:
        super()._restore_fitted(state)
        self.windows_ = WindowPlan(**state["windows"])
        self.margin_ = {int(level): float(margin) for level, margin in state["margin"].items()}
        self.panel_ = panel_from_config(state["panel"])

    def _rows(self, values: list[np.ndarray]) -> tuple[list[Any], list[Any]]:
        """Windows to learn from, and the last windows of each series, which overlap none of the targets learnt from."""
        rows, held_out = [], []
        per_series = max(8, _ROWS // len(values))
        for series in values:
            kept = self.windows_.ends(len(series), per_series)
            last = len(series) - self.horizon
            late = kept[kept > last - max(1, len(series) // 10)] if len(kept) > 4 else kept[:0]
            early = kept[kept + self.horizon <= late.min()] if len(late) else kept
            if len(early) == 0:
                early, late = kept, kept[:0]
            rows += [self.windows_.row(series, int(end)) for end in early]
            held_out += [self.windows_.row(series, int(end)) for end in late]
        return rows, held_out

    def _plan_windows(self, panel: Panel, values: list[np.ndarray]) -> WindowPlan:
        season = int(self.season) if self.season != "auto" else self._infer_season(panel, values)
        context = int(self.context) if self.context != "auto" else int(np.clip(max(2 * season, 2 * self.horizon), 16, 256))
        return WindowPlan(context=context, horizon=self.horizon, season=season)

    def _infer_season(self, panel: Panel, values: list[np.ndarray]) -> int:
        longest = max(values, key=len)
        season = panel.frequency.season if panel.form == "frame" else 1
        season = season if season > 1 else detect_season(longest)
        return season if float(np.median([seasonal_strength(v, season) for v in values])) > 0 else 1

    def _known_values(self, panel: Panel) -> list[np.ndarray]:
        values = []
        for one in panel.series:
            try:
                values.append(filled(one.values))
            except DataError as error:
                raise DataError(f"series {one.name!r}: {error.detail}") from error
        return values

    def _check_settings(self) -> None:
        for name, value in (("horizon", self.horizon), ("context", self.context), ("season", self.season)):
            if not (value == "auto" and name != "horizon") and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise SettingError(f"{name} must be a whole number from 1; got {value!r}.")
        if any(not 0 < level < 100 for level in self.level):
            raise SettingError(f"level must hold per cents between 0 and 100; got {self.level!r}.")


_SCALED_ERROR = Scoring(
    metric="scaled error",
    baseline="last value",
    higher_is_better=False,
    score=lambda predicted, truth: float(np.abs(np.stack(list(predicted)) - np.stack(list(truth))).mean()),
    constant=lambda train, rows: [np.zeros_like(row) for row in rows],  # noqa: ARG005  # the reference itself
)
