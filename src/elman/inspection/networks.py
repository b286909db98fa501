"""Networks of a fitted estimator, and labels of their steps; estimators without recurrent networks are refused here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs import Codec
from elman.codecs.capabilities import NamesIndices
from elman.errors import DataTypeError, SettingError
from elman.inspection.hooks import recurrent_parts
from elman.mapping.attribution import labels_of
from elman.network import SequenceModel


def networks_of(estimator: Any, verb: str, *, recurrent: bool = True) -> list[SequenceModel]:
    """Return the networks of a fitted estimator."""
    if isinstance(estimator, type) or not hasattr(type(estimator), "networks_"):
        kind = estimator.__name__ + " itself" if isinstance(estimator, type) else type(estimator).__name__
        raise DataTypeError(
            f"{verb} looks into the recurrent layers of a Model, LanguageModel or Forecaster; got {kind}, which has none. "
            "Give a fitted one, or compare the two with elman.compare."
        )
    networks: list[SequenceModel] = estimator.networks_
    if recurrent and not recurrent_parts(networks[0]):
        raise SettingError(f"{verb} looks into recurrent layers; {_why_none(estimator.plan_)}")
    return networks


def _why_none(plan: Any) -> str:
    if plan.source is None or plan.source.rank == "many":
        return f"this model's body is {plan.body!r}, which has none: what it sees is fixed. Train one with Network(body='recurrent')."
    return f"this model is {plan.relation!r} and has none: it reads a value as a whole. Read it as a sequence, for example Image('rows')."


def labels(codec: Codec | None, value: Any, count: int) -> tuple[str, ...]:
    """Return a label for each step that a recurrent layer read of a value."""
    if codec is None:
        return tuple(str(step) for step in range(count))
    return tuple(str(label) for label in labels_of(codec, value, count))


def name_of(codec: Codec, index: int) -> str:
    """Return the class or symbol of an index, the end of a sequence as "(end)"."""
    classes: Any = getattr(codec, "classes_", None)
    space: Any = codec.space
    vocabulary: Any = getattr(codec, "vocabulary_", None)
    if classes is not None:
        return str(classes[index])
    if vocabulary is not None:
        return "(end)" if index >= len(vocabulary) else str(vocabulary.symbol(index, "(unknown)"))
    if isinstance(codec, NamesIndices):
        return "(end)" if index >= space.n else codec.symbol(index)
    return str(index)


def prefixes(encoded: Any, ends: Sequence[int]) -> list[Any]:
    """Return the beginnings of an encoded value, each up to and with the step of ``ends``."""
    if isinstance(encoded, dict):
        columns = {name: prefixes(part, ends) if np.ndim(part) else [part] * len(ends) for name, part in encoded.items()}
        return [{name: column[i] for name, column in columns.items()} for i in range(len(ends))]
    return [encoded[: end + 1] for end in ends]
