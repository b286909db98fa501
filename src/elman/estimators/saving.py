"""Saving and loading: a fitted estimator as one model file, and back, by closed registries and a strict schema."""

from __future__ import annotations

import os
from typing import Any

from elman.codecs import Codec
from elman.errors import SettingError
from elman.io import model_file, strict_json
from elman.settings import Settings
from elman.training.callback import qualified_name

_KEYS = {"params", "network", "training", "source", "target", "plan", "history", "fitted"}


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to a model file, atomically."""
    spec = {
        **estimator._settings_of_fit(),
        "source": _codec_spec(estimator.source_),
        "target": _codec_spec(estimator.target_),
        "plan": estimator.plan_.config(),
        "history": estimator.history_.to_dict(),
        "fitted": estimator._fitted_state(),
    }
    tensors = {name: tensor.detach() for name, tensor in estimator.model_.state_dict().items()}
    tensors |= estimator._own_tensors()
    model_file.write(path, tensors, {"kind": estimator.kind, "spec": spec})


def settings_spec(estimator: Any) -> dict[str, Any]:
    """Return the parameters of an estimator as plain JSON; one that no file can hold raises SettingError."""
    spec = {
        "params": estimator._own_params(),
        "network": _settings_spec(estimator.network),
        "training": _settings_spec(estimator.training),
    }
    for group, settings in spec.items():
        for name, value in (settings or {}).items():
            try:
                strict_json.check_depth(strict_json.canonical(value))
            except (TypeError, ValueError, RecursionError) as cause:
                place = name if group == "params" else f"{group}.{name}"
                raise SettingError(f"{place} must be a value that a model file can hold; got {value!r} ({cause}).") from cause
    return spec


def _codec_spec(codec: Codec | None) -> dict[str, Any] | None:
    return None if codec is None else {"id": codec.id, "config": codec.config()}


def _settings_spec(settings: Settings | None) -> dict[str, Any] | None:
    if settings is None:
        return None
    spec = settings.get_params(deep=False)
    callbacks = [qualified_name(callback) for callback in spec.pop("callbacks", ())]
    return {**spec, "callbacks": callbacks} if callbacks else spec  # objects are code, of which a file holds the name alone
