"""``elman compare``: simple and recurrent models on one file, and a verdict."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from elman.cli import columns
from elman.cli.fit import Continue, read_table
from elman.cli.output import Output
from elman.cli.series import Columns, series_of
from elman.cli.settings_options import with_settings
from elman.cli.shared_options import By, Data, Encoding, Json, Quiet, Rows, Source, Target
from elman.errors import DataError, ElmanWarning, MissingExtraError, SettingError
from elman.network.settings import Network
from elman.settings import Settings
from elman.training.settings import Training


@dataclass(kw_only=True, eq=False, repr=False)
class ComparisonOptions(Settings):
    """Options of a comparison: candidates and split."""

    shuffled: bool = False
    """Also with the steps in another order: does the order matter?"""
    untied: bool = False
    """Also with weights of its own at every step: this measures the gain of sharing them."""
    horizon: int | None = None
    """Compare forecasts of so many steps, hidden at the end of each series."""
    test_size: float = 0.2
    """Share of the rows to test on; equal rows stay on one side."""
    groups: str | None = None
    """Column of authors, speakers or devices: all rows of one stay on one side."""
    on_leak: Literal["warn", "raise", "ignore"] = "warn"
    """To do where the split looks leaky."""
    align: Literal["auto", "step", "attention", "ctc"] = "auto"
    """How the steps of source and target belong together."""
    out: str | None = None
    """Folder for results and models; a run with the same folder goes on."""
    plot: str | None = None
    """Draw the leaderboard into this file (.png, .svg, .pdf)."""


Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="NAME", help="Take only this candidate (several times for more); all by default.")
]


@with_settings(comparison=ComparisonOptions, series=Columns, network=Network, training=Training)
def compare(
    data: Data,
    *,
    source: Source = None,
    target: Target = None,
    continue_: Continue = None,
    only: Only = None,
    by: By = "line",
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
    comparison: ComparisonOptions | None = None,
    series: Columns | None = None,
    network: Network | None = None,
    training: Training | None = None,
) -> None:
    """Let simple and recurrent models do one task on one split, and recommend one; --budget is shared by all."""
    output, comparison, training = Output(json, quiet), comparison or ComparisonOptions(), training or Training()
    if continue_ and (source or target):
        raise SettingError("--continue learns from one column alone; leave out --source and --target, or leave out --continue.")
    if comparison.plot and importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("plot", "matplotlib", "plot a leaderboard")
    read = read_table(data, output, by=by, encoding=encoding, rows=rows)
    budget, training.budget = training.budget, None
    if comparison.horizon is not None:
        task, complete = _series(read, comparison.horizon, series or Columns(), output, network=network, training=training)
    elif continue_ or (not source and not target and read.names == ["text"]):
        task, complete = _texts(read, continue_ or "text:char", network, training)
    else:
        task, complete = _pairs(read, source or [], target, output, align=comparison.align, network=network, training=training)
    if len(complete) < len(read):
        output.note(f"{len(read) - len(complete):,} of {len(read):,} rows dropped: source or target is missing")
    board = _run(task, comparison, output, kept=complete, read=read, budget=budget, only=only, seed=training.random_state)
    if comparison.plot:
        board.plot().figure.savefig(comparison.plot)
    output.result(board.to_dict(), [] if json else str(board).splitlines())


def _series(read: Any, horizon: int, series: Columns, output: Output, **settings: Any) -> tuple[tuple[Any, ...], Any]:
    """A forecaster and its series; the reader itself reports dropped rows."""
    from elman import Forecaster

    panel, _ = series_of(read, series)
    output.note(*panel.notes)
    return (Forecaster(horizon, **settings), panel), range(len(read))


def _texts(read: Any, spec: str, network: Network | None, training: Training) -> tuple[tuple[Any, ...], list[int]]:
    """A language model and its documents; empty ones are dropped."""
    from elman import LanguageModel

    chosen = columns.side(read, [spec])
    values = chosen.values(read)
    indices = [row for row, value in enumerate(values) if value is not None and value != ""]
    if not indices:
        raise DataError(f"{read.path} holds no text to learn from.")
    return (LanguageModel(chosen.codec, network=network, training=training), [values[row] for row in indices]), indices


def _pairs(read: Any, source: list[str], target: str | None, output: Output, **settings: Any) -> tuple[tuple[Any, ...], list[int]]:
    """A model and both sides; rows that lack one are dropped."""
    from elman import Model

    ins, outs = columns.choose(read, source, target)
    output.say(*(f"inferred: {reason}" for reason in (*ins.reasons, *outs.reasons)))
    xs, ys = ins.values(read), outs.values(read)
    indices = [row for row, (x, y) in enumerate(zip(xs, ys, strict=True)) if x is not None and y is not None and y != ""]
    if not indices:
        raise DataError("no row has both a source and a target. Check the columns with: elman doctor FILE")
    return (Model(ins.codec, outs.codec, **settings), [xs[row] for row in indices], [ys[row] for row in indices]), indices


def _run(
    what: tuple[Any, ...],
    comparison: ComparisonOptions,
    output: Output,
    *,
    kept: Sequence[int],
    read: Any,
    budget: Any,
    only: list[str] | None,
    seed: int,
) -> Any:
    """Compare; alarms come as notes, before anything is trained."""
    from elman import compare as contest_of

    groups = None if comparison.groups is None else read.column(comparison.groups)
    with warnings.catch_warnings():
        warnings.simplefilter("default", ElmanWarning)
        warnings.showwarning = lambda message, *_, **__: output.note(str(message))
        return contest_of(
            *what,
            candidates=only or "auto",
            shuffled=comparison.shuffled,
            untied=comparison.untied,
            test_size=comparison.test_size,
            groups=None if groups is None else [groups[row] for row in kept],
            budget=budget,
            on_leak=comparison.on_leak,
            folder=comparison.out,
            random_state=seed,
            verbose=output.verbose,
        )
