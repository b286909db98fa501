"""Recurrent layers of a cell without a class of its own: somebody else's cell, on the backend that can run it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from elman import cells
from elman.cells import Cell
from elman.errors import SettingError
from elman.nn import stack
from elman.nn.recurrent import Recurrent


class CellLayer(Recurrent):
    """Layers of any registered cell, called as :class:`elman.nn.RNN` is.

    Parameters
    ----------
    cell : str
        Name of a cell, see :func:`elman.cells.names`; with states ``(h,)`` or ``(h, c)``.
    *args : Any
        As torch's layers take them: ``input_size, hidden_size, …``.
    **kwargs : Any
        Options of torch and of ours.

    Examples
    --------
    >>> from elman.cells import GRU, Cell, register
    >>> mine = register(Cell(name="my_gru", gates=GRU.gates, states=GRU.states, doc="A GRU of mine.", step=GRU.step))
    >>> output, h_n = CellLayer("my_gru", 3, 4, bidirectional=True)(torch.zeros(5, 2, 3))
    >>> tuple(output.shape), tuple(h_n.shape)
    ((5, 2, 8), (2, 2, 4))
    """

    def __init__(self, cell: str, *args: Any, **kwargs: Any) -> None:
        self._cell = cells.get(cell)
        if len(self._cell.states) > 2:  # a stack carries h and one more
            raise SettingError(f"A layer carries the states h and c; the cell {cell!r} has {self._cell.states}. Run it with elman.kernels.")
        super().__init__("RNN_TANH", *args, **kwargs)
        self._resize()

    @property
    def cell(self) -> Cell:
        """The layer's cell, as data."""
        return self._cell

    def _resize(self) -> None:
        """Give every weight a block for each gate: torch's constructor knows the gates of its own cells alone."""
        rows = len(self._cell.gates) * self.hidden_size
        for end in stack.suffixes(self):
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                old = self._parameters.get(kind + end)
                if old is not None:
                    self._parameters[kind + end] = nn.Parameter(torch.empty(rows, *old.shape[1:], dtype=old.dtype, device=old.device))
        self._init_flat_weights()
        self.reset_parameters()

    def _plain_now(self) -> bool:
        """Return False: torch has no such layer, so no call goes to torch's own."""
        return False

    def twin(self) -> nn.RNNBase:
        """Raise SettingError: torch has no layer of this cell."""
        raise SettingError(f"torch has no layer of the cell {self._cell.name!r}. Only a layer of torch's own cells can become torch's own.")
