"""Recurrent layers: drop-in RNN, GRU and LSTM, their single steps, streams, and accelerate() for models that exist."""

from elman.nn.accelerate import accelerate as accelerate
from elman.nn.accelerate import restore as restore
from elman.nn.gru import GRU as GRU
from elman.nn.lstm import LSTM as LSTM
from elman.nn.names import layer as layer
from elman.nn.rnn import RNN as RNN
from elman.nn.step_cells import GRUCell as GRUCell
from elman.nn.step_cells import LSTMCell as LSTMCell
from elman.nn.step_cells import RNNCell as RNNCell
from elman.nn.stream import Stream as Stream
from elman.nn.stream import StreamState as StreamState
from elman.nn.stream_pool import StreamPool as StreamPool
