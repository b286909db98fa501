"""Weights of a picture reader of timm: from the user's own file into a network that was just built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch

from elman.errors import FileError
from elman.io.paths import as_path
from elman.network import Plan, SequenceModel, build
from elman.network.settings import Network
from elman.network.stems.backbone import Backbone


def building(settings: Network | None) -> Callable[[Plan], SequenceModel]:
    """Return the builder of the network of a plan: with the weights of ``Network(stem_weights=…)`` where they are named.

    Parameters
    ----------
    settings : Network, optional
        The user's settings.

    Returns
    -------
    callable
        ``build(plan) -> SequenceModel``.
    """
    path = None if settings is None else settings.stem_weights
    if path is None:
        return build

    def built(plan: Plan) -> SequenceModel:
        """Build the network, and fill its reader of pictures."""
        model: Any = build(plan)
        fill(model.stem.backbone, as_path(path))
        return model

    return built


def fill(backbone: Backbone, path: Path) -> None:
    """Read weights into a backbone; those of its classifier are left out.

    Parameters
    ----------
    backbone : Backbone
        Changed in place.
    path : Path
        A file of safetensors.

    Raises
    ------
    FileError
        If the file cannot be read, or holds the weights of another network.
    """
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except OSError as error:
        raise FileError(f"could not read the weights in {path}: {error.strerror}. Give stem_weights the path of a file.") from error
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise FileError(f"{path} is no file of safetensors: {error}. Save the weights with safetensors; pickles are not read.") from error
    network = backbone.network
    classifier = network.pretrained_cfg.get("classifier", ())
    heads = (classifier,) if isinstance(classifier, str) else tuple(classifier or ())
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(tuple(f"{head}." for head in heads))}
    expected = network.state_dict()
    odd = sorted(set(tensors) ^ set(expected))
    if not odd:
        odd = [name for name in expected if expected[name].shape != tensors[name].shape]
    if odd:
        raise FileError(
            f"{path} does not hold the weights of this network: {len(odd)} tensors are unknown, missing or of another shape,"
            f" first {odd[0]!r}. Name the network they were made for in Network(stem=…)."
        )
    network.load_state_dict(tensors)
