"""Diagnosis: each planted fault is found, with its evidence and a next step, and healthy models are left in peace."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from benchmarks import known_lags as learned

from elman import Category, LanguageModel, Model, Series, Text, Training
from elman.errors import DataError, NotFittedError
from elman.inspection.diagnosis.answer_checks import loop_of
from elman.inspection.diagnosis.finding import VERDICTS
from elman.training.history import History


@pytest.fixture(scope="module")
def healthy():
    """An echo of the step before, learned well, with its data."""
    return learned.echo(1, count=200, epochs=12)


def rows(losses, held, **more):
    found = [
        {"epoch": n + 1, "loss": a, "validation_loss": b, "grad_norm": 0.5, "metric": None}
        for n, (a, b) in enumerate(zip(losses, held, strict=True))
    ]
    best = int(np.nanargmin([np.inf if b is None else b for b in held])) + 1
    return History(**{"rows": found, "best_epoch": best, "stopped": "patience", **more})


def with_history(model, history):
    other = copy.copy(model)
    other.history_ = history
    return other


def test_a_healthy_model_has_no_problem(healthy):
    model, xs, ys = healthy
    found = model.diagnose(xs, ys)
    assert found.worst not in ("problem",)
    names = {finding.name for finding in found}
    assert names >= {
        "baseline",
        "fit",
        "gradient clipping",
        "dead units",
        "saturated units",
        "gates",
        "gradient by layer",
        "gradient by lag",
    }
    assert names >= {"silent decoder" if model.plan_.decoder != "step" else "learning rate"}
    assert found["baseline"].verdict == "fine"
    assert json.loads(json.dumps(found.to_dict()))["findings"][0]["verdict"] in VERDICTS
    assert "Learning-rate range test" in found._repr_html_()
    assert [VERDICTS.index(f.verdict) for f in found] == sorted(VERDICTS.index(f.verdict) for f in found)


@pytest.mark.parametrize(("history", "verdict", "message"), [
    (rows([2.0, 1.0, 0.1], [1.9, 1.0, 1.3]), "warning", "overfit: held-out loss rose from 1 to 1.3"),
    (rows([2.0, 1.0, 0.2], [1.9, 1.2, 0.9]), "warning", "overfit: held-out loss 0.9 against 0.2"),
    (rows([2.0, 1.5, 1.0], [2.0, 1.5, 1.1], stopped="max_epochs"), "warning", r"underfit: the held-out loss still fell by 27%"),
    (rows([2.0, 1.99, 1.99], [2.0, 2.0, 2.0]), "warning", "underfit: the training loss went from 2 to 1.99 only"),
    (rows([2.0, 1.0, 0.9], [2.0, 1.0, 1.0]), "fine", "held-out loss 1, training loss 1, epoch 2 of 3 kept"),
    (History(rows=[{"epoch": 1, "loss": 1.0}], best_epoch=1), "note", "nothing was held out"),
    (History(), "note", "the model has no history"),
])  # fmt: skip
def test_the_fit_is_called_by_its_history(healthy, history, verdict, message):
    finding = with_history(healthy[0], history).diagnose()["fit"]
    assert finding.verdict == verdict
    assert message in finding.message
    assert finding.next_step or verdict == "fine"


def test_a_model_no_better_than_guessing_is_called_so(healthy):
    history = rows([2.0, 1.9], [2.0, 1.9], metric="accuracy", baseline=0.5)
    history.rows[1]["metric"] = 0.5
    finding = with_history(healthy[0], history).diagnose()["baseline"]
    assert finding.verdict == "problem"
    assert "accuracy 0.5 is no better than the simplest guess, 0.5" in finding.message


@pytest.mark.parametrize(("reached", "verdict"), [(1.4, "fine"), (2.0, "problem"), (2.6, "problem")])
def test_fewer_bits_than_the_simplest_guess_are_better(healthy, reached, verdict):
    history = rows([2.0, 1.9], [2.0, 1.9], metric="bits", baseline=2.0)
    history.rows[1]["metric"] = reached
    assert with_history(healthy[0], history).diagnose()["baseline"].verdict == verdict


def test_always_clipped_gradients_are_seen(healthy):
    history = rows([2.0, 1.0], [2.0, 1.0])
    for row in history.rows:
        row["grad_norm"] = 40.0
    finding = with_history(healthy[0], history).diagnose()["gradient clipping"]
    assert finding.verdict == "warning"
    assert "lower learning_rate" in finding.next_step


def planted(healthy, change):
    model = copy.deepcopy(healthy[0])
    with torch.no_grad():
        change(model.model_)
    return model.diagnose(healthy[1], healthy[2], rate_test=False)


def test_dead_units_are_counted(healthy):
    def kill(network):
        layer = network.encoder.layers  # of a GRU: no candidate, no update
        for gate in (1, 2):
            rows_of_gate = slice(gate * layer.hidden_size, gate * layer.hidden_size + 10)
            for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
                getattr(layer, name)[rows_of_gate] = 0.0

    finding = planted(healthy, kill)["dead units"]
    assert finding.evidence["which"] == list(range(10))
    assert finding.verdict == "warning"
    assert "10 of 32 units of encoder 1" in finding.message


def test_saturated_units_and_stuck_gates_are_seen(healthy):
    def saturate(network):
        layer = network.encoder.layers
        size = layer.hidden_size
        layer.bias_ih_l0[2 * size :] = 50.0
        layer.bias_ih_l0[size : 2 * size] = -50.0

    assert planted(healthy, saturate)["saturated units"].verdict == "problem"

    def never_update(network):
        size = network.encoder.layers.hidden_size
        network.encoder.layers.bias_ih_l0[size : 2 * size] = 50.0

    found = planted(healthy, never_update)
    assert found["gates"].verdict == "warning"
    assert "hardly ever takes in what is read" in found["gates"].next_step
    assert found["dead units"].verdict == "problem"


def test_a_forget_gate_that_is_shut_is_seen(made):
    model = copy.deepcopy(made("series"))
    layer = model.model_.encoder.layers
    with torch.no_grad():
        layer.bias_ih_l0[layer.hidden_size : 2 * layer.hidden_size] = -50.0
    finding = model.diagnose([np.ones((6, 1)), np.zeros((5, 1))])["gates"]
    assert finding.verdict == "warning"
    assert "thrown away at most steps" in finding.next_step
    assert finding.evidence["gates"]["f"]["closed"] == 1.0


def test_gradients_that_vanish_or_reach_no_layer_are_seen(healthy):
    def forget(network):
        network.encoder.layers.weight_hh_l0.zero_()
        size = network.encoder.layers.hidden_size
        network.encoder.layers.bias_ih_l0[size : 2 * size] = -50.0

    assert planted(healthy, forget)["gradient by lag"].message.startswith("vanishing gradient")

    def cut(network):
        network.decoder.head.output.linear.weight.zero_()

    assert planted(healthy, cut)["gradient by layer"].verdict == "warning"


def test_a_range_test_tells_a_rate_that_is_too_high_and_one_that_is_too_low(healthy):
    model, xs, ys = healthy
    evidence = model.diagnose(xs, ys)["learning rate"].evidence
    assert 1e-5 < evidence["fastest"] < 1.0
    assert evidence["used"] == pytest.approx(0.02, rel=0.3)
    for rate, message in ((1.0, "too close to the edge"), (1e-8, "timid")):
        history = copy.deepcopy(model.history_)
        for row in history.rows:
            row["learning_rate"] = rate
        finding = with_history(model, history).diagnose(xs, ys)["learning rate"]
        assert finding.verdict == "warning"
        assert message in finding.message
        assert finding.next_step.startswith("set learning_rate=")


def test_a_model_that_always_says_the_same_is_a_silent_decoder():
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(5, 1)) for _ in range(60)]
    model = Model(Series(), Category(), training=Training(max_epochs=1, verbose=0)).fit(xs, ["a", "b", "c"] * 20)
    with torch.no_grad():
        model.model_.decoder.head.output.linear.bias[1] = 100.0
    finding = model.diagnose(xs, ["a", "b", "c"] * 20, rate_test=False)["silent decoder"]
    assert finding.verdict == "problem"
    assert "the same to 100% of 60 values; the truth says that in 33%" in finding.message


def test_a_frame_reader_that_says_nothing_is_a_silent_decoder(made):
    model = copy.deepcopy(made("ctc"))
    with torch.no_grad():
        model.model_.decoder.head.output.linear.bias[-1] = 100.0
    xs = [np.arange(14.0).reshape(7, 2) + n for n in range(8)]
    finding = model.diagnose(xs, ["a", "b"] * 4, rate_test=False)["silent decoder"]
    assert "answers nothing to 100%" in finding.message
    assert "CTC begins by saying nothing" in finding.next_step


def test_loops_of_what_is_written_are_found(made):
    model = copy.deepcopy(made("free"))
    with torch.no_grad():
        linear = model.model_.decoder.head.output.linear
        linear.bias.fill_(0.0), linear.weight.zero_()
        linear.bias[2] = 100.0
    finding = model.diagnose([["a", "b", "c"], ["b"]] * 4, [["c"], ["a"]] * 4, rate_test=False)["loops"]
    assert finding.verdict == "warning"
    assert "repeating a piece of 1 symbols" in finding.message


@pytest.mark.parametrize(("symbols", "period"), [
    ([1] * 8, 1), ([1] * 7, 0), ([9, 4, *[1, 2] * 5], 2), (list(range(30)), 0), ([], 0), ([1, 2, 3] * 3, 3),
    ([5, 6, 7, 8, 5, 6, 7, 8], 0),
])  # fmt: skip
def test_a_loop_is_a_piece_three_times(symbols, period):
    assert loop_of(symbols) == period


def test_a_language_model_is_diagnosed_by_what_it_still_holds(made):
    found = made("language").diagnose()
    assert {"loops", "dead units", "learning rate", "fit"} <= {finding.name for finding in found}
    told = copy.copy(made("language"))  # copies leave the training text out
    assert "data" in told.diagnose()
    assert "dead units" in told.diagnose(["abc abd (e)"] * 5)


def test_a_language_model_that_writes_nothing_is_silent(made):
    model = copy.deepcopy(made("language"))
    with torch.no_grad():
        model.model_.decoder.head.output.linear.bias[-1] = 100.0
    assert model.diagnose(["abc"] * 4, rate_test=False)["silent decoder"].message == "it writes nothing"


def test_a_forecaster_is_diagnosed_by_its_own_series(made):
    assert {"dead units", "learning rate", "fit"} <= {finding.name for finding in made("forecast").diagnose()}


def test_without_data_only_the_history_is_judged(healthy):
    found = healthy[0].diagnose()
    assert "units, gradients and answers were not looked at" in found["data"].message
    assert "diagnose(X, y)" in found["data"].next_step
    with pytest.raises(KeyError, match="dead units"):
        found["dead units"]


def test_a_model_without_recurrence_is_judged_by_everything_else(made):
    names = {finding.name for finding in made("flat").diagnose(["x", "y"] * 8, ["b", "a"] * 8)}
    assert {"fit", "gradient by layer", "silent decoder", "learning rate"} <= names
    assert not names & {"gradient by lag", "dead units"}


def test_what_cannot_be_diagnosed_says_why(made):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LanguageModel(Text()).diagnose()
    with pytest.raises(DataError, match=r"diagnose was given answers y without values X"):
        made("text").diagnose(y=["yes"])
    with pytest.raises(DataError, match="expected"):
        made("series").diagnose(["text"], ["slow"])
