"""nn.LSTM: long short-term memory, a drop-in for torch.nn.LSTM."""

from __future__ import annotations

import torch

from elman.nn.recurrent import Recurrent


class LSTM(Recurrent, torch.nn.LSTM):
    """Long short-term memory layers.

    Same constructor, ``state_dict`` and results as ``torch.nn.LSTM``: padded, packed or unbatched input, several layers, both
    directions, dropout between layers, ``proj_size``. Further options:

    - ``layer(x, lengths=[7, 0, 3])`` reads padded rows only as far as they are real; length 0 leaves the state as it was;
    - ``layer(ragged)`` takes and gives a :class:`elman.sequences.Ragged`;
    - the keyword-only options below;
    - a wrong shape, dtype or device raises an error of :mod:`elman.errors`, before any native code sees it.

    Parameters
    ----------
    *args, **kwargs : Any
        As ``torch.nn.LSTM``: ``input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
        bidirectional=False, proj_size=0, device=None, dtype=None``.
    weight_dropout : float, default 0.0
        Chance that an element of ``weight_hh`` is dropped, one mask per forward pass (Merity et al. 2018).
    recurrent_dropout : float, default 0.0
        Chance that a unit of h_{t-1} is dropped, one mask per sequence (Gal and Ghahramani 2016).
    zoneout : float, default 0.0
        Chance that a unit keeps its last state (Krueger et al. 2017).
    layer_norm : bool, default False
        Normalise inside the recurrence (Ba et al. 2016, eq. 20–22); adds ``norm_*`` parameters.
    forget_bias : float, optional
        Initial bias of the forget gate; the second bias starts from zero there.
    recompute : bool, default False
        Work the gates out again in backward instead of keeping them: less memory, the same gradients bit for bit.

    Notes
    -----
    Shapes:

        input   (T, N, I), with batch_first (N, T, I), unbatched (T, I), packed or Ragged (ΣT, I)
        output  as input, with D·H (D·P with ``proj_size``) features
        state   h (L·D, N, H or P), c (L·D, N, H), in the caller's row order

    References
    ----------
    Hochreiter and Schmidhuber 1997, Gers et al. 2000; the equations are in :mod:`elman.cells.lstm`.

    Examples
    --------
    >>> layer = LSTM(3, 4, forget_bias=1.0)
    >>> output, (h_n, c_n) = layer(torch.zeros(5, 2, 3))
    >>> tuple(output.shape), tuple(c_n.shape)
    ((5, 2, 4), (1, 2, 4))
    >>> layer.load_state_dict(torch.nn.LSTM(3, 4).state_dict())
    <All keys matched successfully>
    """
