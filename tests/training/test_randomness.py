import json
import random

import numpy as np
import torch

from elman.training import randomness


def draw():
    return random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(), torch.rand(1).item(), torch.randn(3).tolist()


def test_states_go_through_json_and_give_the_same_numbers():
    draw()
    states = json.loads(json.dumps(randomness.capture()))
    first = draw()
    draw()
    randomness.restore(states)
    assert draw() == first


def test_a_seeded_block_repeats_and_leaves_no_trace():
    states = randomness.capture()
    with randomness.seeded(2**40 + 1):
        first = draw()
    assert randomness.capture() == states
    with randomness.seeded(2**40 + 1):
        assert draw() == first
    with randomness.seeded(5):
        assert draw() != first
