"""What torch's operators cannot do, said in words; what they can is covered by check_kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from elman import cells
from elman.kernels import aten
from elman.testing._calls import make_call


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("layer norm", "torch has no layer norm inside a recurrence"),
        ("recurrent_mask", "torch has no recurrent dropout"),
        ("zoneout in training", "torch has no zoneout"),
        ("zoneout in evaluation", "torch has no zoneout"),
        ("plain", None),
        ("reverse", None),
        ("no bias", None),
    ],
)
def test_reasons(option, reason):
    assert aten.unsupported_reason(make_call(cells.GRU, option=option)) == reason


def test_other_peoples_cells_have_no_operator():
    call = make_call(replace(cells.GRU, name="mine"))
    assert aten.unsupported_reason(call) == "torch has no operator for the cell 'mine'"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_runs(dtype):
    output, _ = aten.run(make_call(cells.LSTM, dtype=dtype))
    expected, _ = aten.run(make_call(cells.LSTM))
    assert output.dtype == dtype
    torch.testing.assert_close(output.double(), expected, rtol=0.05, atol=0.02)
