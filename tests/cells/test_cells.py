"""Each cell's step against its equations, written out once more in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman import cells

H = 3


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def parts(n_gates: int, n_states: int):
    rng = np.random.default_rng(5)
    gx, gh = rng.normal(size=(2, 4, n_gates * H))
    states = tuple(rng.normal(size=(4, H)) for _ in range(n_states))
    return gx, gh, states


def step(name: str, gx, gh, states, norm=None):
    found = cells.get(name).step(torch.tensor(gx), torch.tensor(gh), tuple(torch.tensor(s) for s in states), norm)
    return [s.numpy() for s in found]


def test_elman_is_tanh_of_the_sum():
    gx, gh, states = parts(1, 1)
    np.testing.assert_allclose(step("elman", gx, gh, states)[0], np.tanh(gx + gh), rtol=1e-14)


def test_elman_relu_cuts_at_zero():
    gx, gh, states = parts(1, 1)
    np.testing.assert_allclose(step("elman_relu", gx, gh, states)[0], np.maximum(gx + gh, 0), rtol=1e-14)


def test_gru_resets_after_the_product():
    gx, gh, (h,) = parts(3, 1)
    r, z = sigmoid(gx[:, :H] + gh[:, :H]), sigmoid(gx[:, H : 2 * H] + gh[:, H : 2 * H])
    n = np.tanh(gx[:, 2 * H :] + r * gh[:, 2 * H :])
    np.testing.assert_allclose(step("gru", gx, gh, (h,))[0], (1 - z) * n + z * h, rtol=1e-13)


@pytest.mark.parametrize("norm", [None, lambda c: c * 2 + 1])
def test_lstm_carries_c_as_it_is_and_shows_it_normalised(norm):
    gx, gh, (h, c) = parts(4, 2)
    i, f, g, o = np.split(gx + gh, 4, axis=1)
    new_c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    shown = new_c if norm is None else norm(new_c)
    got_h, got_c = step("lstm", gx, gh, (h, c), norm)
    np.testing.assert_allclose(got_c, new_c, rtol=1e-13)
    np.testing.assert_allclose(got_h, sigmoid(o) * np.tanh(shown), rtol=1e-13)


def test_every_cell_names_its_source():
    for name, year in {"elman": "1990", "elman_relu": "1990", "gru": "2014", "lstm": "1997"}.items():
        assert year in cells.get(name).doc
