"""Counts and medians: likelihoods and quantiles against scipy, exposures, and levels of their own for every number."""

import numpy as np
import pytest
import torch
from scipy import stats

from elman.codecs import Continuous
from elman.network.heads import MedianHead, NegativeBinomialHead, make_head

FEATURES = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4)
COUNTS = torch.tensor([[0.0, 7.0], [3.0, 1.0], [250.0, 2.0]], dtype=torch.float64)


def head_of(kind):
    torch.manual_seed(0)
    return make_head(Continuous(2), 4, kind=kind).double().eval()


def scipys(head, exposure):
    rate, dispersion = (part.detach().numpy() for part in head._rate(FEATURES))
    mean, size = rate * exposure, 1 / dispersion
    return stats.nbinom(size, size / (size + mean))


@pytest.mark.parametrize("exposure", [1.0, 40.0])
def test_the_negative_binomial_is_scipys(exposure) -> None:
    head = head_of("negative_binomial")
    assert isinstance(head, NegativeBinomialHead)
    exposures = torch.full_like(COUNTS, exposure)
    target = COUNTS if exposure == 1.0 else torch.cat([COUNTS, exposures], 1)
    truth = scipys(head, exposure)
    assert head.each(FEATURES, target).detach().numpy() == pytest.approx(-truth.logpmf(COUNTS.numpy()), rel=1e-9)
    assert head.loss(FEATURES, target).detach().numpy() == pytest.approx(-truth.logpmf(COUNTS.numpy()).mean(1), rel=1e-9)
    level = torch.tensor([[0.1, 0.5], [0.9, 0.99], [0.3, 0.7]], dtype=torch.float64)
    assert head.at(FEATURES, level, exposures).numpy() == pytest.approx(truth.ppf(level.numpy()))
    assert head.predict(FEATURES).detach().numpy() * exposure == pytest.approx(truth.mean())


def test_counts_that_are_not_known_cost_nothing() -> None:
    head = head_of("negative_binomial")
    holed = COUNTS.clone()
    holed[0, 1] = torch.nan
    loss = head.loss(FEATURES, holed)
    assert float(loss[0].detach()) == pytest.approx(-scipys(head, 1.0).logpmf(COUNTS.numpy())[0, 0])
    loss.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())
    assert head.quantiles(FEATURES, (0.1, 0.9)).numpy() == pytest.approx(np.stack([scipys(head, 1.0).ppf(q) for q in (0.1, 0.9)], -1))


def test_a_median_head_learns_the_absolute_error() -> None:
    head = head_of("median")
    assert isinstance(head, MedianHead)
    assert head.loss(FEATURES, COUNTS).tolist() == pytest.approx((head.predict(FEATURES) - COUNTS).abs().mean(1).tolist())


@pytest.mark.parametrize("kind", ["point", "median", "gaussian", "student_t", "quantile", "negative_binomial"])
def test_a_level_of_its_own_gives_the_quantile_at_that_level(kind) -> None:
    head, levels = head_of(kind), (0.1, 0.5, 0.9)
    wanted = head.quantiles(FEATURES, levels)
    found = torch.stack([head.at(FEATURES, torch.full((3, 2), level, dtype=torch.float64)) for level in levels], -1)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)  # levels are kept in float32
