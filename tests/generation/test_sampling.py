import numpy as np
import pytest
import torch

from elman.errors import SettingError
from elman.generation import Sampling, reshape_logits

LOGS = torch.tensor([[0.4, 0.3, 0.2, 0.1]], dtype=torch.float64).log()


def probabilities(**options) -> list[float]:
    return reshape_logits(LOGS, **options).exp()[0].numpy().round(6).tolist()


def test_temperature_comes_before_top_p() -> None:
    # At temperature 0.5 the probabilities are the squares, normalised: 16, 9, 4, 1 of 30; 0.53 reaches p = 0.5 alone.
    np.testing.assert_allclose(probabilities(temperature=0.5), np.array([16, 9, 4, 1]) / 30, atol=1e-6)
    assert probabilities(temperature=0.5, top_p=0.5) == [1.0, 0.0, 0.0, 0.0]
    assert probabilities(top_p=0.5) == pytest.approx([4 / 7, 3 / 7, 0.0, 0.0], abs=1e-6)


def test_top_k_comes_before_top_p() -> None:
    assert probabilities(top_k=2) == pytest.approx([4 / 7, 3 / 7, 0.0, 0.0], abs=1e-6)
    assert probabilities(top_k=3, top_p=0.7) == pytest.approx([4 / 7, 3 / 7, 0.0, 0.0], abs=1e-6)
    assert probabilities(top_k=9, top_p=1.0) == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_draws_follow_the_table(steps, start, tables) -> None:
    drawn = Sampling(random_state=1)(steps, start(*[0] * 3000), torch.full((3000,), 1))
    share = np.bincount([row[0] if len(row) else 3 for row in drawn], minlength=4) / 3000
    np.testing.assert_allclose(share, tables[0, 3].exp(), atol=0.03)


def test_the_seed_decides(steps, start) -> None:
    first = Sampling(random_state=1)(steps, start(0, 1), torch.tensor([20, 20]))
    again = Sampling(random_state=1)(steps, start(0, 1), torch.tensor([20, 20]))
    others = [Sampling(random_state=seed)(steps, start(0, 1), torch.tensor([20, 20])) for seed in range(2, 8)]
    assert [row.tolist() for row in first] == [row.tolist() for row in again]
    assert any([row.tolist() for row in first] != [row.tolist() for row in other] for other in others)


def test_temperature_zero_takes_the_likeliest(steps, start, tables) -> None:
    found = Sampling(temperature=0)(steps, start(0, 1, 2, 3), torch.full((4,), 1))
    assert [row.tolist() for row in found] == [[s] if s < 3 else [] for s in tables[:, 3].argmax(-1).tolist()]


def test_a_stream_says_what_the_whole_says(steps, start) -> None:
    sampling, limits = Sampling(random_state=5), torch.tensor([6, 0, 3])
    rows: list[list[int]] = [[], [], []]
    for drawn in sampling.stream(steps, start(0, 1, 2), limits):
        for row, symbol in drawn.items():
            rows[row].append(symbol)
    assert rows == [row.tolist() for row in sampling(steps, start(0, 1, 2), limits)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -0.1}, "temperature must be 0"),
        ({"temperature": float("nan")}, "temperature must be 0"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1"),
        ({"top_p": 0.0}, "top_p must be in"),
        ({"random_state": 1.5}, "random_state must be a whole number from 0, or None; got 1.5"),
        ({"random_state": -1}, "random_state must be a whole number from 0, or None; got -1"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, message) -> None:
    with pytest.raises(SettingError, match=message):
        Sampling(**options)
