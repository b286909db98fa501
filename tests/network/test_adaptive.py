"""The adaptive softmax is an exact distribution: log-probabilities sum to one and are the loss, with tied weights or its own."""

import numpy as np
import pytest
import torch

from elman.codecs import Discrete
from elman.errors import DataError, SettingError
from elman.network import Network, Plan, Sizes, build, plan
from elman.network.heads import AdaptiveHead
from elman.network.planning.side import Side

FEATURES, CLASSES = 12, 40
CASES = [((5,), None), ((5, 20), None), ((2, 3, 39), None), ((5, 20), 12), ((8,), 6)]


def head(cutoffs, tied):
    torch.manual_seed(0)
    weights = None if tied is None else torch.nn.Parameter(torch.randn(CLASSES, tied))
    made = AdaptiveHead(FEATURES, CLASSES, cutoffs, tied=weights)
    torch.nn.init.normal_(made.bias)
    return made.double()


@pytest.mark.parametrize(("cutoffs", "tied"), CASES)
def test_log_probabilities_sum_to_one_and_are_the_loss(cutoffs, tied):
    made, features = head(cutoffs, tied), torch.randn(CLASSES, FEATURES, dtype=torch.float64)
    log_probs = made.log_proba(features)
    torch.testing.assert_close(log_probs.exp().sum(1), torch.ones(CLASSES, dtype=torch.float64))
    everything = torch.arange(CLASSES)
    torch.testing.assert_close(made.loss(features, everything), -log_probs.gather(1, everything[:, None])[:, 0])
    assert made.predict(features).tolist() == log_probs.argmax(1).tolist()
    torch.testing.assert_close(made.proba(features), log_probs.exp())
    drawn = made.sample(features[:1].expand(4000, -1), torch.Generator().manual_seed(0))
    np.testing.assert_allclose(np.bincount(drawn, minlength=CLASSES) / 4000, log_probs[0].exp().detach(), atol=0.04)


@pytest.mark.parametrize(("cutoffs", "tied"), CASES)
def test_it_is_the_two_level_formula(cutoffs, tied):
    made, x = head(cutoffs, tied), torch.randn(3, FEATURES, dtype=torch.float64)
    vectors = x if made.projection is None else made.projection(x)
    (first, bias), *bands = made.parts()
    frequent = torch.log_softmax(vectors @ first.T + bias, 1)
    for c in (CLASSES - 1, 0, CLASSES - 2):  # the end, the most frequent one, the rarest
        rank = (c + 1) % CLASSES
        band = sum(rank >= edge for edge in cutoffs)
        if band == 0:
            expected = frequent[:, rank]
        else:
            weight, own = bands[band - 1]
            narrow = vectors if tied is not None else made.narrow[band - 1](vectors)
            inside = torch.log_softmax(narrow @ weight.T + own, 1)
            expected = frequent[:, cutoffs[0] + band - 1] + inside[:, rank - made.edges[band - 1]]
        torch.testing.assert_close(made.log_proba(x)[:, c], expected)


def test_every_weight_learns():
    made = head((5, 20), None)
    made.loss(torch.randn(CLASSES, FEATURES, dtype=torch.float64), torch.arange(CLASSES)).sum().backward()
    assert all(float(weight.grad.abs().sum()) > 0 for weight in made.parameters())


def test_large_vocabularies_get_one_and_the_plan_remembers():
    sizes = Sizes(rows=1, target_mean=1e6, target_max=10**6)
    small, large = (plan(None, Side("many", Discrete(n), unknown=0), examples=sizes) for n in (4000, 30_000))
    assert small.cutoffs == ()
    assert large.cutoffs == (2000, 8000)
    assert "softmax" in str(large)
    assert Plan.from_config(large.config()) == large
    assert isinstance(build(large).decoder.head, AdaptiveHead)
    assert plan(None, Side("many", Discrete(30_000)), Network(softmax="full"), examples=sizes).cutoffs == ()


def test_settings_that_cannot_be():
    sizes = Sizes(rows=10, target_max=5)
    with pytest.raises(SettingError, match=r"softmax must be one of .*; got 'adaptiv'.*adaptive"):
        plan(None, Side("many", Discrete(9)), Network(softmax="adaptiv"), examples=sizes)
    with pytest.raises(SettingError, match="softmax='adaptive' is for language models"):
        plan(Side("many", Discrete(9)), Side("one", Discrete(9)), Network(softmax="adaptive"), examples=sizes)
    with pytest.raises(SettingError, match="activation_penalty must be a number from 0; got -1"):
        plan(None, Side("many", Discrete(9)), Network(activation_penalty=-1), examples=sizes)


def test_a_plan_that_lacks_a_setting_is_refused_by_its_name():
    config = plan(None, Side("many", Discrete(9)), examples=Sizes(rows=10, target_max=5)).config()
    for name in config:
        with pytest.raises(DataError, match=rf"unknown or missing: \['{name}'\]"):
            Plan.from_config({key: value for key, value in config.items() if key != name})
