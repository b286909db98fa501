"""Network settings: kinds and sizes of the parts. No torch here: ``elman --help`` reads this file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from elman.settings import Settings


@dataclass(kw_only=True, eq=False, repr=False)
class Network(Settings):
    """Settings of the network. "auto" is decided from the data and shown by ``plan()``."""

    cell: str = "auto"
    """Recurrent cell: "elman" (tanh), "elman_relu", "gru", "lstm"."""
    body: Literal["recurrent", "dilated", "fixed", "untied"] = "recurrent"
    """Encoder of the steps. The others have no memory and are there to be compared with: dilated convolutions, a network for one length,
    and the recurrence with weights of its own at every step; :func:`elman.compare` uses them."""
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
    stem: str | Literal["auto", "linear", "conv", "conv2d"] = "auto"
    """Layers before the recurrence: a projection, convolutions (pictures, sound), or convolutions over time and features (print);
    for pictures also a convolutional network of the library timm, "timm:resnet18"."""
    stem_weights: str | None = None
    """File of safetensors with the weights of a stem of timm, as timm or a hub gives them; nothing is ever downloaded."""
    stem_frozen: bool | Literal["auto"] = "auto"
    """Leave the weights of a stem of timm as they are; "auto" does where they come from a file."""
    dropout: float | Literal["auto"] = "auto"
    """Dropout on embeddings, between layers and before the head."""
    word_dropout: float | Literal["auto"] = "auto"
    """Chance that a word of a source is read as an unknown one, by its spelling alone (Iyyer 2015)."""
    wide: bool | Literal["auto"] = "auto"
    """A linear model on n-grams beside the recurrent one, for one answer about a text (Cheng 2016; Wang & Manning 2012)."""
    ngram_order: int | Literal["auto"] = "auto"
    """Length of the n-grams whose probabilities are mixed into a language model's (Mikolov 2011); 0 for none."""
    members: int | Literal["auto"] = "auto"
    """Networks that learn apart, from other seeds and other held-out rows; their probabilities are averaged."""
    input_dropout: float | Literal["auto"] = "auto"
    """Dropout on the inputs of a language model, where it has masks of its own (locked_dropout)."""
    embedding_dropout: float | Literal["auto"] = "auto"
    """Whole symbols that a language model does not read (Merity 2017)."""
    locked_dropout: bool | Literal["auto"] = "auto"
    """One dropout mask for all steps of a sequence, "variational" (Gal 2016)."""
    weight_dropout: float | Literal["auto"] = "auto"
    """DropConnect on the hidden-to-hidden weights (Merity 2017)."""
    recurrent_dropout: float = 0.0
    """Dropout on h_{t-1}, one mask per sequence (Gal 2016)."""
    zoneout: float = 0.0
    """Chance that a unit keeps its previous value (Krueger 2017)."""
    layer_norm: bool = False
    """Layer normalisation inside the cell (Ba 2016)."""
    activation_penalty: float | Literal["auto"] = "auto"
    """Weight of the mean square of a language model's activations, AR (Merity 2017)."""
    temporal_activation_penalty: float | Literal["auto"] = "auto"
    """Weight of the mean square of their change from step to step, TAR (Merity 2017)."""
    tie_weights: bool | Literal["auto"] = "auto"
    """Use the embedding as the output layer where both have the same vocabulary; behind a projection where sizes differ."""
    softmax: Literal["auto", "full", "adaptive"] = "auto"
    """"adaptive" scores rare symbols in bands, exact and cheap to learn (Grave 2017); language models of more than 5,000 symbols do."""
    label_smoothing: float | Literal["auto"] = "auto"
    """Share of the target spread over all classes."""
    head: Literal["auto", "point", "median", "gaussian", "student_t", "negative_binomial", "quantile", "chain", "pen"] = "auto"
    """Distribution over numbers: squared error, absolute error, Gaussian, Student-t, counts, or quantiles; "chain": yes and no that know
    each other; "pen": a mixture of two-dimensional Gaussians for the steps of a pen (Graves 2013)."""
    input_feeding: bool = False
    """Feed attention's result into the next step (Luong 2015, section 3.3); training then goes step by step."""
    copy: bool | Literal["auto"] = "auto"
    """Let a free sequence copy symbols of its source, words never seen too (See 2017); "auto" where targets repeat their sources."""
    coverage: float = 0.0
    """Weight of the loss for attending to the same step twice, which attention then also sees (See 2017, section 2.3); 1 is usual."""
    teacher_forcing_ratio: float = 1.0
    """Chance that a step of training reads the true symbol rather than the network's own guess; it falls from 1 to this
    over the epochs (Bengio 2015), and training goes step by step."""
    time_stride: int | Literal["auto"] = "auto"
    """Steps of sound or sensors per step of the network, for ``stem="conv"`` and (1, 2 or 4) ``"conv2d"``."""
    class_weight: Literal["none", "balanced"] = "none"
    """"balanced" weighs rare classes more, by n / (classes · count)."""
