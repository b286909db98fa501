"""Direct engine: a network by segments, learned on windows of all series, and intervals that held on windows held out in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch

from elman.codecs.checks import strict
from elman.codecs.space import Continuous
from elman.errors import DataError
from elman.estimators._learning import Learned, learn
from elman.estimators._panel import Panel
from elman.estimators._scoring import Scoring
from elman.estimators._windows import WindowPlan
from elman.estimators.forecasting.ahead import known_ahead
from elman.estimators.forecasting.choosing import Reasons, choose_framing, context_of, seasons_of, segment_of
from elman.estimators.forecasting.covariates import Covariates
from elman.estimators.forecasting.direct import Direct, Windows, batch
from elman.estimators.forecasting.engine import Asked, Job, Outlook, refuse_samples
from elman.estimators.forecasting.framing import Framing
from elman.estimators.forecasting.linear import fit_ridge
from elman.estimators.forecasting.rows import split_in_time
from elman.estimators.forecasting.schedule import checked, scheduled
from elman.estimators.forecasting.tape import Tape
from elman.network import Plan, Sizes, build, plan
from elman.network.planning import counted
from elman.network.spaces import Side

_ROWS, _HELD = 24_000, 4_000
"""Windows to learn from, and held out, at most."""
_AT_ONCE = 1_024
"""Windows forecast at once."""
_MEDIAN = 0.5


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

    def tape(self, panel: Panel) -> Tape:
        """Lay the series and covariates of a panel end to end."""
        return tape_of(panel, self.covariates, self.direct.framing)

    def coming(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray:
        """Return what is known of the steps to come, (n, horizon, F)."""
        return self.covariates.ahead(panel, stamps, future)

    def known_ahead(self, panel: Panel, tape: Tape, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return what is known of the steps after places in the past, (m, horizon, F)."""
        return known_ahead(self.covariates, panel, tape, rows, ends, self.direct.framing.horizon)

    def forecast(self, model: Any, asked: Asked) -> Outlook:
        """Say what comes after some ends."""
        refuse_samples(asked)
        found = [self._forecast(model, asked, slice(at, at + _AT_ONCE)) for at in range(0, len(asked.rows), _AT_ONCE)]
        return Outlook(
            mean=np.concatenate([part.mean for part in found]),
            low={level: np.concatenate([part.low[level] for part in found]) for level in self.margins},
            high={level: np.concatenate([part.high[level] for part in found]) for level in self.margins},
        )

    def _forecast(self, model: Any, asked: Asked, part: slice) -> Outlook:
        rows, ends = asked.rows[part], asked.ends[part]
        frames = self.direct.framing.cut(asked.tape, rows, ends)
        parts = self.direct.read(asked.tape, rows, ends, frames, None if asked.ahead is None else asked.ahead[part])
        with torch.inference_mode():
            said = model.quantiles(batch(parts), quantile_levels(self.margins)).double().cpu().numpy()
        middle = said[..., 0]
        low = {level: np.minimum(said[..., 1 + 2 * i] - margin, middle) for i, (level, margin) in enumerate(self.margins.items())}
        high = {level: np.maximum(said[..., 2 + 2 * i] + margin, middle) for i, (level, margin) in enumerate(self.margins.items())}
        shown = slice(asked.steps)
        return Outlook(
            mean=frames.restore(middle)[:, shown],
            low={level: frames.restore(values)[:, shown] for level, values in low.items()},
            high={level: frames.restore(values)[:, shown] for level, values in high.items()},
        )

    def begin(self, model: Any, panel: Panel) -> None:  # one signature for all
        """Nothing is remembered: a forecast reads its window."""

    def go_on(self, model: Any, memory: Any, panel: Panel, counts: dict[int, int]) -> None:
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


def quantile_levels(margins: dict[int, float]) -> tuple[float, ...]:
    """Return the median's level, and both ends of each interval."""
    ends = [((1 - level / 100) / 2, (1 + level / 100) / 2) for level in margins]
    return (_MEDIAN, *(end for pair in ends for end in pair))


def tape_of(panel: Panel, covariates: Covariates, framing: Framing) -> Tape:
    """Lay a panel end to end, refusing values that the framing has no place for."""
    tape = Tape.of(panel, **covariates.encode(panel))
    for row, one in enumerate(panel.series):
        framing._power.check(tape.series(row), one.name)
    return tape


def fit_direct(panel: Panel, covariates: Covariates, job: Job) -> tuple[DirectEngine, Learned]:
    """Learn to forecast the whole horizon in one go.

    Parameters
    ----------
    panel : Panel
        The series.
    covariates : Covariates
        What is known beside them.
    job : Job
        What was asked for.

    Returns
    -------
    DirectEngine, Learned
        The way to forecast, and the network.
    """
    tape = Tape.of(panel, **covariates.encode(panel))
    framing, windows, reasons = _settle(tape, panel, job)
    segment = _segment(framing.seasons, job, framing.context)
    whole = tuple((name, values.shape[1]) for name, values in tape.whole.items())
    widths = {"past": covariates.past_width, "future": covariates.future_width, "whole": whole}
    direct = Direct(framing=framing, segment=segment, linear=job.preparation.linear, **widths)
    learned, margins = _learn(direct, tape, windows, job, reasons)
    return DirectEngine(direct=direct, covariates=covariates, margins=margins), learned


def _settle(tape: Tape, panel: Panel, job: Job) -> tuple[Framing, tuple[np.ndarray, np.ndarray], Reasons]:
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
    framing = Framing(
        context=context,
        horizon=job.horizon,
        seasons=seasons,
        lags=seasons if wanted.lags == "auto" else tuple(wanted.lags),
        scale="mean" if wanted.scale == "auto" else wanted.scale,
        reference=wanted.reference,
        masked=bool((tape.lengths - job.horizon < context).any() or not tape.known.all()),
    )
    windows = _split(tape, framing, job, share=checked(job.training))
    framing, reasons = choose_framing(tape, framing, wanted, windows)
    said = {"seasons": (", ".join(map(str, seasons)) or "none", why), "context": (str(context), f"{segment} steps a segment")}
    return framing, windows, {**said, **reasons}


def _segment(seasons: tuple[int, ...], job: Job, context: int) -> int:
    wanted = job.preparation.segment
    return segment_of(seasons, job.horizon, context) if wanted == "auto" else min(wanted, job.horizon)


def _learn(
    direct: Direct, tape: Tape, windows: tuple[np.ndarray, np.ndarray], job: Job, reasons: Reasons
) -> tuple[Learned, dict[int, float]]:
    early, late = windows
    early, late = (early, late) if len(late) else (early[:-1], early[-1:]) if len(early) > 1 and checked(job.training) else (early, late)
    rows = Windows(direct, tape, np.concatenate([early, late]))
    source, target = direct.side(), Side("one", Continuous(1))
    sizes = Sizes(rows=len(rows), source_mean=float(rows.lengths.mean()), source_max=int(rows.lengths.max()))
    made = plan(source, target, job.network, examples=sizes, horizon=job.horizon, segment=direct.segment)
    made = replace(made, preparation={name: list(pair) for name, pair in reasons.items()})
    settings = scheduled(job.training, len(early))
    held = len(early) + np.random.default_rng(0).permutation(len(late))  # the metric looks at the first of them: of all series, not of some
    maker, penalty = _maker(rows, np.arange(len(early)), held)
    again = job.refit and len(late) > 0
    first = _learned(counted(made, members=1) if again else made, rows, settings, held, maker)
    margins = _margins(first.model, rows, held, job.levels)
    if not again or first.history.stopped in ("interrupted", "budget"):
        return first, margins
    every, nothing = _split(tape, direct.framing, job, share=0.0)
    rows, settings = Windows(direct, tape, every), scheduled(job.training, len(every), epochs=first.history.best_epoch)
    maker, _ = _maker(rows, np.arange(len(every)), nothing[:, 0], penalty)
    final = _learned(made, rows, settings, nothing[:, 0], maker)
    return replace(final, history=first.history, baseline=first.baseline), margins


def _maker(rows: Windows, learned: np.ndarray, held: np.ndarray, penalty: float | None = None) -> tuple[Any, float | None]:
    """Return how networks are built, a linear map in place where one is wanted, and the map's penalty."""
    if not rows.direct.linear:
        return build, None
    ridge, penalty = fit_ridge(rows, learned, held, penalty=penalty)
    return ridge.into(), penalty


def _learned(made: Plan, rows: Windows, settings: Any, held: np.ndarray, maker: Any) -> Learned:
    options = {"from_zero": True, "collate": rows.collate, "lengths": rows.lengths, "held_out": held, "build": maker}
    return learn(made, range(len(rows)), rows, settings, SCALED_ERROR, **options)


def _split(tape: Tape, framing: Framing, job: Job, *, share: float) -> tuple[np.ndarray, np.ndarray]:
    first = max(2, min(framing.context // 2, max(framing.seasons, default=1) + 1))
    return split_in_time(
        tape.lengths, job.horizon, share=share, most=_ROWS, most_held=_HELD, first=first, random_state=job.training.random_state
    )


def _margins(model: Any, rows: Windows, held: np.ndarray, levels: tuple[int, ...]) -> dict[int, float]:
    """How far the network's intervals must be widened (or narrowed) to hold their share of the held-out steps.

    Conformalized quantile regression (Romano 2019, eq. 6), pooled over the steps of the horizon.
    """
    none = {int(level): 0.0 for level in levels}
    if not len(held):
        return none
    said = []
    for at in range(0, len(held), _AT_ONCE):
        with torch.inference_mode():
            said.append(model.quantiles(batch(rows.parts(held[at : at + _AT_ONCE])), quantile_levels(none)).cpu().numpy())
    answers, truth = np.concatenate(said), rows.truth[held][..., 0]
    missed = {level: np.maximum(answers[..., 1 + 2 * i] - truth, truth - answers[..., 2 + 2 * i]) for i, level in enumerate(none)}
    return {level: float(np.quantile(off, level / 100)) for level, off in missed.items()}


SCALED_ERROR = Scoring(
    metric="scaled error",
    baseline="simple forecast",
    higher_is_better=False,
    score=lambda predicted, truth: float(np.abs(np.stack(list(predicted)) - np.stack(list(truth))[..., 0]).mean()),
    constant=lambda train, rows: [np.zeros(len(row)) for row in rows],  # noqa: ARG005  # the reference itself
)
