"""Segments: the horizon is one step of the encoder's layers for each segment, whatever else is in the batch."""

import numpy as np
import pytest
import torch

from elman.codecs import Continuous, Product
from elman.errors import DataError, SettingError
from elman.network import Plan, Sizes, build, plan
from elman.network.ensemble import Ensemble
from elman.network.planning.side import Side
from elman.network.settings import Network
from elman.sequences import Ragged

SPACE = Product(
    {"window": Continuous(6), "future": Continuous(3), "shop": Continuous(2)}, {"window": "many", "future": "many", "shop": "one"}
)
SIDES = Side("many", SPACE), Side("one", Continuous(1))


def planned(**settings):
    options = {"hidden_size": 5, "embedding_size": 4, "dropout": 0.0, **settings}
    return plan(*SIDES, Network(**options), examples=Sizes(rows=100), horizon=7, segment=3)


def source(rows, seed=0, lengths=(4, 2, 4)):
    torch.manual_seed(seed)
    return {
        "window": Ragged.from_list([torch.randn(lengths[i % 3], 6) for i in range(rows)]),
        "future": Ragged.from_padded(torch.randn(rows, 3, 3), torch.full((rows,), 3)),
        "shop": torch.randn(rows, 2),
    }


@pytest.mark.parametrize("cell", ["gru", "lstm", "elman"])
def test_each_segment_is_one_step_from_the_last_state(cell) -> None:
    torch.manual_seed(1)
    model = build(planned(cell=cell, head="point", num_layers=2)).double().eval()
    batch = source(3)
    batch = {name: part.with_data(part.data.double()) if isinstance(part, Ragged) else part.double() for name, part in batch.items()}
    stem, decoder, layers = model.stem, model.decoder, model.encoder.layers
    with torch.no_grad():
        found = np.stack(model.predict(batch))
        for row, window in enumerate(batch["window"].to_list()):
            vectors = torch.relu(stem.window(window) + stem.wholes.parts[0](batch["shop"][row][None]))
            _, state = layers(vectors[:, None])
            for m in range(3):
                future = batch["future"].to_list()[row][m]
                x = decoder.places.weight[m] + decoder.wholes.parts[0](batch["shop"][row][None])[0] + decoder.future(future)
                out, _ = layers(x[None, None], state)
                said = decoder.head.predict(out[0])[0, :, 0].numpy()
                assert found[row, 3 * m : 3 * m + 3] == pytest.approx(said[: 7 - 3 * m], rel=1e-9)


def test_a_window_has_the_same_bits_alone_and_in_any_batch() -> None:
    model = build(planned(head="quantile")).eval()
    batch = source(5)
    with torch.inference_mode():
        together = model.quantiles(batch, (0.1, 0.5, 0.9))
        alone = {name: part.select([1]) if isinstance(part, Ragged) else part[1:2] for name, part in batch.items()}
        assert torch.equal(model.quantiles(alone, (0.1, 0.5, 0.9))[0], together[1])
    assert together.shape == (5, 7, 3)


def test_the_loss_is_the_mean_over_the_known_steps_of_a_row() -> None:
    model = build(planned(head="median")).eval()
    batch, target = source(3), torch.randn(3, 7, 1)
    target[1, 2:] = torch.nan
    said = torch.from_numpy(np.stack(model.predict(batch)))
    off = (said - target[..., 0]).abs()
    loss = model.loss(batch, target)
    assert loss.units == 3
    assert float(loss.total.detach()) == pytest.approx(float(off[0].mean() + off[1, :2].mean() + off[2].mean()), rel=1e-5)
    loss.total.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_a_plan_by_segments_comes_back_from_json_and_counts_shared_weights_once() -> None:
    made = planned()
    assert (made.decoder, made.segment, made.cell, made.bidirectional) == ("segments", 3, "gru", False)
    assert Plan.from_config(made.config()) == made
    assert made.parameters == sum(p.numel() for p in build(made).parameters())
    assert not [name for name in build(made).state_dict() if name.startswith("decoder.") and "weight_hh" in name]
    pair = Ensemble(made, [build(made), build(made)])
    assert np.stack(pair.predict(source(2))) == pytest.approx(
        np.mean([np.stack(member.predict(source(2))) for member in pair.members], axis=0), rel=1e-5
    )


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SettingError, match=r"segment must be a whole number in 0\.\.horizon \(7\); got 8"):
        plan(*SIDES, examples=Sizes(rows=9), horizon=7, segment=8)
    with pytest.raises(SettingError, match="A forecast by segments reads a Product with a part 'window'"):
        plan(Side("many", Continuous(2)), SIDES[1], examples=Sizes(rows=9), horizon=7, segment=2)
    model, batch = build(planned()), source(2)
    short = Ragged.from_padded(torch.randn(2, 2, 3), torch.full((2,), 2))
    with pytest.raises(DataError, match="the future must be known in 3 segments for each row; got 2"):
        model.predict({**batch, "future": short})
    with pytest.raises(SettingError, match="A forecast by segments needs the windows it goes on from"):
        model.decoder.features(type(model.encode(batch))(size=2))
    made = planned()
    with pytest.raises(DataError, match="plan.preparation"):
        Plan.from_config({**made.config(), "preparation": {"scale": "mean"}})
    with pytest.raises(DataError, match="segment is for the decoder 'segments'"):
        Plan.from_config({**made.config(), "segment": 0})
