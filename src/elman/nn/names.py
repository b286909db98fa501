"""Layers by the name of their cell."""

from __future__ import annotations

from functools import partial

from elman.cells import names as cell_names
from elman.errors import SettingError, did_you_mean
from elman.nn.gru import GRU
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.rnn import RNN

_LAYERS = {"elman": RNN, "elman_relu": partial(RNN, nonlinearity="relu"), "gru": GRU, "lstm": LSTM}


def layer(name: str) -> type[Recurrent] | partial[Recurrent]:
    """Return the constructor of the layer of a cell: its class, or the class with its nonlinearity set.

    Parameters
    ----------
    name : {"elman", "elman_relu", "gru", "lstm"}
        A cell's name.

    Returns
    -------
    type or functools.partial
        Called as ``layer("gru")(input_size, hidden_size, …)``.

    Examples
    --------
    >>> layer("gru").__name__
    'GRU'
    """
    if name not in _LAYERS:
        available = ", a cell without a layer of its own; run it with elman.kernels.Call" if name in cell_names() else ""
        raise SettingError(f"cell must be one of {list(_LAYERS)}; got {name!r}{available}.{did_you_mean(name, _LAYERS)}")
    return _LAYERS[name]
