"""nn.RNN: the Elman network, a drop-in for torch.nn.RNN."""

from __future__ import annotations

import torch

from elman.nn.recurrent import Recurrent


class RNN(Recurrent, torch.nn.RNN):
    """Elman recurrent layers: h_t = tanh(W_ih·x_t + b_ih + W_hh·h_{t-1} + b_hh), or relu.

    Same constructor, ``state_dict`` and results as ``torch.nn.RNN``; see :class:`elman.nn.LSTM` for the further options.

    References
    ----------
    Elman 1990, "Finding structure in time"; the equations are in :mod:`elman.cells.elman`.

    Examples
    --------
    >>> import torch
    >>> layer = RNN(3, 4, nonlinearity="relu")
    >>> output, h_n = layer(torch.zeros(5, 2, 3))
    >>> tuple(output.shape), tuple(h_n.shape)
    ((5, 2, 4), (1, 2, 4))
    """
