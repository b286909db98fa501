"""Forecaster: the next steps of one or many series, never far from the simplest forecast unless the data report it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from sklearn.base import clone

from elman.codecs.checks import one_of
from elman.errors import DataError, SettingError
from elman.estimators.base import Estimator
from elman.forecasting.covariates import Covariates
from elman.forecasting.engine import Engine, FitRequest, ForecastRequest
from elman.forecasting.engines import KINDS, engine_from, fit
from elman.forecasting.forecast import Forecast
from elman.forecasting.naive_reference import WindowPlan
from elman.forecasting.settings import Preparation
from elman.forecasting.update import grown, read_new, tail
from elman.network import Plan
from elman.network.settings import Network
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel, read_panel
from elman.timeseries.saved_panel import panel_config, panel_from_config
from elman.training.settings import Training

if TYPE_CHECKING:
    from elman.evaluation.anomalies import Anomalies
    from elman.evaluation.backtest import Backtest


class Forecaster(Estimator):
    """One network over all series that says how the next steps will differ from the simple forecasts: the last value, the last season.

    Parameters
    ----------
    horizon : int
        Steps to forecast.
    model : {"auto", "direct", "autoregressive"}, default "auto"
        All steps in one go, by segments (SegRNN), or one after the other, as sample paths (DeepAR); "auto" goes step by step for counts.
    context : int or "auto", default "auto"
        Steps of history that a direct model reads; "auto" takes two seasons and two horizons, 16 to 720.
    season : int, tuple of int or "auto", default "auto"
        Steps of the cycle, or of several; "auto" infers them from the stamps or from the series; 1 for none.
    preparation : Preparation, optional
        Scale, power, reference, seasonality, calendar, lags.
    past : sequence of str, default ()
        Columns of the frame that are known of the past only.
    future : sequence of str, default ()
        Columns that are known of the future too.
    static : sequence of str, default ()
        Columns that say something about a series as a whole; "unique_id" is its name.
    level : sequence of int, default (80, 95)
        Intervals in per cent, widened until they hold on windows held out in time.
    refit : bool, default True
        Learn again from everything, once the held-out windows have said how long.
    network : Network, optional
        Cell, sizes, head and regularisation.
    training : Training, optional
        Epochs, budget, learning rate, seed; ``validation_fraction`` is the part of each series held out at its end.

    Attributes
    ----------
    engine_ : Engine
        How windows are read and answers become forecasts.
    windows_ : WindowPlan
        Context, horizon and first season in use.
    baseline_ : float
        Error of the simple forecast on the held-out windows, in the metric of ``history_``.
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
    groups: ClassVar[dict[str, type[Any]]] = {**Estimator.groups, "preparation": Preparation}

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

    def fit(self, data: Any, y: None = None) -> Self:  # noqa: ARG002  # scikit-learn passes y
        """Learn from one or several series.

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
        panel = read_panel(data)
        preparation = self.preparation or Preparation()
        roles = {"past": self.past, "future": self.future, "static": self.static}
        covariates = Covariates.learn(panel, roles, dates=preparation.calendar is not False)
        network, training = self._settings()
        job = FitRequest(
            horizon=self.horizon,
            context=self.context,
            season=self.season,
            preparation=preparation,
            network=cast(Network, clone(network)),
            training=training,
            levels=tuple(int(level) for level in self.level),
            refit=self.refit,
        )
        self.engine_, learned = fit(self.model, panel, covariates, job)
        self.plan_, self.model_, self.history_, self.baseline_ = learned.plan, learned.model, learned.history, learned.baseline
        self.source_ = self.target_ = None
        self.windows_ = self.engine_.windows
        self.panel_, self._remembered = panel, None
        return self

    def predict(self, data: Any = None, *, future: Any = None, n_samples: int | None = None) -> Forecast:
        """Forecast the steps after the end of the series seen in ``fit``, or of other ones.

        Parameters
        ----------
        data : optional
            Series as in ``fit``; the forecast goes on from their ends.
        future : data frame, optional
            Columns ``ds``, for several series ``unique_id``, and the covariates that are known of the future, for the whole horizon.
        n_samples : int, optional
            Paths to draw, of an autoregressive model: ``Forecast.samples``.

        Returns
        -------
        Forecast
            ``values``, ``to_frame()``, ``plot()``.
        """
        self._check_fitted()
        panel = self.panel_ if data is None else read_panel(data)
        stamps = [panel.frequency.following(s.stamps[-1], self.horizon) for s in panel.series]
        memory = self._memory() if data is None else None
        tape = self.engine_.tape(tail(panel, self.engine_.reach if memory is None else 1))
        ahead = self.engine_.future_covariates(panel, stamps, future)
        asked = ForecastRequest(tape=tape, rows=np.arange(len(tape)), ends=tape.lengths, ahead=ahead, n_samples=n_samples, memory=memory)
        found = self.engine_.forecast(self.model_, asked)
        return Forecast(panel=panel, mean=found.mean, stamps=stamps, low=found.low, high=found.high, samples=found.samples)

    def update(self, new_points: Any) -> Self:
        """Take in points that follow the ends of the series seen in ``fit``; nothing is learned anew.

        What an autoregressive model remembers goes on by one step a point; a direct model reads one window when it is asked. The next
        ``predict()`` says what it would say of the longer series.

        Parameters
        ----------
        new_points : as in ``fit``
            An array or a list of arrays where ``fit`` had them (an empty array where a series has no news), else a frame; NaN is allowed.

        Returns
        -------
        Forecaster
            The estimator itself.
        """
        self._check_fitted()
        memory = self._memory()
        panel, counts = grown(self.panel_, read_new(new_points, self.panel_))
        self._remembered = None if memory is None else self.engine_.advance(self.model_, memory, panel, counts)
        self.panel_ = panel
        return self

    def _memory(self) -> Any:
        """What the engine remembers of the ends of the panel; None where it remembers nothing."""
        if getattr(self, "_remembered", None) is None:
            self._remembered = self.engine_.start(self.model_, self.panel_)
        return self._remembered

    def forecast_from(
        self, panel: Panel, rows: Sequence[int] | np.ndarray, ends: Sequence[int] | np.ndarray, *, steps: int | None = None
    ) -> Prediction:
        """Forecast from many places in the past of series, each from what precedes it alone, without learning anew.

        Parameters
        ----------
        panel : Panel
            From ``read_panel``; columns that are known of the future must go on for a horizon after each end.
        rows : sequence of int, (m,)
            Series.
        ends : sequence of int, (m,)
            The step from which on nothing is known, from 1.
        steps : int, optional
            How far; the whole horizon by default.

        Returns
        -------
        Outlook
            ``mean`` (m, steps), ``low`` and ``high`` by level.
        """
        self._check_fitted()
        tape, rows, ends = self.engine_.tape(panel), np.asarray(rows, dtype=np.int64), np.asarray(ends, dtype=np.int64)
        if len(ends) and (int(ends.min()) < 1 or (ends > tape.lengths[rows]).any()):
            raise DataError(f"ends must be from 1 to the length of their series; got {int(ends.min())} to {int(ends.max())}.")
        if steps is not None and not 1 <= steps <= self.horizon:
            raise SettingError(f"steps must be in 1..horizon ({self.horizon}); got {steps!r}.")
        ahead = self.engine_.future_covariates_at(panel, tape, rows, ends)
        return self.engine_.forecast(self.model_, ForecastRequest(tape=tape, rows=rows, ends=ends, ahead=ahead, steps=steps))

    def backtest(self, data: Any, *, windows: int = 5, step: int | None = None, refit: bool | int = False) -> Backtest:
        """Walk a copy forward through the past and compare with the simple forecasts; nothing of the future is used.

        Parameters
        ----------
        data : as in ``fit``
            The series.
        windows : int, default 5
            From how many places in time to forecast.
        step : int, optional
            Steps between them; a horizon by default, so that they do not overlap.
        refit : bool or int, default False
            Learn anew at every place, or at every so many; False learns once, before the first.

        Returns
        -------
        Backtest
            ``table``, ``verdict``, ``yesterday``, ``to_frame()``, ``plot()``; print it.
        """
        from elman.evaluation.backtest import backtest

        return backtest(self, data, windows=windows, step=step, refit=refit)

    def anomalies(self, data: Any, *, rate: float = 0.001, normal: Any = None) -> Anomalies:
        """Score every point by how far it lies from what was expected one step before, of its past alone.

        Parameters
        ----------
        data : as in ``fit``
            The series to judge.
        rate : float, default 0.001
            Share of normal points that may be flagged by mistake.
        normal : optional
            Series to take the threshold from; those of ``fit`` by default.

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
            Series longer than the horizon; their last steps are hidden and forecast.
        y : None
            Ignored; here for scikit-learn.

        Returns
        -------
        float
            0 is as good as the simplest forecast, 1 is perfect.
        """
        self._check_fitted()
        panel = read_panel(data)
        tape = self.engine_.tape(panel)
        if int(tape.lengths.min()) < self.horizon + 2:
            raise DataError(f"score hides the last {self.horizon} steps, so every series needs {self.horizon + 2} points or more.")
        rows, ends = np.arange(len(tape)), tape.lengths - self.horizon
        truth = tape.values[tape.ahead(rows, ends, self.horizon)]
        simple = np.stack([self.windows_.reference(tape.series(row)[:end]) for row, end in zip(rows.tolist(), ends, strict=True)])
        scale = np.maximum(np.abs(truth - simple).mean(1, keepdims=True), 1e-12 + 1e-6 * np.abs(truth).max(1, keepdims=True))
        ours = self.forecast_from(panel, rows, ends).mean
        naive = float((np.abs(truth - simple) / scale).mean())
        return 1.0 - float((np.abs(truth - ours) / scale).mean()) / naive if naive else 0.0

    def plan(self) -> Plan:
        """Return the inferred settings from the data and why; printable."""
        self._check_fitted()
        return self.plan_

    def _own_params(self) -> dict[str, Any]:
        names = ("horizon", "model", "context", "refit")
        lists = {name: list(getattr(self, name)) for name in ("past", "future", "static", "level")}
        season = self.season if isinstance(self.season, int | str) else list(self.season)
        preparation = None if self.preparation is None else self.preparation.get_params(deep=False)
        return {**{name: getattr(self, name) for name in names}, **lists, "season": season, "preparation": preparation}

    @classmethod
    def _from_params(cls, source: Any, target: Any, params: dict[str, Any], groups: dict[str, Any]) -> Self:  # noqa: ARG003  # one signature for all
        tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in params.items()}
        prepared = params.get("preparation")
        preparation = None if prepared is None else cast(Preparation, Preparation().set_params(**prepared))
        return cls(**{**tuples, "preparation": preparation}, **groups)

    def _fitted_state(self) -> dict[str, Any]:
        kept = min(self.engine_.reach, max(len(one.stamps) for one in self.panel_.series))
        columns = (*self.past, *self.future, *self.static)
        return {**super()._fitted_state(), **self.engine_.state(), "panel": panel_config(self.panel_, kept, columns)}

    def _restore_fitted(self, state: dict[str, Any]) -> None:
        super()._restore_fitted(state)
        self.engine_: Engine = engine_from(state)
        self.windows_: WindowPlan = self.engine_.windows
        self.panel_ = panel_from_config(state["panel"])

    def _check_settings(self) -> None:
        for name, value in (("horizon", self.horizon), ("context", self.context)):
            if not (value == "auto" and name != "horizon"):
                _whole(name, value)
        for season in [self.season] if isinstance(self.season, int | float | str) else self.season:
            if season != "auto":
                _whole("season", season)
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
