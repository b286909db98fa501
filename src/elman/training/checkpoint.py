"""Checkpoints: the complete state of a run in a folder, which is whole or does not exist.

Each run has a folder of its own, named by its fingerprint: one call may train many networks (members, candidates, windows of a backtest,
folds), and each finds its own checkpoints again. A checkpoint is a folder ``checkpoint-000012`` with ``weights.safetensors`` (model,
averages, best, callbacks), ``optimizer.safetensors``, ``state.json`` (position, random states, schedule, history, callbacks) and
``MANIFEST``, the SHA-256 of each, written last. It is written under another name, synced, read back, renamed, and its parent synced.
Older ones go only after a new one has been verified, and weights that are not finite are never written, so that the newest finite
checkpoint always stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from elman.errors import CheckpointError, ElmanWarning, ModelFileError
from elman.io import atomic, digest, model_file, strict_json
from elman.io.paths import as_path
from elman.io.schema import Mapping, anything, check
from elman.training.averages import Averages
from elman.training.best import Best
from elman.training.checkpoint_schema import check_tensors
from elman.training.examples import Examples
from elman.training.history import History
from elman.training.optim import Schedule
from elman.training.resolve import ResolvedTraining
from elman.training.sums import EpochSums

KEEP = 2
"""Number of verified checkpoints in a folder."""
_VERSION = 1
_PREFIX, _PARTIAL, _RUN = "checkpoint-", ".partial-", "run-"
_FILES = ("weights.safetensors", "optimizer.safetensors", "state.json")
_FREE = ("verbose", "checkpoint_dir", "checkpoint_every", "num_workers", "budget", "reasons", "device", "callbacks")
"""Settings that may differ in a resumed run."""
_SAME = ("training_rows", "validation_rows", "network", "random_state")
_COUNTERS = ("epoch", "position", "step", "rate")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Content of a checkpoint."""

    name: str
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    state: dict[str, Any]


@dataclass(kw_only=True)
class RunState:
    """Everything of a training run that changes over time: a checkpoint stores it, a resumed run loads it."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    averages: Averages
    schedule: Schedule
    best: Best
    history: History
    sums: EpochSums
    epoch: int = 0
    """Epochs that are finished."""
    position: int = 0
    """Batches of the epoch at hand that are done."""
    step: int = 0
    """Steps of the optimizer."""
    rate: float = 0.0
    """Learning rate of the last step."""
    callbacks: dict[str, Any] = field(default_factory=dict)
    """States of the stateful callbacks, as :meth:`elman.training.hooks.Hooks.states` returns them."""
    elapsed: float = 0.0
    """Seconds of training in earlier processes."""
    started: float = field(default_factory=time.monotonic)
    """Clock when this process began."""

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self.elapsed + time.monotonic() - self.started

    def start_next_epoch(self) -> None:
        """Move to the first batch of the next epoch."""
        self.epoch, self.position = self.epoch + 1, 0
        self.sums.reset()

    def tensors(self) -> dict[str, Tensor]:
        """Return model, averages, best weights and the tensors of callbacks by name."""
        callbacks = {name: value for name, value in self.callbacks.items() if isinstance(value, Tensor)}
        parts = {"model": self.model.state_dict(), "average": self.averages.tensors(), "best": self.best.weights, "callback": callbacks}
        return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """Return the state of the optimizer by name."""
        state = self.optimizer.state_dict()["state"]
        return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}

    def values(self, processes: Sequence[Any]) -> dict[str, Any]:
        """Return everything else as plain JSON; ``processes`` has the values that differ from process to process."""
        return {
            **{name: getattr(self, name) for name in _COUNTERS},
            **self.sums.state(),
            "elapsed": self.seconds,
            "average_steps": self.averages.steps,
            "schedule": self.schedule.state(),
            "best": self.best.state(),
            "history": self.history.to_dict(),
            "callbacks": {name: value for name, value in self.callbacks.items() if not isinstance(value, Tensor)},
            "processes": list(processes),
        }

    def load(self, checkpoint: Checkpoint, *, loss: float, device: str) -> None:
        """Load a checkpoint; ``loss`` is the summed loss of this process."""
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "best": {}, "callback": {}}
        for name, tensor in checkpoint.weights.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        by_index: dict[int, dict[str, Tensor]] = {}
        for name, tensor in checkpoint.optimizer.items():
            index, _, key = name.partition(".")
            by_index.setdefault(int(index), {})[key] = tensor
        check_tensors(self, parts, by_index)
        state = checkpoint.state
        self.model.load_state_dict(parts["model"])
        self.averages.load(parts["average"], state["average_steps"])
        self.best.load(state["best"], {name: tensor.to(device) for name, tensor in parts["best"].items()})
        self.optimizer.load_state_dict({"state": by_index, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.schedule.load(state["schedule"])
        self.history.load(state["history"])
        self.sums.load(state, loss)
        self.callbacks = {**state["callbacks"], **parts["callback"]}
        for name in (*_COUNTERS, "elapsed"):
            setattr(self, name, state[name])
        self.started = time.monotonic()


def fingerprint(
    model: nn.Module,
    settings: ResolvedTraining,
    examples: Examples,
    validation: Examples | None,
    *,
    processes: int,
    callbacks: Sequence[str],
) -> dict[str, Any]:
    """Return the identity of a run as plain JSON: settings, data, network, number of processes and names of stateful callbacks."""
    shapes = {name: [str(weight.dtype), *weight.shape] for name, weight in model.state_dict().items()}
    plan = getattr(model, "plan", None)  # two networks of the same shapes may differ in dropout, or in the way they decode
    return {
        **{name: value for name, value in vars(settings).items() if name not in _FREE},
        "training_rows": examples.fingerprint(),
        "validation_rows": None if validation is None else validation.fingerprint(),
        "network": json.dumps([shapes, None if plan is None else plan.config()]),
        "processes": processes,
        "callbacks": list(callbacks),
    }


def folder_of(root: str | os.PathLike[str], fingerprint: dict[str, Any]) -> Path:
    """Return the folder of a run inside ``checkpoint_dir``."""
    identity = hashlib.sha256(strict_json.canonical(fingerprint).encode())
    return Path(root) / f"{_RUN}{identity.hexdigest()[:12]}"


def find_abandoned(root: str | os.PathLike[str], fingerprint: dict[str, Any]) -> tuple[Path, str] | None:
    """Return an unfinished run of the same data and network with other settings, and the differences; None if there is none.

    Another seed is another run on purpose: that of a member of an ensemble.
    """
    for folder in sorted(Path(root).glob(f"{_RUN}*")):
        names = Checkpoints(folder, fingerprint).names()
        try:
            content = strict_json.parse((folder / names[-1] / "state.json").read_text("ascii")) if names else None
            theirs, stopped = ({}, "") if content is None else (content["fingerprint"], content["state"]["history"]["stopped"])
        except (OSError, ValueError, KeyError, TypeError):  # damaged, or being written: its own run reports that
            continue
        if all(theirs.get(key) == fingerprint[key] for key in _SAME) and theirs != fingerprint and not stopped:
            return folder, _differences(theirs, fingerprint)
    return None


class Checkpoints:
    """The checkpoints of one run in one folder.

    Parameters
    ----------
    folder : path-like
        Folder of the checkpoints; created if needed.
    fingerprint : dict of str to JSON
        Identity of the run: settings, data, network. A checkpoint of another run is refused with the differences.
    keep : int, default 2
        Number of verified checkpoints that stay.
    """

    def __init__(self, folder: str | os.PathLike[str], fingerprint: dict[str, Any], *, keep: int = KEEP) -> None:
        self.folder, self.fingerprint, self.keep = as_path(folder), fingerprint, keep

    def names(self) -> list[str]:
        """Return the names of the checkpoints in the folder, oldest first, whole or not."""
        if not self.folder.is_dir():
            return []
        names = [p.name for p in self.folder.iterdir() if p.name.startswith(_PREFIX) and p.name[len(_PREFIX) :].isdigit()]
        return sorted(names, key=lambda name: int(name[len(_PREFIX) :]))

    def prepare(self) -> None:
        """Create the folder, see that it can be written to, and remove the remains of interrupted saves."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{_PARTIAL}{secrets.token_hex(6)}").mkdir()
            for orphan in self.folder.glob(f"{_PARTIAL}*"):
                shutil.rmtree(orphan)
        except OSError as cause:
            raise CheckpointError(atomic.explain(cause, f"could not prepare the checkpoint folder {self.folder}")) from cause

    def save(self, weights: dict[str, Tensor], optimizer: dict[str, Tensor], state: dict[str, Any]) -> str:
        """Write one more checkpoint, verify it, and drop those beyond ``keep``."""
        names = self.names()
        name = f"{_PREFIX}{int(names[-1][len(_PREFIX) :]) + 1 if names else 1:06d}"
        partial = self.folder / f"{_PARTIAL}{secrets.token_hex(6)}"
        try:
            partial.mkdir(parents=True)
            self._fill(partial, weights, optimizer, state)
            _verify(partial)
            os.replace(partial, self.folder / name)  # noqa: PTH105  # os-level, as in atomic: tests fail each call in turn
            atomic.sync_folder(self.folder)
        except ModelFileError as cause:
            shutil.rmtree(partial, ignore_errors=True)
            raise CheckpointError(f"could not write a checkpoint in {self.folder}: {cause} The previous checkpoint stays.") from cause
        except OSError as cause:
            shutil.rmtree(partial, ignore_errors=True)
            if isinstance(cause, CheckpointError):
                raise
            raise CheckpointError(atomic.explain(cause, f"could not write a checkpoint in {self.folder}")) from cause
        self._drop([*names, name][: -self.keep])
        return name

    def _fill(self, partial: Path, weights: dict[str, Tensor], optimizer: dict[str, Tensor], state: dict[str, Any]) -> None:
        model_file.write(partial / _FILES[0], weights, {"kind": "checkpoint.weights", "spec": None})
        model_file.write(partial / _FILES[1], optimizer, {"kind": "checkpoint.optimizer", "spec": None})
        text = strict_json.canonical({"version": _VERSION, "fingerprint": self.fingerprint, "state": state})
        atomic.write(partial / _FILES[2], text.encode(), error=CheckpointError)
        manifest = {file: digest.sha256(partial / file) for file in _FILES}
        atomic.write(partial / "MANIFEST", strict_json.canonical(manifest).encode(), error=CheckpointError)

    def _drop(self, names: list[str]) -> None:
        """Remove old checkpoints; a rename first, so that a half-removed one is never taken for whole."""
        for name in names:
            partial = self.folder / f"{_PARTIAL}{secrets.token_hex(6)}"
            try:
                os.replace(self.folder / name, partial)  # noqa: PTH105
                shutil.rmtree(partial)
            except OSError as cause:
                warnings.warn(
                    atomic.explain(cause, f"could not remove the old checkpoint {self.folder / name}"), ElmanWarning, stacklevel=4
                )

    def load(self) -> Checkpoint | None:
        """Return the newest checkpoint that verifies, or None where there is none.

        A damaged one is skipped with an ElmanWarning; if none is whole, or the newest is of another run, CheckpointError is raised.
        """
        names = self.names()
        for name in reversed(names):
            try:
                content = self._read(name)
            except (CheckpointError, OSError, ValueError) as problem:
                warnings.warn(
                    f"checkpoint {self.folder / name} is damaged ({problem}); trying the one before it.", ElmanWarning, stacklevel=3
                )
                continue
            self._check_fingerprint(name, content["fingerprint"])
            return Checkpoint(name=name, weights=content["weights"], optimizer=content["optimizer"], state=content["state"])
        if names:
            raise CheckpointError(f"none of the {len(names)} checkpoints in {self.folder} is whole. Remove the folder to start again.")
        return None

    def _read(self, name: str) -> dict[str, Any]:
        folder = self.folder / name
        _verify(folder)
        text = check(strict_json.parse((folder / "state.json").read_text("ascii")), Mapping(anything), "state.json")
        if text.get("version") != _VERSION:
            raise CheckpointError(f"it has version {text.get('version')}; this elman reads {_VERSION}")
        check(text, {"version": anything, "fingerprint": Mapping(anything), "state": Mapping(anything)}, "state.json")
        weights, optimizer = (model_file.read(folder / file)[1] for file in _FILES[:2])
        return {"weights": weights, "optimizer": optimizer, **text}

    def _check_fingerprint(self, name: str, theirs: dict[str, Any]) -> None:
        if theirs != self.fingerprint:
            raise CheckpointError(
                f"{self.folder / name} belongs to another run: {_differences(theirs, self.fingerprint)}."
                " Give the same settings and data, or another checkpoint_dir to start anew."
            )


def _verify(folder: Path) -> None:
    """Compare each file of a checkpoint with its MANIFEST; raise CheckpointError for the first that differs."""
    manifest = strict_json.parse((folder / "MANIFEST").read_text("ascii"))
    if not isinstance(manifest, dict) or set(manifest) != set(_FILES):
        raise CheckpointError(f"its MANIFEST does not list exactly {list(_FILES)}")
    for file, expected in manifest.items():
        if digest.sha256(folder / file) != expected:
            raise CheckpointError(f"{file} does not match its SHA-256")


def _differences(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    """Return the first differences of two fingerprints, in words."""
    keys = [key for key in sorted({*theirs, *ours}) if theirs.get(key) != ours.get(key)]
    return "; ".join(f"{key} was {_short(theirs.get(key))}, is now {_short(ours.get(key))}" for key in keys[:4])


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
