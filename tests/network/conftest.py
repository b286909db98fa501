"""What the tests of this room share: a ten-line training loop and ragged toy data."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from elman.network import Network, SequenceModel, Sizes, build, collate, plan
from elman.network.planning.side import Side


def _train(model: SequenceModel, source, target, steps: int, learning_rate: float) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model.loss(source, target).mean
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def make() -> Callable[..., SequenceModel]:
    """Build a model for encoded rows, small unless told otherwise."""

    def make_model(source: Side | None, target: Side, sources, targets, *, align="auto", horizon=None, **settings) -> SequenceModel:
        network = Network(**{"hidden_size": 32, "embedding_size": 16, "dropout": 0.0, "label_smoothing": 0.0, **settings})
        sizes = Sizes.measure(source, target, sources, targets)
        return build(plan(source, target, network, examples=sizes, align=align, horizon=horizon))

    return make_model


@pytest.fixture
def learn(make) -> Callable[..., SequenceModel]:
    """Build and train on encoded rows."""

    def learn_rows(
        source: Side | None, target: Side, sources, targets, *, steps=150, learning_rate=0.01, align="auto", horizon=None, **settings
    ) -> SequenceModel:
        model = make(source, target, sources, targets, align=align, horizon=horizon, **settings)
        x = None if source is None else collate(sources, source.space, source.rank)
        y = collate(targets, target.space, target.rank)
        _train(model, x, y, steps, learning_rate)
        return model

    return learn_rows


@pytest.fixture
def words() -> Callable[..., list[np.ndarray]]:
    """Random rows of symbols 1..n-1 with lengths low..high."""

    def rows(count: int, n: int, low: int, high: int, seed: int = 0) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        return [rng.integers(1, n, rng.integers(low, high + 1)) for _ in range(count)]

    return rows
