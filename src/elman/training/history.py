"""History: the course of training, one row for each epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

from elman.errors import DataError, MissingExtraError
from elman.io import strict_json
from elman.io.schema import Mapping, Maybe, check, number, one_of, real, text, whole
from elman.io.tables import to_kind

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from elman.training.callback import TrainingState

Row = dict[str, Any]
_ENDINGS = ("", "max_epochs", "patience", "budget", "interrupted", "callback", "terminated")
_SCHEMA = {
    "rows": [Mapping(Maybe(number), needs={"epoch": whole()})],
    "metric": text,
    "baseline": Maybe(real()),
    "best_epoch": Maybe(whole()),
    "stopped": one_of(*_ENDINGS),
    "reasons": [text],
}
_LOSSES = (("loss", "training loss"), ("validation_loss", "validation loss"))


@dataclass(kw_only=True)
class History:
    """One row for each epoch, and the reason why training ended.

    Examples
    --------
    >>> history = History(rows=[{"epoch": 1, "loss": 0.5}], metric="accuracy")
    >>> len(history), history[0]["loss"]
    (1, 0.5)
    """

    rows: list[Row] = field(default_factory=list)
    """``epoch``, ``step``, ``loss``, ``validation_loss``, ``metric``, ``learning_rate``, ``grad_norm``, ``best``, ``seconds`` since the
    beginning, and ``waiting``: the seconds of this epoch in which the network waited for batches."""
    metric: str = ""
    """Name of the metric."""
    baseline: float | None = None
    """The metric of the simplest baseline on the same held-out rows."""
    best_epoch: int | None = None
    """Epoch of the weights in the model."""
    stopped: Literal["", "max_epochs", "patience", "budget", "interrupted", "callback", "terminated"] = ""
    """Reason why training ended: all epochs are done, no better epoch within the patience, the time budget, Ctrl-C, a callback that
    returned True, or SIGTERM ("terminated", seen only by ``on_train_end`` of a callback); "" while training goes on."""
    reasons: list[str] = field(default_factory=list)
    """Values of the settings that were "auto", with the reason for each."""

    def __len__(self) -> int:
        """Number of epochs."""
        return len(self.rows)

    def __getitem__(self, index: int) -> Row:
        """Return the row of one epoch, counted from 0."""
        return self.rows[index]

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended training."""
        return self.stopped == "interrupted"

    def to_dict(self) -> dict[str, Any]:
        """Return the history as plain JSON values."""
        return {
            "rows": self.rows,
            "metric": self.metric,
            "baseline": self.baseline,
            "best_epoch": self.best_epoch,
            "stopped": self.stopped,
            "reasons": self.reasons,
        }

    def to_json(self) -> str:
        """Return the history as JSON text."""
        return strict_json.canonical(self.to_dict())

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> History:
        """Rebuild a history; unknown or missing keys raise DataError."""
        expected = set(cls.__dataclass_fields__)
        if not isinstance(value, dict) or set(value) != expected:
            got = sorted(value) if isinstance(value, dict) else value
            raise DataError(f"a history must have exactly the keys {sorted(expected)}; got {str(got)[:200]}.")
        check(value, _SCHEMA, "history")
        return cls(**value)

    def load(self, value: dict[str, Any]) -> None:
        """Replace the content by that of :meth:`to_dict`."""
        vars(self).update(vars(self.from_dict(value)))

    def on_epoch_end(self, state: TrainingState) -> None:
        """Append the row of an epoch: the history is a callback of the loop."""
        self.rows.append(dict(state.row or {}))

    @overload
    def to_frame(self, kind: Literal["pandas"] = "pandas") -> pandas.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["pyarrow"]) -> pyarrow.Table: ...
    def to_frame(self, kind: Literal["pandas", "polars", "pyarrow"] = "pandas") -> Any:
        """Return the rows as a data frame.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}
            Library of the data frame.

        Returns
        -------
        DataFrame or Table
            One row an epoch.
        """
        return to_kind(self.rows, kind)

    def plot(self, ax: Any = None) -> Any:
        """Draw training and validation loss over the epochs, and the metric with its baseline beside them.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes for the losses; those of a new figure by default.

        Returns
        -------
        Axes
            The axes of the losses.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as cause:
            raise MissingExtraError("plot", "matplotlib", "plot a history") from cause
        ax = Figure(layout="constrained").subplots() if ax is None else ax
        epochs = [row["epoch"] for row in self.rows]
        for name, label in _LOSSES:
            if any(row.get(name) is not None for row in self.rows):
                ax.plot(epochs, [_number(row.get(name)) for row in self.rows], label=label)
        if self.best_epoch is not None:
            ax.axvline(self.best_epoch, color="0.7", linewidth=1, label="kept")
        self._plot_metric(ax, epochs)
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss")
        ax.legend()
        return ax

    def _repr_html_(self) -> str:
        from elman.markup import fragment

        return fragment(*self.to_markup())

    def to_markup(self) -> list[Any]:
        """Return the course of training as markup: losses, the metric, and the ending.

        Returns
        -------
        list of Markup
            Facts and charts.
        """
        from elman.markup import Line, facts, line_chart

        epochs = [row["epoch"] for row in self.rows]
        marks = [(float(self.best_epoch), "kept")] if self.best_epoch is not None else []
        entries = [("epochs", len(self)), ("kept", self.best_epoch), ("ended by", self.stopped or "still training")]
        parts = [facts([*entries, ("metric", self.metric or None), ("simplest guess", self.baseline)])]
        losses = [(name, label) for name, label in _LOSSES if any(row.get(name) is not None for row in self.rows)]
        lines = [Line(name=label, x=epochs, y=[_number(row.get(name)) for row in self.rows]) for name, label in losses]
        if lines:
            parts.append(line_chart(lines, title="Loss by epoch", x_label="epoch", y_label="loss", marks=marks))
        if self.metric and any(row.get("metric") is not None for row in self.rows):
            curve = [Line(name=self.metric, x=epochs, y=[_number(row.get("metric")) for row in self.rows])]
            if self.baseline is not None and len(epochs) > 1:
                curve.append(Line(name="simplest guess", x=[epochs[0], epochs[-1]], y=[self.baseline] * 2, dashed=True))
            parts.append(line_chart(curve, title=f"{self.metric} by epoch", x_label="epoch", y_label=self.metric, marks=marks))
        return parts

    def _plot_metric(self, ax: Any, epochs: list[int]) -> None:
        if not self.metric or all(row.get("metric") is None for row in self.rows):
            return
        twin = ax.twinx()
        twin.plot(epochs, [_number(row.get("metric")) for row in self.rows], color="C2", linestyle="--")
        if self.baseline is not None:
            twin.axhline(self.baseline, color="C2", linewidth=1, linestyle=":")
        twin.set_ylabel(self.metric)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
