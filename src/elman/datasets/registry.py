"""``load``, ``info`` and ``names``: every set by its name."""

from __future__ import annotations

from typing import Any

from elman.datasets import images, music, ocr, pen, series, speech, text, video
from elman.datasets.dataset import Dataset, Info
from elman.datasets.files import Files
from elman.errors import ElmanError, FileError, SettingError, did_you_mean

_SETS: dict[str, Info] = {entry.name: entry for family in (text, speech, pen, ocr, images, video, music, series) for entry in family.SETS}


def names(family: str | None = None) -> list[str]:
    """Return the names of all sets, or of one family.

    Parameters
    ----------
    family : str, optional
        text, speech, pen, ocr, images, video, music or series.

    Returns
    -------
    list of str
        Names for :func:`load`, sorted.

    Examples
    --------
    >>> names("music")
    ['jsb_chorales']
    """
    families = sorted({entry.family for entry in _SETS.values()})
    if family is not None and family not in families:
        raise SettingError(f"there is no family {family!r}; there are {families}.{did_you_mean(family, families)}")
    return sorted(name for name, entry in _SETS.items() if family in (None, entry.family))


def info(name: str) -> Info:
    """Return licence, origin, citation, options and recommended codecs of a set, without reading it.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    Info
        Description.

    Examples
    --------
    >>> info("scan").options["split"]
    ('simple', 'length', 'addprim_jump')
    """
    if name not in _SETS:
        raise SettingError(f"there is no data set {name!r}; elman.datasets.names() lists them.{did_you_mean(name, _SETS)}")
    return _SETS[name]


def load(name: str, *, verify: bool = True, **options: Any) -> Dataset:
    """Return a data set, from ``ELMAN_DATA``, from the cache, or from its origin (once, then cached).

    The folder ``ELMAN_DATA``, if set, is the only place looked at: no network is used. Otherwise files come from the cache folder
    (``ELMAN_CACHE``, or the platform's own), and missing files are downloaded. Both folders have the same layout,
    ``folder/set/file``, so that a cache can be copied to a computer without network and used as its ``ELMAN_DATA``.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    verify : bool, default True
        Check size and SHA-256 of every file. False reads files you have changed or cut yourself; downloads are always checked.
    **options : Any
        Options of the set in ``info(name).options``, as ``split="length"`` or ``source="de"``.

    Returns
    -------
    Dataset
        Splits with ``x`` and ``y`` ready for ``fit``.

    Raises
    ------
    SettingError
        Unknown set or option.
    FileError
        A file is missing, damaged, or cannot be downloaded; the message gives a remedy.
    """
    entry = info(name)
    chosen = entry.choose(options)
    files = Files(name, derivation=entry.derivation, verify=verify, derive=entry.derive)
    try:
        splits, details = entry.read(files, **chosen)
    except ElmanError:
        raise
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        if verify:  # the files are the published ones, so the fault is ours: show it as it is
            raise
        raise FileError(
            f"the files of {name} do not have the published form ({type(error).__name__}: {error}). Compare the originals."
        ) from error
    return Dataset(info=entry, splits=splits, options=chosen, details=details)
