"""check_cell passes ours and catches planted faults: the negative controls of the battery."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from elman import cells
from elman.errors import CheckError
from elman.testing import check_cell


@pytest.mark.parametrize("name", ["elman", "elman_relu", "gru", "lstm"])
def test_ours_pass(name):
    report = check_cell(cells.get(name))
    assert "torch's values and gradients: plain" in report
    assert report[-1] == "properties of a recurrence"


def test_somebody_elses_cell_passes():
    def step(gx, gh, states, norm=None):
        f = torch.sigmoid((gx + gh)[:, : states[0].shape[1]])
        return (f * states[0] + (1 - f) * torch.tanh(gx[:, states[0].shape[1] :]),)

    mine = cells.Cell(name="mgu", gates=("f", "n"), states=("h",), doc="A light cell.", step=step)
    assert "torch's values and gradients: plain" not in check_cell(mine)


def swapped_gates(gx, gh, states, norm=None):
    i, f, g, o = (gx + gh).chunk(4, 1)
    return cells.LSTM.step(torch.cat([f, i, g, o], 1), torch.zeros_like(gh), states, norm)


def looks_at_neighbours(gx, gh, states, norm=None):
    return (torch.tanh(gx + gh + states[0].mean(0, keepdim=True)),) if len(gx) else (torch.tanh(gx),)


def writes_into_its_state(gx, gh, states, norm=None):
    return (states[0].copy_(torch.tanh(gx + gh)),)


def cuts_the_gradient(gx, gh, states, norm=None):
    return (torch.tanh(gx + gh.detach()),)


def counts_calls():
    seen = [0]

    def step(gx, gh, states, norm=None):
        seen[0] += 1
        return (torch.tanh(gx + gh + 0.001 * seen[0]),)

    return step


MINE = cells.Cell(name="mine", gates=("h",), states=("h",), doc="h = tanh(…)", step=cells.ELMAN.step)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (replace(cells.LSTM, step=swapped_gates), r"lstm, plain against torch, output: differs"),
        (replace(MINE, step=looks_at_neighbours), r"alone_is_in_batch: sequence \d .* alone against in its batch"),
        (replace(MINE, step=writes_into_its_state), r"h given to step, which must not write into it"),
        (replace(MINE, step=cuts_the_gradient), r"gradients_are_derivatives: derivative by .* against finite differences"),
        (replace(MINE, step=counts_calls()), r"differs by"),
        (replace(MINE, step=lambda gx, gh, *_: torch.tanh(gx + gh)), r"step must return a tuple of 1 states"),
        (replace(MINE, step=lambda gx, gh, *_: ((gx + gh)[:, :1],)), r"step must keep the shape and dtype of h"),
        (replace(MINE, step=lambda gx, gh, *_: (torch.log(gx + gh),)), r"values that are not finite"),
        (replace(MINE, gates=()), r"gates must be a tuple of different, non-empty strings; got \(\)"),
        (replace(MINE, states=("h", "h")), r"states must be a tuple of different"),
        (replace(MINE, doc=" "), r"needs a name, and a doc with its equations"),
        (replace(MINE, activate=lambda gx, gh: torch.tanh(gx + gh)), r"activate must return a tuple of 1 gates \('h',\)"),
        (replace(cells.LSTM, carry=lambda gates, inner: (gates[0] * inner[0],)), r"lstm: c from carry against step: differs"),
        ("lstm", r"must be an elman\.cells\.Cell; got str"),
    ],
)
def test_planted_faults_are_found(cell, message):
    with pytest.raises(CheckError, match=message):
        check_cell(cell)
