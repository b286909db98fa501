"""Words that a vocabulary lacks, by their places in the source."""

import pytest

from elman import Symbols
from elman.mapping.copying import mark, point, written

SOURCE = ["x", "a", "x", "y", "y", "b"]


@pytest.fixture(scope="module")
def codec():
    return Symbols().fit([["a", "b"]])  # 0 unknown, 1 a, 2 b


def test_unknown_symbols_of_a_source_are_numbered_from_n(codec):
    assert mark(codec, SOURCE, codec.encode(SOURCE)).tolist() == [3, 1, 3, 4, 4, 2]
    known = codec.encode(["a", "b"])
    assert mark(codec, ["a", "b"], known) is known


def test_a_target_points_to_the_first_place_of_a_symbol_in_its_source(codec):
    value = ["y", "b", "x", "nowhere"]
    encoded = codec.encode(value)
    pointed = point(codec, value, encoded, SOURCE)
    assert pointed.tolist() == [3 + 1 + 3, 2, 3 + 1 + 0, 0]
    assert encoded.tolist() == [0, 2, 0, 0]
    assert written(codec, pointed, SOURCE) == ["y", "b", "x", None]
