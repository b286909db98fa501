"""LinearForecaster: one linear map from a window of the past to the horizon, fitted to all series together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from elman.baselines._series import SeriesBaseline, error_quantiles
from elman.errors import SettingError
from elman.timeseries.prediction import Prediction

_ROWS = 20_000
"""Windows to fit, at most, over all series: more of them hardly change the solution."""

_FARTHEST = 10.0
"""Bound of scaled values: a nearly constant window must not decide for all others."""


class LinearForecaster(SeriesBaseline):
    """Ridge regression of the next steps on the last ones, both as differences to the last value in units of the window's spread.

    Global over series like a network, and a strong baseline on long horizons (Zeng et al. 2023, NLinear). A series shorter
    than the window is padded on the left with its first value.

    Parameters
    ----------
    context : int or "auto", default "auto"
        Steps to read; "auto" is two seasons, at least 32, at most a third of the longest series.
    alpha : float, default 1.0
        Strength of the penalty on weights.
    season : int or "auto", default "auto"
        Steps of the cycle.

    Examples
    --------
    >>> wave = np.sin(np.arange(120) * 2 * np.pi / 12)
    >>> forecast = LinearForecaster(alpha=1e-6).fit(wave).predict(5)
    >>> bool(np.abs(forecast.values - np.sin(np.arange(120, 125) * 2 * np.pi / 12)).max() < 1e-3)
    True
    """

    def __init__(self, context: int | str = "auto", alpha: float = 1.0, season: int | str = "auto") -> None:
        super().__init__(season)
        self.context = context
        self.alpha = alpha

    def _fit(self, values: list[np.ndarray]) -> None:
        context = self.context
        if context != "auto" and (isinstance(context, bool) or not isinstance(context, int | np.integer) or context < 1):
            raise SettingError(f"context must be 'auto' or a whole number from 1; got {self.context!r}.")
        longest = max(len(v) for v in values)
        self.context_ = int(self.context) if self.context != "auto" else min(max(32, 2 * self.season_), max(2, longest // 3))
        self.past_ = values
        self.maps_: dict[int, tuple[Any, np.ndarray]] = {}
        self.ends_: dict[tuple[int, float], np.ndarray] = {}

    @property
    def lookback_(self) -> int:
        """Steps of history that a forecast needs to be as good as usual."""
        return self.context_ + self.season_

    @property
    def parameters_(self) -> int:
        """Number of weights of the maps solved so far."""
        return sum(int(model.coef_.size) for model, _ in self.maps_.values() if model is not None)

    def _map(self, horizon: int) -> tuple[Any, np.ndarray]:
        """The map to a horizon, solved once, and the errors on the last fifth of windows of a map fitted to the others."""
        if horizon not in self.maps_:
            x, y, late = self._windows(horizon)
            if len(x) == 0:
                self.maps_[horizon] = (None, np.zeros((0, horizon)))
            else:
                early = Ridge(alpha=self.alpha, fit_intercept=False).fit(x[~late], y[~late]) if (~late).any() else None
                errors = y[late] - early.predict(x[late]).reshape(-1, horizon) if early is not None else y[late]
                self.maps_[horizon] = (Ridge(alpha=self.alpha, fit_intercept=False).fit(x, y), errors)
        return self.maps_[horizon]

    def _windows(self, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return scaled windows (rows, context), their targets (rows, horizon), and a mask of the last ones of each series."""
        rows: list[tuple[np.ndarray, np.ndarray]] = []
        late: list[bool] = []
        per_series = max(8, _ROWS // len(self.past_))
        for values in self.past_:
            first, last = min(self.context_, max(2, len(values) - horizon)), len(values) - horizon
            if last < first:
                continue
            cutoffs = np.unique(np.linspace(first, last, min(per_series, last - first + 1)).astype(np.int64))
            for end in cutoffs:
                window, scale = self._scaled(values[:end])
                rows.append((window, np.clip((values[end : end + horizon] - values[end - 1]) / scale, -_FARTHEST, _FARTHEST)))
                late.append(bool(end > last - max(1, (last - first) // 5)))
        if not rows:
            return np.zeros((0, self.context_)), np.zeros((0, horizon)), np.zeros(0, dtype=bool)
        return np.stack([r[0] for r in rows]), np.stack([r[1] for r in rows]), np.asarray(late)

    def _scaled(self, history: np.ndarray) -> tuple[np.ndarray, float]:
        window = history[-self.context_ :]
        scale = float(np.std(window)) or 1.0
        window = np.concatenate([np.full(self.context_ - len(window), window[0]), window])
        return np.clip((window - window[-1]) / scale, -_FARTHEST, _FARTHEST), scale

    def _predict(self, histories: list[np.ndarray], horizon: int, level: Sequence[int]) -> Prediction:
        ridge, errors = self._map(horizon)
        windows, scales = zip(*map(self._scaled, histories), strict=True)
        scale = np.asarray(scales)[:, None]
        change = np.zeros((len(histories), horizon)) if ridge is None else ridge.predict(np.stack(windows)).reshape(-1, horizon)
        point = np.array([history[-1] for history in histories])[:, None] + change * scale
        low, high = ({k: point + self._ends(horizon, errors, (1 + side * k / 100) / 2) * scale for k in level} for side in (-1, 1))
        return Prediction(mean=point, low=low, high=high)

    def _ends(self, horizon: int, errors: np.ndarray, share: float) -> np.ndarray:
        """Return the quantile of the errors at each step, (horizon,), in units of a series' scale."""
        if (horizon, share) not in self.ends_:
            quantiles = [float(error_quantiles(column, np.array([share]))[0]) for column in errors.T]
            self.ends_[horizon, share] = np.array(quantiles)
        return self.ends_[horizon, share]
