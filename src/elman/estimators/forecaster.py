"""Forecaster: a scikit-learn estimator that forecasts one or many series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from sklearn.base import clone

from elman.codecs.checks import one_of
from elman.errors import DataError, SettingError
from elman.estimators.base import Estimator
from elman.estimators.saving import settings_spec
from elman.forecasting.covariates import Covariates
from elman.forecasting.engine import Engine, FitRequest, ForecastRequest
from elman.forecasting.engines import KINDS, engine_from_config, fit
from elman.forecasting.forecast import Forecast
from elman.forecasting.naive_reference import WindowPlan
from elman.forecasting.settings import Preparation
from elman.forecasting.update import append, extend, read_new, tail
from elman.io.schema import check, text
from elman.network import Plan
from elman.network.settings import Network
from elman.sequences.threads import reproducible
from elman.settings import plain
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel, read_panel
from elman.timeseries.saved_panel import panel_config, panel_from_config
from elman.training.settings import Training

if TYPE_CHECKING:
    from elman.evaluation.anomalies import Anomalies
    from elman.evaluation.backtest import Backtest


class Forecaster(Estimator):
    """One network over all series that forecasts the difference to naive forecasts: the last value, the value a season ago.

    Parameters
    ----------
    horizon : int
        Steps to forecast.
    model : {"auto", "direct", "autoregressive"}, default "auto"
        All steps at once, by segments (SegRNN), or step by step, as sample paths (DeepAR); "auto" is autoregressive for counts.
    context : int or "auto", default "auto"
        Steps of history that a direct model reads; "auto" takes two seasons and two horizons, 16 to 720.
    season : int, tuple of int or "auto", default "auto"
        Steps of the cycle, or of several; "auto" infers them from the stamps or from the series; 1 for none.
    preparation : Preparation, optional
        Scale, power, reference, seasonality, calendar, lags.
    past : sequence of str, default ()
        Past covariates: columns that are known up to the cutoff.
    future : sequence of str, default ()
        Future covariates: columns that are known for the horizon too.
    static : sequence of str, default ()
        Static covariates: columns that are constant in a series; "unique_id" is its name.
    level : sequence of int, default (80, 95)
        Intervals in per cent, widened to their coverage on held-out windows.
    refit : bool, default True
        Train again on all windows, for the best number of epochs on the held-out ones.
    network : Network, optional
        Cell, sizes, head and regularisation.
    training : Training, optional
        Epochs, budget, learning rate, seed; ``validation_fraction`` is the part of each series held out at its end.

    Attributes
    ----------
    engine_ : Engine
        Inputs of the network and the way from its outputs to forecasts.
    windows_ : WindowPlan
        Context, horizon and first season.
    baseline_ : float
        Error of the naive forecast on the held-out windows, in the metric of ``history_``.
    history_ : History
        One row per epoch.

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
    groups: ClassVar[dict[str, type[Any]]] = {**Estimator.groups, "preparation": Preparation}

    engine_: Engine
    windows_: WindowPlan
    panel_: Panel

    def __init__(
        self,
        horizon: int,
        *,
        model: str = "auto",
        context: int | str = "auto",
        season: int | Sequence[int] | str = "auto",
        preparation: Preparation | None = None,
        past: Sequence[str] = (),
        future: Sequence[str] = (),
        static: Sequence[str] = (),
        level: tuple[int, ...] = (80, 95),
        refit: bool = True,
        network: Network | None = None,
        training: Training | None = None,
    ) -> None:
        self.horizon = horizon
        self.model = model
        self.context = context
        self.season = season
        self.preparation = preparation
        self.past = past
        self.future = future
        self.static = static
        self.level = level
        self.refit = refit
        self.network = network
        self.training = training

    @reproducible()
    def fit(self, data: Any, y: None = None) -> Self:  # noqa: ARG002  # scikit-learn passes y
        """Fit the network to one or several series.

        Parameters
        ----------
        data : array, list of arrays, data frame, Arrow table or Series
            A long frame has columns ``ds``, ``y``, for several series ``unique_id``, and the covariates. NaN is allowed.
        y : None
            Ignored; here for scikit-learn.

        Returns
        -------
        Forecaster
            The estimator itself.
        """
        self._check_settings()
        settings = settings_spec(self)
        panel = read_panel(data)
        preparation = self.preparation or Preparation()
        roles = {"past": self.past, "future": self.future, "static": self.static}
        covariates = Covariates.learn(panel, roles, dates=preparation.calendar is not False)
        network, training = self._settings()
        request = FitRequest(
            horizon=plain(self.horizon),
            context=plain(self.context),
            season=plain(self.season),
            preparation=preparation,
            network=cast(Network, clone(network)),
            training=training,
            levels=tuple(int(level) for level in self.level),
            refit=plain(self.refit),
        )
        engine, learned = fit(self.model, panel, covariates, request)
        series = {"source_": None, "target_": None, "panel_": panel, "_state": None}
        return self._conclude(settings, engine_=engine, windows_=engine.windows, **series, **learned.attributes())

    def predict(self, data: Any = None, *, future: Any = None, n_samples: int | None = None) -> Forecast:
        """Forecast the steps after the end of the series seen in ``fit``, or of other ones.

        Parameters
        ----------
        data : optional
            Series as in ``fit``; the forecast goes on from their ends.
        future : data frame, optional
            Columns ``ds``, for several series ``unique_id``, and the future covariates of the whole horizon.
        n_samples : int, optional
            Sample paths to draw from an autoregressive model: ``Forecast.samples``.

        Returns
        -------
        Forecast
            ``values``, ``to_frame()``, ``plot()``.
        """
        self._check_fitted()
        panel = self.panel_ if data is None else read_panel(data)
        stamps = [panel.frequency.following(s.stamps[-1], self.horizon_) for s in panel.series]
        state = self._end_state() if data is None else None
        series = self.engine_.group(tail(panel, self.engine_.reach if state is None else 1))
        request = ForecastRequest(
            series=series,
            index=np.arange(len(series)),
            cutoffs=series.lengths,
            future=self.engine_.future_covariates(panel, stamps, future),
            n_samples=n_samples,
            state=state,
        )
        return Forecast(panel=panel, stamps=stamps, prediction=self.engine_.forecast(self.model_, request))

    def update(self, new_points: Any) -> Self:
        """Append points to the series of ``fit``, without training.

        The state of an autoregressive model advances by one step per point; a direct model has no state. The next ``predict()`` returns
        the forecast of the longer series.

        Parameters
        ----------
        new_points : as in ``fit``
            In the form of ``fit``; of several arrays, an empty one for a series without new points. NaN is allowed.

        Returns
        -------
        Forecaster
            The estimator itself.
        """
        self._check_fitted()
        state = self._end_state()
        panel, counts = append(self.panel_, read_new(new_points, self.panel_))
        self._state = None if state is None else self.engine_.advance(self.model_, state, panel, counts)
        self.panel_ = panel
        return self

    def _end_state(self) -> Any:
        """The engine's state at the ends of the panel, computed once; None for an engine without state."""
        if getattr(self, "_state", None) is None:  # a loaded model has no such attribute
            self._state = self.engine_.start(self.model_, self.panel_)
        return self._state

    @property
    def horizon_(self) -> int:
        """Steps that the fitted model forecasts."""
        return self.windows_.horizon

    @property
    def lookback_(self) -> int:
        """Steps of history that a forecast needs to be as good as usual."""
        return self.windows_.context + self.windows_.season

    def forecast_from(
        self,
        panel: Panel,
        series: Sequence[int] | np.ndarray,
        cutoffs: Sequence[int] | np.ndarray,
        *,
        horizon: int | None = None,
        level: Sequence[int] | None = None,
    ) -> Prediction:
        """Forecast from cutoffs in the past, each from the values before it alone, without training.

        Parameters
        ----------
        panel : Panel
            From ``read_panel``; future covariates must be known for the horizon after each cutoff.
        series : sequence of int, (m,)
            Number of a series.
        cutoffs : sequence of int, (m,)
            First step to forecast, from 1.
        horizon : int, optional
            Steps to forecast; the model's by default, and at most.
        level : sequence of int, optional
            Some of the model's intervals in per cent; all by default.

        Returns
        -------
        Prediction
            ``mean`` (m, horizon), ``low`` and ``high`` by level.
        """
        self._check_fitted()
        index, cutoffs = np.asarray(series, dtype=np.int64), np.asarray(cutoffs, dtype=np.int64)
        lengths = np.array([len(one.values) for one in panel.series])
        if len(cutoffs) and (int(cutoffs.min()) < 1 or (cutoffs > lengths[index]).any()):
            raise DataError(f"cutoffs must be from 1 to the length of their series; got {int(cutoffs.min())} to {int(cutoffs.max())}.")
        if horizon is not None and not 1 <= horizon <= self.horizon_:
            raise SettingError(f"horizon must be in 1..{self.horizon_}, the horizon of fit; got {horizon!r}.")
        if horizon is not None and not (cutoffs + horizon > lengths[index]).any():
            # the network reads covariates for its whole horizon; those after the requested steps do not matter
            panel = extend(panel, index, cutoffs + self.horizon_)
        grouped = self.engine_.group(panel)
        future = self.engine_.future_covariates_at(panel, grouped, index, cutoffs)
        request = ForecastRequest(series=grouped, index=index, cutoffs=cutoffs, future=future, horizon=horizon)
        prediction = self.engine_.forecast(self.model_, request)
        if level is None:
            return prediction
        if not set(level) <= set(prediction.low):
            raise SettingError(f"level must be some of {tuple(prediction.low)}, the levels of fit; got {tuple(level)}.")
        return prediction.with_levels(level)

    def backtest(self, data: Any, *, windows: int = 5, step: int | None = None, refit: bool | int = False) -> Backtest:
        """Evaluate a copy at cutoffs in the past, beside naive forecasts; see :func:`elman.evaluation.backtest.backtest`.

        Parameters
        ----------
        data : as in ``fit``
            The series.
        windows : int, default 5
            Number of cutoffs in time.
        step : int, optional
            Steps between them; a horizon by default, so that they do not overlap.
        refit : bool or int, default False
            Train again at every cutoff, or at every so many; False trains once, before the first.

        Returns
        -------
        Backtest
            ``table``, ``verdict``, ``persistence``, ``to_frame()``, ``plot()``; printable.
        """
        from elman.evaluation.backtest import backtest

        return backtest(self, data, windows=windows, step=step, refit=refit)

    def anomalies(self, data: Any, *, rate: float = 0.001, normal: Any = None) -> Anomalies:
        """Score every point by its distance from a one-step forecast, which depends on the values before it alone.

        Parameters
        ----------
        data : as in ``fit``
            Series to score.
        rate : float, default 0.001
            Share of normal points that may be flagged by mistake.
        normal : optional
            Normal series for the threshold; those of ``fit`` by default.

        Returns
        -------
        Anomalies
            ``scores``, ``threshold``, ``flags``, ``to_frame()``, ``plot()``.
        """
        from elman.evaluation.anomalies import anomalies

        self._check_fitted()
        return anomalies(self, data, rate=rate, normal=normal)

    def score(self, data: Any, y: Any = None) -> float:  # noqa: ARG002  # scikit-learn passes y
        """Return 1 - error / error of the (seasonal) last value, over the last ``horizon`` steps of each series.

        Parameters
        ----------
        data : as in ``fit``
            Series longer than the horizon; their last steps are hidden from the model.
        y : None
            Ignored; here for scikit-learn.

        Returns
        -------
        float
            0 is as good as the simplest forecast, 1 is perfect.
        """
        self._check_fitted()
        panel = read_panel(data)
        series, horizon = self.engine_.group(panel), self.horizon_
        if int(series.lengths.min()) < horizon + 2:
            raise DataError(f"score hides the last {horizon} steps, so every series needs {horizon + 2} points or more.")
        index, cutoffs = np.arange(len(series)), series.lengths - horizon
        truth = series.values[series.positions_after(index, cutoffs, horizon)]
        naive = np.stack([self.windows_.reference(series[row][:end]) for row, end in zip(index.tolist(), cutoffs, strict=True)])
        scale = np.maximum(np.abs(truth - naive).mean(1, keepdims=True), 1e-12 + 1e-6 * np.abs(truth).max(1, keepdims=True))
        forecast = self.forecast_from(panel, index, cutoffs).mean
        naive_error = float((np.abs(truth - naive) / scale).mean())
        return 1.0 - float((np.abs(truth - forecast) / scale).mean()) / naive_error if naive_error else 0.0

    def plan(self) -> Plan:
        """Return the settings inferred from the data, with the reasons; printable."""
        self._check_fitted()
        return self.plan_

    def _own_params(self) -> dict[str, Any]:
        names = ("horizon", "model", "context", "refit")
        lists = {name: plain(list(getattr(self, name))) for name in ("past", "future", "static", "level")}
        season = plain(self.season)
        season = season if isinstance(season, int | str) else list(season)
        preparation = None if self.preparation is None else self.preparation.get_params(deep=False)
        return {**{name: plain(getattr(self, name)) for name in names}, **lists, "season": season, "preparation": preparation}

    @classmethod
    def _from_params(cls, source: Any, target: Any, params: dict[str, Any], groups: dict[str, Any]) -> Self:  # noqa: ARG003  # one signature for all
        for name in ("past", "future", "static"):
            check(params[name], [text], f"params.{name}")
        tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in params.items()}
        settings = params.get("preparation")
        preparation = None if settings is None else cast(Preparation, Preparation().set_params(**settings))
        return cls(**{**tuples, "preparation": preparation}, **groups)

    def _fitted_state(self) -> dict[str, Any]:
        steps = min(self.engine_.reach, max(len(one.stamps) for one in self.panel_.series))
        params = self._settings_of_fit()["params"]
        columns = (*params["past"], *params["future"], *params["static"])
        return {**super()._fitted_state(), "engine": self.engine_.config(), "panel": panel_config(self.panel_, steps, columns)}

    def _restore_fitted(self, state: dict[str, Any]) -> None:
        super()._restore_fitted(state)
        self.engine_ = engine_from_config(state["engine"])
        self.windows_ = self.engine_.windows
        self.panel_ = panel_from_config(state["panel"])

    def _check_restored(self) -> None:
        self._check_settings()
        self.engine_.check_plan(self.plan_)
        if self.horizon != self.windows_.horizon:
            raise DataError(f"its horizon is {self.horizon} and its engine's {self.windows_.horizon}. The file is damaged.")

    def _check_settings(self) -> None:
        season = plain(self.season)
        for name, value in (("horizon", plain(self.horizon)), ("context", plain(self.context))):
            if not (value == "auto" and name != "horizon"):
                _whole(name, value)
        for steps in [season] if isinstance(season, int | float | str) else season:
            if steps != "auto":
                _whole("season", steps)
        if any(not 0 < level < 100 for level in self.level):
            raise SettingError(f"level must hold per cents between 0 and 100; got {self.level!r}.")
        one_of(self.model, KINDS, "model", SettingError)
        for name in ("past", "future", "static"):
            if isinstance(getattr(self, name), str):
                raise SettingError(f"{name} must be a list of columns; got {getattr(self, name)!r}. Write ({getattr(self, name)!r},).")
        (self.preparation or Preparation()).check()


def _whole(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingError(f"{name} must be a whole number from 1; got {value!r}.")
