"""Layers by the name of their cell."""

from __future__ import annotations

from functools import partial

from elman.cells import names as cell_names
from elman.errors import SettingError, did_you_mean
from elman.nn.cell_layer import CellLayer
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.rnn import RNN

_LAYERS: dict[str, type[Recurrent] | partial[Recurrent]] = {
    "elman": RNN,
    "elman_relu": partial(RNN, nonlinearity="relu"),
    "gru": GRU,
    "lstm": LSTM,
}


def layer(name: str) -> type[Recurrent] | partial[Recurrent]:
    """Return the constructor of the layer of a cell: its class, or the class with its nonlinearity set.

    Parameters
    ----------
    name : str
        "elman", "elman_relu", "gru", "lstm", or the name of somebody else's cell, which gets a :class:`~elman.nn.cell_layer.CellLayer`.

    Returns
    -------
    type or functools.partial
        Called as ``layer("gru")(input_size, hidden_size, …)``.

    Examples
    --------
    >>> layer("gru").__name__
    'GRU'
    """
    if name in _LAYERS:
        return _LAYERS[name]
    cells = cell_names()
    if name not in cells:
        raise SettingError(f"cell must be one of {cells}; got {name!r}.{did_you_mean(name, cells)}")
    return partial(CellLayer, name)
