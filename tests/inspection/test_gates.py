"""States and gates of recurrent stacks, against a step-by-step float64 oracle, for every cell, direction, depth and option."""

import numpy as np
import pytest
import torch

from elman import kernels
from elman.inspection.trace.gates import open_stack
from elman.nn import layer as make
from elman.sequences import Ragged

LENGTHS = [5, 0, 7, 1]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(cell, w, x, h, c):
    """One step in NumPy, straight from the equations."""
    a, b = w["ih"] @ x + w["bih"], w["hh"] @ h + w["bhh"]
    if cell.startswith("elman"):
        h = np.tanh(a + b) if cell == "elman" else np.maximum(a + b, 0)
        return h, c, {"h": h}
    if cell == "gru":
        (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
        r, z = sigmoid(ar + br), sigmoid(az + bz)
        n = np.tanh(an + r * bn)
        return (1 - z) * n + z * h, c, {"r": r, "z": z, "n": n}
    i, f, g, o = np.split(a + b, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = f * c + i * g
    return o * np.tanh(c), c, {"i": i, "f": f, "g": g, "o": o}


def oracle(cell, layer, rows, depth, way):
    """Lists of (states, gates) of one part; ``rows`` are its float64 inputs."""
    end = f"_l{depth}" + ("_reverse" if way else "")
    names = {"ih": "weight_ih", "hh": "weight_hh", "bih": "bias_ih", "bhh": "bias_hh"}
    w = {short: getattr(layer, name + end).detach().double().numpy() for short, name in names.items()}
    found = []
    for x in rows:
        h, c, steps = np.zeros(layer.hidden_size), np.zeros(layer.hidden_size), [None] * len(x)
        for t in reversed(range(len(x))) if way else range(len(x)):
            h, c, gates = by_hand(cell, w, x[t], h, c)
            steps[t] = ({"h": h, "c": c}, gates)
        found.append(steps)
    return found


@pytest.mark.parametrize("cell", ["elman", "elman_relu", "gru", "lstm"])
@pytest.mark.parametrize(("layers", "both"), [(1, False), (2, True)])
def test_states_and_gates_are_those_of_the_equations(cell, layers, both):
    torch.manual_seed(0)
    layer = make(cell)(3, 4, num_layers=layers, bidirectional=both).eval()
    rows = [torch.randn(n, 3) for n in LENGTHS]
    batch = Ragged.from_list(rows)
    with torch.no_grad():
        answer, _ = layer(batch)
    opened = open_stack(layer, batch)
    assert [(one.depth, one.reverse) for one in opened] == [(d, r) for d in range(layers) for r in (False, True)[: 1 + both]]
    inputs = [row.double().numpy() for row in rows]
    for depth in range(layers):
        parts = [oracle(cell, layer, inputs, depth, way) for way in range(1 + both)]
        for way, part in enumerate(parts):
            one = opened[depth * (1 + both) + way]
            for name, tensor in {**one.states, **one.gates}.items():
                which = 0 if name in one.states else 1
                for found, wanted in zip(batch.with_data(tensor).to_list(), part, strict=True):
                    for t, step in enumerate(wanted):
                        np.testing.assert_allclose(found[t], step[which][name], atol=2e-6, err_msg=f"{cell} {name} {t}")
        inputs = [np.array([np.concatenate([part[n][t][0]["h"] for part in parts]) for t in range(LENGTHS[n])]) for n in range(4)]
    top = [one.states["h"] for one in opened[-(1 + both) :]]
    assert torch.equal(torch.cat(top, 1), answer.data), "the kernel's own bits"
    assert set(opened[0].gates) == set(layer.cell.gates)
    assert set(opened[0].states) == set(layer.cell.states)


def test_a_given_state_and_options_are_followed():
    torch.manual_seed(1)
    layer = make("lstm")(2, 3, zoneout=0.2, layer_norm=True).double().eval()
    batch = Ragged.from_list([torch.randn(4, 2).double(), torch.randn(6, 2).double()])
    state = tuple(torch.randn(1, 2, 3).double() for _ in range(2))
    (one,) = open_stack(layer, batch, state)
    with torch.no_grad(), kernels.use("reference"):
        _, (h, c) = layer(batch, state)
    assert torch.allclose(batch.with_data(one.states["c"]).last(), c[0], atol=1e-12)
    assert torch.allclose(batch.with_data(one.states["h"]).last(), h[0], atol=1e-12)


def test_a_cell_that_does_not_tell_its_gates_shows_states_only():
    from dataclasses import replace

    from elman import cells
    from elman.inspection.trace.gates import _open
    from elman.kernels import Call, reference

    torch.manual_seed(2)
    silent = replace(cells.get("gru"), activate=None)
    call = Call(
        cell=silent, x=torch.randn(5, 2), batch_sizes=torch.tensor([2, 2, 1]), state=(torch.zeros(2, 3),),
        weight_ih=torch.randn(9, 2), weight_hh=torch.randn(9, 3),
    )  # fmt: skip
    one = _open(call, reference.run(call)[0], 0)
    assert one.gates == {}
    assert set(one.states) == {"h"}
