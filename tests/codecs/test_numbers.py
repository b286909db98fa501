"""Number, Vector, Series and the scaling they share."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.codecs import Number, Series, Vector
from elman.codecs.scaling import Scaler
from elman.errors import DataError, DataTypeError, SettingError


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_numbers_come_back_within_float32_of_their_spread(values: list[float]) -> None:
    codec = Number().fit(values)
    spread = max(values) - min(values)
    for value in values:
        assert math.isclose(codec.decode(codec.encode(value)), value, abs_tol=1e-6 * spread + 1e-6 * abs(value) * 1e-3 + 1e-30)


def test_each_channel_is_standardised_by_itself() -> None:
    x = np.random.default_rng(0).normal([5, -100], [2, 30], size=(400, 2))
    encoded = np.stack(Vector().fit(x).encode_all(x))
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(encoded.std(axis=0), 1, atol=1e-5)


def test_a_constant_channel_is_only_centred() -> None:
    codec = Series().fit([np.full((5, 1), 0.1)])
    np.testing.assert_allclose(codec.encode([[1.1]]), [[1.0]], atol=1e-6)
    assert Scaler.fit([np.full((7, 1), 1e9 + 0.1)], 1, how="standard", missing="auto", target=False).scale.tolist() == [1.0]


def test_logarithms_even_out_sizes() -> None:
    codec = Number("log").fit([1.0, 10.0, 100.0])
    np.testing.assert_allclose([codec.encode(v)[0] for v in (1, 10, 100)], [-np.sqrt(1.5), 0, np.sqrt(1.5)], atol=1e-6)


def test_missing_numbers_are_marked_in_a_source() -> None:
    codec = Series().fit([[1.0, math.nan, 3.0]])
    assert codec.space.d == 2
    assert codec.encode([math.nan, 2.0]).tolist() == [[0.0, 0.0], [0.0, 1.0]]
    np.testing.assert_array_equal(codec.decode(codec.encode([math.nan, 2.0])), [math.nan, 2.0])
    assert Number(missing=True).fit([1.0]).space.d == 2


def test_a_target_has_no_mask_and_refuses_nan_with_its_row() -> None:
    for codec, values in ((Number(), [1.0, math.nan]), (Vector(), [[1.0], [math.nan]]), (Series(), [[1.0], [2.0, math.nan]])):
        with pytest.raises(DataError, match=r"row 1: expected (a number|numbers) in a target; got NaN\. Drop the row or fill it in"):
            codec.fit(values, role="target")
    assert Number(missing=True).fit([1.0], role="target").space.d == 1


def test_nan_unseen_in_fit_is_refused_with_a_remedy() -> None:
    with pytest.raises(DataError, match=r"row 1: expected a number; got NaN at \[2, 0\].*missing=True"):
        Series().fit([[1.0, 2.0]]).encode_all([[1.0], [1.0, 2.0, math.nan]])


@pytest.mark.parametrize("codec", [Number(), Series(), Vector()])
def test_text_where_numbers_were_expected_is_refused(codec: Number) -> None:
    with pytest.raises(DataTypeError, match=r"row 0: expected .*numbers?.*; got text 'abc'. Convert it to numbers first"):
        codec.fit(["abc"])


def test_text_inside_is_refused_too() -> None:
    with pytest.raises(DataTypeError, match=r"row 0: expected a series of numbers.*got text in it: \[1, '2'\]"):
        Series().fit([[1, "2"]])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1.0, math.inf], r"expected finite numbers; got an infinity at \[1\]"),
        ([[1, 2], [3]], r"expected a series of numbers"),
        (np.zeros((2, 2, 2)), r"got an array of shape \(2, 2, 2\)"),
        (np.array(["2020-01-01"], "M8[D]"), r"got datetime64"),
        ([[1.0, 2.0]], "expected 1 features, as in fit; got 2"),
        ([1e300], "too far away for float32"),
        ([10**400], "expected a series of numbers"),
    ],
)
def test_bad_series_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Series().fit([[1.0, 2.0]]).encode(value)


def test_lengths_that_differ_are_refused_by_vector() -> None:
    with pytest.raises(DataError, match=r"row 1: expected 2 numbers, as in row 0; got 1\. Use Series"):
        Vector().fit([[1, 2], [1]])
    with pytest.raises(DataError, match="row 0: expected at least one number; got 0"):
        Vector().fit([[]])
    with pytest.raises(DataError, match="expected 2 numbers, as in fit; got 3"):
        Vector().fit([[1, 2]]).encode([1, 2, 3])
    with pytest.raises(DataError, match=r"row 1: expected 1 features, as in the rows before; got 2"):
        Series().fit([[1.0], [[1.0, 2.0]]])
    with pytest.raises(DataError, match=r"expected one number; got 2\. Use Vector"):
        Number().fit([[1, 2]])


def test_logarithms_of_nothing_are_refused() -> None:
    with pytest.raises(DataError, match=r"row 1: expected numbers above 0 for scale='log'; got 0\."):
        Number("log").fit([1, 0])


def test_numbers_too_large_to_average_are_refused() -> None:
    with pytest.raises(DataError, match="whose mean and deviation fit in float64"):
        Number().fit([1e308, -1e308, 1e308])


def test_settings_are_checked() -> None:
    with pytest.raises(SettingError, match=r"scale must be one of .* got 'standart'\. Did you mean 'standard'\?"):
        Number("standart").fit([1])
    with pytest.raises(SettingError, match="missing must be one of"):
        Vector(missing="yes").fit([[1]])
    with pytest.raises(SettingError, match="role must be one of"):
        Number().fit([1], role="goal")


@pytest.mark.parametrize(("array", "codec"), [([1, 2, 3], Vector()), (3.0, Vector()), ([1.0], Series())])
def test_decode_wants_the_shape_of_encode(array: object, codec: Vector) -> None:
    fitted = codec.fit([[[1.0], [2.0]]] if isinstance(codec, Series) else [[1.0, 2.0]])
    with pytest.raises(DataError, match="to decode; got shape"):
        fitted.decode(array)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (Number, {"scale": [0.0]}, "scale must be above 0"),
        (Number, {"center": [0.0, 1.0], "scale": [1.0, 1.0]}, "expected one channel; got 2"),
        (Number, {"scale": [1.0, 2.0]}, "scale must be a list of 1 numbers"),
        (Number, {"center": ["a"]}, "center must be a finite number"),
        (Series, {"center": [0.0, 1.0], "scale": [1.0, 1.0]}, "a flat series has one channel; got 2"),
    ],
)
def test_damaged_scalers_are_refused(kind: type, change: dict, message: str) -> None:
    config = kind().fit([1.0] if kind is Number else [[1.0]]).config()
    config["state"]["scaler"].update(change)
    with pytest.raises(DataError, match=message):
        kind.from_config(config)


def test_tables_of_numbers_are_encoded_in_one_piece_and_name_the_bad_row() -> None:
    codec = Vector().fit(np.ones((3, 2)))
    with pytest.raises(DataError, match="row 1: expected a number; got NaN"):
        codec.encode_all(np.array([[1.0, 2.0], [1.0, math.nan]]))
    with pytest.raises(DataError, match="row 2: expected finite numbers"):
        Number().fit([1.0, 2.0]).encode_all(np.array([1.0, 2.0, math.inf]))
    assert len(Number().fit([1.0, 2.0]).encode_all(np.arange(5))) == 5


def test_tensors_frames_and_arrow_columns_are_values_too() -> None:
    import pandas as pd
    import pyarrow as pa
    import torch

    for values in (torch.tensor([1.0, 3.0]), pd.Series([1.0, 3.0]), pa.chunked_array([[1.0], [3.0]]), iter([1.0, 3.0])):
        assert Number().fit(values).encode(3.0).tolist() == [1.0]
    with pytest.raises(DataTypeError, match="expected one column of values; got a table"):
        Number().fit(pd.DataFrame({"a": [1.0]}))
    with pytest.raises(DataTypeError, match=r"got float\. Put it in a list"):
        Number().fit(3.0)
