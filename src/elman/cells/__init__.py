"""Cells: one step of each recurrent cell, as data and as plain torch."""

from elman.cells._base import Cell as Cell
from elman.cells.elman import ELMAN as ELMAN
from elman.cells.elman import ELMAN_RELU as ELMAN_RELU
from elman.cells.gru import GRU as GRU
from elman.cells.lstm import LSTM as LSTM
from elman.cells.registry import get as get
from elman.cells.registry import names as names
from elman.cells.registry import register as register
