"""Settings: plain objects whose constructor arguments are their parameters, in scikit-learn's sense.

Network, Training and every codec are Settings, so ``clone``, ``get_params`` and grids over ``network__hidden_size`` work
without importing scikit-learn here (``elman --help`` reads settings and must stay fast).
"""

from __future__ import annotations

import inspect
import os
from functools import cache
from typing import Any, Self

from elman.errors import SettingError, did_you_mean


def plain(value: Any) -> Any:
    """Return a setting as model files hold it: a number of NumPy as a number, an array of one axis as a list, a path-like as text.

    Everything else comes back as the same object, so that ``sklearn.base.clone`` finds in a copy what it gave.

    Parameters
    ----------
    value : Any
        A setting.

    Returns
    -------
    Any
        An equal value of Python's own types.

    Examples
    --------
    >>> from pathlib import Path
    >>> plain(Path("a/b")), plain((1, 2)), plain("auto")
    ('a/b', (1, 2), 'auto')
    """
    if hasattr(value, "tolist") and getattr(value, "ndim", 2) < 2:
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value) in (list, tuple):
        items = [plain(item) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else type(value)(items)
    return value


class Settings:
    """Base of objects that only store the arguments of their constructor."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a setting given as a number of NumPy or as a path-like becomes Python's own."""
        object.__setattr__(self, name, plain(value) if name in self._names() else value)

    @classmethod
    def _names(cls) -> list[str]:
        return _parameters(cls)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments and their current values.

        Parameters
        ----------
        deep : bool, default True
            Also list the parameters of nested settings as ``name__parameter``.

        Returns
        -------
        dict
            Parameter names and values.
        """
        entries: dict[str, Any] = {}
        for name in self._names():
            value = getattr(self, name)
            entries[name] = value
            if deep and isinstance(value, Settings):
                entries.update({f"{name}__{inner}": v for inner, v in value.get_params().items()})
        return entries

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name (``name__inner`` reaches into nested settings)."""
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if outer not in self._names():
                kind = type(self).__name__
                raise SettingError(f"{kind} has no setting {outer!r}; it has {self._names()}.{did_you_mean(outer, self._names())}")
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, outer, value)
        return self

    def __repr__(self) -> str:
        """Show only settings that differ from the defaults."""
        defaults = {p.name: p.default for p in inspect.signature(type(self).__init__).parameters.values()}
        shown = [f"{n}={v!r}" for n, v in self.get_params(deep=False).items() if not _same(v, defaults.get(n))]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        """Two settings are equal when type and parameters are."""
        return type(self) is type(other) and self.get_params() == other.get_params()  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]  # settings can change


@cache
def _parameters(cls: type) -> list[str]:
    parameters = inspect.signature(cls.__init__).parameters.values()
    return [p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def _same(value: Any, default: Any) -> bool:
    try:
        return value is default or bool(value == default)
    except (ValueError, TypeError):
        return False
