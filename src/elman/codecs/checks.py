"""Checks of settings and of configs read from files: one message each, no value trusted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from elman.errors import DataError, ElmanError, did_you_mean

MOST = 10_000_000
"""Largest number of entries a stored list may have."""


def strict(config: Any, names: Iterable[str], owner: str) -> dict[str, Any]:
    """Return the mapping if it has exactly the keys named."""
    expected = set(names)
    if not isinstance(config, Mapping):
        raise DataError(f"{owner}: expected a mapping with the keys {sorted(expected)}; got {type(config).__name__}.")
    for name in config:
        if name not in expected:
            raise DataError(f"{owner}: unknown key {name!r}; expected {sorted(expected)}.{did_you_mean(name, expected)}")
    missing = sorted(expected - set(config))
    if missing:
        raise DataError(f"{owner}: the keys {missing} are missing. The config was cut or written by another version.")
    return dict(config)


def one_of(value: Any, choices: tuple[Any, ...], name: str, error: type[ElmanError] = DataError) -> Any:
    """Return the value if it is one of the choices (same type, too)."""
    if not any(value is choice or (type(value) is type(choice) and value == choice) for choice in choices):
        hint = did_you_mean(value, (c for c in choices if isinstance(c, str))) if isinstance(value, str) else ""
        raise error(f"{name} must be one of {list(choices)}; got {value!r}.{hint}")
    return value


def whole(value: Any, name: str, low: int, high: int = MOST, error: type[ElmanError] = DataError) -> int:
    """Return the value if it is a whole number in low..high."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise error(f"{name} must be a whole number in {low}..{high}; got {value!r}.")
    return int(value)


def real(value: Any, name: str, low: float = -math.inf, high: float = math.inf, error: type[ElmanError] = DataError) -> float:
    """Return the value as a float if it is a finite number in low..high."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value) or not low <= value <= high:
        raise error(f"{name} must be a finite number in {low}..{high}; got {value!r}.")
    return float(value)


def reals(value: Any, name: str, length: int | None = None) -> np.ndarray:
    """Return a list of finite numbers as a float64 array (length,)."""
    if not isinstance(value, list) or len(value) > MOST or (length is not None and len(value) != length):
        raise DataError(f"{name} must be a list of {'at most ' + str(MOST) if length is None else length} numbers.")
    return np.array([real(v, name) for v in value], dtype=np.float64)
