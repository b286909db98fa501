"""A folder of results: each candidate's as soon as it is known, as JSON beside its model file; read back in the next run."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import ElmanWarning, FileError, ModelFileError, SettingError
from elman.io import atomic, strict_json
from elman.io.destination import check_destination
from elman.io.paths import as_path
from elman.leakage.overlap import key
from elman.metrics.measure import Judgement

_FORMAT = 1
_KEYS = {"format", "fingerprint", "facts", "over", "under"}


def fingerprint(*parts: Any) -> str:
    """Return a digest of data and settings: results of one run are read back only in the same one."""
    state = hashlib.sha256()
    for part in parts:
        state.update(repr(key(part)).encode("utf-8", "surrogatepass"))
        state.update(b"\0")
    return state.hexdigest()


@contextmanager
def continuing(without: str) -> Iterator[None]:
    """Warn where something cannot be written: a full disk is no reason to lose hours of training."""
    try:
        yield
    except FileError as problem:
        warnings.warn(f"{problem} The comparison goes on without {without}.", ElmanWarning, stacklevel=3)


class Results:
    """Results in a folder, or nowhere.

    Parameters
    ----------
    path : path-like or None
        The folder; made if it is not there.
    digest : str
        Fingerprint of the run.
    """

    def __init__(self, path: Any, digest: str) -> None:
        self.path, self.digest = None if path is None else as_path(path), digest
        if self.path is not None:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FileError(f"{self.path} cannot be made a folder for results: {error.strerror}. Choose another.") from error
            check_destination(self.path / "leaderboard.json")

    def model(self, name: str) -> Path | None:
        """Return where a candidate's model file belongs."""
        return None if self.path is None else self.path / f"{name}.elman"

    def read(self, name: str) -> tuple[dict[str, Any], Judgement] | None:
        """Return the stored result of a candidate, or None."""
        file = None if self.path is None else self.path / f"{name}.json"
        if file is None or not file.exists():
            return None
        try:
            result = strict_json.parse(file.read_text(encoding="utf-8"))
            if set(result) != _KEYS or result["format"] != _FORMAT or not isinstance(result["facts"], dict):
                raise ValueError("it has other keys")
            judged = Judgement(over=np.asarray(result["over"], dtype=np.float64), under=np.asarray(result["under"], dtype=np.float64))
        except (OSError, ValueError, TypeError) as error:
            raise FileError(f"{file} is not a result that compare wrote ({error}). Remove it, or choose another folder.") from error
        if result["fingerprint"] != self.digest:
            raise SettingError(f"{self.path} holds results of other data or settings. Choose another folder, or empty this one.")
        return result["facts"], judged

    def write(self, name: str, facts: dict[str, Any], judged: Judgement) -> None:
        """Keep a candidate's result; its model file is there already."""
        if self.path is None:
            return
        units = {"over": judged.over.tolist(), "under": judged.under.tolist()}
        content = {"format": _FORMAT, "fingerprint": self.digest, "facts": facts, **units}
        with continuing(f"keeping the result of {name}"):
            atomic.write(self.path / f"{name}.json", strict_json.canonical(content).encode())

    def conclude(self, board: dict[str, Any]) -> None:
        """Write the leaderboard."""
        if self.path is None:
            return
        with continuing("keeping the leaderboard"):
            atomic.write(self.path / "leaderboard.json", json.dumps(board, ensure_ascii=False, indent=1).encode())

    def load(self, name: str) -> Any:
        """Return the fitted candidate of a result that was read back; None where it left no file."""
        from elman.estimators import load

        file = self.model(name)
        if file is None or not file.exists():
            return None
        try:
            return load(file)
        except ModelFileError as error:
            raise FileError(f"{file}: {error} Remove it and its .json to let it learn again.") from error
