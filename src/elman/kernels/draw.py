"""Draw: one class from a row of scores by the compiled module, at a fraction of the cost of a handful of array calls."""

from __future__ import annotations

import numpy as np


class Drawer:
    """Draw from rows of one length, over memory set aside once.

    Parameters
    ----------
    bias : ndarray
        (V,) float32 or float64, added to every row of scores; -inf for a class that is never drawn.

    Raises
    ------
    ImportError
        If the compiled module is not there.

    Examples
    --------
    >>> drawer = Drawer(np.log([0.5, 0.3, 0.2]))
    >>> [drawer.draw(np.zeros(3), uniform, 1.0) for uniform in (0.49, 0.51, 0.81)]
    [0, 1, 2]
    """

    def __init__(self, bias: np.ndarray) -> None:
        from elman.kernels import _passes  # torch is imported before the compiled module

        self._native = _passes.draw
        self._bias = np.ascontiguousarray(bias)
        self._chances = np.empty_like(self._bias)
        self._double = bias.dtype == np.float64
        self._fixed = (self._bias.ctypes.data, len(bias))
        self._scratch = self._chances.ctypes.data
        self._row: np.ndarray | None = None
        self._address = 0

    def draw(self, scores: np.ndarray, uniform: float, temperature: float) -> int:
        """Return the class at ``uniform`` of the cumulated probabilities.

        Parameters
        ----------
        scores : ndarray
            (V,) contiguous, of the bias's type; log-probabilities up to a constant, the bias not yet added.
        uniform : float
            In [0, 1).
        temperature : float
            Above 0.

        Returns
        -------
        int
            The class.
        """
        if scores is not self._row:  # the address of an array costs more than the draw
            self._row, self._address = scores, scores.ctypes.data
        return self._native(self._double, self._address, *self._fixed, uniform, 1.0 / temperature, self._scratch)
