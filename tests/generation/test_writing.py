"""Writing says what the general sampler says, alone and in any batch, with every head; draws follow the probabilities."""

import numpy as np
import pytest
import torch

from elman.codecs import Discrete
from elman.generation import Rules, Sampling, continue_prompts, stream_prompt
from elman.generation import native_sampling as writing
from elman.kernels.draw import Drawer
from elman.network import Network, Sizes, build, plan
from elman.network.planning.side import Side

SIZES = Sizes(rows=10, target_max=5)
NETWORKS = {
    "letters": (9, {}),
    "tied": (40, {"tie_weights": True, "embedding_size": 16, "hidden_size": 16}),
    "projected": (40, {"tie_weights": True, "embedding_size": 8, "hidden_size": 16}),
    "adaptive": (40, {"softmax": "adaptive", "tie_weights": True, "embedding_size": 8, "hidden_size": 16}),
    "adaptive, its own weights": (40, {"softmax": "adaptive", "tie_weights": False, "hidden_size": 16}),
    "two layers of GRU": (9, {"cell": "gru", "num_layers": 2, "hidden_size": 7}),
}
PROMPTS = [np.array([1, 2, 3]), np.array([], dtype=np.int64), np.array([4]), np.array([1, 2, 3])]


def language(name, dtype=torch.float64):
    symbols, network = NETWORKS[name]
    torch.manual_seed(0)
    model = build(plan(None, Side("many", Discrete(symbols), unknown=0), Network(**{"hidden_size": 8, **network}), examples=SIZES))
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return model.to(dtype).eval()


def said(rows):
    return [row.tolist() for row in rows]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("options", [{}, {"temperature": 0.6}, {"temperature": 0}, {"top_k": 3}, {"top_p": 0.7, "temperature": 1.4}])
def test_it_says_what_the_general_sampler_says(name, options, monkeypatch):
    model, sampling = language(name), Sampling(random_state=5, **options)
    ours = said(continue_prompts(model, PROMPTS, max_new_steps=25, search=sampling))
    assert max(map(len, ours)) > 1
    monkeypatch.setattr("elman.generation.continuation.can_write", lambda *_: False)
    assert said(continue_prompts(model, PROMPTS, max_new_steps=25, search=sampling)) == ours


@pytest.mark.parametrize("name", NETWORKS)
def test_alone_in_a_batch_and_streamed_are_the_same_bits_in_float32(name):
    model, sampling = language(name, torch.float32), Sampling(random_state=2, temperature=1.2)
    together = said(continue_prompts(model, PROMPTS[:3], max_new_steps=60, search=sampling))
    assert together == [said(continue_prompts(model, [prompt], max_new_steps=60, search=sampling))[0] for prompt in PROMPTS[:3]]
    assert together == [list(stream_prompt(model, prompt, max_new_steps=60, sampling=sampling)) for prompt in PROMPTS[:3]]


def test_the_unknown_symbol_is_never_said():
    model = language("letters")
    with torch.no_grad():
        model.decoder.head.output.linear.bias[0] = 50.0
    rows = continue_prompts(model, PROMPTS, max_new_steps=50)
    assert 0 not in np.concatenate(rows)
    assert 0 in np.concatenate(continue_prompts(model, PROMPTS, max_new_steps=50, search=Sampling(rules=Rules(allow_unknown=True))))


def test_limits_of_zero_say_nothing():
    assert said(continue_prompts(language("letters"), PROMPTS, max_new_steps=0)) == [[], [], [], []]
    assert list(stream_prompt(language("letters"), PROMPTS[0], max_new_steps=0)) == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 65, 255, 256, 257, 1000, 8001])
def test_compiled_draws_are_numpys(n, dtype):
    rng = np.random.default_rng(n)
    scores, bias = rng.normal(scale=3, size=(2, n)).astype(dtype)
    bias[rng.integers(0, n, n // 5)] = -np.inf
    bias[0] = 0
    drawer = Drawer(bias)
    for temperature in (0.3, 1.0, 2.5):
        chances = np.exp(((scores + bias) / temperature).astype(np.float64))
        edges = np.cumsum(chances) / chances.sum()
        for uniform in (0.0, *rng.random(40), 1 - 2**-53):
            found = drawer.draw(scores, uniform, temperature)
            expected = writing.draw(scores + bias, uniform, temperature=temperature)
            assert chances[found] > 0
            near = np.abs(edges - uniform).min() < 1e-5  # at an edge rounding may decide
            assert found == expected or near


def test_draws_follow_the_probabilities():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=9)
    drawer = Drawer(np.zeros(9))
    counts = np.bincount([drawer.draw(scores, u, 0.7) for u in rng.random(20_000)], minlength=9) / 20_000
    chances = np.exp(scores / 0.7)
    np.testing.assert_allclose(counts, chances / chances.sum(), atol=0.012)


def test_without_the_compiled_module_numpy_draws(monkeypatch):
    model, sampling = language("letters"), Sampling(random_state=1)
    compiled = said(continue_prompts(model, PROMPTS, max_new_steps=20, search=sampling))

    class Missing:
        def __init__(self, bias):
            raise ImportError

    monkeypatch.setattr(writing, "Drawer", Missing)
    assert said(continue_prompts(model, PROMPTS, max_new_steps=20, search=sampling)) == compiled
