"""Comparison of candidates on one task: scores with intervals, costs and a verdict."""

from __future__ import annotations

from typing import Any, Literal

from elman.codecs import Codec
from elman.comparison.candidate import Candidate, choose
from elman.comparison.division import Division
from elman.comparison.leaderboard import Leaderboard, ranked
from elman.comparison.results import Results, fingerprint
from elman.comparison.run import LEAST, Run, Task
from elman.comparison.tasks.forecaster import ForecasterTask
from elman.comparison.tasks.language_model import LanguageModelTask
from elman.comparison.tasks.model import ModelTask
from elman.comparison.verdict import findings, other_lengths, verdict
from elman.errors import DataTypeError, SettingError
from elman.estimators import Forecaster, LanguageModel, Model
from elman.leakage.alarm import OnLeak, check_on_leak, warn
from elman.training.settings import seconds


def compare(
    *model_and_data: Any,
    candidates: Literal["auto"] | list[str] = "auto",
    shuffled: bool = False,
    untied: bool = False,
    test: Any = None,
    test_size: float = 0.2,
    groups: Any = None,
    budget: str | float | None = None,
    on_leak: OnLeak = "warn",
    folder: Any = None,
    random_state: int = 0,
    verbose: int = 1,
) -> Leaderboard:
    """Train and time every candidate for a task on one split, and report the best and its lead.

    Parameters
    ----------
    *model_and_data : codecs or an estimator, then data
        ``Text(), Category(), X, y`` or ``Model(…), X, y``; ``Text("char"), texts`` or ``LanguageModel(…), texts``;
        ``Forecaster(24), series``. An estimator is not fitted but copied: its settings hold for every network.
    candidates : "auto" or list of str, default "auto"
        Names; everyone who fits the task by default.
    shuffled : bool, default False
        Also let a network see the steps in another order: does the order matter at all?
    untied : bool, default False
        Also let an Elman network have its own weights at every step: this measures the gain of sharing them.
    test : pair or list, optional
        The test part, as the data are given, where there is an official one.
    test_size : float, default 0.2
        Share of rows to test on, where ``test`` is left out; equal rows stay on one side. Of one long text it is the end; of series it
        is always the last ``horizon`` steps.
    groups : list, or pair of lists with ``test``, optional
        Author, speaker or device of each row: a group stays on one side.
    budget : str or float, optional
        Time for all together, "10m" or seconds, in fair shares: unused time of one goes to the others.
    on_leak : {"warn", "raise", "ignore"}, default "warn"
        To do where the split looks leaky.
    folder : path-like, optional
        Keep results and models there; finished candidates are read back in the next run.
    random_state : int, default 0
        Seed of the split and the shuffling; networks have their own in ``Training``.
    verbose : int, default 1
        0 prints nothing, 1 a line for each candidate, 2 also an epoch's.

    Returns
    -------
    Leaderboard
        Printable; ``.verdict``, ``.entries``, ``.to_frame()``, ``.plot()``.

    Raises
    ------
    SettingError
        Unknown candidates, a budget too small, a source that is no sequence.
    DataError
        No or too few rows, one class only.

    Notes
    -----
    Intervals come from drawing test units again (2,000 times, the same draws for all): they describe another test part of the same kind,
    not another seed of the network.

    Examples
    --------
    >>> from elman import Category, Symbols, compare
    >>> words = [f"{a}{b}{a}{c}" for a in "xyz" for b in "pqrs" for c in "pqrs"]
    >>> answers = [word[0] for word in words]
    >>> board = compare(Symbols(), Category(), words, answers, candidates=["frequency", "markov"], verbose=0)
    >>> board["markov"].value
    1.0
    """
    check_on_leak(on_leak)
    division = Division(test=test, test_size=test_size, groups=groups, random_state=random_state)
    estimator, data = _estimator(model_and_data)
    task = _task(estimator, data, division)
    chosen = choose(task.candidates(), candidates, {"shuffled": shuffled, "untied": untied})
    time_limit = _checked(budget, chosen)
    alarms = [] if on_leak == "ignore" else task.alarms()
    warn(alarms, on_leak)
    results = Results(folder, fingerprint(repr(estimator), task.content(), random_state))
    judged, facts, fitted = Run(task, results, time_limit, verbose).run(chosen)
    entries, lengths = ranked(task.measure, judged, facts), task.lengths()
    reach = getattr(getattr(fitted.get("cnn_fixed"), "plan_", None), "reach", 0)
    answers = [*findings(task.measure, entries, judged), *other_lengths(task.measure, entries, judged, lengths, reach)]
    board = Leaderboard(
        measure=task.measure,
        entries=entries,
        verdict=verdict(task.measure, entries),
        findings=[*answers, *task.notes()],
        alarms=alarms,
        train_rows=len(task.parts.train_x),
        test_rows=len(task.parts.test_x),
        unit=task.unit,
        judged=judged,
        estimators=fitted,
        lengths=lengths,
    )
    results.conclude(board.to_dict())
    return board


_FORMS = (
    "compare takes codecs or an estimator, then the data: compare(Text(), Category(), X, y), compare(Model(…), X, y),"
    ' compare(Text("char"), texts), compare(LanguageModel(…), texts) or compare(Forecaster(24), series)'
)


def _estimator(task: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """The estimator that was meant, and the data."""
    if len(task) == 4 and isinstance(task[0], Codec) and isinstance(task[1], Codec):
        return Model(task[0], task[1]), task[2:]
    if len(task) == 2 and isinstance(task[0], Codec):
        return LanguageModel(task[0]), task[1:]
    if task and isinstance(task[0], Model | LanguageModel | Forecaster) and len(task) == (3 if isinstance(task[0], Model) else 2):
        return task[0], task[1:]
    actual = ", ".join(type(one).__name__ for one in task)
    raise DataTypeError(f"{_FORMS}; got ({actual}).")


def _task(estimator: Any, data: tuple[Any, ...], division: Division) -> Task:
    if isinstance(estimator, Model):
        x, y = data
        return ModelTask(estimator, division.pairs(x, y, estimator.target), division.random_state)
    if isinstance(estimator, LanguageModel):
        return LanguageModelTask(estimator, division.documents(data[0]), division.random_state)
    if division.test is not None or division.groups is not None:
        raise SettingError("A Forecaster is tested on the last steps of each series; leave out test= and groups=.")
    return ForecasterTask(estimator, data[0], division.random_state)


def _checked(budget: str | float | None, chosen: list[Candidate]) -> float | None:
    if budget is None:
        return None
    limit, learners = seconds(budget), sum(one.kind != "simple" for one in chosen)
    if limit < LEAST * max(1, learners):
        share = limit / max(1, learners)
        raise SettingError(
            f"budget={budget!r} leaves {share:.2g} s for each of {learners} networks; {LEAST:g} s is the least. Give more, or name fewer"
            " candidates."
        )
    return limit
