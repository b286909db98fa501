"""Traces: the same numbers as the model's own, of every decoder, with labels; what cannot be traced says why."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import elman
from elman import Model, Series, Text, kernels
from elman.baselines import BagOfWords
from elman.errors import DataError, DataTypeError, NotFittedError, SettingError
from elman.inspection.trace import trace

VALUES = {
    "text": "good cold wine",
    "series": np.sin(np.arange(11) / 2)[:, None],
    "deep": np.sin(np.arange(9) / 2)[:, None],
    "tags": ["a", "c", "b"],
    "free": ["a", "b", "c"],
    "ctc": np.arange(14.0).reshape(7, 2),
    "picture": np.full((8, 6), 100, np.uint8),
    "captions": "x",
    "language": "ab (d",
    "forecast": np.sin(np.arange(100) / 3),
    "paths": np.sin(np.arange(100) / 3),
    "music": [[60, 64], [62], [60]],
}
SHAPES = {  # layers, steps of the main one
    "text": (2, 3), "series": (1, 11), "deep": (4, 9), "tags": (2, 3), "free": (3, 3), "ctc": (None, 7), "picture": (2, 8),
    "language": (1, 5), "forecast": (1, None), "paths": (1, 100), "music": (1, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SHAPES))
def test_a_trace_of_every_kind(made, name):
    model, value = made(name), VALUES[name]
    found = elman.trace(model, value)
    layers, steps = SHAPES[name]
    assert layers is None or len(found.layers) == layers
    assert steps is None or len(found.labels) == steps
    for layer in found.layers:
        size = (len(layer.labels), layer.hidden.shape[1])
        assert layer.hidden.shape == size
        assert {gate.shape for gate in layer.gates.values()} == {size}
        assert (layer.cell is not None) == ("f" in layer.gates)
        assert all(np.isfinite(array).all() for array in (layer.hidden, *layer.gates.values()))
    told = found.predictions
    assert len(told.labels) == len(told.values) == len(told.said) > 0
    assert str(found).startswith("answer: ")
    assert "<svg" in found._repr_html_()


@pytest.mark.parametrize("name", ["text", "series", "deep", "tags"])
def test_hidden_states_and_answers_are_the_models_own(made, name):
    model, value = made(name), VALUES[name]
    found = trace(model, value)
    network = elman.inspection.networks.networks_of(model, "trace")[0]
    with torch.inference_mode():
        encoded = model._encode([value])
        source = elman.network.collate(encoded, model.source_.space, "many")
        wanted = network.encode(source).sequence.to_list()[0].numpy()
    assert (found.hidden == wanted).all(), "bit for bit"
    answer = model.predict([value])[0]
    assert (found.answer == answer) if isinstance(answer, str | list) else found.answer == pytest.approx(answer)


def test_a_trace_leaves_the_model_as_it_was(made):
    model = made("series")
    before = model.predict_proba([VALUES["series"]])
    trace(model, VALUES["series"])
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.model_.modules())
    assert (model.predict_proba([VALUES["series"]]) == before).all()


def test_gates_of_a_trace_are_those_of_the_float64_reference(made):
    """Run the traced layer step by step in float64 with the reference backend and look at the cell states it passes through."""
    model, value = made("series"), VALUES["series"]
    found = trace(model, value)
    network = model.model_
    double = type(network.encoder.layers)(
        network.encoder.layers.input_size, network.encoder.layers.hidden_size, num_layers=network.encoder.layers.num_layers
    )
    double.load_state_dict(network.encoder.layers.state_dict())
    double = double.double().eval()
    with torch.no_grad(), kernels.use("reference"):
        source = elman.network.collate(model._encode([value]), model.source_.space, "many")
        x = network.stem(source)
        state, cells, hidden = None, [], []
        for vector in x.data.double():
            out, state = double(vector[None, None], state)
            cells.append(state[1][0, 0].numpy())
            hidden.append(out[0, 0].numpy())
    np.testing.assert_allclose(found.cell, np.array(cells), atol=1e-5)
    np.testing.assert_allclose(found.hidden, np.array(hidden), atol=1e-5)
    np.testing.assert_allclose(found.gates["o"] * np.tanh(found.cell), found.hidden, atol=1e-5)
    np.testing.assert_allclose(
        found.gates["f"][1:] * found.cell[:-1] + found.gates["i"][1:] * found.gates["g"][1:], found.cell[1:], atol=1e-5
    )


@pytest.mark.parametrize("name", ["text", "series", "picture"])
def test_predictions_of_a_summary_are_those_of_its_beginnings(made, name):
    model, value = made(name), VALUES[name]
    told = trace(model, value).predictions
    starts = [value[: n + 1] for n in range(len(told.labels))] if name == "series" else None
    if name == "text":
        starts = ["good", "good cold", "good cold wine"]
    if starts:
        np.testing.assert_allclose(told.values, model.predict_proba(starts), atol=1e-6)
        assert told.said == list(model.predict(starts))
    np.testing.assert_allclose(told.values[-1], model.predict_proba([value])[0], atol=1e-6)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", "concat"])
@pytest.mark.parametrize("target", ["class", "number"])
def test_one_pass_says_what_each_beginning_would(pooling, target):
    from elman import Category, Network, Number, Training
    from elman.inspection.trace.tracing import _again, _knows_only_the_past, _running

    series = [np.sin(np.arange(7 + n % 3)[:, None]) for n in range(20)]
    answers = (Category(), ["a", "b"] * 10) if target == "class" else (Number(), [0.5, 1.5] * 10)
    network = Network(bidirectional=False, pooling=pooling, hidden_size=8)
    model = Model(Series(), answers[0], network=network, training=Training(max_epochs=1, verbose=0)).fit(series, answers[1])
    encoded = model._encode(series[:1])[0]
    assert _knows_only_the_past(model)
    hidden = trace(model, series[0]).hidden
    for quick, slow in zip(_running(model, hidden, [0, 3, 6]), _again(model, encoded, [0, 3, 6]), strict=True):
        np.testing.assert_allclose(np.stack(quick), np.stack(slow), atol=1e-6)


def test_predictions_of_a_language_model_are_what_it_expects_next(made):
    model = made("language")
    told = trace(model, "ab (d").predictions
    assert told.labels == ("a", "b", " ", "(", "d")
    for step in range(5):
        likeliest, chance = model.next("ab (d"[: step + 1], k=1)[0]
        assert told.values[step].max() == pytest.approx(chance, abs=1e-6)
        assert told.said[step] == ("(end)" if likeliest is None else likeliest)


def test_attention_of_a_trace_is_that_of_the_answer(made):
    model, value = made("free"), VALUES["free"]
    found = trace(model, value)
    (answer,), (where,) = model.predict([value], return_attention=True)
    assert found.answer == answer
    np.testing.assert_allclose(found.attention[: len(answer)], where.weights, atol=1e-5)
    assert [layer.name for layer in found.layers] == ["encoder 1", "encoder 1 backwards", "decoder 1"]
    assert found.layers[-1].labels == (*answer, "(end)")
    assert found._repr_html_().count("<svg") == 2


def test_a_decoder_can_be_made_to_write_a_given_answer(made):
    found = trace(made("free"), VALUES["free"], ["x", "a"])
    assert found.answer == ["x", "a"]
    assert found.layers[-1].labels == ("x", "a", "(end)")
    assert found.attention.shape == (3, 3)


def test_one_to_many_models_have_a_decoder_to_trace(made):
    found = trace(made("captions"), "x", ["a", "b"])
    assert [layer.name for layer in found.layers] == ["decoder 1"]
    assert found.labels == ("a", "b", "(end)")


def test_a_forecaster_says_what_it_would_have_forecast_earlier(made):
    model, series = made("forecast"), np.sin(np.arange(100) / 3)
    found = trace(model, series)
    np.testing.assert_allclose(found.answer, model.predict(series).values)
    np.testing.assert_allclose(found.predictions.values[-1], model.predict(series).values)
    ends = [int(label) for label in found.predictions.labels]
    assert ends == list(range(ends[0], 1, model.plan_.segment))
    np.testing.assert_allclose(found.predictions.values[-3], model.predict(series[: ends[-3]]).values)


def test_members_are_traced_one_by_one(made):
    first, second = (trace(made("text"), "good wine", member=member) for member in (0, 1))
    assert not np.array_equal(first.hidden, second.hidden)
    with pytest.raises(SettingError, match=r"member must be a whole number in 0\.\.2; got 3"):
        trace(made("text"), "good wine", member=3)


@pytest.mark.parametrize(("name", "options"), [
    ("text", {}), ("series", {}), ("series", {"units": 3}), ("picture", {}), ("ctc", {}), ("ctc", {"units": [1]}), ("text", {"units": 0}),
    ("language", {"units": 2, "quantity": "cell"}), ("free", {"layer": "decoder 1", "units": [0, 1]}), ("forecast", {}),
])  # fmt: skip
def test_plots_of_every_kind(made, name, options):
    pytest.importorskip("matplotlib")
    axes = trace(made(name), VALUES[name]).plot(**options)
    axes.figure.canvas.draw()
    assert axes.images or axes.collections


@pytest.mark.parametrize("units", [None, 3])
def test_labels_of_plots_are_no_formulas(made, units):
    pytest.importorskip("matplotlib")
    axes = trace(made("language"), "a$b_$ \n\\").plot(units)
    axes.figure.canvas.draw()
    shown = [text.get_text() for text in (axes.get_xticklabels() if units is None else axes.texts)]
    assert shown[:5] == ["a", "$", "b", "_", "$"]


def test_to_dict_is_plain_json(made):
    import json

    told = json.loads(json.dumps(trace(made("free"), VALUES["free"]).to_dict()))
    assert set(told) == {"answer", "kind", "layers", "attention", "predictions"}
    assert len(told["layers"]) == 3


# what cannot be ----------------------------------------------------------------------------------------------------------


def test_an_unfitted_model_says_so():
    with pytest.raises(NotFittedError, match=r"This Model is not fitted yet\. Call fit"):
        trace(Model(Series(), Text()), [1.0])


@pytest.mark.parametrize("other", [BagOfWords(), "a model", Model])
def test_what_is_no_recurrent_model_is_refused(other):
    with pytest.raises(
        DataTypeError, match=r"trace looks into the recurrent layers of a Model, LanguageModel or Forecaster; got .* which has none"
    ):
        trace(other, "good wine")


def test_a_model_without_recurrence_is_refused(made):
    with pytest.raises(SettingError, match=r"this model is 'one-to-one' and has none: it reads a value as a whole"):
        trace(made("flat"), "x")


def test_a_body_without_recurrence_is_refused():
    from elman import Category, Network, Training

    series = [np.sin(np.arange(7)[:, None])] * 8
    model = Model(Series(), Category(), network=Network(body="dilated"), training=Training(max_epochs=1, verbose=0))
    with pytest.raises(SettingError, match=r"this model's body is 'dilated', which has none: what it sees is fixed"):
        trace(model.fit(series, ["a", "b"] * 4), series[0])


@pytest.mark.parametrize(("name", "empty"), [("text", ""), ("tags", []), ("language", ""), ("free", [])])
def test_an_empty_value_is_refused(made, name, empty):
    with pytest.raises(DataError, match=r"trace needs a value of at least one step; this one is empty"):
        trace(made(name), empty)


@pytest.mark.parametrize(("name", "wrong"), [("text", 3), ("series", "text"), ("language", 3.5), ("picture", "no such file.png")])
def test_a_value_of_the_wrong_kind_is_refused_by_its_codec(made, name, wrong):
    with pytest.raises(DataError, match="expected|there is no file"):
        trace(made(name), wrong)


def test_several_texts_and_series_are_refused(made):
    with pytest.raises(DataTypeError, match=r"trace reads one text; got a list of 2\. Give one of them"):
        trace(made("language"), ["ab", "cd"])
    with pytest.raises(DataError, match=r"trace follows one series; got 2"):
        trace(made("forecast"), [np.sin(np.arange(90) / 3)] * 2)


def test_wrong_names_say_what_there_is(made):
    found = trace(made("series"), VALUES["series"])
    with pytest.raises(SettingError, match=r"layer must be one of \['encoder 1'\]; got 'encoder 2'"):
        found.layer("encoder 2")
    with pytest.raises(SettingError, match=r"encoder 1 has \['cell', 'f', 'g', 'hidden', 'i', 'o'\]; got 'hiden'\. Did you mean 'hidden'"):
        found.layer().array("hiden")
    with pytest.raises(SettingError, match=r"units must be whole numbers in 0\.\.\d+; got -1"):
        found.plot(-1)
    with pytest.raises(SettingError, match=r"answer is for models that write a sequence; this one's decoder is 'summary'"):
        trace(made("series"), VALUES["series"], "slow")
