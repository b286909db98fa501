"""Battery of checks of an estimator, ours or other people's, over any codecs."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import CheckError, ElmanError, NotFittedError

_SYMBOLS = 4
"""Symbols that a language model generates after a prompt."""


@dataclass(kw_only=True)
class Case:
    """An estimator, its data, and one fitted copy that all checks share."""

    estimator: Any
    rows: Sequence[Any]
    targets: Sequence[Any] | None
    tolerance: float
    fitted: Any = field(init=False)

    def fit(self, estimator: Any) -> Any:
        """Fit with the data, as the estimator takes them; return the result of ``fit``."""
        return estimator.fit(self.rows) if self.targets is None else estimator.fit(self.rows, self.targets)

    def data(self) -> list[Any]:
        """Return the arguments of ``score``."""
        return [self.rows] if self.targets is None else [self.rows, self.targets]


def check_estimator(estimator: Any, X: Sequence[Any], y: Sequence[Any] | None = None, *, tolerance: float = 1e-6) -> list[str]:
    """Run every check; the first that fails raises CheckError saying which.

    Parameters
    ----------
    estimator : Model, LanguageModel, Forecaster or another
        Not fitted; it stays as it is. It is fitted three times, so let its settings be small.
    X : sequence, N rows
        Training data: values of the source, documents, or series.
    y : sequence, N rows, optional
        Values of the target.
    tolerance : float, default 1e-6
        How far numbers of a row alone may be from those of the same row in a batch, relative to the largest (at least 1).

    Returns
    -------
    list of str
        The names of the checks, in order.

    Examples
    --------
    >>> from elman import Category, Model, Network, Series, Training
    >>> model = Model(Series(), Category(), network=Network(hidden_size=4), training=Training(max_epochs=20, learning_rate=0.05, verbose=0))
    >>> check_estimator(model, [[0, 1, 2], [1, 3], [5, 4], [3, 2, 1]] * 4, ["up", "up", "down", "down"] * 4)[0]
    'gives_back_its_parameters'
    """
    case = Case(estimator=estimator, rows=list(X), targets=None if y is None else list(y), tolerance=tolerance)
    for check in CHECKS:
        try:
            check(case)
        except CheckError as error:
            raise CheckError(f"{check.__name__}: {type(estimator).__name__}: {error}") from error
        except ElmanError as error:
            raise CheckError(f"{check.__name__}: {type(estimator).__name__} refuses: {error}") from error
    return [check.__name__ for check in CHECKS]


def gives_back_its_parameters(case: Case) -> None:
    """A clone has the same parameters, ``set_params`` takes the result of ``get_params``, and neither fits anything."""
    from sklearn.base import clone

    try:
        twin: Any = clone(case.estimator)
    except (RuntimeError, TypeError) as error:  # scikit-learn's error for a constructor that changes its arguments
        raise CheckError(str(error)) from error
    _must(twin is not case.estimator, "clone gives the estimator itself")
    _must(_shown(twin) == _shown(case.estimator), "a clone has other parameters")
    twin.set_params(**case.estimator.get_params(deep=False))
    _must(_shown(twin) == _shown(case.estimator), "set_params(get_params()) changes the parameters")
    _must(not [name for name in vars(case.estimator) if name.endswith("_")], "the estimator is fitted already; give one that is not")


def refuses_before_fit(case: Case) -> None:
    """Everything that needs ``fit`` is reported with NotFittedError."""
    calls: dict[str, Callable[[Any], Any]] = {
        "predict": lambda e: e.predict(case.rows),
        "predict_proba": lambda e: e.predict_proba(case.rows),
        "score": lambda e: e.score(*case.data()),
        "generate": lambda e: e.generate(case.rows[0]),
        "next": lambda e: e.next(case.rows[0]),
        "perplexity": lambda e: e.perplexity(case.rows),
        "plan": lambda e: e.plan(),
        "save": lambda e: e.save("never-written.elman"),
    }
    fresh = copy.deepcopy(case.estimator)
    for name, call in calls.items():
        if not hasattr(type(fresh), name):
            continue
        try:
            call(fresh)
        except NotFittedError:
            continue
        except Exception as error:  # whatever it is, it is the wrong one
            raise CheckError(f"{name} before fit raises {type(error).__name__} instead of NotFittedError: {error}") from error
        raise CheckError(f"{name} before fit does not raise NotFittedError")


def fits_and_leaves_the_rest_alone(case: Case) -> None:
    """``fit`` returns the estimator and changes neither its parameters, nor the data, nor anybody's random numbers."""
    import torch

    case.fitted = copy.deepcopy(case.estimator)
    shown, params = _shown(case.fitted), case.fitted.get_params(deep=False)
    originals = {name: copy.deepcopy(vars(value)) for name, value in params.items() if _is_codec(value)}
    data = copy.deepcopy(case.data())
    before = (np.random.get_state(), torch.get_rng_state())  # the global ones are the point
    _must(case.fit(case.fitted) is case.fitted, "fit does not return the estimator")
    after = (np.random.get_state(), torch.get_rng_state())
    _must(_difference(before, after, 0) == 0, "fit draws from the program's own random numbers")
    _must(_shown(case.fitted) == shown, "fit changes the parameters")
    _must(all(case.fitted.get_params(deep=False)[name] is value for name, value in params.items()), "fit replaces a parameter")
    for name, state in originals.items():
        _must(vars(params[name]).keys() == state.keys(), f"fit leaves its mark on the codec given as {name}; fit a copy")
    _must(_difference(data, case.data(), 0) == 0, "fit changes the data")


def fits_from_scratch_to_the_same_bits(case: Case) -> None:
    """Fitting again, the same object or a clone of it, gives the same answers bit for bit."""
    from sklearn.base import clone

    first = _answers(case.fitted, case.rows)
    twin: Any = clone(case.fitted)
    case.fit(twin)
    _must(_difference(first, _answers(twin, case.rows), 0) == 0, "a clone fitted with the same data answers differently")
    case.fit(twin)
    _must(_difference(first, _answers(twin, case.rows), 0) == 0, "fitted a second time it answers differently: something is carried over")


def answers_each_row_alone(case: Case) -> None:
    """A row alone, in a batch, and in another order has the same answer."""
    together = _answers(case.fitted, case.rows)
    _must(len(together) == len(case.rows), f"{len(case.rows)} rows have {len(together)} answers")
    for row, answer in zip(case.rows, together, strict=True):
        away = _difference(_answers(case.fitted, [row])[0], answer, case.tolerance)
        _must(away == 0, f"a row alone is answered differently than in a batch (by {away:.2g})")
    order = np.random.default_rng(0).permutation(len(case.rows))
    shuffled = _answers(case.fitted, [case.rows[i] for i in order])
    away = _difference(shuffled, [together[i] for i in order], case.tolerance)
    _must(away == 0, f"in another order the rows are answered differently (by {away:.2g})")


def answers_empty_rows(case: Case) -> None:
    """Where a row is a sequence, one of no steps is answered too, and changes no other answer."""
    side = getattr(case.fitted, "source_", None) or getattr(case.fitted, "target_", None)
    empty = _emptied(case.rows[0])
    if getattr(side, "rank", "one") != "many" or empty is None or hasattr(case.fitted, "horizon"):
        return
    mixed = _answers(case.fitted, [empty, *case.rows])
    away = _difference(mixed[1:], _answers(case.fitted, case.rows), case.tolerance)
    _must(away == 0, f"a row of no steps changes the answers of others (by {away:.2g})")


def comes_back_from_a_file(case: Case) -> None:
    """Saved and loaded it answers the same, bit for bit, and saves to the same bytes again."""
    import elman

    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.elman", Path(folder) / "second.elman"
        case.fitted.save(first)
        loaded = elman.load(first)
        loaded.save(second)
        _must(first.read_bytes() == second.read_bytes(), "a loaded estimator saves another file than it came from")
        _must(sorted(path.name for path in Path(folder).iterdir()) == [first.name, second.name], "save leaves other files behind")
    _must(type(loaded) is type(case.fitted), f"loaded as {type(loaded).__name__}")
    _must(_difference(_answers(case.fitted, case.rows), _answers(loaded, case.rows), 0) == 0, "loaded from a file it answers differently")
    _must(loaded.score(*case.data()) == case.fitted.score(*case.data()), "loaded from a file it scores differently")


def lives_in_json(case: Case) -> None:
    """Plan, history and codecs are plain JSON and come back from it the same."""
    from elman.codecs import describe, rebuild
    from elman.network import Plan
    from elman.training.history import History

    plan, history = case.fitted.plan_.config(), case.fitted.history_.to_dict()
    _must(Plan.from_config(_through_json(plan)).config() == plan, "the plan changes on its way through JSON")
    _must(History.from_dict(_through_json(history)).to_dict() == history, "the history changes on its way through JSON")
    for codec in (case.fitted.source_, case.fitted.target_):
        if codec is not None:
            _must(describe(rebuild(_through_json(describe(codec)))) == describe(codec), "a codec changes on its way through JSON")


def learns(case: Case) -> None:
    """The kept epoch is better than the simplest baseline on the held-out rows (on all where none were held out)."""
    history = case.fitted.history_
    indices = [row for row in history.rows if row["epoch"] == history.best_epoch]
    _must(len(indices) == 1, f"the history has {len(indices)} rows for its best epoch {history.best_epoch}")
    held_out, baseline = indices[0]["metric"], case.fitted.baseline_
    metric = case.fitted.score(*case.data()) if held_out is None else held_out  # few rows: nothing was held out
    _must(bool(np.isfinite(metric) and np.isfinite(baseline)), f"metric {metric} or baseline {baseline} is not a number")
    lower = history.metric in ("bits", "scaled error", "loss per step")
    better = metric < baseline if lower else metric > baseline
    _must(better, f"{history.metric} is {metric:.4g}; the baseline is {baseline:.4g}, so nothing was learned")


CHECKS = (
    gives_back_its_parameters,
    refuses_before_fit,
    fits_and_leaves_the_rest_alone,
    fits_from_scratch_to_the_same_bits,
    answers_each_row_alone,
    answers_empty_rows,
    comes_back_from_a_file,
    lives_in_json,
    learns,
)


def _answers(estimator: Any, rows: Sequence[Any]) -> list[Any]:
    """One answer a row, as fine as the estimator gives them."""
    if hasattr(estimator, "generate"):
        prediction = estimator.generate(list(rows), temperature=0, max_new_steps=_SYMBOLS)
        return [(answer, dict(estimator.next(row, k=3))) for answer, row in zip(prediction, rows, strict=True)]
    answers = estimator.predict(list(rows))
    values = list(getattr(answers, "values", answers)) if hasattr(estimator, "horizon") else list(answers)
    chances = _probabilities(estimator, rows)
    return values if chances is None else list(zip(values, chances, strict=True))


def _probabilities(estimator: Any, rows: Sequence[Any]) -> list[Any] | None:
    if not hasattr(estimator, "predict_proba"):
        return None
    try:
        return list(estimator.predict_proba(list(rows)))
    except ElmanError:  # numbers and free sequences have none
        return None


def _difference(a: Any, b: Any, tolerance: float) -> float:
    """How far two answers are apart: 0 within the tolerance (relative to the largest number, at least 1), inf where not numbers."""
    if isinstance(a, dict) and isinstance(b, dict):
        return _difference(list(a.items()), list(b.items()), tolerance) if len(a) == len(b) else np.inf
    if isinstance(a, str | bytes) or isinstance(b, str | bytes) or a is None or b is None:
        return 0.0 if type(a) is type(b) and a == b else np.inf
    if isinstance(a, list | tuple | set | frozenset):
        if type(a) is not type(b) or len(a) != len(b):
            return np.inf
        if isinstance(a, set | frozenset):
            return 0.0 if a == b else np.inf
        return max((_difference(x, y, tolerance) for x, y in zip(a, b, strict=True)), default=0.0)
    x, y = np.asarray(a), np.asarray(b)
    if x.shape != y.shape or x.dtype != y.dtype:
        return np.inf
    if not np.issubdtype(x.dtype, np.number) or not x.size:
        return 0.0 if np.array_equal(x, y) else np.inf
    if x.tobytes() == y.tobytes():
        return 0.0
    away = float(np.abs(x.astype(np.float64) - y.astype(np.float64)).max())
    return away if not away <= tolerance * max(1.0, float(np.abs(y).max())) else 0.0


def _emptied(row: Any) -> Any:
    """A row of no steps, of the same kind; None where there is no such thing."""
    if isinstance(row, str | bytes | list | tuple):
        return row[:0]
    return row[:0] if isinstance(row, np.ndarray) and row.ndim else None


def _is_codec(value: Any) -> bool:
    from elman.codecs import Codec

    return isinstance(value, Codec)


def _shown(estimator: Any) -> str:
    return repr(sorted(estimator.get_params(deep=True).items()))


def _through_json(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CheckError(f"this is not JSON: {error}") from error


def _must(condition: bool, message: str) -> None:
    if not condition:
        raise CheckError(message)
