"""Horizon: how far back a model looks, as a number with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elman.inspection.trace.plot import _figure

if TYPE_CHECKING:
    from elman.inspection.memory.memory import Memory
from collections.abc import Callable
from dataclasses import dataclass, field

from elman.markup import Line, facts, fragment, line_chart

FADED = 1e-3
"""Share of the largest gradient below which a step hardly teaches anything."""
EXPLODED = 100.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """How far a model looks back.

    Attributes
    ----------
    horizon : int
        The smallest number of steps k such that cutting everything older than k steps, here and at every larger k that was tried,
        raises the loss by no more than ``share`` of the information in the states. 0: each step is read alone.
    beyond : bool
        Whether the horizon is further than was looked (``lags[-1]``); it is then at least ``horizon``.
    lags, losses : ndarray
        (K,) lags that were tried, and the loss per unit when older steps are cut.
    loss, blind : float
        The loss when nothing is cut, and when every state is the average state. Their difference is the information in the states.
    share : float
        How much of it may be lost.
    gradient : ndarray
        (L,) norm of the derivative of a state h_t by the input x_{t-k}, for k = 0, 1, …; root mean square over rows.
    gradient_horizon : int
        The smallest k such that lags beyond it hold no more than ``share`` of the sum of the norms.
    rate : float
        Factor by which the norm changes per step of lag, from a straight line through its logarithm.
    steps : int
        The longest value that was read.
    warnings : list of str
        Vanishing or exploding gradients and other warnings, each with advice.
    """

    horizon: int
    beyond: bool
    lags: np.ndarray
    losses: np.ndarray
    loss: float
    blind: float
    share: float
    gradient: np.ndarray
    gradient_horizon: int
    rate: float
    steps: int
    warnings: list[str] = field(default_factory=list)

    @property
    def fades(self) -> int | None:
        """The lag from which on the gradient stays below a thousandth of its largest; None where it never does."""
        return fading(self.gradient)

    def __str__(self) -> str:
        """Show it as a few lines."""
        least = "at least " if self.beyond else ""
        lines = [
            f"looks back {least}{self.horizon} of {self.steps} steps: older ones change the loss ({self.loss:.4g}) by no more than"
            f" {self.share:.0%} of what the states tell ({self.blind - self.loss:.4g})",
            f"gradient: {1 - self.share:.0%} of it within {self.gradient_horizon} steps; x {self.rate:.3g} per step",
        ]
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])

    def plot(self, *, axes: Any = None) -> Any:
        """Draw the loss by the steps that are kept, with the horizon, and the gradient's norm beside it.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib axes
            The axes of the losses.
        """
        return plot_memory(self, axes)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values.

        Returns
        -------
        dict
            By the names of the attributes.
        """
        summary = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in summary.items()}

    def _repr_html_(self) -> str:
        return fragment(*self.to_markup())

    def to_markup(self) -> list[Any]:
        """Return the measurement as markup.

        Returns
        -------
        list of Markup
            Facts and two charts.
        """
        lines = [Line(name="older steps cut", x=self.lags.tolist(), y=self.losses.tolist())]
        lines.append(Line(name="nothing cut", x=[0, int(self.lags[-1])], y=[self.loss] * 2, dashed=True))
        marks = [(float(self.horizon), f"horizon {self.horizon}")]
        cut = line_chart(lines, title="Loss when everything older is cut", x_label="steps kept", y_label="loss", marks=marks)
        norms = [Line(name="", x=list(range(len(self.gradient))), y=self.gradient.tolist())]
        faded = line_chart(norms, title="Gradient by lag", x_label="lag in steps", y_label="norm of ∂h/∂x at this lag", log=True)
        text = str(self).splitlines()
        pairs = [("memory", text[0]), ("gradient", text[1].removeprefix("gradient: ")), *(("warning", w) for w in self.warnings)]
        return [facts(pairs), cut, faded]


def search(loss_at: Callable[[int], float], most: int, allowed: float) -> tuple[int, bool, dict[int, float]]:
    """Find the smallest lag from which on the loss stays within a limit.

    Parameters
    ----------
    loss_at : callable
        The loss at a lag.
    most : int
        The largest lag to try.
    allowed : float
        The largest loss.

    Returns
    -------
    tuple
        The horizon, whether it lies beyond ``most``, and every loss that was computed by its lag.

    Examples
    --------
    >>> search(lambda lag: 1.0 if lag < 13 else 0.0, 50, 0.1)[:2]
    (13, False)
    """
    index = {lag: loss_at(lag) for lag in grid(most)}
    failing = [lag for lag, loss in index.items() if not loss <= allowed]
    if not failing:
        return 0, False, index
    low = max(failing)
    if low == most:
        return most, True, index
    high = min(lag for lag in index if lag > low)
    while high - low > 1:
        middle = (low + high) // 2
        index[middle] = loss_at(middle)
        low, high = (low, middle) if index[middle] <= allowed else (middle, high)
    return high, False, dict(sorted(index.items()))


def grid(most: int) -> list[int]:
    """Return lags from 0 to ``most``, the next about a third further each time.

    Parameters
    ----------
    most : int
        The last one.

    Returns
    -------
    list of int
        Rising.

    Examples
    --------
    >>> grid(20)
    [0, 1, 2, 3, 4, 5, 7, 9, 12, 16, 20]
    """
    results = [0]
    while results[-1] < most:
        results.append(min(most, max(results[-1] + 1, int(results[-1] * 1.4))))
    return results


def fading(gradient: np.ndarray) -> int | None:
    """Return the lag from which on a gradient stays below a thousandth of its largest, None where it never does."""
    strong = np.flatnonzero(gradient >= FADED * gradient.max(initial=0.0))
    after = int(strong[-1]) + 1 if len(strong) else 0
    return after if after < len(gradient) else None


def reach_of(gradient: np.ndarray, share: float) -> int:
    """Return the smallest lag beyond which lies no more than a share of the sum of the norms."""
    left = gradient.sum() - np.cumsum(gradient)
    return int(np.flatnonzero(left <= share * gradient.sum() + 1e-300)[0]) if len(gradient) else 0


def rate_of(gradient: np.ndarray) -> float:
    """Return the factor per step of lag: least squares through the logarithms of nonzero values."""
    lags = np.flatnonzero((gradient > 0) & np.isfinite(gradient))
    return float(np.exp(np.polyfit(lags, np.log(gradient[lags]), 1)[0])) if len(lags) > 1 else 0.0


def plot_memory(memory: Memory, axes: Any) -> Any:
    """Draw the increase of the loss by truncation at each lag, and the gradient's norm; see :meth:`Memory.plot`."""
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
