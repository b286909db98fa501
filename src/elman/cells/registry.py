"""Cells by name: the four that come with elman, and other people's through the entry point ``elman.cells``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import cast

from elman.cells._base import Cell
from elman.cells.elman import ELMAN, ELMAN_RELU
from elman.cells.gru import GRU
from elman.cells.lstm import LSTM
from elman.errors import SettingError, did_you_mean

GROUP = "elman.cells"
_CELLS = {cell.name: cell for cell in (ELMAN, ELMAN_RELU, GRU, LSTM)}


def names() -> list[str]:
    """Return the names of all cells, ours first; entry points are listed, not loaded.

    Returns
    -------
    list of str
        Input of :func:`get`.

    Examples
    --------
    >>> from elman import cells
    >>> cells.names()[:4]
    ['elman', 'elman_relu', 'gru', 'lstm']
    """
    others = sorted({point.name for point in entry_points(group=GROUP)} - set(_CELLS))
    return [*_CELLS, *others]


def get(name: str) -> Cell:
    """Return the cell of a name; an entry point is loaded on first use.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    Cell
        The cell.
    """
    if name in _CELLS:
        return _CELLS[name]
    for point in entry_points(group=GROUP):
        if point.name == name:
            return register(point.load())
    raise SettingError(f"cell must be one of {names()}; got {name!r}.{did_you_mean(name, names())}")


def register(cell: Cell) -> Cell:
    """Make a cell known by its name in this process.

    Parameters
    ----------
    cell : Cell
        A new cell; the name of a cell that exists is refused.

    Returns
    -------
    Cell
        The same cell.
    """
    value = cast(object, cell)
    if not isinstance(value, Cell):
        raise SettingError(f"A cell must be an elman.cells.Cell; got {type(cell).__name__}. Describe it as data first.")
    if _CELLS.setdefault(cell.name, cell) is not cell:
        raise SettingError(f"A cell named {cell.name!r} exists already. Choose another name.")
    return cell
