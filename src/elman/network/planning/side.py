"""Sides of a relation as plain JSON, so that a plan rebuilds a network without data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from elman.codecs.space import Binary, Continuous, Discrete, Pixels, Product, Rectangles, Space, Words
from elman.errors import DataError
from elman.io.schema import Maybe, check, whole

_KINDS: dict[str, type[Space]] = {
    "discrete": Discrete,
    "words": Words,
    "continuous": Continuous,
    "binary": Binary,
    "pixels": Pixels,
    "rectangles": Rectangles,
    "product": Product,
}
_FIELDS = {
    "discrete": ("n",),
    "words": ("n", "pieces"),
    "continuous": ("d",),
    "binary": ("n",),
    "pixels": ("c", "h", "w"),
    "rectangles": ("n",),
}
_LARGEST = 2**48


class HasSpace(Protocol):
    """Anything with a rank and a space: a fitted codec, or a Side."""

    @property
    def rank(self) -> str:
        """Rank, "one" or "many"."""
        ...

    @property
    def space(self) -> Space:
        """Space of one element."""
        ...


@dataclass(frozen=True)
class Side:
    """One side of a relation: rank and space, and the index that means "unknown" (never predicted)."""

    rank: Literal["one", "many"]
    space: Space
    unknown: int | None = None

    @classmethod
    def of(cls, codec: HasSpace) -> Side:
        """Take rank and space from a codec; in sequences of symbols index 0 is "unknown"."""
        if isinstance(codec, Side):
            return codec
        rank: Literal["one", "many"] = "many" if codec.rank == "many" else "one"
        unknown = 0 if rank == "many" and isinstance(codec.space, Discrete) else None
        return cls(rank, codec.space, unknown)

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"rank": self.rank, "space": space_config(self.space), "unknown": self.unknown}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Side:
        """Rebuild from plain JSON; anything unexpected raises DataError."""
        if not isinstance(config, dict) or set(config) != {"rank", "space", "unknown"} or config["rank"] not in ("one", "many"):
            raise DataError(f"A side of a plan needs rank ('one' or 'many'), space and unknown; got {config!r:.200}. The file is damaged.")
        space = space_from_config(config["space"])
        most = space.n - 1 if isinstance(space, Discrete) else 0
        return cls(config["rank"], space, check(config["unknown"], Maybe(whole(0, most)), "unknown"))


def space_config(space: Space) -> dict[str, Any]:
    """Return a space as plain JSON."""
    if isinstance(space, Product):
        # a list, not a mapping: the order of parts is the order of weights, and JSON text sorts its keys
        return {"kind": "product", "parts": [[n, space.ranks.get(n), space_config(p)] for n, p in space.parts.items()]}
    for kind, names in _FIELDS.items():
        if isinstance(space, _KINDS[kind]):
            return {"kind": kind, **{name: int(getattr(space, name)) for name in names}}
    raise DataError(f"A space must be one of {sorted(_KINDS)}; got {space!r}.")


def space_from_config(config: dict[str, Any], depth: int = 0) -> Space:
    """Rebuild a space; unknown kinds, missing numbers and deep nesting raise DataError."""
    kind = config.get("kind") if isinstance(config, dict) else None
    if kind == "product" and depth < 4 and set(config) == {"kind", "parts"} and _are_parts(config["parts"]):
        parts = {name: space_from_config(part, depth + 1) for name, _, part in config["parts"]}
        return Product(parts, {name: rank for name, rank, _ in config["parts"] if rank is not None})
    names = _FIELDS.get(str(kind))
    if names is None or set(config) != {"kind", *names} or not all(type(config[n]) is int and 0 <= config[n] < _LARGEST for n in names):
        raise DataError(f"A space of a plan must be one of {sorted(_KINDS)} with whole sizes; got {config!r:.200}. The file is damaged.")
    return _KINDS[str(kind)](**{name: config[name] for name in names})


def _are_parts(value: Any) -> bool:
    """Whether this is a list of (name, rank, space), every name once."""
    rows = isinstance(value, list) and all(isinstance(row, list) and len(row) == 3 for row in value)
    if not rows or not all(isinstance(name, str) and rank in ("one", "many", None) for name, rank, _ in value):
        return False
    return len({name for name, _, _ in value}) == len(value)
