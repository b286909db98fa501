"""Plots: traces and memories with matplotlib, where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import MissingExtraError

if TYPE_CHECKING:
    from elman.insight.horizon import Memory
    from elman.insight.traced import Trace

_TICKS = 80


def _figure(purpose: str, **options: Any) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plot", "matplotlib", purpose) from error
    return Figure(layout="constrained", **options)


def plot_trace(trace: Trace, units: list[int], *, layer: str | None, what: str, axes: Any) -> Any:
    """Draw units of a trace over its steps; see :meth:`Trace.plot`.

    Parameters
    ----------
    trace : Trace
        The trace.
    units : list of int
        Units to draw; a single one colours the value itself.
    layer : str or None
        Which layer; the top one that reads the value by default.
    what : str
        Which of its arrays.
    axes : matplotlib axes or None
        Where to draw.

    Returns
    -------
    matplotlib axes
        The axes drawn on.
    """
    one = trace.layer(layer)
    values = one.array(what)[:, units].T
    if len(units) == 1 and axes is None:
        return _coloured(trace, values[0], one.labels, f"{one.name}, {what} of unit {units[0]}")
    if axes is None:
        figure = _figure("plot a trace", figsize=(min(24, 3 + 0.16 * values.shape[1]), 3 + 0.16 * len(units)))
        above, axes = (
            figure.subplots(2, 1, sharex=True, height_ratios=(1, 3)) if _drawable(trace, values.shape[1]) else (None, figure.subplots())
        )
        if above is not None:
            _value_above(trace, above)
    limit = max(float(np.abs(values).max(initial=0.0)), 1e-12)
    picture = axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(units)), labels=[str(unit) for unit in units])
    axes.set(ylabel="unit", xlabel=f"{one.name}, {what}")
    _label_steps(axes, one.labels)
    axes.figure.colorbar(picture, ax=axes, fraction=0.03)
    return axes


def _label_steps(axes: Any, labels: tuple[str, ...]) -> None:
    step = max(1, -(-len(labels) // _TICKS))
    shown = [label.replace("\n", "⏎") or " " for label in labels[::step]]
    upright = max((len(label) for label in shown), default=0) > 2
    axes.set_xticks(range(0, len(labels), step), labels=shown, rotation=90 if upright else 0, parse_math=False)


def _drawable(trace: Trace, steps: int) -> bool:
    """Whether the value has a drawing whose steps are those of the layer."""
    if trace.kind == "series":
        return len(np.asarray(trace.value)) == steps
    if trace.kind == "picture":
        return isinstance(trace.value, np.ndarray) and steps in trace.value.shape[:2]
    return trace.kind == "strokes"


def _value_above(trace: Trace, axes: Any) -> None:
    value = np.asarray(trace.value)
    if trace.kind == "picture":
        by_rows = value.shape[0] == len(trace.labels) and value.shape[1] != len(trace.labels)
        axes.imshow(value.swapaxes(0, 1) if by_rows else value, cmap="Greys", aspect="auto")
        axes.set(ylabel="column" if by_rows else "row")
    elif trace.kind == "strokes":
        axes.plot(value[:, 0], label="x")
        axes.plot(value[:, 1], label="y")
        axes.legend(frameon=False)
    else:
        axes.plot(value)
        axes.set(ylabel="value")


def _coloured(trace: Trace, unit: np.ndarray, labels: tuple[str, ...], title: str) -> Any:
    """Draw the value itself, each step in the colour of one unit."""
    limit = max(float(np.abs(unit).max(initial=0.0)), 1e-12)
    colours: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    if trace.kind == "strokes" or (trace.kind == "series" and np.ndim(trace.value) == 1 and len(trace.value) == len(unit)):
        axes = _figure("plot a trace").subplots()
        value = np.asarray(trace.value, dtype=np.float64)
        x, y = (value[:, 0], value[:, 1]) if trace.kind == "strokes" else (np.arange(len(value)), value)
        axes.plot(x, y, color="0.8", linewidth=1, zorder=0)
        picture = axes.scatter(x, y, c=unit, s=16, **colours)
        if trace.kind == "strokes":
            axes.set_aspect("equal")
            axes.invert_yaxis()
    else:
        width = min(64, len(labels))
        lines = -(-len(labels) // width)
        axes = _figure("plot a trace", figsize=(2 + 0.16 * width, 1 + 0.28 * lines)).subplots()
        cells = np.full(lines * width, np.nan)
        cells[: len(unit)] = unit
        picture = axes.imshow(cells.reshape(lines, width), aspect="auto", **colours)
        for step, label in enumerate(labels):
            axes.text(step % width, step // width, label[:8], ha="center", va="center", fontsize=7, parse_math=False)
        axes.set_axis_off()
    axes.set_title(title)
    axes.figure.colorbar(picture, ax=axes, fraction=0.03)
    return axes


def plot_memory(memory: Memory, axes: Any) -> Any:
    """Draw what is lost by cutting at each lag, and the gradient's norm; see :meth:`Memory.plot`.

    Parameters
    ----------
    memory : Memory
        The measurement.
    axes : matplotlib axes or None
        Where to draw.

    Returns
    -------
    matplotlib axes
        The axes of the losses.
    """
    axes = _figure("plot a memory", figsize=(7, 3.5)).subplots() if axes is None else axes
    axes.plot(memory.lags, memory.losses, marker="o", markersize=3, label="loss when older steps are cut")
    axes.axhline(memory.loss, color="0.6", linewidth=1, label="loss, nothing cut")
    axes.axvline(memory.horizon, color="0.4", linestyle="--", linewidth=1, label=f"horizon {memory.horizon}")
    axes.set(xlabel="steps kept", ylabel="loss")
    twin = axes.twinx()
    twin.plot(np.arange(len(memory.gradient)), memory.gradient, color="C1", linewidth=1)
    twin.set_yscale("log")
    twin.set_ylabel("gradient norm at this lag", color="C1")
    axes.legend(frameon=False)
    return axes
