"""Decoding: the options of ``predict`` for free sequences, as a search over symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import SettingError
from elman.generation import Beam, CTCBeam, Greedy, Rules
from elman.network import Plan

_RULES = ("min_length", "no_repeat_ngram", "constraint", "allow_unknown")
_FRAME_OPTIONS = ("beam_size", "n_best", "return_scores", "return_alignment", "prior", "prior_weight", "symbol_bonus")
"""Options of models that write in frames (CTC)."""
_PRIOR = ("prior", "prior_weight", "symbol_bonus")
_SYMBOL_OPTIONS = ("beam_size", "length_penalty", "n_best", "max_length", "return_scores", "return_attention", *_RULES)
"""Options of models that give one symbol after the other."""
_PLACE_OPTIONS = ("min_score", "max_length")
"""Options of models that find boxes."""
_SURE = 0.5


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """Search over free sequences, and the parts of an answer that are returned."""

    search: Any = None
    max_length: int | None = None
    n_best: int | None = None
    scores: bool = False
    attention: bool = False
    alignment: bool = False
    min_score: float | None = None

    @property
    def whole(self) -> bool:
        """Whether answers are returned with scores, attention or alignment, not as symbols alone."""
        return self.scores or self.attention or self.alignment or self.n_best is not None

    @property
    def keywords(self) -> dict[str, Any]:
        """Keywords of ``SequenceModel.predict``."""
        chosen = {"search": self.search, "max_length": self.max_length, "min_score": self.min_score}
        return {name: value for name, value in chosen.items() if value is not None}


def decoding_of(plan: Plan, options: dict[str, Any]) -> Decoding:
    """Return the decoding of a user's options.

    Parameters
    ----------
    plan : Plan
        Plan of the network.
    options : dict
        ``beam_size``, ``length_penalty``, ``n_best``, ``max_length``, ``min_length``, ``no_repeat_ngram``, ``constraint``,
        ``allow_unknown``, ``return_scores``, ``return_attention``; of models that write in frames ``beam_size``, ``n_best``, ``prior``,
        ``prior_weight``, ``symbol_bonus``, ``return_scores``, ``return_alignment``; of models that find boxes
        ``min_score``, ``max_length``.

    Returns
    -------
    Decoding
        Search and wishes; the plan's beam by default.
    """
    if options and not (plan.writes_symbols or plan.writes_frames or plan.finds_places):
        raise SettingError(f"{sorted(options)} are for free sequences; this model answers with decoder {plan.decoder!r}. Leave them out.")
    known, kind = _SYMBOL_OPTIONS, "says one symbol after the other"
    if plan.writes_frames:
        known, kind = _FRAME_OPTIONS, "writes in frames (CTC)"
    elif plan.finds_places:
        known, kind = _PLACE_OPTIONS, "finds boxes"
    if foreign := sorted(set(options) - set(known)):
        raise SettingError(f"{foreign} cannot be used here: this model {kind}, and takes {list(known)}. Leave them out.")
    for name, least in (("beam_size", 1), ("n_best", 1), ("max_length", 0)):
        _check_whole(name, options.get(name), least)
    if plan.finds_places:
        return Decoding(max_length=options.get("max_length"), min_score=_share("min_score", options.get("min_score", _SURE)))
    attention = bool(options.get("return_attention", False))
    if attention and not plan.attends:
        raise SettingError("return_attention is for models with attention over their source; this one has none. Leave it out.")
    chosen = {name: options.get(name) for name in ("max_length", "n_best")}
    return Decoding(
        search=_search(plan, options),
        **chosen,
        scores=bool(options.get("return_scores", False)),
        attention=attention,
        alignment=bool(options.get("return_alignment", False)),
    )


def _share(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise SettingError(f"{name} must be a number in 0..1; got {value!r}.")
    return float(value)


def _search(plan: Plan, options: dict[str, Any]) -> Any:
    count = options.get("n_best") or 1
    size = options.get("beam_size") or max(plan.beam_size, count)
    if count > size:
        raise SettingError(f"n_best must be at most beam_size; got n_best={count} with beam_size={size}. Give a larger beam_size.")
    if plan.writes_frames:
        prior = {name: options[name] for name in _PRIOR if name in options}
        if "beam_size" not in options:
            size = max(size, CTCBeam.size) if prior else size
        return CTCBeam(size=size, **prior) if size != 1 or prior else None
    rules = {name: options[name] for name in _RULES if name in options}
    if size == 1 and "n_best" not in options:
        shown = options.get("return_attention") or options.get("return_scores")
        return Greedy(rules=Rules(**rules)) if rules or shown else None
    penalty = {"length_penalty": options["length_penalty"]} if "length_penalty" in options else {}
    return Beam(size=size, rules=Rules(**rules), **penalty)


def _check_whole(name: str, value: Any, least: int) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least):
        raise SettingError(f"{name} must be a whole number of at least {least}; got {value!r}.")
