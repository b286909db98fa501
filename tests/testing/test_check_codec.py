"""The battery itself: codecs broken in one way each must fail in the check made for it."""

from typing import Any

import numpy as np
import pytest

from elman.codecs import Number, Text
from elman.errors import DataError
from elman.testing.check_codec import check_codec, same


class Unversioned(Number):
    id = "number"


class Working(Number):
    def __init__(self, scale: str = "standard", *, missing: Any = "auto") -> None:
        self.scale = "".join(list(scale))  # equal, but not what was given
        self.missing = missing


class Eager(Number):
    def encode(self, value: Any) -> np.ndarray:
        return self.fit([value]).scaler_.encode(np.array([value], float)) if "scaler_" not in self.__dict__ else super().encode(value)


class Drifting(Number):
    seen = 0

    def _fit(self, values: Any) -> None:
        Drifting.seen += 1
        super()._fit([*values, float(Drifting.seen)])


class Doubled(Number):
    def encode(self, value: Any) -> np.ndarray:
        return super().encode(value).astype(np.float64)


class Batched(Number):
    def _encode_many(self, values: Any) -> list[Any]:
        return [self.encode(value) + 1 for value in values]


class Lossy(Number):
    def decode(self, array: Any) -> float:
        return round(super().decode(array))


class Forgetful(Number):
    def _state(self) -> dict[str, Any]:
        state = super()._state()
        return {"scaler": {**state["scaler"], "center": [0.0]}}


class Lax(Number):
    @classmethod
    def from_config(cls, config: Any) -> Any:
        known = {key: value for key, value in dict(config or {}).items() if key != "more"} if isinstance(config, dict) else config
        return super().from_config(known)


class Silent(Number):
    def _encode_many(self, values: Any) -> list[Any]:
        try:
            return [self.encode(value) for value in values]
        except DataError as error:
            raise DataError(error.detail) from error


BROKEN = {
    Unversioned: "names_itself",
    Working: "stores_and_clones",
    Eager: "stores_and_clones",
    Drifting: "fits_alike",
    Doubled: "encodes_into_its_space",
    Batched: "encodes_all_alike",
    Lossy: "comes_back",
    Forgetful: "lives_in_json",
    Lax: "reads_strictly",
    Silent: "refuses_bad_values",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_codec_fails_in_the_check_made_for_it(kind: type[Number]) -> None:
    with pytest.raises(AssertionError, match=f"{BROKEN[kind]}: {kind.__name__}: "):
        check_codec(kind(), [1.5, 2.5, 4.0], bad=["x"])


def test_the_sound_codec_passes_with_the_same_values() -> None:
    check_codec(Number(), [1.5, 2.5, 4.0], bad=["x"])


def test_a_bad_value_that_is_taken_fails() -> None:
    with pytest.raises(AssertionError, match="refuses_bad_values: Text: 'fine' is encoded"):
        check_codec(Text(), ["a"], bad=["fine"])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({"a": [1.0]}, {"a": np.array([1.0])}, True),
        ({"a": 1}, {"b": 1}, False),
        (float("nan"), float("nan"), True),
        ({1, 2}, [2, 1], True),
        (["a", "b"], ("a", "b"), True),
        (["a"], ["a", "b"], False),
        ([1.0, 2.0], [1.0], False),
    ],
)
def test_same(a: Any, b: Any, expected: bool) -> None:
    assert same(a, b) is expected
