"""AttentionMap: weights of attention while a model wrote, with the names of both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import MissingExtraError, SettingError


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionMap:
    """Attention of one answer, as ``predict(…, return_attention=True)`` gives it.

    Attributes
    ----------
    weights : ndarray
        (T, S): for each symbol of the answer the share of each step of the source; rows sum to 1 unless the source is empty.
    source : tuple of str
        S names of the steps of the source.
    target : tuple of str
        T names of the symbols of the answer.
    score : float
        Score by which answers are ranked.
    grid : tuple of int
        Rows and columns of cells where the source is a picture (``"2, 0"`` is the first cell of the third row); empty elsewhere.

    Examples
    --------
    >>> AttentionMap(weights=np.eye(2), source=("zwei", "Hunde"), target=("two", "dogs"), score=-0.5).looked_at()
    [('two', 'zwei'), ('dogs', 'Hunde')]
    """

    weights: np.ndarray
    source: tuple[str, ...]
    target: tuple[str, ...]
    score: float
    grid: tuple[int, ...] = ()

    def cells(self) -> np.ndarray:
        """Return the weights of a picture's cells as a grid.

        Returns
        -------
        ndarray
            (T, rows, columns): for each symbol of the answer a map of the picture.

        Raises
        ------
        SettingError
            If the source is not a picture read as a whole.

        Examples
        --------
        >>> quarters = ("0, 0", "0, 1", "1, 0", "1, 1")
        >>> AttentionMap(weights=np.eye(4)[:1], source=quarters, target=("dog",), score=0.0, grid=(2, 2)).cells().tolist()
        [[[1.0, 0.0], [0.0, 0.0]]]
        """
        if not self.grid:
            raise SettingError("cells() is for pictures that are read as a whole, with Image(). Use weights: this source is a sequence.")
        return self.weights.reshape(len(self.weights), *self.grid)

    def looked_at(self) -> list[tuple[str, str]]:
        """Return for each symbol of the answer the step of the source with the largest weight.

        Returns
        -------
        list of tuple of str
            T pairs; none for an empty source.
        """
        if not self.weights.size:
            return []
        return [(name, self.source[int(step)]) for name, step in zip(self.target, self.weights.argmax(1), strict=True)]

    def plot(self, *, axes: Any = None) -> Any:
        """Draw the weights, the source from left to right and the answer downwards; of a picture its cells once for each symbol.

        Parameters
        ----------
        axes : matplotlib axes, optional
            Axes to draw on; by default those of a new figure.

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
            wide = 0.8 * len(self.target) if self.grid else 0.35 * len(self.source)
            size = (2 + wide, 2 if self.grid else 1.5 + 0.3 * len(self.target))
            axes = Figure(figsize=size, layout="constrained").add_subplot()
        if self.grid:
            return self._plot_cells(axes)
        if self.weights.size:  # an empty answer or source has nothing to show
            axes.imshow(self.weights, cmap="Greys", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(self.source)), labels=self.source, rotation=60, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(self.target)), labels=self.target)
        axes.xaxis.tick_top()
        axes.set(xlabel="source", ylabel="answer")
        return axes

    def _plot_cells(self, axes: Any) -> Any:
        """Draw one small map a symbol side by side, each with a colour scale of its own."""
        step = self.grid[1] + 1
        for i, cells in enumerate(self.cells()):
            left = i * step - 0.5
            axes.imshow(cells, cmap="Greys", vmin=0, extent=(left, left + self.grid[1], self.grid[0] - 0.5, -0.5))
        axes.set_xlim(-1, max(1, len(self.target)) * step - 1)
        axes.set_xticks([i * step + (self.grid[1] - 1) / 2 for i in range(len(self.target))], labels=self.target, rotation=60)
        axes.set_yticks([])
        axes.set(xlabel="answer")
        return axes
