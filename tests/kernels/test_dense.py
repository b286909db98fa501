"""Products, functions and softmax around a recurrence: right values, the same bits in any company, torch where they cannot run."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import kernels
from elman.errors import ShapeError
from elman.kernels import dense

pytest.importorskip("elman._native", reason="the native module is not built")
sizes = st.integers(1, 70)
dtypes = st.sampled_from([torch.float32, torch.float64])
FUNCTIONS = {
    dense.tanh: torch.tanh,
    dense.sigmoid: torch.sigmoid,
    dense.exp: torch.exp,
    dense.softplus: F.softplus,
    dense.softmax: lambda x: x.softmax(-1),
    dense.log_softmax: lambda x: x.log_softmax(-1),
}


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def bits(tensor):
    return tensor.contiguous().view(torch.int32 if tensor.dtype == torch.float32 else torch.int64)


def close(found, wanted, dtype, scale=1.0):
    torch.testing.assert_close(found.double(), wanted.double(), atol=(2e-6 if dtype == torch.float32 else 1e-14) * scale, rtol=0)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(0, 40), depth=st.one_of(st.just(0), sizes, st.integers(250, 600)), columns=sizes, dtype=dtypes, bias=st.booleans())
def test_linear_has_right_values_and_its_own_bits(rows, depth, columns, dtype, bias):
    torch.manual_seed(rows + depth)
    x, weight = torch.randn(rows, depth, dtype=dtype), torch.randn(columns, depth, dtype=dtype)
    b = torch.randn(columns, dtype=dtype) if bias else None
    with torch.no_grad():
        found = dense.linear(x, weight, b)
        close(found, F.linear(x.double(), weight.double(), None if b is None else b.double()), dtype, 120.0)
        torch.set_num_threads(2)
        for row in range(0, rows, 7):
            assert torch.equal(bits(dense.linear(x[row], weight, b)), bits(found[row]))
        spoilt = x.clone()
        spoilt[1:2] = torch.nan
        again = dense.linear(spoilt, weight, b)
        assert torch.equal(bits(again[2:]), bits(found[2:]))


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(0, 5), rows=sizes, depth=st.one_of(sizes, st.integers(250, 520)), columns=sizes, dtype=dtypes, transposed=st.booleans()
)
def test_batches_of_products_over_real_rows(n, rows, depth, columns, dtype, transposed):
    torch.manual_seed(rows + columns)
    a = torch.randn(n, rows, depth, dtype=dtype)
    b = torch.randn(n, columns, depth, dtype=dtype) if transposed else torch.randn(n, depth, columns, dtype=dtype)
    lengths = torch.randint(0, b.shape[1] + 1, (n,))
    for i, length in enumerate(lengths.tolist()):
        b[i, length:] = torch.nan  # never read
    with torch.inference_mode():
        found = dense.matmul(a, b, lengths, transposed=transposed)
        plain = dense.matmul(a, b.nan_to_num(), transposed=transposed)
    wanted = torch.bmm(a, b.nan_to_num().transpose(1, 2) if transposed else b.nan_to_num())
    close(found, wanted, dtype, 60.0)
    close(plain, wanted, dtype, 60.0)
    assert torch.equal(dense.matmul(a, b, lengths, transposed=transposed), wanted)  # with gradients on: torch's own
    for i in range(n):
        with torch.inference_mode():
            assert torch.equal(bits(dense.matmul(a[i : i + 1], b[i : i + 1], lengths[i : i + 1], transposed=transposed)[0]), bits(found[i]))


@pytest.mark.parametrize("recorded", [False, True])
def test_a_product_over_padding_reads_neither_side_of_it(recorded):
    torch.manual_seed(0)
    a, b, lengths = torch.randn(3, 4, 6), torch.randn(3, 6, 5), torch.tensor([6, 2, 0])
    wanted = torch.stack([a[i, :, :n] @ b[i, :n] for i, n in enumerate(lengths.tolist())])
    for i, n in enumerate(lengths.tolist()):
        a[i, :, n:], b[i, n:] = torch.nan, torch.inf
    with torch.set_grad_enabled(recorded):
        torch.testing.assert_close(dense.matmul(a, b, lengths), wanted)


@pytest.mark.parametrize("ours", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@torch.no_grad()
def test_functions_have_right_values_and_know_no_neighbours(ours, dtype):
    torch.manual_seed(0)
    x = 6 * torch.randn(300, 23, dtype=dtype)
    found, exact = ours(x), FUNCTIONS[ours](x.double())
    error = (found.double() - exact).abs() / exact.abs().clamp_min(1.0)
    assert float(error.max()) < (1e-6 if dtype == torch.float32 else 1e-14)
    for row in range(0, 300, 41):
        assert torch.equal(bits(ours(x[row : row + 1])), bits(found[row : row + 1]))
    torch.set_num_threads(3)
    wide = torch.cat([x] * 40)
    assert torch.equal(bits(ours(wide)[-300:]), bits(found))
    assert torch.equal(bits(ours(x.T.contiguous().T)), bits(found))


@pytest.mark.parametrize("ours", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@torch.no_grad()
def test_limits_are_torchs(ours, dtype):
    big = 1e4
    rows = [[torch.nan, 1.0], [torch.inf, 1.0], [-torch.inf, 1.0], [-torch.inf, -torch.inf], [big, -big], [0.0, -0.0], [-big, -big]]
    x = torch.tensor(rows, dtype=dtype)
    torch.testing.assert_close(ours(x), FUNCTIONS[ours](x), equal_nan=True, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_softmax_over_the_real_columns():
    x = torch.randn(4, 3, 9)
    lengths = torch.tensor([9, 0, 4, 1])
    found = dense.softmax(x, lengths)
    x[2, :, 4:] = torch.nan
    assert torch.equal(bits(dense.softmax(x, lengths)[2]), bits(found[2]))
    for i, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(found[i, :, :length], x[i, :, :length].softmax(-1))
        assert not found[i, :, length:].any()
    with kernels.use("aten"):
        torch.testing.assert_close(dense.softmax(x.nan_to_num(), lengths), found)
    assert dense.softmax(torch.zeros(0, 5)).shape == (0, 5)
    assert dense.softmax(torch.zeros(3, 0)).shape == (3, 0)


def test_torchs_functions_where_ours_cannot_run():
    x, weight = torch.randn(4, 3), torch.randn(2, 3, requires_grad=True)
    assert dense.linear(x, weight).requires_grad
    with torch.no_grad():
        assert not dense.linear(x, weight).requires_grad
        assert not dense.runs(x.half())
        assert not dense.runs(x, weight.double())
        assert not dense.runs(x.to("meta"))
        assert dense.linear(x.half(), weight.half()).dtype == torch.float16
        with kernels.use("aten"):
            assert not dense.runs(x)
        with torch.autocast("cpu", torch.bfloat16):
            assert dense.linear(x, weight).dtype == torch.bfloat16
        assert dense.runs(x, weight, None)
    with torch.no_grad():
        compiled = torch.export.export(torch.nn.Sequential(Wrapped()), (x,))
        torch.testing.assert_close(compiled.module()(x), dense.linear(x, torch.ones(2, 3)))


class Wrapped(torch.nn.Module):
    def forward(self, x):
        return dense.linear(x, torch.ones(2, 3))


@torch.no_grad()
def test_wrong_shapes_are_refused():
    x = torch.zeros(4, 3)
    for weight, bias in ((torch.zeros(2, 4), None), (torch.zeros(3), None), (torch.zeros(2, 3), torch.zeros(3))):
        with pytest.raises(ShapeError, match=r"linear takes x \(\*, K\), weight \(C, K\) and bias \(C,\)"):
            dense.linear(x, weight, bias)
    a, b = torch.zeros(2, 3, 4), torch.zeros(2, 4, 5)
    for lengths in (torch.tensor([5, 0]), torch.tensor([-1, 0]), torch.tensor([1]), torch.tensor([1.0, 1.0])):
        with pytest.raises(ShapeError, match=r"matmul takes a \(N, R, K\), b \(N, K, C\)"):
            dense.matmul(a, b, lengths)
        with pytest.raises(ShapeError, match=r"lengths must be \(N,\) int64 in 0\.\.C"):
            dense.softmax(a, lengths)
    with pytest.raises(ShapeError, match=r"matmul takes a \(N, R, K\), b \(N, C, K\)"):
        dense.matmul(a, b, transposed=True)
    with pytest.raises(ShapeError, match="matmul takes"):
        dense.matmul(a, b[:1])
