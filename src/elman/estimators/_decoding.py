"""Decoding: the options of ``predict`` for free sequences, as a search over symbols."""

from __future__ import annotations

from typing import Any

from elman.errors import SettingError, did_you_mean
from elman.generation import Beam, CTCBeam, Greedy, Rules

_RULES = ("min_length", "no_repeat_ngram", "constraint", "allow_unknown")
_KNOWN = ("beam_size", "length_penalty", "n_best", "max_length", "return_scores", *_RULES)


def search_of(decoder: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of ``SequenceModel.predict`` for a user's options.

    Parameters
    ----------
    decoder : str
        The plan's decoder.
    options : dict
        ``beam_size``, ``length_penalty``, ``max_length``, ``min_length``, ``no_repeat_ngram``, ``constraint``.

    Returns
    -------
    dict
        ``search`` and ``max_length``, where they were asked for.
    """
    for name in options:
        if name not in _KNOWN:
            raise SettingError(f"predict has no option {name!r}; it has {list(_KNOWN)}.{did_you_mean(name, _KNOWN)}")
    for name, least in (("beam_size", 1), ("n_best", 1), ("max_length", 0)):
        _check_whole(name, options.get(name), least)
    if options and decoder not in ("autoregressive", "ctc"):
        raise SettingError(f"{sorted(options)} are for free sequences; this model answers with decoder {decoder!r}. Leave them out.")
    found: dict[str, Any] = {} if options.get("max_length") is None else {"max_length": options["max_length"]}
    search = beam_of(decoder, options)
    return found if search is None else {**found, "search": search}


def beam_of(decoder: str, options: dict[str, Any]) -> Any:
    """Return the beam or greedy search that the options ask for; None for the plain likeliest answer."""
    count = options.get("n_best") or 1
    size = options.get("beam_size") or count
    if count > size:
        raise SettingError(f"n_best must be at most beam_size; got n_best={count} with beam_size={size}. Give a larger beam_size.")
    rules = {name: options[name] for name in _RULES if name in options}
    if decoder == "ctc":
        return CTCBeam(size=size) if size != 1 else None
    if size == 1 and "n_best" not in options and not options.get("return_scores"):
        return Greedy(rules=Rules(**rules)) if rules else None
    penalty = {"length_penalty": options["length_penalty"]} if "length_penalty" in options else {}
    return Beam(size=size, rules=Rules(**rules), **penalty)


def _check_whole(name: str, value: Any, least: int) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise SettingError(f"{name} must be a whole number of at least {least}; got {value!r}.")
