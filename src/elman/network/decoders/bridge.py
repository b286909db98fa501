"""Bridge: from the last states of an encoder to the first states of a decoder."""

from __future__ import annotations

from torch import Tensor, nn

from elman.kernels import dense
from elman.network.batch_invariant import Linear
from elman.network.interfaces import Recurrent


class Bridge(nn.Module):
    """One tanh layer per state of the decoder (Cho 2014, appendix; Bahdanau 2015, A.2.2).

    Parameters
    ----------
    features : int
        Size of the encoder's vector.
    num_layers : int
        Layers of the decoder.
    hidden_size : int
        Units of the decoder.
    num_states : int
        States of its cell: 2 for an LSTM, 1 otherwise.

    Notes
    -----
    Shapes:

        vector  (N, features)     state  h or (h, c), each (num_layers, N, hidden_size)
    """

    def __init__(self, features: int, num_layers: int, hidden_size: int, num_states: int) -> None:
        super().__init__()
        self.shape = (num_states, num_layers, hidden_size)
        self.linear = Linear(features, num_states * num_layers * hidden_size)

    def forward(self, vector: Tensor) -> Recurrent:
        """Return the first state of the decoder."""
        states = dense.tanh(self.linear(vector)).reshape(len(vector), *self.shape).permute(1, 2, 0, 3).contiguous()
        return states[0] if self.shape[0] == 1 else tuple(states)
