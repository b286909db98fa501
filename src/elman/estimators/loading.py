"""Load estimators from model files: closed registries, a strict schema, no code from the file."""

from __future__ import annotations

import os
from typing import Any, TypeVar, cast, overload

from sklearn.base import clone

from elman.codecs import Codec, registry
from elman.codecs.catalog import by_id
from elman.errors import MissingExtraError, ModelFileError, did_you_mean
from elman.estimators.saving import _KEYS
from elman.io import model_file
from elman.network import Plan
from elman.network.restoring import restore
from elman.network.settings import Network
from elman.training.history import History
from elman.training.settings import Training

E = TypeVar("E")


@overload
def load(path: str | os.PathLike[str]) -> Any: ...
@overload
def load(path: str | os.PathLike[str], expected: type[E]) -> E: ...
def load(path: str | os.PathLike[str], expected: type[E] | None = None) -> Any:
    """Load a model file of :meth:`save`: a Model, LanguageModel or Forecaster, or the Markov chains beside them.

    Parameters
    ----------
    path : path-like
        A model file.
    expected : type, optional
        Class of the estimator, such as :class:`elman.Model`; a file of another raises ModelFileError, and type checkers know the result.

    Returns
    -------
    Model, LanguageModel, Forecaster or Markov
        Fitted, on the CPU. A damaged, foreign or newer file raises ModelFileError; no code of the file is run.

    Examples
    --------
    >>> import elman
    >>> elman.load("missing.elman")
    Traceback (most recent call last):
    elman.errors.ModelFileError: could not read missing.elman: No such file or directory. Check the path and its permissions.
    """
    from elman.estimators import Forecaster, LanguageModel, Model

    kinds = {**{cls.kind: cls for cls in (Model, LanguageModel, Forecaster)}, "markov": None}
    meta, tensors = model_file.read(path)
    if meta["kind"] not in kinds:
        raise ModelFileError(f"{path}: it holds a {meta['kind']!r}; expected one of {sorted(kinds)}.{did_you_mean(meta['kind'], kinds)}")
    try:
        cls = kinds[meta["kind"]]
        estimator = _markov(meta["spec"], tensors) if cls is None else _rebuild(cls, meta["spec"], tensors)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error.__cause__
    except MissingExtraError:
        raise
    except Exception as error:  # whatever a description of a stranger brings about
        raise ModelFileError(f"{path}: its description does not make a model ({error}). The file is damaged or foreign.") from error
    if expected is not None and not isinstance(estimator, expected):
        raise ModelFileError(f"{path}: it holds a {type(estimator).__name__}; expected a {expected.__name__}. Load it without the class.")
    return estimator


def _rebuild(cls: Any, spec: Any, tensors: dict[str, Any]) -> Any:
    if not isinstance(spec, dict) or set(spec) != _KEYS:
        results = sorted(spec) if isinstance(spec, dict) else type(spec).__name__
        raise ModelFileError(f"its description has keys {results}; expected {sorted(_KEYS)}.")
    source, target = _codec(spec["source"]), _codec(spec["target"])
    groups = {"network": _settings(Network, spec["network"]), "training": _settings(Training, spec["training"])}
    estimator = cls._from_params(_unfitted(source), _unfitted(target), spec["params"], groups)
    estimator.source_, estimator.target_ = source, target
    estimator.plan_ = Plan.from_config(spec["plan"])
    estimator.history_ = History.from_dict(spec["history"])
    estimator._restore_fitted(spec["fitted"])
    estimator._check_restored()
    estimator.model_ = restore(estimator.plan_, estimator._take_tensors(tensors))
    return estimator


def _markov(spec: Any, tensors: dict[str, Any]) -> Any:
    from elman.baselines import Markov

    if not isinstance(spec, dict) or set(spec) != {"params", "codec", "target", "rows", "chains"}:
        raise ModelFileError("its description is not that of Markov chains.")
    return Markov._from_file(spec, tensors, cast(Codec, _codec(spec["codec"])))


def _unfitted(codec: Codec | None) -> Codec | None:
    return None if codec is None else cast(Codec, clone(codec))


def _codec(spec: Any) -> Codec | None:
    if spec is None:
        return None
    if not isinstance(spec, dict) or set(spec) != {"id", "config"}:
        raise ModelFileError(f"a codec needs id and config; got {str(spec)[:100]}.")
    codec = by_id(spec["id"])
    if codec is None:
        codecs = registry()
        raise ModelFileError(
            f"it needs codec {spec['id']!r}, which is not known here; known are {sorted(codecs)}.{did_you_mean(str(spec['id']), codecs)}"
            " Import the package that brings it first."
        )
    return codec.from_config(spec["config"])


def _settings(cls: type[Any], spec: Any) -> Any:
    if spec is None:
        return None
    if not isinstance(spec, dict):
        raise ModelFileError(f"{cls.__name__} settings must be names and values; got {str(spec)[:100]}.")
    return cls().set_params(**spec)
