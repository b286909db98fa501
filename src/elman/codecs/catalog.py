"""Registry of codecs: by versioned id for model files (a closed set), by name for people and the command line."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata
from typing import Any

from elman.codecs.checks import strict
from elman.codecs.codec import Codec
from elman.errors import DataError, SettingError, did_you_mean

_BUILT_IN = {
    "audio.v1": ("audio", "Audio"),
    "boxes.v1": ("boxes", "Boxes"),
    "category.v1": ("category", "Category"),
    "dialogue.v1": ("dialogue", "Dialogue"),
    "image.v1": ("image", "Image"),
    "joints.v1": ("joints", "Joints"),
    "notes.v1": ("notes", "Notes"),
    "number.v1": ("number", "Number"),
    "record.v1": ("record", "Record"),
    "series.v1": ("series", "Series"),
    "strokes.v1": ("strokes", "Strokes"),
    "symbols.v1": ("symbols", "Symbols"),
    "tags.v1": ("tags", "Tags"),
    "text.v1": ("text", "Text"),
    "vector.v1": ("vector", "Vector"),
    "video.v1": ("video", "Video"),
}
_SETTING = {
    "text": ("level", ("word", "char", "bpe")),
    "image": ("read", ("whole", "rows", "columns", "patches", "pixels")),
    "boxes": ("form", ("xyxy", "xywh")),
    "notes": ("read", ("roll", "voices", "events")),
}
_DEEPEST = 8


def registry() -> dict[str, type[Codec]]:
    """Return every codec that a model file may name: built-in ones, and those of plug-ins that are imported already.

    Returns
    -------
    dict
        Versioned ids and classes.
    """
    return {**_plug_ins(), **{id_: _built_in(id_) for id_ in _BUILT_IN}}


def by_id(id_: Any) -> type[Codec] | None:
    """Return the codec of a versioned id, or None for an unknown one.

    Parameters
    ----------
    id_ : str
        As in a model file.

    Returns
    -------
    type of Codec or None
        Built in, or of a plug-in that is imported already.
    """
    if not isinstance(id_, str):
        return None
    return _built_in(id_) if id_ in _BUILT_IN else _plug_ins().get(id_)  # packages are searched for plug-ins only where one is needed


def _built_in(id_: str) -> type[Codec]:
    module, name = _BUILT_IN[id_]
    return getattr(importlib.import_module(f"elman.codecs.{module}"), name)


def _plug_ins() -> dict[str, type[Codec]]:
    entries: dict[str, type[Codec]] = {}
    for entry in metadata.entry_points(group="elman.codecs"):
        module = sys.modules.get(entry.module)  # loading a file never imports anything
        kind = getattr(module, entry.attr, None)
        if isinstance(kind, type) and issubclass(kind, Codec):
            entries[kind.id] = kind
    return entries


def describe(codec: Codec) -> dict[str, Any]:
    """Return a fitted codec as plain JSON, with its id.

    Parameters
    ----------
    codec : Codec
        Fitted.

    Returns
    -------
    dict
        ``id`` and ``config``.
    """
    return {"id": codec.id, "config": codec.config()}


def rebuild(described: Any) -> Codec:
    """Return the codec of the result of ``describe``; an unknown id or a malformed config raises DataError.

    Parameters
    ----------
    described : dict
        ``id`` and ``config``, from JSON.

    Returns
    -------
    Codec
        Fitted.
    """
    fields = strict(described, ("id", "config"), "codec")
    _shallow(fields["config"])
    kind = by_id(fields["id"])
    if kind is None:
        kinds = registry()
        hint = did_you_mean(str(fields["id"]), kinds)
        raise DataError(
            f"unknown codec {fields['id']!r}; expected one of {sorted(kinds)}.{hint} Import its package first, or update elman."
        )
    return kind.from_config(fields["config"])


def names() -> list[str]:
    """Return the names ``from_name`` takes, the variants written out.

    Returns
    -------
    list of str
        As ``text`` and ``text:char``.
    """
    results = []
    for name in sorted(_kinds()):
        results.append(name)
        results.extend(f"{name}:{variant}" for variant in _SETTING.get(name, ("", ()))[1])
    return results


def from_name(name: str) -> Codec:
    """Return the codec of a name, with its default settings.

    Parameters
    ----------
    name : str
        ``category``, ``number``, ``text``, ``text:char``, ``image:rows``, …

    Returns
    -------
    Codec
        Not fitted.

    Examples
    --------
    >>> from_name("text:bpe")
    Text(level='bpe')
    """
    if not isinstance(name, str):
        raise SettingError(f"the name of a codec must be text, as 'text:char'; got {name!r}.")
    outer, colon, variant = name.strip().lower().partition(":")
    kinds = _kinds()
    if outer not in kinds:
        raise SettingError(f"unknown codec {name!r}; expected one of {', '.join(names())}.{did_you_mean(outer, kinds)}")
    if not colon:
        return kinds[outer]()
    setting, variants = _SETTING.get(outer, ("", ()))
    if variant not in variants:
        expected = f"one of {', '.join(variants)}" if variants else "nothing after the name"
        raise SettingError(f"codec {name!r}: expected {expected}; got {variant!r}.{did_you_mean(variant, variants)}")
    return kinds[outer](**{setting: variant})


def _kinds() -> dict[str, type[Codec]]:
    return {id_.partition(".")[0]: kind for id_, kind in registry().items() if id_ != "record.v1"}


def _shallow(value: Any, depth: int = 0) -> None:
    # a Record in a Record in a Record … from a forged file must not reach Python's own recursion limit
    if depth > 6 * _DEEPEST:
        raise DataError(f"codec: nested deeper than {_DEEPEST} records.")
    if isinstance(value, dict):
        for inner in value.values():
            _shallow(inner, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], dict | list):
        for inner in value:
            _shallow(inner, depth + 1)
