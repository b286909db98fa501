"""Decoders by name: the six of elman, and other people's through the entry point ``elman.decoders``."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

from elman.errors import SettingError, did_you_mean
from elman.network.decoders.decoder import Decoder

GROUP = "elman.decoders"
_MODULES = {
    "summary": ("summary", "SummaryDecoder"),
    "step": ("step", "StepDecoder"),
    "autoregressive": ("autoregressive", "AutoregressiveDecoder"),
    "ctc": ("ctc", "CTCDecoder"),
    "segments": ("segments", "SegmentDecoder"),
    "boxes": ("boxes", "BoxDecoder"),
}
_OTHERS: dict[str, type[Decoder]] = {}


def names() -> tuple[str, ...]:
    """Return the names of all decoders, ours first; entry points are listed, not loaded."""
    return (*_MODULES, *others())


def others() -> tuple[str, ...]:
    """Return the names of other people's decoders."""
    return tuple(sorted({*_OTHERS, *(point.name for point in entry_points(group=GROUP))} - set(_MODULES)))


def get(name: str) -> type[Decoder]:
    """Return the decoder of a name; an entry point is loaded on first use.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    type of Decoder
        The class.
    """
    if name in _MODULES:
        module, attribute = _MODULES[name]
        return getattr(importlib.import_module(f"elman.network.decoders.{module}"), attribute)
    if name not in _OTHERS:
        for point in entry_points(group=GROUP):
            if point.name == name:
                return register(point.load())
        raise SettingError(f"decoder must be one of {names()}; got {name!r}.{did_you_mean(name, names())}")
    return _OTHERS[name]


def register(decoder: type[Decoder]) -> type[Decoder]:
    """Make a decoder known by its name in this process.

    Parameters
    ----------
    decoder : type of Decoder
        A new decoder; the name of one that exists is refused.

    Returns
    -------
    type of Decoder
        The same class.
    """
    if not (isinstance(decoder, type) and issubclass(decoder, Decoder)):
        raise SettingError(f"A decoder must be a subclass of elman.network.Decoder; got {decoder!r}.")
    if decoder.name in _MODULES or _OTHERS.setdefault(decoder.name, decoder) is not decoder:
        raise SettingError(f"A decoder named {decoder.name!r} exists already. Choose another name.")
    return decoder
