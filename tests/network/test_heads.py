import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional

from elman.codecs import Binary, Continuous, Discrete, Pixels, Product
from elman.errors import SettingError
from elman.network.heads import GaussianHead, QuantileHead, SoftmaxHead, StudentTHead, make_head

FEATURES = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4)


def head_of(space, **options):
    torch.manual_seed(0)
    return make_head(space, 4, **options).double().eval()


def test_softmax_is_cross_entropy() -> None:
    head, target = head_of(Discrete(5)), torch.tensor([0, 4, 2])
    torch.testing.assert_close(head.loss(FEATURES, target), functional.cross_entropy(head.logits(FEATURES), target, reduction="none"))
    torch.testing.assert_close(head.proba(FEATURES).sum(-1), torch.ones(3).double())
    assert head.predict(FEATURES).tolist() == head.proba(FEATURES).argmax(-1).tolist()


def test_class_weights_and_smoothing() -> None:
    head = head_of(Discrete(2), class_weight=(3.0, 1.0), label_smoothing=0.2)
    plain = SoftmaxHead(4, 2).double()
    plain.load_state_dict(head.state_dict())
    target = torch.tensor([0, 1, 0])
    torch.testing.assert_close(head.loss(FEATURES, target), plain.loss(FEATURES, target) * torch.tensor([3.0, 1.0, 3.0]).double())
    smoothed = functional.cross_entropy(
        head.logits(FEATURES), target, weight=torch.tensor([3.0, 1.0]).double(), label_smoothing=0.2, reduction="none"
    )
    torch.testing.assert_close(head.train().loss(FEATURES, target), smoothed)


def test_gaussian_and_student_t_agree_with_scipy() -> None:
    target = torch.randn(3, 2, dtype=torch.float64)
    gaussian = head_of(Continuous(2), kind="gaussian")
    mean, std = (t.detach().numpy() for t in gaussian._moments(FEATURES))
    np.testing.assert_allclose(gaussian.loss(FEATURES, target).detach(), -stats.norm(mean, std).logpdf(target).mean(1))
    np.testing.assert_allclose(gaussian.quantiles(FEATURES, (0.1, 0.9)).detach()[..., 1], stats.norm(mean, std).ppf(0.9))
    student = head_of(Continuous(2), kind="student_t")
    centre, scale, freedom = (t.detach().numpy() for t in student._distribution(FEATURES))
    np.testing.assert_allclose(student.loss(FEATURES, target).detach(), -stats.t(freedom, centre, scale).logpdf(target).mean(1))
    np.testing.assert_allclose(student.quantiles(FEATURES, (0.05,)).detach()[..., 0], stats.t(freedom, centre, scale).ppf(0.05))


def test_student_t_has_a_finite_variance_whatever_its_features() -> None:
    head = head_of(Continuous(1), kind="student_t")
    with torch.no_grad():
        for weight in head.parameters():
            weight.fill_(-50.0)
    found = head.quantiles(torch.ones(1, 4, dtype=torch.float64), (0.01, 0.5, 0.99)).detach().flatten()
    heaviest = stats.t(2.01, -250.0, 1e-3)
    np.testing.assert_allclose(found, heaviest.ppf([0.01, 0.5, 0.99]), rtol=1e-6)
    assert np.isfinite(heaviest.var())


def test_missing_numbers_cost_nothing_and_poison_nothing() -> None:
    for kind in ("point", "gaussian", "student_t", "quantile"):
        head = head_of(Continuous(2), kind=kind)
        target = torch.tensor([[1.0, np.nan], [np.nan, np.nan], [0.5, 2.0]], dtype=torch.float64)
        loss = head.loss(FEATURES, target)
        assert float(loss[1].detach()) == 0.0
        torch.testing.assert_close(loss[0], head.each(FEATURES, torch.tensor([[1.0, 9.0]] * 3).double())[0, 0])
        loss.sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in head.parameters())


def test_quantiles_do_not_cross_and_learn_their_levels() -> None:
    torch.manual_seed(0)
    head = QuantileHead(1, (1,), levels=(0.1, 0.5, 0.9))
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    ones, draws = torch.ones(2000, 1), torch.randn(2000, 1)
    for _ in range(200):
        optimizer.zero_grad()
        head.loss(ones, draws).mean().backward()
        optimizer.step()
    found = head.quantiles(ones[:1], (0.1, 0.3, 0.5, 0.9)).detach()[0, 0]
    np.testing.assert_allclose(found[[0, 2, 3]], torch.quantile(draws, torch.tensor([0.1, 0.5, 0.9])), atol=0.1)
    assert found[1] == pytest.approx(float(found[0] + found[2]) / 2, abs=1e-5)
    with pytest.raises(SettingError, match="levels must rise"):
        QuantileHead(1, (1,), levels=(0.9, 0.5))


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "quantile"])
def test_samples_have_the_distribution_of_the_head(kind: str) -> None:
    head = head_of(Continuous(1), kind=kind)
    features = FEATURES[:1].expand(4000, 4)
    drawn = head.sample(features, torch.Generator().manual_seed(0)).detach()
    again = head.sample(features, torch.Generator().manual_seed(0)).detach()
    torch.testing.assert_close(drawn, again)
    wanted = head.quantiles(FEATURES[:1], (0.25, 0.5, 0.75)).detach().flatten()
    np.testing.assert_allclose(torch.quantile(drawn, torch.tensor([0.25, 0.5, 0.75]).double()), wanted, atol=0.12)


def test_discrete_and_binary_samples() -> None:
    generator = torch.Generator().manual_seed(0)
    softmax, bernoulli = head_of(Discrete(3)), head_of(Binary(2))
    features = FEATURES[:1].expand(4000, 4)
    share = torch.bincount(softmax.sample(features, generator), minlength=3) / 4000
    np.testing.assert_allclose(share, softmax.proba(FEATURES[:1]).detach()[0], atol=0.03)
    np.testing.assert_allclose(bernoulli.sample(features, generator).detach().mean(0), bernoulli.proba(FEATURES[:1]).detach()[0], atol=0.03)
    wanted = functional.binary_cross_entropy(bernoulli.proba(FEATURES), torch.ones(3, 2).double(), reduction="none").sum(1)
    torch.testing.assert_close(bernoulli.loss(FEATURES, torch.ones(3, 2)), wanted)


def test_a_product_adds_up() -> None:
    head = head_of(Product({"a": Discrete(3), "b": Continuous(2)}, {}))
    target = {"a": torch.tensor([0, 1, 2]), "b": torch.zeros(3, 2).double()}
    parts = dict(head._each())
    torch.testing.assert_close(head.loss(FEATURES, target), parts["a"].loss(FEATURES, target["a"]) + parts["b"].loss(FEATURES, target["b"]))
    assert set(head.sample(FEATURES)) == set(head.predict(FEATURES)) == set(head.proba(FEATURES)) == {"a", "b"}


def test_a_forecast_has_a_horizon() -> None:
    assert head_of(Continuous(2), horizon=5).predict(FEATURES).shape == (3, 5, 2)
    assert isinstance(head_of(Continuous(2), kind="gaussian"), GaussianHead)
    assert isinstance(head_of(Continuous(2), kind="student_t"), StudentTHead)


def test_impossible_heads_are_refused() -> None:
    with pytest.raises(SettingError, match="head must be one of"):
        make_head(Continuous(1), 4, kind="gausian")
    with pytest.raises(SettingError, match="A Pixels cannot be predicted"):
        make_head(Pixels(1, 2, 2), 4)


def test_a_chain_knows_the_answers_before() -> None:
    head = head_of(Binary(3), kind="chain")
    with torch.no_grad():
        head.links.copy_(torch.tensor([[9.0, 9, 9], [2, 9, 9], [-1, 3, 9]]))  # what is not below the diagonal is no link
    logits = head.output(FEATURES).detach().numpy()

    def chance(row: int, answers: list[int]) -> list[float]:
        links = [0.0, 2.0 * answers[0], -1.0 * answers[0] + 3.0 * answers[1]]
        return [1 / (1 + np.exp(-(logits[row, j] + links[j]))) for j in range(3)]

    for row in range(3):
        every = [[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
        target = torch.tensor(every, dtype=torch.float64)
        losses = head.loss(FEATURES[row].expand(8, 4), target).detach().numpy()
        wanted = [-sum(np.log(p if a else 1 - p) for a, p in zip(answers, chance(row, answers), strict=True)) for answers in every]
        np.testing.assert_allclose(losses, wanted)
        assert np.exp(-losses).sum() == pytest.approx(1.0)
        draws = head.sample(FEATURES[row].expand(4000, 4), torch.Generator().manual_seed(row)).detach().numpy()
        seen = [(draws == answers).all(1).mean() for answers in every]
        np.testing.assert_allclose(seen, np.exp(-losses), atol=0.03)
    best = head.predict(FEATURES).detach().numpy()
    for row in range(3):
        np.testing.assert_allclose(head.proba(FEATURES)[row].detach(), chance(row, best[row].astype(int).tolist()))
        assert best[row].tolist() == [float(p > 0.5) for p in chance(row, best[row].astype(int).tolist())]
    cold = head.sample(FEATURES, torch.Generator().manual_seed(0), temperature=1e-4)
    torch.testing.assert_close(cold, head.predict(FEATURES))


def test_yes_and_no_drawn_cold_is_the_likelier() -> None:
    head = head_of(Binary(6))
    torch.testing.assert_close(head.sample(FEATURES, torch.Generator().manual_seed(0), temperature=1e-4), head.predict(FEATURES))


def test_a_pen_is_a_mixture_of_correlated_gaussians() -> None:
    head = head_of(Continuous(3), kind="pen")
    weights, means, scale, correlation, pen = (part.detach().numpy() for part in head.parts(FEATURES))
    target = torch.tensor([[0.1, -0.2, 0.0], [1.0, 0.5, 1.0], [-0.3, 0.0, 1.0]], dtype=torch.float64)
    for row in range(3):
        share = np.exp(weights[row]) / np.exp(weights[row]).sum()
        density = 0.0
        for k in range(len(share)):
            a, b = scale[row, k]
            covariance = [[a * a, correlation[row, k] * a * b], [correlation[row, k] * a * b, b * b]]
            density += share[k] * stats.multivariate_normal(means[row, k], covariance).pdf(target[row, :2])
        lifted = 1 / (1 + np.exp(-pen[row]))
        wanted = -np.log(density) - np.log(lifted if target[row, 2] else 1 - lifted)
        assert float(head.loss(FEATURES, target)[row].detach()) == pytest.approx(wanted)
        draws = head.sample(FEATURES[row].expand(6000, 4), torch.Generator().manual_seed(row)).detach().numpy()
        np.testing.assert_allclose(draws.mean(0), head.proba(FEATURES)[row].detach(), atol=0.08)
    cold = head.sample(FEATURES, torch.Generator().manual_seed(0), temperature=1e-6)
    torch.testing.assert_close(cold, head.predict(FEATURES), atol=1e-2, rtol=0)
