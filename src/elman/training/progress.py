"""Progress: one line for each epoch on the error stream, a live bar on a terminal only, nothing with ``verbose=0``."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from elman.training.callback import TrainingState

_REDRAW = 0.1
"""Seconds between two drawings of the bar."""
_ENDINGS = {
    "interrupted": "stopped by you; the best weights so far (epoch {epoch}) are kept.",
    "budget": "the time budget is used up; the best weights (epoch {epoch}) are kept.",
    "patience": "no better epoch for a while; the best weights (epoch {epoch}) are kept.",
    "callback": "stopped by a callback; the best weights (epoch {epoch}) are kept.",
}


class Progress:
    """Callback that prints the course of training.

    Parameters
    ----------
    verbose : int
        0 prints nothing.
    max_epochs : int
        Epochs at most.
    metric : str
        Name of the metric; "" if there is none.
    baseline : float or None
        Metric of the simplest baseline, printed beside the metric.
    stream : file, optional
        Output; ``sys.stderr`` by default.
    """

    def __init__(self, *, verbose: int, max_epochs: int, metric: str, baseline: float | None, stream: TextIO | None = None) -> None:
        self.on = verbose > 0
        self.max_epochs, self.metric, self.baseline = max_epochs, metric, baseline
        self.stream = stream or sys.stderr
        live = self.on and self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self._bar = _Bar(self.stream) if live else None
        self._start = self._last = (0.0, 0)
        self._open, self._trained = False, False

    def on_train_start(self, state: TrainingState) -> None:
        """Print the place from which a run resumes."""
        if state.checkpoint is not None:
            self.say(f"going on from {state.checkpoint}: epoch {state.epoch}, {state.batch} batches done.")

    def on_epoch_start(self, state: TrainingState) -> None:
        """Start the bar of an epoch, and the clock of its steps."""
        self._open = True
        self._start = self._last = (time.monotonic(), state.step)
        if self._bar is not None:
            self._bar.start(f"epoch {state.epoch}/{self.max_epochs}", state.batches, state.batch)

    def on_batch_end(self, state: TrainingState) -> None:
        """Count one batch."""
        self._last = (time.monotonic(), state.step)
        if self._bar is not None:
            self._bar.advance()

    def on_epoch_end(self, state: TrainingState) -> None:
        """Print the line of an epoch."""
        self._open, self._trained = False, True
        start, first = self._start
        end, last = self._last  # the last batch: validation does not count
        rate = (last - first) / max(end - start, 1e-9)
        self.say(self.line(dict(state.row or {}), rate, None if state.history.stopped else _seconds_left(state)))

    def on_train_end(self, state: TrainingState) -> None:
        """Print the reason why training ended, and remove the bar."""
        stopped = state.history.stopped
        if stopped == "terminated":
            self.say("terminated." if state.settings.checkpoint_dir is None else "terminated; the checkpoint is written.")
        elif stopped == "interrupted" and self._open:
            self.say("stopped at once; the best model so far is kept.")
        elif stopped in _ENDINGS and self._trained:  # a finished run that is started again trains nothing
            self.say(_ENDINGS[stopped].format(epoch=state.history.best_epoch))
        self.close()

    def line(self, row: dict[str, Any], steps_per_second: float, seconds_left: float | None) -> str:
        """Return the line of an epoch.

        Parameters
        ----------
        row : dict
            A row of the history.
        steps_per_second : float
            Steps of the optimizer.
        seconds_left : float or None
            Estimate of the time left at most.

        Returns
        -------
        str
            The line, without its end.

        Examples
        --------
        >>> quiet = Progress(verbose=0, max_epochs=9, metric="accuracy", baseline=0.5)
        >>> row = {"epoch": 1, "loss": 0.7, "validation_loss": 0.6, "metric": 0.9, "best": True}
        >>> quiet.line(row, 20.0, 61)
        'epoch 1/9  loss 0.7  validation 0.6  accuracy 0.9 (baseline 0.5)  20 steps/s  1m01s left  * best'
        """
        parts = [f"epoch {row['epoch']:>{len(str(self.max_epochs))}}/{self.max_epochs}", f"loss {row['loss']:.4g}"]
        if row.get("validation_loss") is not None:
            parts.append(f"validation {row['validation_loss']:.4g}")
        if self.metric and row.get("metric") is not None:
            baseline = "" if self.baseline is None else f" (baseline {self.baseline:.4g})"
            parts.append(f"{self.metric} {row['metric']:.4g}{baseline}")
        parts.append(f"{steps_per_second:.3g} steps/s")
        if seconds_left is not None:
            parts.append(f"{clock(seconds_left)} left")
        if row.get("best"):
            parts.append("* best")
        return "  ".join(parts)

    def say(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        if self._bar is not None:
            self._bar.say(text)
        elif self.on:
            self.stream.write(text + "\n")
            self.stream.flush()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


def _seconds_left(state: TrainingState) -> float:
    """Estimate the seconds until ``max_epochs`` or the budget ends training."""
    estimate = (state.settings.max_epochs - state.epoch) * state.seconds / max(state.epoch, 1)
    budget = state.settings.budget
    return estimate if budget is None else min(estimate, max(budget - state.seconds, 0.0))


class _Bar:
    """A progress bar of rich, which honours NO_COLOR; rich is imported only here."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.console = Console(file=stream, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = RichProgress(*columns, console=self.console, transient=True, auto_refresh=False)
        self.task = self.bar.add_task("", total=1)
        self.count, self.to_markup = 0, 0.0

    def start(self, text: str, total: int, done: int) -> None:
        """Start a count to ``total``."""
        self.bar.start()
        self.count = done
        self.bar.reset(self.task, description=text, total=total, completed=done)

    def advance(self) -> None:
        """Count one batch, and redraw the bar at most ten times a second."""
        self.count += 1
        now = time.monotonic()
        if now - self.to_markup >= _REDRAW:
            self.to_markup = now
            self.bar.update(self.task, completed=self.count)
            self.bar.refresh()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.bar.stop()
        self.console.print(text, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Remove the bar."""
        self.bar.stop()


def clock(seconds: float) -> str:
    """Format a time span: 9s, 1m20s, 2h05m.

    Parameters
    ----------
    seconds : float
        Length of the span.

    Returns
    -------
    str
        Two units at most.

    Examples
    --------
    >>> clock(9.4), clock(80), clock(7500)
    ('9s', '1m20s', '2h05m')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m{whole % 60:02d}s" if whole < 3600 else f"{whole // 3600}h{whole % 3600 // 60:02d}m"
