"""Leak alarms for series: three ways in which a test set reveals its answers, each with evidence and advice."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.errors import ShapeError
from elman.leakage.alarm import Alarm


def shuffled_split(train_times: Any, test_times: Any) -> Alarm | None:
    """Find a split that does not follow time: test rows that come before a training row of their series.

    Parameters
    ----------
    train_times : array, (n,)
        Stamps (numbers or datetimes) of the training rows of one series.
    test_times : array, (m,)
        Stamps of its test rows.

    Returns
    -------
    Alarm or None
        None where every test row comes after all training rows.

    Examples
    --------
    >>> print(shuffled_split([1, 2, 4, 5], [3, 6]))
    1 of 2 test rows (50 %) come before the last training row: neighbours in time are alike, and the model has seen them. Cut once in time; never shuffle series.
    >>> shuffled_split([1, 2, 3], [4, 5]) is None
    True
    """  # noqa: E501  # printed on one line
    train, test = np.asarray(train_times), np.asarray(test_times)
    if not len(train) or not len(test):
        return None
    early = int((test <= train.max()).sum())
    if early == 0:
        return None
    return Alarm(
        kind="shuffled split",
        share=early / len(test),
        text=f"{early:,} of {len(test):,} test rows ({early / len(test):.0%}) come before the last training row: neighbours in time are"
        " alike, and the model has seen them".replace("%)", " %)"),
        advice="Cut once in time; never shuffle series.",
    )


def overlapping_windows(train: Any, test: Any, *, train_series: Any = None, test_series: Any = None) -> Alarm | None:
    """Find test windows whose steps to be forecast were part of a training window.

    Parameters
    ----------
    train : array of int, (n, 2)
        First step and end (exclusive) of every training window, inputs and targets together.
    test : array of int, (m, 2)
        First step and end of the targets of each test window.
    train_series : array, (n,), optional
        Which series each window is of.
    test_series : array, (m,), optional
        The same of the test windows.

    Returns
    -------
    Alarm or None
        None where no test target lies in a training window.

    Examples
    --------
    >>> leak = overlapping_windows([[0, 10], [5, 15]], [[14, 16], [15, 17]])
    >>> leak.kind, leak.share
    ('overlapping windows', 0.5)
    """
    train, test = np.asarray(train, dtype=np.int64), np.asarray(test, dtype=np.int64)
    for name, spans in (("train", train), ("test", test)):
        if spans.ndim != 2 or spans.shape[1] != 2:
            raise ShapeError(f"{name} must be (n, 2): first step and end of each window; got shape {spans.shape}.")
    first = np.zeros(len(train), dtype=np.int64) if train_series is None else np.asarray(train_series)
    second = np.zeros(len(test), dtype=np.int64) if test_series is None else np.asarray(test_series)
    touched = np.zeros(len(test), dtype=bool)
    for series in np.unique(second):
        windows, positions = train[first == series], np.flatnonzero(second == series)
        touched[positions] = _touching(windows, test[positions])
    if not touched.any():
        return None
    worst = int(np.argmax(touched))
    return Alarm(
        kind="overlapping windows",
        share=float(touched.mean()),
        text=f"The answers of {int(touched.sum()):,} of {len(test):,} test windows lie in training windows (the first: steps"
        f" {test[worst, 0]} to {test[worst, 1] - 1}): they can be remembered",
        advice="Cut the series in time first, then cut windows out of each part.",
    )


def _touching(spans: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Whether each asked span shares a step with any other: as many spans begin before its end as end before its start, or more."""
    begun = np.searchsorted(np.sort(spans[:, 0]), asked[:, 1], side="left")
    over = np.searchsorted(np.sort(spans[:, 1]), asked[:, 0], side="right")
    return begun > over


def scaler_on_test(scaler: Any, train: Any, test: Any) -> Alarm | None:
    """Find a scaler that was fitted on test rows too.

    Parameters
    ----------
    scaler : StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler of scikit-learn
        Fitted; anything with ``mean_``, ``data_min_`` and ``data_max_``, ``max_abs_`` or ``center_``.
    train : array, (n,) or (n, F)
        Rows it may know.
    test : array, (m,) or (m, F)
        Rows it must not know.

    Returns
    -------
    Alarm or None
        None where its figures are those of the training rows (or of neither).

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> x = np.arange(10.0)[:, None]
    >>> scaler_on_test(StandardScaler().fit(x), x[:8], x[8:]).kind
    'scaler fitted on test'
    >>> scaler_on_test(StandardScaler().fit(x[:8]), x[:8], x[8:]) is None
    True
    """
    rows = [np.asarray(part, dtype=np.float64) for part in (train, test)]
    rows = [part[:, None] if part.ndim == 1 else part for part in rows]
    both = np.concatenate(rows)
    for name, figure in _FIGURES.items():
        learned = getattr(scaler, name, None)
        if learned is None:
            continue
        of_training, of_both = figure(rows[0]), figure(both)
        apart = ~np.isclose(of_training, of_both, rtol=1e-9)
        leaky = apart & np.isclose(learned, of_both, rtol=1e-6) & ~np.isclose(learned, of_training, rtol=1e-6)
        if leaky.any():
            at = int(np.argmax(leaky))
            return Alarm(
                kind="scaler fitted on test",
                share=float(leaky.mean()),
                text=f"{type(scaler).__name__}.{name} is {np.ravel(learned)[at]:g}, that of training and test rows together; of the"
                f" training rows it is {of_training[at]:g}",
                advice="Fit the scaler on the training rows only, best inside a pipeline.",
            )
    return None


_FIGURES = {
    "mean_": lambda x: np.nanmean(x, axis=0),
    "data_max_": lambda x: np.nanmax(x, axis=0),
    "data_min_": lambda x: np.nanmin(x, axis=0),
    "max_abs_": lambda x: np.nanmax(np.abs(x), axis=0),
    "center_": lambda x: np.nanmedian(x, axis=0),
}
"""Statistics of scikit-learn's scalers over the rows they were fitted on."""
