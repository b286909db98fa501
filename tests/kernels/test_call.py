"""Everything a call is refused for, with its message."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from elman import cells, kernels
from elman.errors import ShapeError
from elman.kernels.call import Norms
from elman.testing._calls import make_call

CALL = make_call(cells.LSTM)
F32 = torch.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": CALL.x[0]}, r"x and weight_ih must have rank 2; got 1 and 2"),
        ({"x": CALL.x.long()}, r"dense floating-point tensor; got torch.int64"),
        ({"x": CALL.x.to_sparse()}, r"dense floating-point tensor; got .*sparse"),
        ({"x": CALL.x.to(F32)}, r"weight_ih must have the input's dtype torch.float32; got torch.float64"),
        ({"x": CALL.x.to("meta")}, r"weight_ih must be on the input's device meta; got cpu"),
        ({"x": CALL.x[:, :2]}, r"weight_ih must have shape \(20, 2\); got \(20, 3\)"),
        ({"weight_ih": CALL.weight_ih[:19]}, r"weight_ih must have G·H rows with G=4; got 19"),
        ({"weight_hh": CALL.weight_hh[:, :4]}, r"weight_hh must have shape \(20, 5\); got \(20, 4\)"),
        ({"bias_hh": None}, r"bias_ih and bias_hh must both be given or both be None"),
        ({"bias_hh": CALL.bias_ih[:3]}, r"bias_hh must have shape \(20,\); got \(3,\)"),
        ({"state": CALL.state[:1]}, r"state of 'lstm' must be 2 tensors \(N, H\); got 1 tensors"),
        ({"state": (CALL.state[0], CALL.state[1][:3])}, r"state c must have shape \(6, 5\); got \(3, 5\)"),
        ({"recurrent_mask": CALL.state[0][:2]}, r"recurrent_mask must have shape \(6, 5\)"),
        ({"zoneout": CALL.state[:1]}, r"zoneout must be a number or one tensor per state; got 1"),
        ({"zoneout": CALL.state}, r"zoneout of h must have shape \(18, 5\)"),
        ({"zoneout": 1.5}, r"zoneout must lie in 0\.\.1; got 1\.5"),
        ({"norms": Norms(gain_ih=CALL.bias_ih[:1], gain_hh=CALL.bias_hh)}, r"norms\.gain_ih must have shape \(20,\); got \(1,\)"),
        ({"weight_hh": CALL.weight_hh.to_sparse()}, r"weight_hh must be a dense tensor; got .*sparse"),
        ({"weight_hr": CALL.bias_ih}, r"weight_hr must be \(P, H\) with 0 < P < H=5; got \(20,\)"),
        (
            {"cell": cells.ELMAN, "state": CALL.state[:1], "weight_hr": CALL.weight_ih[:3, :2]},
            r"weight_hr needs a cell with an inner state",
        ),
        ({"weight_hr": CALL.weight_hh[:2, :4]}, r"weight_hh must have shape \(20, 2\)"),
        ({"batch_sizes": CALL.batch_sizes.float()}, r"batch_sizes must be \(T,\) int64 on the CPU; got \(7,\) torch.float32"),
        ({"batch_sizes": CALL.batch_sizes.flip(0)}, r"at least 1 and never rise; got \[1, "),
        ({"batch_sizes": CALL.batch_sizes[:-1]}, r"must sum to the 18 packed rows and start at most at 6 sequences; got sum 17, first 5"),
        ({"batch_sizes": torch.tensor([7, 11])}, r"never rise"),
        ({"batch_sizes": torch.tensor([9, 9])}, r"start at most at 6 sequences; got sum 18, first 9"),
        ({"batch_sizes": torch.tensor([18, 0])}, r"at least 1"),
    ],
)
def test_refused(change, message):
    with pytest.raises(ShapeError, match=message):
        kernels.run(replace(CALL, **change))


def test_sizes_are_read_off_the_weights():
    assert (CALL.hidden_size, CALL.output_size) == (5, 5)
    assert replace(CALL, weight_hr=torch.zeros(2, 5)).output_size == 2
