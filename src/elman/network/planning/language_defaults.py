"""Size and regularisation of a language model, from the amount of text. Defaults of ``Network(...="auto")``."""

from __future__ import annotations

from typing import Any

from elman.codecs.space import Binary, Discrete
from elman.errors import SettingError, did_you_mean
from elman.network.planning.relation import Relation
from elman.network.planning.side import Side
from elman.network.planning.sizes import Sizes

Choice = tuple[Any, str]

_ENOUGH = 100_000
"""Symbols from which a text is worth the regularisation of AWD-LSTM; toy grammars are learned without."""
_MANY = 1_000
"""Symbols of a vocabulary from which they are taken for words, not letters."""
_ADAPTIVE = 5_000
"""Symbols of a vocabulary from which the softmax is adaptive."""
_COUNTED = 3_000_000
"""Symbols up to which n-grams are counted beside the network: more text teaches it the phrases too, and the counts grow with it."""
_FREQUENT, _WIDER = 2_000, 4
"""Frequent symbols of an adaptive softmax, and how much wider each band is."""


def hidden_size(target: Side, steps: float) -> int:
    """Return the units for a text of so many symbols."""
    if isinstance(target.space, Binary):
        return 192
    letters = isinstance(target.space, Discrete) and target.space.n <= _MANY
    if letters:
        return 128 if steps < 1e5 else 256 if steps < 3e5 else 512
    return 128 if steps < 1e5 else 256 if steps < 3e5 else 384 if steps < 3e6 else 512


def num_layers(sizes: Sizes) -> Choice:
    """Return the number of layers."""
    return (2, "enough text for two") if sizes.rows * sizes.target_mean >= 2e6 else (1, "one learns fastest")


def dropout(target: Side, sizes: Sizes) -> Choice:
    """Return the dropout between layers and before the head."""
    if isinstance(target.space, Binary):
        return 0.2, "music is heard in many keys"
    return (0.3, "little text") if sizes.rows * sizes.target_mean < 5e6 else (0.1, "much text")


def ngram_order(target: Side, sizes: Sizes, relation: Relation) -> Choice:
    """Return how long the n-grams beside a language model are, 0 for none."""
    steps = sizes.rows * sizes.target_mean
    if relation.name != "continue" or not isinstance(target.space, Discrete) or not _ENOUGH <= steps <= _COUNTED:
        return 0, f"for {_ENOUGH:,} to {_COUNTED:,} symbols"
    return (5 if target.space.n > _MANY else 7), "phrases that recur are known by heart (Mikolov 2011)"


def recipe(target: Side, sizes: Sizes, relation: Relation) -> dict[str, Choice]:
    """Return the regularisation of AWD-LSTM (Merity et al. 2018) for a text that is worth it, and none of it for everything else."""
    steps = sizes.rows * sizes.target_mean
    if relation.name != "continue" or not isinstance(target.space, Discrete) or steps < _ENOUGH:
        off = "for long texts only"
        return {name: (value, off) for name, value in _OFF.items()}
    why, words = "AWD-LSTM (Merity 2018)", target.space.n > _MANY
    little = steps < 5e6
    return {
        "locked_dropout": (True, why),
        "input_dropout": (0.2 if words and little else 0.05, why),
        "embedding_dropout": (0.1 if words and little else 0.0, why),
        "weight_dropout": (0.3 if little else 0.1, why),
        "activation_penalty": (1.0 if words else 0.0, why),
        "temporal_activation_penalty": (1.0 if words else 0.0, why),
    }


_OFF: dict[str, Any] = {
    "locked_dropout": False,
    "input_dropout": 0.0,
    "embedding_dropout": 0.0,
    "weight_dropout": 0.0,
    "activation_penalty": 0.0,
    "temporal_activation_penalty": 0.0,
}


def cutoffs(target: Side, relation: Relation, softmax: str) -> Choice:
    """Return where the bands of an adaptive softmax begin, none for a plain one.

    Parameters
    ----------
    target : Side
        Side that is continued.
    relation : Relation
        Relation of the table.
    softmax : {"auto", "full", "adaptive"}
        The user's settings.

    Returns
    -------
    tuple
        Cutoffs and the reason.
    """
    kinds = ("auto", "full", "adaptive")
    if softmax not in kinds:
        raise SettingError(f"softmax must be one of {kinds}; got {softmax!r}.{did_you_mean(str(softmax), kinds)}")
    space = target.space
    possible = relation.name == "continue" and isinstance(space, Discrete) and space.n > 3
    if softmax == "adaptive" and not possible:
        raise SettingError("softmax='adaptive' is for language models over symbols. Leave it at 'auto'.")
    if softmax == "full" or not possible or not isinstance(space, Discrete) or (softmax == "auto" and space.n <= _ADAPTIVE):
        return (), "every symbol is scored"
    edges, edge = [], min(_FREQUENT, max(2, space.n // 2))
    while edge < space.n:
        edges.append(edge)
        edge *= _WIDER
    return tuple(edges), f"for {space.n} symbols (Grave 2017)"
