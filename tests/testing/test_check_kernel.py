"""check_kernel passes our backends and catches planted faults."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from elman import cells
from elman.errors import CheckError
from elman.kernels import reference
from elman.kernels.dispatch import unsupported_reason
from elman.testing import check_kernel
from elman.testing._calls import make_call, same, same_answer


@pytest.mark.parametrize("name", ["native", "aten", "reference"])
@pytest.mark.parametrize("cell", ["elman", "elman_relu", "gru", "lstm"])
def test_ours_pass(name, cell):
    reason = unsupported_reason(name, make_call(cells.get(cell), dtype=torch.float32))
    if reason is not None:
        pytest.skip(reason)
    report = check_kernel(name, cell_names=[cell])
    assert any(line.endswith("float32: plain") for line in report)
    assert any(line.endswith("halves_make_a_whole") for line in report)


def faulty(change):
    """The reference with a fault: ``change`` gets the call and returns another, or changes the answer."""
    return SimpleNamespace(name="faulty", unsupported_reason=lambda _: None, run=change)


def ignores_reverse(call):
    return reference.run(replace(call, reverse=False))


def forgets_the_initial_state(call):
    return reference.run(replace(call, state=tuple(torch.zeros_like(s) for s in call.state)))


def ignores_the_mask(call):
    return reference.run(replace(call, recurrent_mask=None))


def ignores_zoneout_in_evaluation(call):
    return reference.run(replace(call, zoneout=call.zoneout if isinstance(call.zoneout, tuple) else 0.0))


def loses_the_inner_norm(call):
    return reference.run(replace(call, norms=None if call.norms is None else replace(call.norms, gain_c=None, bias_c=None)))


def cuts_gradients_of_states(call):
    output, states = reference.run(call)
    return output, tuple(s.detach() for s in states)


def mixes_rows(call):
    output, states = reference.run(call)
    return output + 1e-9 * output.mean(), states


def lets_nan_spread(call):
    output, states = reference.run(call)
    return output + 0 * output.sum(), states


def writes_into_its_input(call):
    answer = reference.run(call)
    call.x.data.mul_(1 + 1e-13)
    return answer


def state_of_the_last_column(call):
    output, states = reference.run(call)
    alive = int(call.batch_sizes[-1]) if len(call.batch_sizes) else 0
    return output, tuple(torch.cat([s[:alive], s0[alive:]]) for s, s0 in zip(states, call.state, strict=True))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (ignores_reverse, r"lstm, float64, reverse against the reference, output"),
        (forgets_the_initial_state, r"plain against the reference, output"),
        (ignores_the_mask, r"recurrent_mask against the reference, output"),
        (ignores_zoneout_in_evaluation, r"zoneout in evaluation against the reference"),
        (loses_the_inner_norm, r"layer norm against the reference, output"),
        (cuts_gradients_of_states, r"plain against the reference, gradient by"),
        (mixes_rows, r"plain against the reference, output: differs by .*e-\d+"),
        (state_of_the_last_column, r"plain against the reference, last state 0"),
        (lets_nan_spread, r"neighbours_do_not_matter: rows beside a sequence of NaN"),
        (writes_into_its_input, r"inputs_are_left_alone: x after a run"),
    ],
)
def test_planted_faults_are_found(fault, message):
    with pytest.raises(CheckError, match=message):
        check_kernel(faulty(fault), cell_names=["lstm"], dtypes=[torch.float64])


def test_what_a_backend_refuses_is_reported_not_checked():
    def reason(call):
        return "only plain calls" if call.norms is not None or call.zoneout or call.recurrent_mask is not None else None

    report = check_kernel(
        SimpleNamespace(name="plain", unsupported_reason=reason, run=reference.run), cell_names=["gru"], dtypes=[torch.float64]
    )
    assert "gru, float64: layer norm: skipped, only plain calls" in report


def test_a_backend_that_runs_nothing_fails():
    with pytest.raises(CheckError, match=r"no call could run at all: \['gru, float64: skipped, on strike'\]"):
        check_kernel(SimpleNamespace(name="idle", unsupported_reason=lambda _: "on strike", run=None), cell_names=["gru"])


def test_comparisons_see_shapes_dtypes_nan_and_missing_states():
    one = torch.ones(2)
    with pytest.raises(CheckError, match=r"expected \(2,\) torch.float32; got \(2,\) torch.float64"):
        same("a", one.double(), one, 1.0)
    with pytest.raises(CheckError, match=r"differs by nan"):
        same("a", one * torch.nan, one, 1.0)
    with pytest.raises(CheckError, match=r"expected 1 states; got 0"):
        same_answer("a", (one, ()), (one, (one,)), 1.0)
