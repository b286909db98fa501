"""Memory: cutting against a brute force, gradients against a closed form, and the horizons of models whose lag is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks import known_lags as learned

import elman
from elman import Category, Model, Text
from elman.baselines import BagOfWords, ConvNet
from elman.errors import DataError, DataTypeError, NotFittedError, SettingError
from elman.inspection.memory.memory import fading, rate_of, reach_of, search
from elman.inspection.memory.truncation import Cut, average
from elman.nn import layer as make
from elman.sequences import Ragged

LENGTHS = [6, 0, 9, 1]


def one_by_one(layer, row, lag, both):
    """The state at each step, each from its own window, run alone."""
    found = []
    for t in range(len(row)):
        start, stop = max(0, t - lag), min(len(row), t + lag + 1) if both else t + 1
        out, _ = layer(Ragged.from_list([row[start:stop]]))
        found.append(out.data[t - start])
    return torch.stack(found) if found else torch.empty(0, layer.hidden_size * (1 + both))


@pytest.mark.parametrize("lag", [0, 1, 3, 20])
@pytest.mark.parametrize(("cell", "both", "depth"), [("gru", False, 1), ("lstm", True, 2), ("elman", True, 1)])
def test_cutting_is_reading_each_window_alone(cell, both, depth, lag):
    torch.manual_seed(0)
    layer = make(cell)(3, 4, bidirectional=both, num_layers=depth).eval()
    rows = [torch.randn(n, 3) for n in LENGTHS]
    batch = Ragged.from_list(rows)
    with torch.no_grad():
        answer = layer(batch)
        sequence, last = Cut(lag=lag)(layer, batch, None, answer)
        top = (last[0] if isinstance(last, tuple) else last)[-(1 + both) :]
        for n, row in enumerate(rows):
            wanted = one_by_one(layer, row, lag, both)
            torch.testing.assert_close(sequence.to_list()[n], wanted)
            if len(row):
                torch.testing.assert_close(top[0, n], wanted[-1, :4])
                if both:
                    torch.testing.assert_close(top[1, n], wanted[0, 4:])


def test_only_the_ends_are_computed_where_nothing_else_is_read():
    torch.manual_seed(1)
    layer = make("lstm")(2, 3, bidirectional=True).eval()
    batch = Ragged.from_list([torch.randn(n, 2) for n in (7, 4, 0)])
    with torch.no_grad():
        answer = layer(batch)
        _, whole = Cut(lag=2)(layer, batch, None, answer)
        _, ends = Cut(lag=2, ends_only=True)(layer, batch, None, answer)
    for a, b in zip(whole, ends, strict=True):
        torch.testing.assert_close(a, b)


def test_a_first_state_reaches_only_windows_that_begin_with_it():
    torch.manual_seed(2)
    layer = make("gru")(2, 3).eval()
    batch, state = Ragged.from_list([torch.randn(5, 2)]), torch.randn(1, 1, 3)
    with torch.no_grad():
        sequence, _ = Cut(lag=2)(layer, batch, state, layer(batch, state))
        early, _ = layer(Ragged.from_list([batch.data[:3]]), state)
    torch.testing.assert_close(sequence.data[:3], early.data)
    torch.testing.assert_close(sequence.data[3:], one_by_one(layer, batch.data, 2, False)[3:])


def test_the_average_state_tells_nothing():
    layer = make("gru")(2, 3).eval()
    batch = Ragged.from_list([torch.randn(5, 2), torch.randn(2, 2)])
    with torch.no_grad():
        sequence, last = average(layer, batch, None, layer(batch))
        torch.testing.assert_close(sequence.data, layer(batch)[0].data.mean(0).expand(7, 3))
        assert (last[:, 0] == last[:, 1]).all()


# gradients ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_gradients_of_a_linear_recurrence_shrink_and_grow_by_its_factor(factor):
    """h_t = factor·h_{t-1} + x_t where everything is positive: the derivative by x_{t-k} is factor^k times the identity."""
    model, xs, _ = learned.echo(1, count=40, epochs=1)
    network = model.model_
    layer = make("elman_relu")(network.encoder.layers.input_size, 8)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.eye(8, layer.input_size)), layer.weight_hh_l0.copy_(factor * torch.eye(8))
        layer.bias_ih_l0.fill_(5.0), layer.bias_hh_l0.fill_(0.0)
    network.encoder.layers = layer
    rows = elman.inspection.memory.measuring.rows_for(model, xs, [["-"] * len(x) for x in xs])
    network.loss = lambda source, target: network.encode(source)  # only what is read matters here
    gradient = elman.inspection.memory.measuring.gradient_by_lag(network, rows)
    np.testing.assert_allclose(gradient / gradient[0], factor ** np.arange(len(gradient)), rtol=1e-4)
    assert rate_of(gradient) == pytest.approx(factor, rel=1e-4)


def test_the_norm_is_that_of_the_jacobian():
    model, xs, ys = learned.echo(1, count=40, length=4, epochs=1)
    network, layer = model.model_, model.model_.encoder.layers
    rows = elman.inspection.memory.measuring.rows_for(model, xs, ys)
    found = np.mean([elman.inspection.memory.measuring.gradient_by_lag(network, rows, seed) for seed in range(12)], axis=0)
    squares = np.zeros(4)
    with torch.no_grad():
        vectors = network.stem(rows.batch(list(range(40)))[0]).to_list()
    for x in vectors:
        jacobian = torch.autograd.functional.jacobian(lambda v: layer(v[None] if layer.batch_first else v[:, None])[0].flatten(0, 1)[-1], x)
        squares += jacobian.square().sum((0, 2)).flip(0).numpy() / 40
    np.testing.assert_allclose(found, np.sqrt(squares), rtol=0.05)


def test_exploding_gradients_are_called_so():
    model, _, _ = learned.echo(1, count=40, epochs=1)
    (warning,) = elman.inspection.memory.measuring.gradient_warnings(model, 1.5 ** np.arange(14.0), 14)
    assert warning.startswith("exploding gradient: 195 times that of the newest step; lower max_grad_norm")


def test_parts_of_a_gradient():
    gradient = np.array([1.0, 0.5, 0.1, 1e-4, 1e-5])
    assert fading(gradient) == 3
    assert fading(np.ones(5)) is None
    assert reach_of(gradient, 0.05) == 2
    assert rate_of(0.5 ** np.arange(6.0)) == pytest.approx(0.5)


def test_search_finds_the_smallest_lag_that_stays_good():
    asked = []

    def loss_at(lag):
        asked.append(lag)
        return 0.0 if lag == 3 or lag >= 37 else 1.0

    assert search(loss_at, 100, 0.5)[:2] == (37, False)
    assert len(asked) < 30
    assert search(lambda lag: 1.0, 10, 0.5)[:2] == (10, True)
    assert search(lambda lag: 0.0, 10, 0.5)[:2] == (0, False)


# horizons that are known -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, 3])
def test_the_horizon_of_an_echo_is_its_lag(k):
    model, xs, ys = learned.echo(k, epochs=6 if k == 0 else 25)
    assert model.score(xs, ys) > 0.98
    found = elman.memory(model, xs[:60], ys[:60])
    assert found.horizon == k
    assert not found.beyond
    assert found.loss < found.losses[0] if k else found.losses[0] == pytest.approx(found.loss, abs=0.02)
    assert elman.memory(model, xs[:60]).horizon == k, "its own answers will do"
    assert str(found).startswith(f"looks back {k} of 14 steps")


def test_the_horizon_of_parity_is_the_whole_word():
    model, xs, ys = learned.parity(length=8, epochs=40)
    assert model.score(xs, ys) > 0.98
    assert elman.memory(model, xs[:100], ys[:100]).horizon == 7


@pytest.mark.slow
@pytest.mark.parametrize(("name", "lag"), [("adding_problem", 9), ("parity", 9), ("copying", 11)])
def test_horizons_are_within_a_tenth_of_the_true_lag(name, lag):
    model, xs, ys = getattr(learned, name)()
    found = elman.memory(model, xs, ys)
    assert abs(found.horizon - lag) <= 0.1 * lag, str(found)


def test_the_horizon_of_a_bag_of_words_is_0():
    model, texts, answers = learned.bag_of_words()
    found = elman.memory(model, texts, answers)
    assert found.horizon == 0
    assert found.losses[0] == pytest.approx(found.loss)
    assert found.gradient_horizon == 0
    assert found.gradient[1:].max() == 0
    assert any("vanishing gradient: 1 steps back" in warning and "use cell='lstm' or 'gru'" in warning for warning in found.warnings)


# every kind, and what cannot be ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["text", "series", "deep", "tags", "free", "ctc", "picture", "language", "forecast", "paths", "music"])
def test_a_memory_of_every_kind(made, name):
    values = {
        "text": ["good red wine", "bad soup"], "tags": [["a", "b", "c"], ["c"]], "free": [["a", "b", "c"], ["c", "b"]],
        "language": ["abc abd (e)"] * 3, "forecast": np.sin(np.arange(100) / 3), "paths": np.sin(np.arange(100) / 3),
        "music": [[[60, 64], [62], [60, 67], []] * 3],
        "picture": [np.full((8, 6), n, np.uint8) for n in range(4)],
        "series": [np.ones((5, 1)), np.zeros((9, 1))], "deep": [np.ones((5, 1)), np.zeros((9, 1))],
        "ctc": [np.arange(14.0).reshape(7, 2), np.arange(12.0).reshape(6, 2) ** 1.5],
    }  # fmt: skip
    found = elman.memory(made(name), values[name], max_lag=20)
    assert 0 <= found.horizon <= found.lags[-1] <= found.steps
    assert np.isfinite(found.losses).all()
    assert (np.diff(found.lags) > 0).all()
    assert len(found.gradient) <= found.steps
    assert "<svg" in found._repr_html_()
    assert set(found.to_dict()) >= {"horizon", "losses", "gradient"}


def test_the_plot_shows_losses_and_gradient(made):
    pytest.importorskip("matplotlib")
    axes = elman.memory(made("language"), ["abc abd (e)"] * 3).plot()
    axes.figure.canvas.draw()
    assert len(axes.lines) == 3


def test_truncated_training_is_named():
    from elman import LanguageModel, Training

    model = LanguageModel(Text("char"), training=Training(max_epochs=1, tbptt_length=2, verbose=0)).fit(["abcabcabc"] * 20)
    found = elman.memory(model, ["abcabc"] * 4, share=0.001)
    assert found.horizon < 2 or any("training cut the gradient after 2 steps" in warning for warning in found.warnings)


def test_what_has_no_memory_is_refused(made):
    with pytest.raises(DataTypeError, match=r"memory looks into the recurrent layers .*got BagOfWords, which has none"):
        elman.memory(BagOfWords(), ["a"])
    with pytest.raises(DataTypeError, match=r"got ConvNet, which has none"):
        elman.memory(ConvNet(), ["a"])
    with pytest.raises(SettingError, match=r"this model is 'one-to-one' and has none"):
        elman.memory(made("flat"), ["x"])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        elman.memory(Model(Text(), Category()), ["a"])


def test_bad_values_and_settings_say_so(made):
    model = made("text")
    with pytest.raises(DataError, match=r"memory needs values of at least one step; all of them are empty"):
        elman.memory(model, ["", ""])
    with pytest.raises(DataError, match=r"row 1: .*expected"):
        elman.memory(model, ["good", 3])
    with pytest.raises(DataError, match=r"X and y must have the same number of rows; got 2 and 1"):
        elman.memory(model, ["good", "bad"], ["yes"])
    with pytest.raises(SettingError, match=r"max_lag must be a whole number from 1; got 0"):
        elman.memory(model, ["good"], max_lag=0)
    with pytest.raises(SettingError, match=r"share must be in 0 < share < 1; got 1"):
        elman.memory(model, ["good"], share=1)
    with pytest.raises(SettingError, match=r"answers are for a Model; a LanguageModel finds them in the values"):
        elman.memory(made("language"), ["ab"], ["cd"])
    with pytest.raises(DataError, match=r"with series of at least 5 points; these are shorter"):
        elman.memory(made("forecast"), [[1.0, 2.0]])
