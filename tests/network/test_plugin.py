"""Somebody else's decoder and cell, chosen by name: planned, trained, inspected, compared, saved and loaded, with no line changed here."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any, Self

import numpy as np
import pytest
import torch
from torch import Tensor

import elman
from elman import Category, Model, Network, Series, Training, cells
from elman.cells import Cell
from elman.codecs.space import Discrete
from elman.errors import SettingError
from elman.network import Plan
from elman.network.decoders import registry
from elman.network.decoders.decoder import Decoder
from elman.network.heads import SoftmaxHead
from elman.network.interfaces import Encoded, Loss, batch_size
from elman.network.unbatch import to_rows


class VoteDecoder(Decoder):
    """One class a row: the mean of the votes of all steps."""

    name = "test-vote"
    answers_whole = True
    averages = True

    def __init__(self, head: SoftmaxHead) -> None:
        super().__init__()
        self.head = head

    @classmethod
    def build(cls, plan: Plan, features: int) -> Self:
        assert isinstance(plan.target.space, Discrete)
        return cls(SoftmaxHead(features, plan.target.space.n))

    def _scores(self, encoded: Encoded) -> Tensor:
        sequence = encoded.sequence
        votes = self.head.log_proba(sequence.data)
        rows = sequence.row_of()
        counts = sequence.lengths.clamp_min(1).to(votes)
        return votes.new_zeros(encoded.size, votes.shape[1]).index_add(0, rows, votes) / counts[:, None]

    def loss(self, encoded: Encoded, target: Any, state: Any = None, ends: Any = None) -> Loss:
        return Loss(total=torch.nn.functional.cross_entropy(self._scores(encoded), target, reduction="sum"), units=batch_size(target))

    def predict(self, encoded: Encoded) -> list[Any]:
        return to_rows(self._scores(encoded).argmax(1))

    def proba(self, encoded: Encoded, target: Any = None) -> list[Any]:
        return to_rows(self._scores(encoded).softmax(1))


def leaky_step(gx: Tensor, gh: Tensor, states: tuple[Tensor, ...], norm: Any = None) -> tuple[Tensor, ...]:
    """Return half the old state and half the new."""
    return (0.5 * states[0] + 0.5 * torch.tanh(gx + gh),)


class PointDecoder(VoteDecoder):
    """The same, in a package that only declares an entry point."""

    name = "test-point"


@pytest.fixture(scope="module", autouse=True)
def plugins():
    registry.register(VoteDecoder)
    if "test-leaky" not in cells.names():
        cells.register(Cell(name="test-leaky", gates=("n",), states=("h",), doc="A leaky Elman cell.", step=leaky_step))
    yield
    registry._OTHERS.pop(VoteDecoder.name)


WAVES = [np.sin(np.arange(8 + n % 5) * (0.3 + n % 2)) for n in range(60)]
SIDES = ["slow", "fast"] * 30


@pytest.fixture(scope="module")
def model(plugins) -> Model:
    network = Network(cell="test-leaky", hidden_size=12)
    training = Training(max_epochs=30, learning_rate=0.02, verbose=0)
    return Model(Series(), Category(), align="test-vote", network=network, training=training).fit(WAVES, SIDES)


def test_it_is_planned_by_its_name_and_learns(model: Model) -> None:
    assert (model.plan().decoder, model.plan().cell) == ("test-vote", "test-leaky")
    assert isinstance(model.networks_[0].decoder, VoteDecoder)
    assert model.score(WAVES, SIDES) > 0.9
    np.testing.assert_allclose(model.predict_proba(WAVES).sum(1), 1, rtol=1e-5)


def test_its_file_is_read_again_with_the_same_bits(model: Model, tmp_path) -> None:
    model.save(tmp_path / "vote.elman")
    again = elman.load(tmp_path / "vote.elman", Model)
    assert again.predict_proba(WAVES).tobytes() == model.predict_proba(WAVES).tobytes()


def test_it_is_inspected_and_reported(model: Model, tmp_path) -> None:
    trace = elman.trace(model, WAVES[0])
    assert trace.layers[0].hidden.shape[0] == len(WAVES[0])
    assert elman.memory(model, WAVES[:20], SIDES[:20]).horizon >= 0
    assert model.diagnose(WAVES, SIDES, rate_test=False).findings
    assert "test-vote" in model.report(tmp_path / "vote.html", WAVES, SIDES).read_text(encoding="utf-8")


def test_it_is_compared(model: Model) -> None:
    fresh = Model(Series(), Category(), align="test-vote", network=model.network, training=model.training)
    board = elman.compare(fresh, WAVES, SIDES, candidates=["frequency", "default"], on_leak="ignore", verbose=0)
    assert board["default"].value > board["frequency"].value


def test_an_entry_point_is_listed_unread_and_loaded_on_first_use(monkeypatch) -> None:
    name, group = "test-point", "elman.decoders"
    point = EntryPoint(name=name, group=group, value=f"{__name__}:PointDecoder")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    monkeypatch.setattr(registry, "_OTHERS", dict(registry._OTHERS))
    assert name in registry.names()
    assert name not in registry._OTHERS
    assert registry.get(name) is PointDecoder
    assert registry.get(name) is PointDecoder  # now from memory
    training = Training(max_epochs=1, verbose=0)
    model = Model(Series(), Category(), align=name, training=training).fit(WAVES, SIDES)
    assert type(model.networks_[0].decoder) is PointDecoder


def test_names_must_be_new_and_known() -> None:
    with pytest.raises(SettingError, match="A decoder named 'test-vote' exists already"):
        registry.register(type("Other", (VoteDecoder,), {}))
    with pytest.raises(SettingError, match="A decoder named 'ctc' exists already"):
        registry.register(type("Other", (VoteDecoder,), {"name": "ctc"}))
    with pytest.raises(SettingError, match="A decoder must be a subclass of elman.network.Decoder; got 3"):
        registry.register(3)
    with pytest.raises(SettingError, match="decoder must be one of .*; got 'test-vot'"):
        registry.get("test-vot")
    with pytest.raises(SettingError, match="align must be one of .*'test-vote'.*; got 'test-vot'. Did you mean 'test-vote'"):
        Model(Series(), Category(), align="test-vot").fit(WAVES, SIDES)
