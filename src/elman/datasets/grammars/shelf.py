"""Every language by its name."""

from __future__ import annotations

from elman.datasets.grammars import counting, regular
from elman.datasets.grammars.language import Language
from elman.errors import SettingError, did_you_mean

_LANGUAGES = {one.name: one for module in (regular, counting) for one in vars(module).values() if isinstance(one, Language)}


def names() -> list[str]:
    """Return the names of all languages.

    Returns
    -------
    list of str
        Names for :func:`get`, sorted.
    """
    return sorted(_LANGUAGES)


def get(name: str) -> Language:
    """Return a language by its name.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    Language
        The language.

    Examples
    --------
    >>> get("tomita_4").accepts("1001000")
    False
    """
    if name not in _LANGUAGES:
        raise SettingError(f"there is no language {name!r}; there are {names()}.{did_you_mean(name, _LANGUAGES)}")
    return _LANGUAGES[name]
