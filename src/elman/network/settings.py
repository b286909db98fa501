"""Network: how large and of what kind the parts are. No torch here: ``elman --help`` reads this file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from elman.settings import Settings


@dataclass(kw_only=True, eq=False, repr=False)
class Network(Settings):
    """What the network is made of. "auto" is decided from the data and shown by ``plan()``."""

    cell: str = "auto"
    """Recurrent cell: "elman" (tanh), "elman_relu", "gru", "lstm"."""
    hidden_size: int | Literal["auto"] = "auto"
    """Units of the hidden state."""
    num_layers: int | Literal["auto"] = "auto"
    """Recurrent layers, one on top of the other."""
    bidirectional: bool | Literal["auto"] = "auto"
    """Read each sequence in both directions (never for streams and language models)."""
    embedding_size: int | Literal["auto"] = "auto"
    """Size of the vector of a symbol."""
    pooling: Literal["auto", "last", "mean", "max", "attention", "concat"] = "auto"
    """How a sequence becomes one vector when the target is one value."""
    attention: Literal["auto", "general", "dot", "additive", "none"] = "auto"
    """Score of the attention over the source when the target is a free sequence (Luong 2015; Bahdanau 2015)."""
    stem: Literal["auto", "linear", "conv"] = "auto"
    """What stands before the recurrence: a projection, or convolutions (pictures, sound)."""
    dropout: float | Literal["auto"] = "auto"
    """Dropout on embeddings, between layers and before the head."""
    word_dropout: float | Literal["auto"] = "auto"
    """Chance that a word of a source is read as an unknown one, by its spelling alone (Iyyer 2015)."""
    wide: bool | Literal["auto"] = "auto"
    """A linear model on n-grams beside the recurrent one, for one answer about a text (Cheng 2016; Wang & Manning 2012)."""
    members: int | Literal["auto"] = "auto"
    """Networks that learn apart, from other seeds and other held-out rows; their probabilities are averaged."""
    weight_dropout: float = 0.0
    """DropConnect on the hidden-to-hidden weights (Merity 2017)."""
    recurrent_dropout: float = 0.0
    """Dropout on h_{t-1}, one mask per sequence (Gal 2016)."""
    zoneout: float = 0.0
    """Chance that a unit keeps its previous value (Krueger 2017)."""
    layer_norm: bool = False
    """Layer normalisation inside the cell (Ba 2016)."""
    tie_weights: bool | Literal["auto"] = "auto"
    """Use the embedding as the output layer where both have the same vocabulary and size."""
    label_smoothing: float | Literal["auto"] = "auto"
    """Share of the target spread over all classes."""
    head: Literal["auto", "point", "gaussian", "student_t", "quantile"] = "auto"
    """Distribution over numbers: squared error, Gaussian, Student-t, or quantiles."""
    input_feeding: bool = False
    """Feed attention's result into the next step (Luong 2015, section 3.3); training then goes step by step."""
    time_stride: int = 1
    """Steps of sound or sensors per step of the network, for ``stem="conv"``."""
    class_weight: Literal["none", "balanced"] = "none"
    """"balanced" weighs rare classes more, by n / (classes · count)."""
