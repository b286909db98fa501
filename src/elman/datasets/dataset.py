"""A loaded data set: named splits ready for ``fit``, and the origin of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from elman.errors import DataError, SettingError, did_you_mean


def _frozen(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(values))


@dataclass(frozen=True, kw_only=True)
class Split:
    """One part of a set: values ``x``, answers ``y``, and further columns of the same length.

    Parameters
    ----------
    x : list or ndarray
        One value a row, as the recommended source codec takes it.
    y : list or ndarray, optional
        One answer a row; None where the set has no answers (language models, forecasts).
    extra : mapping, optional
        Further columns by name (speaker, date, all captions …), each with one entry a row.

    Examples
    --------
    >>> part = Split(x=["good", "bad", "good"], y=[1, 0, 1])
    >>> len(part), part.head(2).y
    (3, [1, 0])
    >>> model_x, model_y = part
    """

    x: Any
    y: Any = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = {"y": self.y, **self.extra} if self.y is not None else dict(self.extra)
        for name, column in columns.items():
            if len(column) != len(self.x):
                raise DataError(
                    f"column {name!r} has {len(column)} rows, x has {len(self.x)}. The file is damaged or was cut; load it again."
                )
        object.__setattr__(self, "extra", _frozen(self.extra))

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.x)

    def __iter__(self) -> Iterator[Any]:
        """Unpack as ``x, y``."""
        return iter((self.x, self.y))

    def head(self, count: int) -> Split:
        """Return the first rows, for a quick try.

        Parameters
        ----------
        count : int
            How many rows at most.

        Returns
        -------
        Split
            The same columns, cut.
        """
        if count < 0:
            raise SettingError(f"count must be 0 or more; got {count}.")
        y = None if self.y is None else self.y[:count]
        return Split(x=self.x[:count], y=y, extra={name: column[:count] for name, column in self.extra.items()})


@dataclass(frozen=True, kw_only=True)
class Info:
    """Description of a set, available without reading it.

    Parameters
    ----------
    name : str
        Name for ``load``; also the folder's name in a mirror.
    family : str
        Kind of data: text, speech, pen, ocr, images, video, music, series.
    summary : str
        One line: a row and the task.
    licence : str
        Statement of the origin, and open questions.
    origin : str
        Address of the repository at a fixed commit.
    citation : str
        Paper or page to cite.
    source, target : str
        Names of the recommended codecs, for ``elman.codecs.from_name`` and the command line (empty where there is no answer).
    read : callable
        Reads opened files into splits; ``read(files, **options)`` gives ``(splits, details)``.
    options : mapping, optional
        Option name to allowed values; the first is the default.
    derivation : str, optional
        How the files were made from the origin, where they are not the origin's own.
    derive : callable, optional
        Makes a file from the contents of its parts, where that is possible without more.
    """

    name: str
    family: str
    summary: str
    licence: str
    origin: str
    citation: str
    source: str
    target: str
    read: Callable[..., tuple[dict[str, Split], dict[str, Any]]] = field(repr=False)
    options: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    derivation: str = ""
    derive: Callable[[list[bytes]], bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", _frozen(self.options))

    def choose(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every option with the value given or its default; refuse others."""
        for name, value in given.items():
            if name not in self.options:
                raise SettingError(f"{self.name} has no option {name!r}; it has {sorted(self.options)}.{did_you_mean(name, self.options)}")
            if value not in self.options[name]:
                choices = self.options[name]
                hint = did_you_mean(value, [str(k) for k in choices])
                raise SettingError(f"{name} of {self.name} must be one of {list(choices)}; got {value!r}.{hint}")
        return {name: given.get(name, values[0]) for name, values in self.options.items()}


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A loaded set.

    Parameters
    ----------
    info : Info
        Licence, origin, citation, recommended codecs.
    splits : mapping of str to Split
        Parts by name; ``dataset["train"]`` and ``dataset.train`` are the same.
    options : mapping
        Options it was loaded with.
    details : mapping
        Facts about the whole set: names of columns, sample rate, season, published results.

    Examples
    --------
    >>> from elman.datasets import info
    >>> data = Dataset(info=info("sst2"), splits={"train": Split(x=["fine"], y=[1])})
    >>> data.train.y, data.source, "train" in data
    ([1], 'text', True)
    """

    info: Info
    splits: Mapping[str, Split]
    options: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("splits", "options", "details"):
            object.__setattr__(self, name, _frozen(getattr(self, name)))

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.info.name

    @property
    def licence(self) -> str:
        """Statement of the origin about use."""
        return self.info.licence

    @property
    def origin(self) -> str:
        """Where the data came from."""
        return self.info.origin

    @property
    def citation(self) -> str:
        """Citation."""
        return self.info.citation

    @property
    def source(self) -> str:
        """Name of the recommended codec of ``x``."""
        return self.info.source

    @property
    def target(self) -> str:
        """Name of the recommended codec of ``y``; empty where there is none."""
        return self.info.target

    def __getitem__(self, split: str) -> Split:
        """Return a part by name."""
        if split not in self.splits:
            raise SettingError(f"{self.name} has no split {split!r}; it has {list(self.splits)}.{did_you_mean(split, self.splits)}")
        return self.splits[split]

    def __contains__(self, split: object) -> bool:
        """Whether there is a part of this name."""
        return split in self.splits

    def __getattr__(self, name: str) -> Split:
        """Return a part as an attribute."""
        splits = self.__dict__.get("splits", {})
        if name in splits:
            return splits[name]
        raise AttributeError(f"Dataset has no attribute or split {name!r}; splits are {list(splits)}.{did_you_mean(name, splits)}")

    def __repr__(self) -> str:
        """Show name, options and the size of each part."""
        parts = ", ".join(f"{name}: {len(split)}" for name, split in self.splits.items())
        chosen = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"<Dataset {self.name}{chosen} ({parts})>"
