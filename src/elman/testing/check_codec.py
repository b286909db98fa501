"""Battery of checks of a codec, ours or other people's."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs import Binary, Codec, Continuous, Discrete, Pixels, Product, Rectangles, Space, Words
from elman.codecs.codec import Role
from elman.errors import CheckError, DataError, NotFittedError


@dataclass(frozen=True, kw_only=True)
class Case:
    """A codec and values for its checks."""

    codec: Codec
    values: Sequence[Any]
    role: Role
    unknown: Sequence[Any]
    bad: Sequence[Any]
    equal: Callable[[Any, Any], bool]

    def fitted(self) -> Codec:
        """Return a fitted copy."""
        return copy.deepcopy(self.codec).fit(self.values, role=self.role)


def check_codec(
    codec: Codec,
    values: Sequence[Any],
    *,
    role: Role = "source",
    unknown: Sequence[Any] = (),
    bad: Sequence[Any] = (),
    equal: Callable[[Any, Any], bool] | None = None,
) -> None:
    """Run every check; the first that fails raises CheckError saying which.

    Parameters
    ----------
    codec : Codec
        Not fitted; it stays as it is.
    values : sequence
        Values it must fit, encode and give back.
    role : {"source", "target"}
        How it is fitted.
    unknown : sequence
        Values never seen in ``values`` that must be encoded all the same.
    bad : sequence
        Values that must be refused with a DataError.
    equal : callable, optional
        Whether a value and its round trip are the same; by default to five digits, arrays and lists alike.

    Examples
    --------
    >>> from elman.codecs import Text
    >>> check_codec(Text("char"), ["abc", ""], unknown=["xyz"], bad=[3])
    """
    case = Case(codec=codec, values=values, role=role, unknown=unknown, bad=bad, equal=equal or same)
    for check in CHECKS:
        try:
            check(case)
        except CheckError as error:
            raise CheckError(f"{check.__name__}: {type(codec).__name__}: {error}") from error


def names_itself(case: Case) -> None:
    """The id is a name with a version, the rank one of two words."""
    _must(re.fullmatch(r"[a-z][a-z0-9_.-]*\.v[0-9]+", case.codec.id) is not None, f"id {case.codec.id!r} is not like 'name.v1'")
    _must(case.codec.rank in ("one", "many"), f"rank is {case.codec.rank!r}")


def stores_and_clones(case: Case) -> None:
    """The constructor only stores, ``set_params`` takes back the result of ``get_params``, a clone is equal and not fitted."""
    from sklearn.base import clone

    for original in (copy.deepcopy(case.codec), case.fitted()):
        try:
            twin: Any = clone(original)
        except RuntimeError as error:  # scikit-learn's error for a constructor that changes its arguments
            raise CheckError(str(error)) from error
        _must(twin is not original and twin == original, "clone is not an equal new codec")
        _must(_raises(NotFittedError, lambda twin=twin: twin.encode(case.values[0])), "a clone is fitted")
        twin.set_params(**original.get_params(deep=False))
        _must(twin == original, "set_params(get_params()) changes it")


def refuses_before_fit(case: Case) -> None:
    """Everything that needs ``fit`` is reported."""
    codec = copy.deepcopy(case.codec)
    encoded = case.fitted().encode(case.values[0])
    for name, use in {
        "space": lambda: codec.space,
        "encode": lambda: codec.encode(case.values[0]),
        "encode_all": lambda: codec.encode_all(case.values),
        "decode": lambda: codec.decode(encoded),
        "config": lambda: codec.config(),
    }.items():
        _must(_raises(NotFittedError, use), f"{name} before fit does not raise NotFittedError")


def fits_alike(case: Case) -> None:
    """``fit`` returns the codec, keeps its parameters, refuses no values, and learns the same twice."""
    codec = copy.deepcopy(case.codec)
    _must(_raises(DataError, lambda: codec.fit([])), "fit([]) does not raise DataError")
    _must(codec.fit(case.values, role=case.role) is codec, "fit does not return the codec")
    _must(codec == case.codec, "fit changes constructor parameters")
    _must(_dumped(codec) == _dumped(case.fitted()), "two fits on the same values differ")
    once = _dumped(codec)
    codec.encode_all(case.values)
    _must(_dumped(codec.fit(case.values, role=case.role)) == once, "encoding or a second fit changes what is learned")


def encodes_into_its_space(case: Case) -> None:
    """Shape, dtype and range are those of the space and rank; values stay untouched."""
    codec = case.fitted()
    originals = copy.deepcopy(list(case.values))
    for value in [*case.values, *case.unknown]:
        _fits(codec.encode(value), codec.space, codec.rank)
    _must(all(same(a, b) for a, b in zip(originals, case.values, strict=True)), "encode changes the value")


def encodes_all_alike(case: Case) -> None:
    """``encode_all`` gives bit for bit the result of ``encode``, for lists, and iterators."""
    codec = case.fitted()
    singly = [codec.encode(value) for value in case.values]
    for name, together in {"a list": codec.encode_all(list(case.values)), "an iterator": codec.encode_all(iter(case.values))}.items():
        _must(len(together) == len(singly), f"encode_all of {name} gives {len(together)} of {len(singly)} rows")
        _must(all(map(_identical, together, singly)), f"encode_all of {name} differs from encode")
    _must(codec.encode_all([]) == [], "encode_all([]) is not []")


def comes_back(case: Case) -> None:
    """``decode(encode(value))`` is the value, and the decoded value encodes to the same."""
    codec = case.fitted()
    for value in case.values:
        back = codec.decode(codec.encode(value))
        _must(case.equal(value, back), f"{value!r} came back as {back!r}")


def lives_in_json(case: Case) -> None:
    """Through strict JSON text and back, it is the same codec, bit for bit."""
    codec = case.fitted()
    text = json.dumps(codec.config(), allow_nan=False)
    twin = type(codec).from_config(json.loads(text))
    _must(_dumped(twin) == _dumped(codec), "config of the rebuilt codec differs")
    _must(twin.space == codec.space and twin.rank == codec.rank and twin.role_ == codec.role_, "space, rank or role differs")
    for value in [*case.values, *case.unknown]:
        encoded = codec.encode(value)
        _must(_identical(encoded, twin.encode(value)), f"{value!r} is encoded differently")
        _must(same(codec.decode(encoded), twin.decode(encoded)), f"{value!r} is decoded differently")


def reads_strictly(case: Case) -> None:
    """Unknown keys, missing keys and foreign values in a config are refused, at every level."""
    config = json.loads(_dumped(case.fitted()))
    kind = type(case.codec)
    foreign: tuple[Any, ...] = (None, [], "x", {}, {**config, "more": 1}, {**config, "role": "judge"})
    for broken in foreign:
        _must(_raises(DataError, lambda broken=broken: kind.from_config(broken)), f"config {str(broken)[:60]} is taken")
    for part in ("settings", "state"):
        _must(
            _raises(DataError, lambda part=part: kind.from_config({**config, part: {**config[part], "more": 1}})),
            f"{part} takes unknown keys",
        )
        for key in config[part]:
            less = {name: value for name, value in config[part].items() if name != key}
            _must(_raises(DataError, lambda part=part, less=less: kind.from_config({**config, part: less})), f"{part} may lack {key!r}")
            odd = {**config[part], key: {"odd": object}}
            _must(
                _raises(DataError, lambda part=part, odd=odd: kind.from_config({**config, part: odd})), f"{part}: {key!r} may be anything"
            )


def refuses_bad_values(case: Case) -> None:
    """Bad values raise DataError; in a list, the error names the row."""
    codec = case.fitted()
    for value in case.bad:
        _must(_raises(DataError, lambda value=value: codec.encode(value)), f"{value!r} is encoded")
        mixed = [case.values[0], value]
        for name, use in {"encode_all": codec.encode_all, "encode_all of an iterator": lambda v: codec.encode_all(iter(v))}.items():
            try:
                use(mixed)
            except DataError as error:
                _must(error.row == 1, f"{name} does not name the row of {value!r}: {error}")
            else:
                raise CheckError(f"{name} takes {value!r}")


CHECKS = (
    names_itself,
    stores_and_clones,
    refuses_before_fit,
    fits_alike,
    encodes_into_its_space,
    encodes_all_alike,
    comes_back,
    lives_in_json,
    reads_strictly,
    refuses_bad_values,
)


def same(a: Any, b: Any) -> bool:
    """Return whether two values are the same: numbers to five digits, NaN equals NaN, sets as their lists, an empty list an empty array.

    Parameters
    ----------
    a : Any
        One value.
    b : Any
        The other.

    Returns
    -------
    bool
        True if they are.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, set | frozenset) or isinstance(b, set | frozenset):
        return set(a) == set(b)
    if isinstance(a, list | tuple | np.ndarray | float) and isinstance(b, list | tuple | np.ndarray | float):
        try:
            x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
            return x.size == y.size == 0 or (x.shape == y.shape and bool(np.allclose(x, y, rtol=1e-5, atol=1e-5, equal_nan=True)))
        except (ValueError, TypeError):
            listed = [list(part) if isinstance(part, tuple | np.ndarray) else part for part in (a, b)]
            return listed[0] == listed[1]
    return bool(a == b)


def _fits(encoded: Any, space: Space, rank: str) -> None:
    if isinstance(space, Product):
        _must(isinstance(encoded, dict) and list(encoded) == list(space.parts), "a Product is encoded as a dict of its parts")
        for name, part in space.parts.items():
            _fits(encoded[name], part, space.ranks[name])
        return
    _must(isinstance(encoded, np.ndarray), f"encoded to {type(encoded).__name__}, not to an array")
    shape = encoded.shape if rank == "one" else encoded.shape[1:]
    dtype = np.int64 if isinstance(space, Discrete) else np.int32 if isinstance(space, Words) else np.float32
    _must(encoded.dtype == dtype, f"encoded to {encoded.dtype}, not to {np.dtype(dtype)}")
    _must(rank == "one" or encoded.ndim >= 1, "rank many without a time axis")
    expected = {
        Discrete: lambda _: (),
        Words: lambda _: (max([1, *shape]),),
        Continuous: lambda s: (s.d,),
        Binary: lambda s: (s.n,),
        Pixels: lambda s: (s.c, s.h, s.w),
        Rectangles: lambda _: (5,),
    }[type(space)](space)
    _must(shape == expected, f"an element has the shape {shape}, not {expected} of {space}")
    if isinstance(space, Discrete):
        _must(bool(((encoded >= 0) & (encoded < space.n)).all()), f"an index is outside 0..{space.n - 1}")
    elif isinstance(space, Words):
        limits = np.array([space.n, *[space.pieces] * (encoded.shape[-1] - 1)])
        _must(bool(((encoded >= 0) & (encoded < limits)).all()), f"an index is outside 0..{space.n - 1} or 0..{space.pieces - 1}")
    elif isinstance(space, Binary):
        _must(bool(np.isin(encoded, (0, 1)).all()), "Binary holds other numbers than 0 and 1")
    else:
        _must(bool(np.isfinite(encoded).all()), "not all numbers are finite")


def _identical(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_identical(a[key], b[key]) for key in a)
    x, y = np.asarray(a), np.asarray(b)
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()


def _dumped(codec: Codec) -> str:
    return json.dumps(codec.config(), allow_nan=False)


def _raises(kind: type[Exception], use: Callable[[], Any]) -> bool:
    try:
        use()
    except kind:
        return True
    return False


def _must(condition: bool, message: str) -> None:
    if not condition:
        raise CheckError(message)
