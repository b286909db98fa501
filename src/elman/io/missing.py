"""Missing values: one definition for tables, codecs and series, whoever made them."""

from __future__ import annotations

from typing import Any

import numpy as np

_PLAIN = (str, int, bool)
_FOREIGN = ("NAType", "NaTType")
"""Classes of ``pandas.NA`` and ``pandas.NaT``, which need no import to be known."""


def is_missing(value: Any) -> bool:
    """Return whether a value is missing: None, NaN of any type, ``pandas.NA``, NaT, or a masked element.

    Parameters
    ----------
    value : object
        One value of a column, a sequence or a series.

    Returns
    -------
    bool
        False for arrays and lists, whatever they hold.

    Examples
    --------
    >>> [is_missing(value) for value in (None, float("nan"), np.ma.masked, np.datetime64("NaT"), 0, "", [None])]
    [True, True, True, True, False, False, False]
    """
    if value is None or type(value) in _PLAIN:
        return value is None
    if type(value) is float:
        return value != value
    if value is np.ma.masked or type(value).__name__ in _FOREIGN:
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    if isinstance(value, np.ndarray | list | tuple | dict | set):
        return False
    if hasattr(value, "is_nan"):  # decimal.Decimal, whose signalling NaN refuses comparisons
        return bool(value.is_nan())
    return isinstance(value, float | np.floating) and bool(value != value)


def unmasked(values: Any) -> Any:
    """Return a masked array as a plain one, its masked elements NaN (None where it holds no numbers); anything else as it is.

    Masked elements of a list become NaN.
    """
    if isinstance(values, list | tuple):
        return [np.nan if v is np.ma.masked else v for v in values] if any(v is np.ma.masked for v in values) else values
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if not np.ma.getmaskarray(values).any():
        return values.data
    numeric = values.dtype.kind in "biuf"
    plain = np.array(values.data, dtype=np.float64 if numeric else object)
    plain[np.ma.getmaskarray(values)] = np.nan if numeric else None
    return plain
