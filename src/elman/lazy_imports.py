"""Names of a package that are imported on first use, so that importing the package stays fast."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def attach(
    package: str, homes: Mapping[str, tuple[str, ...]], *, submodules: tuple[str, ...] = ()
) -> tuple[Callable[[str], Any], list[str]]:
    """Return ``__getattr__`` and ``__all__`` of a package (PEP 562).

    The package repeats its names under ``if TYPE_CHECKING`` for type checkers, and hides ``__getattr__`` from them, so that they
    report a misspelt name.

    Parameters
    ----------
    package : str
        Name of the package.
    homes : mapping of str to tuple of str
        Public names by the module that defines them.
    submodules : tuple of str
        Modules of the package that are public themselves.

    Returns
    -------
    callable, list of str
        ``__getattr__`` and ``__all__``.

    Raises
    ------
    AttributeError
        From ``__getattr__``, for a name that the package does not have.
    """
    modules = {name: module for module, names in homes.items() for name in names}

    def import_name(name: str) -> Any:
        """Import a public name and keep it as an attribute of the package."""
        if name in modules:
            value = getattr(importlib.import_module(modules[name]), name)
        elif name in submodules:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    return import_name, sorted([*modules, *submodules])
