import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from elman.training.optim import Schedule, adamw, clip_and_scale, parameter_groups
from elman.training.resolve import resolve
from elman.training.settings import Training


def resolved(**settings):
    return resolve(Training(device="cpu", **settings), 320, 10.0)


def test_only_matrices_decay():
    model = nn.ModuleDict({"e": nn.Embedding(5, 3), "r": nn.LSTM(3, 4), "n": nn.LayerNorm(4), "frozen": nn.Linear(2, 2)})
    model["frozen"].requires_grad_(False)
    decayed, rest = parameter_groups(model, 0.1)
    names = {id(p): name for name, p in model.named_parameters()}
    assert {names[id(p)] for p in decayed["params"]} == {"r.weight_ih_l0", "r.weight_hh_l0"}
    assert {names[id(p)] for p in rest["params"]} == {"e.weight", "r.bias_ih_l0", "r.bias_hh_l0", "n.weight", "n.bias"}
    assert (decayed["weight_decay"], rest["weight_decay"]) == (0.1, 0.0)


def test_a_model_without_biases_has_one_group():
    assert len(adamw(nn.Linear(2, 2, bias=False), resolved()).param_groups) == 1


@pytest.mark.parametrize("limit", [0.0, 0.3, 1e6])
def test_clipping_is_torchs_after_the_division(limit):
    raw = [torch.randn(4, 3) * 50, torch.randn(7)]
    ours, theirs = [g.clone() for g in raw], [nn.Parameter(torch.zeros_like(g)) for g in raw]
    for p, g in zip(theirs, raw, strict=True):
        p.grad = g / 12
    expected = nn.utils.clip_grad_norm_(theirs, limit or math.inf)
    norm = clip_and_scale(ours, 12, limit)
    torch.testing.assert_close(norm, expected)
    for g, p in zip(ours, theirs, strict=True):
        torch.testing.assert_close(g, p.grad)


def test_cosine_warms_up_falls_and_ends_low():
    settings = resolved(learning_rate=0.1, max_epochs=10)
    schedule = Schedule(settings)
    rates = [schedule.rate(step) for step in range(settings.total_steps + 5)]
    top = settings.warmup_steps - 1
    assert rates[top] == pytest.approx(0.1)
    assert all(a < b for a, b in pairwise(rates[: top + 1]))
    assert all(a >= b for a, b in pairwise(rates[top:]))
    assert rates[-1] == pytest.approx(0.002)
    assert schedule.rate(settings.warmup_steps, progress=1.0) == pytest.approx(0.002)


def test_plateau_halves_after_waiting_and_survives_a_checkpoint():
    schedule = Schedule(resolved(learning_rate=0.1, schedule="plateau", patience=6))
    for improved in (True, False, False):
        schedule.after_epoch(improved)
    assert schedule.rate(10**6) == pytest.approx(0.05)
    schedule.after_epoch(False)
    other = Schedule(resolved(learning_rate=0.1, schedule="plateau", patience=6))
    other.load(schedule.state())
    for each in (schedule, other):
        each.after_epoch(False)
        assert each.rate(10**6) == pytest.approx(0.025)


def test_constant_stays():
    schedule = Schedule(resolved(learning_rate=0.1, schedule="constant"))
    schedule.after_epoch(False)
    assert schedule.rate(10**6) == 0.1


def test_a_short_budget_is_not_all_warm_up():
    schedule = Schedule(replace(resolve(Training(schedule="cosine"), 100, 10.0), warmup_steps=500, total_steps=10_000))
    assert schedule.rate(10, 0.025) == pytest.approx(schedule.peak / 2)
    assert schedule.rate(40, 0.05) == pytest.approx(schedule.peak, rel=0.01)
    assert schedule.rate(80, 1.0) == pytest.approx(0.02 * schedule.peak)
