"""Direct learning: a network is checked on windows held out in time, and then learned from all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from elman.codecs.space import Continuous
from elman.fitting.learning import Learned, learn
from elman.forecasting.direct.inputs import Direct, Windows, batch
from elman.forecasting.direct.linear import fit_ridge
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.engine import FitRequest
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.schedule import checked, scheduled
from elman.forecasting.split import split_in_time
from elman.metrics.by_target import Scoring
from elman.network import Plan, Sizes, build, plan
from elman.network.planning.infer import counted
from elman.network.planning.side import Side

_ROWS, _HELD = 24_000, 4_000
"""Windows to learn from, and held out, at most."""
_AT_ONCE = 1_024
"""Windows judged at once."""
_FEWEST = 20
"""Held-out windows without which no linear map is tried."""
_MEDIAN = 0.5
_BETTER = 0.99
"""A linear map must lower the network's error to this share, to be put beside it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """A network that learned from early windows, judged on late ones.

    Attributes
    ----------
    direct : Direct
        What it read.
    learned : Learned
        The network.
    margins : dict
        How far its intervals must be widened.
    error : float
        Its mean absolute error on the late windows, in their units; NaN where there are none.
    alone : float
        That of a linear map alone; NaN where none was fitted.
    penalty : float or None
        The map's.
    """

    direct: Direct
    learned: Learned
    margins: dict[int, float]
    error: float
    alone: float
    penalty: float | None


class DirectLearner:
    """Learn networks on windows.

    Parameters
    ----------
    tape : Tape
        The series.
    windows : pair of array
        To learn from, and held out, (m, 2) each.
    job : Job
        The request.
    """

    def __init__(self, tape: GroupedSeries, windows: tuple[np.ndarray, np.ndarray], job: FitRequest) -> None:
        early, late = windows
        if not len(late) and len(early) > 1 and checked(job.training):
            early, late = early[:-1], early[-1:]
        self.tape, self.job, self.windows, self.early = tape, job, np.concatenate([early, late]), len(early)
        self.again = job.refit and len(late) > 0
        # the metric looks at the first of them: of all series, not of some
        self.held = len(early) + np.random.default_rng(0).permutation(len(late))

    def check(self, direct: Direct) -> tuple[Check, tuple[str, str]]:
        """Learn from early windows and judge on late ones; where a linear map alone does better than the network, learn to correct it.

        Parameters
        ----------
        direct : Direct
            What is read.

        Returns
        -------
        Check, tuple of str
            The better network, and whether a linear map is in it, with the reason.
        """
        first = self._check(direct)
        wanted = self.job.preparation.linear
        if wanted != "auto":
            return first, ("yes" if wanted else "no", "as set")
        if len(self.held) < _FEWEST or self.job.training.budget is not None or first.learned.history.stopped == "interrupted":
            return first, ("no", "nothing to judge it on, or no time")
        if not first.alone < _BETTER * first.error:
            return first, ("no", f"held-out error: network {first.error:.3f}, a linear map alone {first.alone:.3f}")
        second = self._check(replace(direct, linear=True))
        why = f"held-out error: network {first.error:.3f}, a linear map alone {first.alone:.3f}, both {second.error:.3f}"
        return (second, ("yes", why)) if second.error < _BETTER * first.error else (first, ("no", why))

    def _check(self, direct: Direct) -> Check:
        rows, job = Windows(direct, self.tape, self.windows), self.job
        made = _plan(direct, rows, job)
        judges = direct.linear or (job.preparation.linear == "auto" and len(self.held) >= _FEWEST)
        ridge, penalty, alone = fit_ridge(rows, np.arange(self.early), self.held) if judges else (None, None, float("nan"))
        maker = ridge.into() if ridge is not None and direct.linear else build
        learned = _learned(counted(made, members=1) if self.again else made, rows, scheduled(job.training, self.early), self.held, maker)
        margins, error = _judge(learned.model, rows, self.held, job.levels)
        return Check(direct=direct, learned=learned, margins=margins, error=error, alone=alone, penalty=penalty)

    def finish(self, check: Check) -> Learned:
        """Learn from all windows, as long as was best in the check.

        Parameters
        ----------
        check : Check
            What was found on late windows.

        Returns
        -------
        Learned
            The network; that of the check where nothing is to be learned again.
        """
        first, job = check.learned, self.job
        if not self.again or first.history.stopped in ("interrupted", "budget"):
            return first
        every, nothing = split(self.tape, check.direct.framing, job, share=0.0)
        rows = Windows(check.direct, self.tape, every)
        settings, held = scheduled(job.training, len(every), epochs=first.history.best_epoch), nothing[:, 0]
        maker = build
        if check.direct.linear:
            maker = fit_ridge(rows, np.arange(len(every)), held, penalty=check.penalty)[0].into()
        final = _learned(_plan(check.direct, rows, job), rows, settings, held, maker)
        return replace(final, history=first.history, baseline=first.baseline)


def _plan(direct: Direct, rows: Windows, job: FitRequest) -> Plan:
    sizes = Sizes(rows=len(rows), source_mean=float(rows.lengths.mean()), source_max=int(rows.lengths.max()))
    return plan(direct.side(), Side("one", Continuous(1)), job.network, examples=sizes, horizon=job.horizon, segment=direct.segment)


def _learned(made: Plan, rows: Windows, settings: Any, held: np.ndarray, maker: Any) -> Learned:
    options = {"from_zero": True, "collate": rows.collate, "lengths": rows.lengths, "held_out": held, "build": maker}
    return learn(made, range(len(rows)), rows, settings, SCALED_ERROR, **options)


def split(tape: GroupedSeries, framing: WindowSpec, job: FitRequest, *, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return windows to learn from and windows held out, (m, 2) each.

    Parameters
    ----------
    tape : Tape
        The series.
    framing : Framing
        Of the windows.
    job : Job
        The request.
    share : float
        Part of each series held out at its end.

    Returns
    -------
    learned, held : array of int
        Series and end of each.
    """
    first = max(2, min(framing.context // 2, max(framing.seasons, default=1) + 1))
    return split_in_time(
        tape.lengths, job.horizon, share=share, most=_ROWS, most_held=_HELD, first=first, random_state=job.training.random_state
    )


def quantile_levels(levels: Any) -> tuple[float, ...]:
    """Return the median's level, and both ends of each interval."""
    ends = [((1 - level / 100) / 2, (1 + level / 100) / 2) for level in levels]
    return (_MEDIAN, *(end for pair in ends for end in pair))


def _judge(model: Any, rows: Windows, held: np.ndarray, levels: tuple[int, ...]) -> tuple[dict[int, float], float]:
    """How far the network's intervals must be widened (or narrowed) to hold their share of the held-out steps, and the error there.

    Conformalized quantile regression (Romano 2019, eq. 6), pooled over the steps of the horizon.
    """
    if not len(held):
        return {int(level): 0.0 for level in levels}, float("nan")
    said = []
    for at in range(0, len(held), _AT_ONCE):
        with torch.inference_mode():
            said.append(model.quantiles(batch(rows.parts(held[at : at + _AT_ONCE])), quantile_levels(levels)).cpu().numpy())
    answers, truth = np.concatenate(said), rows.truth[held][..., 0]
    missed = {level: np.maximum(answers[..., 1 + 2 * i] - truth, truth - answers[..., 2 + 2 * i]) for i, level in enumerate(levels)}
    margins = {int(level): float(np.quantile(off, level / 100)) for level, off in missed.items()}
    return margins, float(np.abs(answers[..., 0] - truth).mean())


SCALED_ERROR = Scoring(
    metric="scaled error",
    baseline="simple forecast",
    higher_is_better=False,
    score=lambda predicted, truth: float(np.abs(np.stack(list(predicted)) - np.stack(list(truth))[..., 0]).mean()),
    constant=lambda train, rows: [np.zeros(len(row)) for row in rows],  # noqa: ARG005  # the reference itself
)
