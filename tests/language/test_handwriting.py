"""Language models over strokes: what they learn, write and refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

import elman
from elman import Category, LanguageModel, Model, Network, Strokes, Training
from elman.errors import SettingError
from elman.language import continuous as _elements
from elman.network.heads.pen import NARROWEST


def zigzag(random: np.random.Generator) -> np.ndarray:
    """Six points up and down to the right, the pen lifted at the end."""
    points = np.array([[2 * i, 3 * (i % 2)] for i in range(6)]) + random.normal(0, 0.1, (6, 2))
    return np.column_stack([points, [0, 0, 0, 0, 0, 1]])


@pytest.fixture(scope="module")
def model() -> tuple[LanguageModel, list[np.ndarray]]:
    random = np.random.default_rng(0)
    drawn = [zigzag(random) for _ in range(60)]
    training = Training(max_epochs=25, learning_rate=0.02, batch_size=10, validation_fraction=0, verbose=0)
    network = Network(hidden_size=24, embedding_size=24, dropout=0.0)
    return LanguageModel(Strokes(augment=False), network=network, training=training).fit(drawn), drawn


def test_a_zigzag_is_learned_and_drawn(model) -> None:
    fitted, drawn = model
    assert fitted.plan().head == "pen"
    nats = fitted.score(drawn) * math.log(2)
    assert nats < fitted.baseline_ - 1
    assert fitted.perplexity(drawn) == pytest.approx(math.exp(nats))
    written = fitted.generate(drawn[0][:2], temperature=0, max_new_steps=4)
    assert len(written) == 6
    np.testing.assert_allclose(written[:, :2], [[2 * i, 3 * (i % 2)] for i in range(6)], atol=1.2)
    several = fitted.generate([drawn[0][:2], drawn[1][:3]], max_new_steps=2)
    np.testing.assert_allclose(several[0], fitted.generate(drawn[0][:2], max_new_steps=2))


def test_a_saved_model_draws_the_same(model, tmp_path) -> None:
    fitted, drawn = model
    fitted.save(tmp_path / "pen.elman")
    again = elman.load(tmp_path / "pen.elman")
    assert again.score(drawn) == fitted.score(drawn)
    np.testing.assert_array_equal(again.generate(drawn[0][:1], max_new_steps=5), fitted.generate(drawn[0][:1], max_new_steps=5))


def test_the_baseline_is_one_gaussian() -> None:
    random = np.random.default_rng(0)
    rows = [np.column_stack([random.normal(1, 2, (30, 2)), random.integers(0, 2, 30)]) for _ in range(40)]
    flat = np.concatenate(rows)
    covariance = np.cov(flat[:, :2].T) + np.eye(2) * NARROWEST**2
    from scipy.stats import multivariate_normal

    moved = -multivariate_normal(flat[:, :2].mean(0), covariance).logpdf(flat[:, :2]).sum()
    lifted, end = (flat[:, 2].sum() + 0.5) / (len(flat) + 1), 40 / (len(flat) + 40)
    pens = -(flat[:, 2].sum() * np.log(lifted) + (1 - flat[:, 2]).sum() * np.log(1 - lifted))
    ends = -(40 * np.log(end) + len(flat) * np.log(1 - end))
    assert _elements.one_gaussian(rows, rows) == pytest.approx((moved + pens + ends) / (len(flat) + 40))


def test_what_strokes_cannot_is_refused(model, quick) -> None:
    fitted, drawn = model
    with pytest.raises(SettingError, match="no two strokes are the same"):
        fitted.memorisation(drawn)
    with pytest.raises(SettingError, match="accuracy is for symbols; notes and strokes"):
        fitted.accuracy(drawn)
    with pytest.raises(SettingError, match=r"head='pen' is for the steps of Strokes\(\); the target is"):
        Model(Strokes(), Category(), network=Network(head="pen"), training=quick).fit(drawn[:8], ["a", "b"] * 4)
