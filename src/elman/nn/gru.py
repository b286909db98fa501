"""nn.GRU: gated recurrent units, a drop-in for torch.nn.GRU."""

from __future__ import annotations

import torch

from elman.nn.recurrent import Recurrent


class GRU(Recurrent, torch.nn.GRU):
    """Gated recurrent layers in torch's form (the reset gate acts after the product).

    Same constructor, ``state_dict`` and results as ``torch.nn.GRU``; see :class:`elman.nn.LSTM` for the further options.

    References
    ----------
    Cho et al. 2014; the equations are in :mod:`elman.cells.gru`.

    Examples
    --------
    >>> import torch
    >>> output, h_n = GRU(3, 4, batch_first=True)(torch.zeros(2, 5, 3), lengths=[5, 0])
    >>> tuple(output.shape), bool(h_n[:, 1].any())
    ((2, 5, 4), False)
    """
