"""The loop over a cell's step against a second, naive loop: one sequence at a time, in NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from elman import cells
from elman.kernels import reference
from elman.sequences.geometry import steps_and_places
from elman.testing._calls import LENGTHS, OPTIONS, make_call


def norm(a, gain, bias, eps):
    return (a - a.mean()) / np.sqrt(a.var() + eps) * gain + (0 if bias is None else bias)


def naive(call):
    """Equations of Ba, Krueger, Gal and the cell, for one sequence after the other."""
    array = lambda t: None if t is None else t.numpy()  # noqa: E731
    steps, places = (t.numpy() for t in steps_and_places(call.batch_sizes))
    output = np.zeros((len(call.x), call.hidden_size))
    last = [s.numpy().copy() for s in call.state]
    w_ih, w_hh, b_ih, b_hh = (array(t) for t in (call.weight_ih, call.weight_hh, call.bias_ih, call.bias_hh))
    for n in range(len(call.state[0])):
        rows = np.flatnonzero(places == n)
        for row in rows[::-1] if call.reverse else rows:
            h = last[0][n] if call.recurrent_mask is None else last[0][n] * call.recurrent_mask[n].numpy()
            gx, gh, inner = w_ih @ call.x[row].numpy(), w_hh @ h, None
            if call.norms is None:
                gx, gh = (g if b is None else g + b for g, b in ((gx, b_ih), (gh, b_hh)))
            else:
                k = call.norms
                gx, gh = norm(gx, array(k.gain_ih), b_ih, k.eps), norm(gh, array(k.gain_hh), b_hh, k.eps)
                if k.gain_c is not None:
                    inner = lambda c, k=k: torch.tensor(norm(c.numpy(), array(k.gain_c), array(k.bias_c), k.eps))  # noqa: E731
            old = tuple(torch.tensor(s[n : n + 1]) for s in last)
            new = call.cell.step(torch.tensor(gx)[None], torch.tensor(gh)[None], old, inner)
            for index, (before, after) in enumerate(zip(old, new, strict=True)):
                z = call.zoneout[index][row].numpy() if isinstance(call.zoneout, tuple) else call.zoneout
                last[index][n] = z * before[0].numpy() + (1 - z) * after[0].numpy()
            output[row] = last[0][n]
    assert steps.max() + 1 == max(LENGTHS)
    return output, last


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", ["elman", "elman_relu", "gru", "lstm"])
def test_values_are_those_of_a_naive_loop(name, option):
    call = make_call(cells.get(name), option=option)
    output, states = reference.run(call)
    expected, last = naive(call)
    np.testing.assert_allclose(output, expected, rtol=1e-11, atol=1e-12)
    for a, b in zip(states, last, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


def test_nothing_is_against_it():
    assert reference.unsupported_reason(make_call(cells.LSTM, option="all at once")) is None


def test_a_projected_lstm_is_torchs():
    torch.manual_seed(1)
    layer = torch.nn.LSTM(3, 5, proj_size=2, dtype=torch.float64)
    call = make_call(cells.LSTM, lengths=(4, 4))
    weights = {name.removesuffix("_l0"): p for name, p in layer.named_parameters()}
    state = (torch.zeros(2, 2, dtype=torch.float64), torch.zeros(2, 5, dtype=torch.float64))
    output, (h, c) = reference.run(replace(call, state=state, **weights))
    expected, (h_n, c_n) = layer(call.x.view(4, 2, 3))
    torch.testing.assert_close(output.view(4, 2, 2), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(h, h_n[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(c, c_n[0], rtol=1e-12, atol=1e-12)
