"""Every error elman raises on purpose: one base class, few kinds, messages that teach.

A message names the value, the expected value and a remedy, for example
``lengths must be in 0..T (T=7); got 9 at index 3. Trim the lengths or pad the batch first.``
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ElmanError(Exception):
    """Base of every error raised on purpose by elman."""


class DataError(ElmanError, ValueError):
    """A value from outside does not fit a codec, reader or batch.

    Parameters
    ----------
    message : str
        The value, the expected value and a remedy.
    row : int, optional
        Zero-based row of the offending value; put in front of the message as ``row 3: …``.
    """

    def __init__(self, message: str, *, row: int | None = None) -> None:
        self.row = row
        self.detail = message
        super().__init__(message if row is None else f"row {row}: {message}")

    def at(self, row: int) -> DataError:
        """Return the same error, naming the row it happened in."""
        return type(self)(self.detail, row=row)


class DataTypeError(DataError, TypeError):
    """A value from outside has the wrong Python type (text where numbers were expected)."""


class SettingError(ElmanError, ValueError):
    """A setting or argument has a value that cannot be used."""


class ShapeError(ElmanError, ValueError, RuntimeError):
    """A tensor has the wrong rank, size, dtype, device or layout; torch's own layers raise one or the other built-in error."""


class BackendError(ElmanError, ValueError):
    """A kernel backend was asked for a call that it cannot run."""


class NotFittedError(ElmanError, ValueError, AttributeError):
    """An estimator or codec was used before ``fit`` (also scikit-learn's own meaning of the word)."""


class TrainingError(ElmanError, RuntimeError):
    """Training cannot go on: diverging or non-finite loss, nothing to learn from."""


class FileError(ElmanError, OSError):
    """A file cannot be read, has another format than its ending, or cannot be written."""


class ModelFileError(FileError, ValueError):
    """A model file is damaged, foreign, of a newer format, or asks for more than the limits allow."""


class CheckpointError(FileError):
    """A checkpoint cannot be written or verified."""


class CheckError(ElmanError, AssertionError):
    """A plug-in (cell, kernel, codec, estimator) failed a check of :mod:`elman.testing`; the message names it and the fault."""


class MissingExtraError(ElmanError, ImportError):
    """An optional library is needed; the message names the extra that brings it.

    Parameters
    ----------
    extra : str
        Name of the extra in ``pip install elman[extra]``.
    library : str
        The library that is missing.
    purpose : str
        Purpose, as the end of "… is needed to <purpose>".
    """

    def __init__(self, extra: str, library: str, purpose: str) -> None:
        super().__init__(f"{library} is needed to {purpose}; it is not installed. Run: pip install 'elman[{extra}]'")
        self.extra = extra


class ElmanWarning(UserWarning):
    """Base of every warning elman gives."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest known name, or an empty string.

    Parameters
    ----------
    given : str
        Word of the user.
    known : iterable of str
        The right words.

    Returns
    -------
    str
        Addition to a message.

    Examples
    --------
    >>> did_you_mean("hiden_size", ["hidden_size", "dropout"])
    " Did you mean 'hidden_size'?"
    """
    near = difflib.get_close_matches(str(given), [str(name) for name in known], n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
