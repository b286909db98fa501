"""The recurrences as torch operators: torch's own checks, gradients of every order, padding at the end, and refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from elman import cells, kernels
from elman.errors import BackendError, ShapeError
from elman.testing._calls import OPTIONS, gradients, leaves, make_call, same, same_answer

native = pytest.importorskip("elman.kernels.native", reason="the native module is not built")

from elman.kernels import ops, reference  # noqa: E402

ALL = [cells.ELMAN, cells.ELMAN_RELU, cells.GRU, cells.LSTM]
EVERY = [(cells.LSTM, option) for option in OPTIONS] + [(cell, option) for cell in ALL[:3] for option in ("reverse", "all at once")]


def arguments(call, save=True):
    spec, tensors = native.split(call)[0], ops.named(call)
    operator = getattr(torch.ops.elman, ops.NAMES[call.cell.name])
    return operator, (call.batch_sizes, *[tensors.get(n) for n in ops._inputs(call.cell.name)], spec.reverse, spec.eps, spec.zoneout, save)


def padded(call, rows=3, steps=2):
    """The same call with rows and steps behind the real ones, poisoned."""
    more = lambda t: torch.cat([t, t.new_full((rows, t.shape[1]), float("nan"))])  # noqa: E731
    zones = tuple(more(z) for z in call.zoneout) if isinstance(call.zoneout, tuple) else call.zoneout
    sizes = torch.cat([call.batch_sizes, torch.zeros(steps, dtype=torch.int64)])
    return replace(call, x=more(call.x), batch_sizes=sizes, zoneout=zones)


@pytest.mark.parametrize(("cell", "option"), EVERY, ids=lambda v: getattr(v, "name", v))
def test_torchs_own_checks(cell, option):
    call, _ = leaves(make_call(cell, option=option, lengths=(3, 2, 0)))
    operator, given = arguments(call)
    found = torch.library.opcheck(operator.default, given)
    assert set(found) == {"test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic"}
    assert set(found.values()) == {"SUCCESS"}


@pytest.mark.parametrize("cell", [cells.GRU, cells.LSTM], ids=lambda c: c.name)
def test_torchs_own_checks_of_the_backward_operator(cell):
    call = make_call(cell, option="all at once", lengths=(3, 2))
    operator, given = arguments(call)
    answer = operator(*given)
    states = len(call.state)
    kept = [answer[0], *answer[1 + states :]]
    wanted = [i % 2 == 0 for i, _ in enumerate(ops._learned(cell.name))]
    back = getattr(torch.ops.elman, f"{ops.NAMES[cell.name]}_backward").default
    given = (*[torch.randn_like(a) for a in answer[: 1 + states]], *given[:-4], kept, *given[-4:-1], wanted)
    assert set(torch.library.opcheck(back, given).values()) == {"SUCCESS"}
    again = back(*given[:-5], [], *given[-4:])  # nothing kept: forward runs again
    for a, b in zip(again, back(*given), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("cell", ALL, ids=lambda c: c.name)
def test_values_and_gradients_are_the_references(cell, option):
    call = make_call(cell, option=option)
    expected, exact = gradients(reference, call)
    answer, found = gradients(ops, call)
    same_answer("operator", answer, expected, 1e-12)
    for name, gradient in found.items():
        same(name, gradient, exact[name], 1e-12)


@pytest.mark.parametrize("cell", ALL, ids=lambda c: c.name)
def test_rows_behind_the_real_ones_are_not_read_and_get_zeros(cell):
    call = make_call(cell, option="all at once")
    rows = len(call.x)
    (output, states), found = gradients(ops, padded(call))
    expected, exact = gradients(ops, call)
    assert torch.equal(output[:rows], expected[0])
    assert not output[rows:].any()
    assert all(torch.equal(a, b) for a, b in zip(states, expected[1], strict=True))
    assert not found["x"][rows:].any()
    source = torch.Generator().manual_seed(21)  # the weighing of the longer output is another one: compare what both share
    weigh = torch.randn(rows, output.shape[1], generator=source, dtype=output.dtype)
    for given in (call, padded(call)):
        tracked, named = leaves(given)
        y, _ = ops.run(tracked)
        grads = torch.autograd.grad((y[:rows] * weigh).sum(), [t for _, t in named], allow_unused=True)
        exact = exact if given is not call else dict(zip([n for n, _ in named], grads, strict=True))
        for (name, _), grad in zip(named, grads, strict=True):
            same(name, grad[: len(exact[name])], exact[name], 1e-12)


@pytest.mark.parametrize(("cell", "option"), [(cells.ELMAN, "reverse"), (cells.GRU, "plain"), (cells.LSTM, "all at once")])
def test_gradients_of_first_and_second_order(cell, option):
    call, named = leaves(make_call(cell, option=option, lengths=(2, 1)))

    def run(*tensors):
        spec = dict(zip([n for n, _ in named], tensors, strict=True))
        state = tuple(spec[f"state {name}"] for name in cell.states)
        norms = None if call.norms is None else replace(call.norms, **{n[6:]: t for n, t in spec.items() if n.startswith("norms.")})
        plain = {n: spec[n] for n in ("x", "weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        output, states = ops.run(replace(call, state=state, norms=norms, **plain))
        return output, *states

    tensors = tuple(t for _, t in named)
    assert torch.autograd.gradcheck(run, tensors, fast_mode=True)
    assert torch.autograd.gradgradcheck(run, tensors, fast_mode=True)


def test_second_order_through_padding():
    call, named = leaves(make_call(cells.GRU, lengths=(2, 1)))
    x = dict(named)["x"]
    longer = replace(call, x=torch.nn.functional.pad(x, (0, 0, 0, 2)), batch_sizes=torch.tensor([2, 1, 0]))
    (first,) = torch.autograd.grad(ops.run(call)[0].square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(ops.run(longer)[0].square().sum(), x, create_graph=True)
    torch.testing.assert_close(first, second)
    for a, b in zip(*(torch.autograd.grad(g.square().sum(), call.weight_hh) for g in (first, second)), strict=True):
        torch.testing.assert_close(a, b)


def test_a_second_backward_gives_the_same():
    call, named = leaves(make_call(cells.LSTM))
    total = ops.run(call)[0].square().sum()
    tensors = [t for _, t in named]
    first = torch.autograd.grad(total, tensors, retain_graph=True)
    again = torch.autograd.grad(total, tensors)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_graph_without_gradients_keeps_nothing_and_can_still_be_differentiated():
    call = make_call(cells.LSTM)
    operator, given = arguments(call, save=False)
    assert len(operator(*given)) == 3
    tracked, named = leaves(call)
    operator, given = arguments(tracked, save=False)
    found = torch.autograd.grad(operator(*given)[0].sum(), [t for _, t in named])
    expected = torch.autograd.grad(ops.run(tracked)[0].sum(), [t for _, t in named])
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_wrong_calls_are_refused_before_compiled_code():
    call = make_call(cells.GRU)
    operator, given = arguments(call)
    for batch_sizes in (torch.tensor([9]), torch.tensor([1, 0, 1]), torch.tensor([-1])):
        with pytest.raises(ShapeError, match="batch_sizes must"):
            operator(batch_sizes, *given[1:])
    with pytest.raises(ShapeError, match=r"batch_sizes must be \(T,\) int64 and x \(R, I\); got torch.float32"):
        operator(torch.ones(2), *given[1:])
    with pytest.raises(ShapeError, match="state h must have shape"):
        operator(given[0], given[1], given[2][:, :2], *given[3:])
    with pytest.raises(BackendError, match=r"torch\.ops\.elman\.gru cannot run this call: the compiled kernels take float32"):
        operator(given[0], *[t.half() if isinstance(t, torch.Tensor) else t for t in given[1:]])
    half = [t.half() if isinstance(t, torch.Tensor) and t.dim() == 1 else t for t in given[1:]]
    with torch.autocast("cpu"), pytest.raises(BackendError, match="its tensors differ in dtype"):
        operator(given[0], *half)
    answer = operator(*given)
    back = torch.ops.elman.gru_backward
    wanted = [True] * len(ops._learned("gru"))
    with pytest.raises(ShapeError, match=r"d_y must have shape \(18, 5\) on the CPU; got \(18, 4\)"):
        back(answer[0][:, :4], None, *given[:-4], [answer[0], *answer[2:]], *given[-4:-1], wanted)
    with pytest.raises(ShapeError, match=r"saved values must be \(18, "):
        back(answer[0], None, *given[:-4], [answer[0], answer[2][:2]], *given[-4:-1], wanted)


def test_order_of_padded_rows():
    rows, sizes, order, back = ops.order_of(torch.tensor([1, 0, 3]), 3)
    assert rows[:4].tolist() == [2, 0, 5, 8]
    assert sorted(rows.tolist()) == list(range(9))
    assert (sizes.tolist(), order.tolist(), back.tolist()) == ([2, 1, 1], [2, 0, 1], [1, 2, 0])
    with pytest.raises(ShapeError, match=r"lengths must be in 0\.\.T \(T=3\); got 4 at index 1"):
        ops.order_of(torch.tensor([1, 4]), 3)
    assert set(torch.library.opcheck(torch.ops.elman.order_of.default, (torch.tensor([1, 0, 3]), 3)).values()) == {"SUCCESS"}


def test_what_cannot_be_one_operator_says_why():
    call = make_call(cells.LSTM)
    assert ops.unsupported_reason(call) is None
    other = replace(call.cell, name="mine")
    assert ops.unsupported_reason(replace(call, cell=other)) == "no compiled kernel for the cell 'mine'"
    assert ops.unsupported_reason(replace(call, weight_hr=torch.zeros(2, 5))) == "no compiled kernel projects the output (proj_size)"
    assert "float32 and float64" in ops.reason_against_weight(torch.zeros(2, dtype=torch.half))
    assert "run on the CPU" in ops.reason_against_weight(torch.zeros(2, device="meta"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch scripts its own formulas
def test_transforms_go_to_the_reference_and_say_why():
    call = make_call(cells.GRU)
    seen = []

    def run(x):
        seen.append(kernels.explain(replace(call, x=x)))
        return kernels.run(replace(call, x=x))[0]

    xs = torch.stack([call.x, 2 * call.x])
    together = torch.vmap(run)(xs)
    for x, y in zip(xs, together, strict=True):
        torch.testing.assert_close(y, kernels.run(replace(call, x=x))[0], rtol=1e-12, atol=1e-12)
    _, tangent = torch.func.jvp(run, (call.x,), (torch.ones_like(call.x),))
    around = [kernels.run(replace(call, x=call.x + d))[0] for d in (1e-6, -1e-6)]
    torch.testing.assert_close(tangent, (around[0] - around[1]) / 2e-6, rtol=1e-6, atol=1e-8)
    assert {found.backend for found in seen} == {"reference"}
    assert seen[0].against["native"] == "a functional transform (vmap, jvp) is at work"
    assert seen[0].against["aten"] == "torch's fused operators have no functional transforms (vmap, jvp)"
    assert seen[-1].against["aten"] == "torch's fused operators have no forward-mode differentiation"
