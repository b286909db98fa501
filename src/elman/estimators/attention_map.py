"""AttentionMap: where a model looked while it wrote, with the names of both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import MissingExtraError


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionMap:
    """Attention of one answer, as ``predict(…, return_attention=True)`` gives it.

    Attributes
    ----------
    weights : ndarray
        (T, S): for each symbol of the answer the share of each step of the source; rows sum to 1 where there was something to see.
    source : tuple of str
        S names of the steps of the source.
    target : tuple of str
        T names of the symbols of the answer.
    score : float
        What the answer is ranked by.

    Examples
    --------
    >>> AttentionMap(weights=np.eye(2), source=("zwei", "Hunde"), target=("two", "dogs"), score=-0.5).looked_at()
    [('two', 'zwei'), ('dogs', 'Hunde')]
    """

    weights: np.ndarray
    source: tuple[str, ...]
    target: tuple[str, ...]
    score: float

    def looked_at(self) -> list[tuple[str, str]]:
        """Return for each symbol of the answer the step of the source that it looked at most.

        Returns
        -------
        list of tuple of str
            T pairs; none for an empty source.
        """
        if not self.weights.size:
            return []
        return [(name, self.source[int(step)]) for name, step in zip(self.target, self.weights.argmax(1), strict=True)]

    def plot(self, *, axes: Any = None) -> Any:
        """Draw the weights, the source from left to right and the answer downwards.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib axes
            The axes drawn on.
        """
        if axes is None:
            try:
                from matplotlib.figure import Figure
            except ImportError as error:
                raise MissingExtraError("plot", "matplotlib", "plot attention") from error
            size = (2 + 0.35 * len(self.source), 1.5 + 0.3 * len(self.target))
            axes = Figure(figsize=size, layout="constrained").add_subplot()
        if self.weights.size:  # an empty answer or source has nothing to show
            axes.imshow(self.weights, cmap="Greys", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(self.source)), labels=self.source, rotation=60, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(self.target)), labels=self.target)
        axes.xaxis.tick_top()
        axes.set(xlabel="source", ylabel="answer")
        return axes
