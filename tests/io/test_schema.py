import pytest

from elman.errors import DataError
from elman.io.schema import Mapping, Maybe, check, flag, number, one_of, real, scalar, text, whole

SCHEMA = {
    "name": text,
    "sizes": [whole(1, 9)],
    "pair": (real(0), Maybe(text)),
    "by name": Mapping(flag, needs={"all": flag}),
    "choice": one_of("a", 1),
}
RIGHT = {"name": "x", "sizes": [1, 9], "pair": [0.5, None], "by name": {"all": True, "b": False}, "choice": 1}


def test_what_matches_is_returned_as_it_is():
    assert check(RIGHT, SCHEMA, "part") is RIGHT
    assert check({**RIGHT, "sizes": [], "pair": [0, "y"]}, SCHEMA, "part")["pair"] == [0, "y"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, r"part\.name must be text; got 3\."),
        ({"sizes": 3}, r"part\.sizes must be a list; got 3\."),
        ({"sizes": [1, 10]}, r"part\.sizes\[1\] must be a whole number in 1\.\.9; got 10\."),
        ({"sizes": [True]}, r"part\.sizes\[0\] must be a whole number in 1\.\.9; got True\."),
        ({"sizes": [1.0]}, r"part\.sizes\[0\] must be a whole number in 1\.\.9; got 1\.0\."),
        ({"pair": [1.0]}, r"part\.pair must be a list of 2; got \[1\.0\]\."),
        ({"pair": [-1.0, None]}, r"part\.pair\[0\] must be a finite number in 0\.\.inf; got -1\.0\."),
        ({"pair": [float("inf"), None]}, "must be a finite number"),
        ({"pair": [float("nan"), None]}, "must be a finite number"),
        ({"pair": [10**400, None]}, "must be a finite number"),
        ({"pair": [1, 2]}, r"part\.pair\[1\] must be text; got 2\."),
        ({"by name": [1]}, r"part\.by name must be names and values; got \[1\]\."),
        ({"by name": {"b": True}}, r"part\.by name has no key 'all'; expected \['all', 'b'\]\."),
        ({"by name": {"all": 1}}, r"part\.by name\.all must be true or false; got 1\."),
        ({"choice": True}, r"part\.choice must be one of \['a', 1\]; got True\."),
        ({"nam": 1}, r"part has unknown key 'nam'; expected .* Did you mean 'name'\?"),
    ],
)
def test_what_does_not_match_is_named_with_its_place(change, message):
    with pytest.raises(DataError, match=message):
        check({**RIGHT, **change}, SCHEMA, "part")


@pytest.mark.parametrize(("kind", "right", "wrong"), [(number, (1, 1.5, True), ("1", None)), (scalar, (None, "a", 1.5, True), ([], {}))])
def test_kinds_of_single_values(kind, right, wrong):
    assert [check(value, kind, "x") for value in right] == list(right)
    for value in wrong:
        with pytest.raises(DataError, match="x must be"):
            check(value, kind, "x")
