"""Trace of a network over one value: states, gates and predictions step by step, as arrays with labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman.inspection.trace.plot import _TICKS, _figure

if TYPE_CHECKING:
    from elman.inspection.trace.trace import Trace
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from elman.errors import DataError, SettingError, did_you_mean
from elman.inspection.trace.probe import Following, follow
from elman.inspection.trace.properties import values_of
from elman.markup import element, fragment, heat_map, heat_text, table

_SHOWN = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTrace:
    """One recurrent layer in one direction.

    Attributes
    ----------
    name : str
        As "encoder 1", "encoder 1 backwards" or "decoder 2".
    labels : tuple of str
        T labels of the steps.
    hidden : ndarray
        (T, H) the hidden state after each step (in reading order: of a layer that reads backwards, after the steps to the right).
    cell : ndarray or None
        (T, H) cell state of an LSTM.
    gates : dict of str to ndarray
        (T, H) each, by torch's names: ``i f g o`` of an LSTM, ``r z n`` of a GRU.
    """

    name: str
    labels: tuple[str, ...]
    hidden: np.ndarray
    cell: np.ndarray | None
    gates: dict[str, np.ndarray]

    def array(self, quantity: str) -> np.ndarray:
        """Return "hidden", "cell" or a gate by its name, (T, H)."""
        index = {"hidden": self.hidden, **({} if self.cell is None else {"cell": self.cell}), **self.gates}
        if quantity not in index:
            raise SettingError(f"{self.name} has {sorted(index)}; got {quantity!r}.{did_you_mean(quantity, index)}")
        return index[quantity]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Predictions of the model at every step.

    Attributes
    ----------
    labels : tuple of str
        T labels of the steps.
    values : ndarray
        (T, C) probabilities of classes, symbols or tags; (T, …) numbers.
    said : list
        The best answer at each step, in the user's words.
    meaning : str
        Meaning of the prediction at a step.
    """

    labels: tuple[str, ...]
    values: np.ndarray
    said: list[Any]
    meaning: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """States, gates and predictions of a network over one value.

    Attributes
    ----------
    value : object
        The value that was read.
    kind : str
        Modality of the value: "text", "series", "strokes", "image", …; the form in which it is drawn.
    answer : object
        Answer of the model (of a language model: the likeliest next symbol).
    layers : tuple of LayerTrace
        All recurrent layers, the encoder's first, bottom first.
    attention : ndarray or None
        (T, S) where a decoder looked while it wrote each of its T steps.

    Examples
    --------
    >>> import elman
    >>> from elman import Category, Model, Series, Training
    >>> rises, falls = [[0, 1, 2], [1, 3, 4]], [[2, 1, 0], [3, 1, 0]]
    >>> model = Model(Series(), Category(), training=Training(max_epochs=20, verbose=0))
    >>> model = model.fit(rises * 8 + falls * 8, ["up"] * 16 + ["down"] * 16)
    >>> trace = elman.trace(model, [1, 2, 3, 4])
    >>> trace.answer, trace.hidden.shape[0], trace.predictions.values.shape
    ('up', 4, (4, 2))
    """

    value: Any
    kind: str
    answer: Any
    layers: tuple[LayerTrace, ...]
    attention: np.ndarray | None = None
    _later: Callable[[], Predictions] = field(repr=False)

    @cached_property
    def predictions(self) -> Predictions:
        """Predictions at every step, or those of the value cut there; computed on first use."""
        return self._later()

    @property
    def main(self) -> list[LayerTrace]:
        """The top layer that reads the value, in each of its directions."""
        first = self.layers[0].name.split(" ")[0]
        part = [layer for layer in self.layers if layer.name.split(" ")[0] == first]
        top = part[-1].name.split(" ")[1]
        return [layer for layer in part if layer.name.split(" ")[1] == top]

    @property
    def labels(self) -> tuple[str, ...]:
        """T labels of the steps that were read."""
        return self.main[0].labels

    @property
    def hidden(self) -> np.ndarray:
        """(T, D·H) hidden states of the top layer that reads the value, both directions side by side."""
        return np.concatenate([layer.hidden for layer in self.main], 1)

    @property
    def cell(self) -> np.ndarray | None:
        """(T, D·H) cell states of an LSTM's top layer; None for other cells."""
        cells = [layer.cell for layer in self.main if layer.cell is not None]
        return np.concatenate(cells, 1) if cells else None

    @property
    def gates(self) -> dict[str, np.ndarray]:
        """(T, D·H) gates of the top layer that reads the value, by name."""
        return {name: np.concatenate([layer.gates[name] for layer in self.main], 1) for name in self.main[0].gates}

    def layer(self, name: str | None = None) -> LayerTrace:
        """Return a layer by its name; by default the top one that reads the value.

        Parameters
        ----------
        name : str, optional
            As in ``layers``.

        Returns
        -------
        LayerTrace
            The layer.
        """
        if name is None:
            return self.main[0]
        names = [layer.name for layer in self.layers]
        if name not in names:
            raise SettingError(f"layer must be one of {names}; got {name!r}.{did_you_mean(name, names)}")
        return self.layers[names.index(name)]

    def units_following(self, property: Any, *, layer: str | None = None, quantity: str = "hidden", top: int = 5) -> Following:  # noqa: A002  # the user's word
        """Find the units that best follow a property of the steps, by linear probes judged on steps held out.

        Parameters
        ----------
        property : str or array
            "position", "quote depth", "bracket depth", "digit count", "line position", "word position", or one number a step.
        layer : str, optional
            Name of a layer; by default the top one that reads the value, all its directions.
        quantity : str, default "hidden"
            "hidden", "cell" or a gate.
        top : int, default 5
            Units to name.

        Returns
        -------
        Following
            The units, each with its held-out score, and the score of all units together.
        """
        layers = self.main if layer is None else [self.layer(layer)]
        expected, name = values_of(property, layers[0].labels)
        return follow(np.concatenate([one.array(quantity) for one in layers], 1), expected, name=name, top=top)

    def busiest(self, count: int = _SHOWN, *, layer: str | None = None, quantity: str = "hidden") -> np.ndarray:
        """Return the units that change most over the steps, the busiest first.

        Parameters
        ----------
        count : int, default 24
            How many at most.
        layer : str, optional
            Name of a layer.
        quantity : str, default "hidden"
            "hidden", "cell" or a gate.

        Returns
        -------
        ndarray
            Numbers of units.
        """
        array = self.layer(layer).array(quantity)
        return np.argsort(-array.std(0), kind="stable")[:count]

    def plot(self, units: Any = None, *, layer: str | None = None, quantity: str = "hidden", axes: Any = None) -> Any:
        """Draw units as a heat map over the steps, under the text, series, strokes or picture that was read.

        Parameters
        ----------
        units : int or sequence of int, optional
            Which; by default the 24 that change most. A single one colours the value itself.
        layer : str, optional
            Name of a layer; by default the top one that reads the value.
        quantity : str, default "hidden"
            "hidden", "cell" or a gate.
        axes : matplotlib axes, optional
            Where to draw the heat map alone; a new figure with the value above it by default.

        Returns
        -------
        matplotlib axes
            The axes of the heat map, or of the coloured value.
        """
        return plot_trace(self, self._units(units, layer, quantity), layer=layer, quantity=quantity, axes=axes)

    def _units(self, units: Any, layer: str | None, quantity: str) -> list[int]:
        size = self.layer(layer).array(quantity).shape[1]
        chosen = self.busiest(layer=layer, quantity=quantity) if units is None else np.atleast_1d(np.asarray(units))
        if chosen.ndim != 1 or not len(chosen) or chosen.dtype.kind not in "iu" or chosen.min() < 0 or chosen.max() >= size:
            raise SettingError(f"units must be whole numbers in 0..{size - 1}; got {units!r}.")
        return [int(unit) for unit in chosen]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values.

        Returns
        -------
        dict
            ``answer``, ``kind``, ``layers`` with their arrays as lists, ``attention`` and ``predictions``.
        """
        layers = [
            {
                "name": layer.name,
                "labels": list(layer.labels),
                "hidden": layer.hidden.tolist(),
                "cell": None if layer.cell is None else layer.cell.tolist(),
                "gates": {name: gate.tolist() for name, gate in layer.gates.items()},
            }
            for layer in self.layers
        ]
        answer = self.predictions
        predictions = {
            "labels": list(answer.labels),
            "values": answer.values.tolist(),
            "said": [str(s) for s in answer.said],
            "meaning": answer.meaning,
        }
        attention = None if self.attention is None else self.attention.tolist()
        return {"answer": str(self.answer), "kind": self.kind, "layers": layers, "attention": attention, "predictions": predictions}

    def __str__(self) -> str:
        """Show the layers, one a line, and the predictions step by step."""
        lines = [f"answer: {self.answer}"]
        for layer in self.layers:
            gates = "  ".join(f"{name} {gate.mean():+.2f}" for name, gate in layer.gates.items())
            size = f"{len(layer.labels)} steps, {layer.hidden.shape[1]} units"
            lines.append(f"{layer.name}: {size}; mean |h| {np.abs(layer.hidden).mean():.2f}; {gates}")
        return "\n".join([lines[0], *(line.rstrip("; ") for line in lines[1:])])

    def _repr_html_(self) -> str:
        return fragment(*self.to_markup())

    def to_markup(self, steps: int = 80) -> list[Any]:
        """Return the trace as markup: predictions, and the busiest units over the first steps.

        Parameters
        ----------
        steps : int, default 80
            Steps to show at most.

        Returns
        -------
        list of Markup
            Table and drawing.
        """
        layer = self.main[0]
        units = self.busiest(_SHOWN).tolist()
        cut = layer.hidden[:steps, units].T
        title = f"{layer.name}: the {len(units)} units that change most, over {cut.shape[1]} of {len(layer.labels)} steps"
        answer = self.predictions
        strengths = [self._strongest(i) for i in range(len(answer.labels))]
        rows = list(zip(answer.labels, strengths, answer.said, strict=True))[:steps]
        caption = f"{answer.meaning}; {len(rows)} of {len(answer.labels)} steps"
        parts = [heat_map(cut, title=title, rows=[f"unit {u}" for u in units], columns=layer.labels[:steps], highest=1.0)]
        if self.kind == "text" and None not in strengths:
            lines = [(label, strength or 0.0) for label, strength in zip(answer.labels, strengths, strict=True)][: 4 * steps]
            parts.append(element("p", "The stronger the colour, the surer it was at this step.", class_="note"))
            parts.append(heat_text(lines, 1.0, "" if all(len(label) <= 1 for label, _ in lines) else " "))
        if self.attention is not None and self.attention.size:
            title = "Where the decoder looked while it wrote each row"
            parts.append(
                heat_map(self.attention[:steps, :steps], title=title, rows=answer.labels[:steps], columns=layer.labels[:steps], highest=1.0)
            )
        steps_said = element("summary", "What was said, step by step")
        return [*parts, element("details", steps_said, table(["step", "strength", "said"], rows, caption=caption))]

    def _strongest(self, step: int) -> float | None:
        """The probability of the prediction, where there are probabilities."""
        values = np.asarray(self.predictions.values[step])
        return float(values.max()) if values.ndim == 1 and values.size > 1 and (values >= 0).all() and values.max() <= 1 + 1e-6 else None


def check_steps(count: int, verb: str) -> None:
    """Refuse a value without a step."""
    if not count:
        raise DataError(f"{verb} needs a value of at least one step; this one is empty. Give a longer one.")


def plot_trace(trace: Trace, units: list[int], *, layer: str | None, quantity: str, axes: Any) -> Any:
    """Draw units of a trace over its steps; see :meth:`Trace.plot`."""
    one = trace.layer(layer)
    values = one.array(quantity)[:, units].T
    if len(units) == 1 and axes is None:
        return _coloured(trace, values[0], one.labels, f"{one.name}, {quantity} of unit {units[0]}")
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
    axes.set(ylabel="unit", xlabel=f"{one.name}, {quantity}")
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
    if trace.kind == "image":
        return isinstance(trace.value, np.ndarray) and steps in trace.value.shape[:2]
    return trace.kind == "strokes"


def _value_above(trace: Trace, axes: Any) -> None:
    value = np.asarray(trace.value)
    if trace.kind == "image":
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
