"""Bodies without a memory: what they see, that batch mates and pieces change nothing, that weights are as many as asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman import LanguageModel, Model, Series, Symbols, Training
from elman.codecs import Continuous, Discrete
from elman.errors import DataError, SettingError
from elman.network import Network, Plan, Sizes, build, collate, plan
from elman.network.encoders.convolution import Dilated
from elman.network.encoders.untied import Untied
from elman.network.encoders.window import Window
from elman.network.planning.reach import reach_of
from elman.network.planning.side import Side
from elman.sequences import Ragged

SERIES, CLASS, LABELS, SYMBOLS = Side("many", Continuous(2)), Side("one", Discrete(3)), Side("many", Discrete(3)), Side("many", Discrete(9))
SIZES = Sizes(rows=200, source_mean=12.0, source_max=20, target_mean=12.0, target_max=20, equal_lengths=True)
OTHERS = ("dilated", "fixed", "untied")


def made(source: Side | None, target: Side, body: str, **options: object) -> Plan:
    return plan(source, target, Network(body=body, hidden_size=16, embedding_size=8, **options), examples=SIZES)  # type: ignore[arg-type]


def rows(*lengths: int) -> list[np.ndarray]:
    return [np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32) for n in lengths]


@pytest.mark.parametrize("body", OTHERS)
@pytest.mark.parametrize("both", [True, False])
def test_batch_mates_change_nothing(body: str, both: bool) -> None:
    torch.manual_seed(0)
    model = build(made(SERIES, CLASS, body, bidirectional=both)).eval()
    values = rows(7, 0, 20, 31, 1)
    together = model.predict_proba(collate(values, Continuous(2), "many"))
    alone = [model.predict_proba(collate([value], Continuous(2), "many"))[0] for value in values]
    np.testing.assert_allclose(np.stack(together), np.stack(alone), atol=1e-6)


def test_a_dilated_stack_sees_what_it_says_and_nothing_more() -> None:
    torch.manual_seed(0)
    stack = Dilated(2, 6, 3, 4, causal=True).double()
    window = Window(stack, 2, 4, before=14)
    x = torch.randn(1, 40, 2, dtype=torch.float64, requires_grad=True)
    answers, _ = window(Ragged.from_padded(x, torch.tensor([40])))
    answers.data[30].abs().sum().backward()
    assert x.grad is not None
    seen = torch.nonzero(x.grad[0].abs().sum(1)).flatten().tolist()
    assert seen[0] >= 16
    assert seen[-1] == 30  # causal: nothing after
    assert set(seen) <= set(range(16, 31))
    for layer in stack.layers:  # what is left without the convolutions is the step itself
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    alone = torch.relu(stack.outlet(stack.inlet(x[0, 30])))
    torch.testing.assert_close(window(Ragged.from_padded(x, torch.tensor([40])))[0].data[30], alone)
    assert Dilated.weights(2, 6, 3, 4) == sum(weight.numel() for weight in stack.parameters())


def test_the_untied_stack_is_the_loop_written_out() -> None:
    torch.manual_seed(0)
    body = Untied(2, 3, 4, bidirectional=True).double()
    values = [torch.randn(n, 2, dtype=torch.float64) for n in (3, 6, 0)]
    answers, state = body(Ragged.from_list(values))
    for row, value in enumerate(values):
        for way, stack in enumerate(body.stacks):
            h, steps = torch.zeros(3, dtype=torch.float64), []
            for t, x in enumerate(value.flip(0) if way else value):
                h = torch.tanh(x @ stack.read[t] + h @ stack.keep[t] + stack.bias[t]) if t < 4 else h
                steps.append(h)
            torch.testing.assert_close(body.last(state)[row, 3 * way : 3 * way + 3], h)
            found = answers.to_list()[row][:, 3 * way : 3 * way + 3]
            torch.testing.assert_close(found.flip(0) if way else found, torch.stack(steps) if steps else found)


@pytest.mark.parametrize("body", OTHERS)
def test_text_in_pieces_is_text_in_one(body: str) -> None:
    torch.manual_seed(0)
    model = build(made(None, SYMBOLS, body)).eval().double()
    text = collate([np.arange(n) % 9 for n in (37, 5)], Discrete(9), "many")
    whole = model.loss(None, text)
    pieces = list(model.losses(None, text, 4))
    assert sum(piece.units for piece in pieces) == whole.units == 44
    torch.testing.assert_close(sum(piece.total for piece in pieces), whole.total)


def test_an_aligned_model_that_reads_one_way_may_be_fed_in_pieces() -> None:
    torch.manual_seed(0)
    model = build(made(SERIES, LABELS, "dilated", bidirectional=False)).eval()
    assert model.carries_state
    source = collate(rows(20, 9), Continuous(2), "many")
    target = collate([np.zeros(20, np.int64), np.ones(9, np.int64)], Discrete(3), "many")
    torch.testing.assert_close(sum(piece.total for piece in model.losses(source, target, 7)), model.loss(source, target).total)
    assert not build(made(SERIES, LABELS, "untied", bidirectional=False)).carries_state


@pytest.mark.parametrize("body", ["dilated", "fixed"])
@pytest.mark.parametrize("cell", ["elman", "lstm"])
def test_weights_are_nearly_as_many_as_the_recurrence_has(body: str, cell: str) -> None:
    size = Network(hidden_size=64, cell=cell, body=body)  # type: ignore[arg-type]
    other = plan(SERIES, CLASS, size, examples=SIZES).parameters
    recurrent = plan(SERIES, CLASS, Network(hidden_size=64, cell=cell), examples=SIZES).parameters
    assert 0.85 * recurrent < other <= recurrent


def test_a_network_for_one_length_reads_no_further() -> None:
    torch.manual_seed(0)
    model = build(made(SERIES, CLASS, "fixed")).eval()
    assert model.plan.reach == 12
    (long,) = rows(30)
    changed = long.copy()
    changed[14:] = 5.0  # step 12 and 13 are within the convolution's five taps, but cut off before it
    first, second = (model.predict_proba(collate([value], Continuous(2), "many"))[0] for value in (long, changed))
    np.testing.assert_array_equal(first, second)


def test_they_learn_and_their_files_load(tmp_path) -> None:
    import elman

    waves = [[float(i % 2)] * (3 + i % 4) for i in range(24)]
    labels = [["up" if i % 2 else "down"] * len(wave) for i, wave in enumerate(waves)]
    training = Training(max_epochs=30, batch_size=8, learning_rate=0.01, verbose=0)
    for body in ("dilated", "untied"):
        model = Model(Series(), Symbols(), align="step", network=Network(body=body, hidden_size=8), training=training).fit(waves, labels)
        assert model.score(waves, labels) == 1.0
        assert f"{body}, {model.plan().reach} steps" in str(model.plan())
        model.save(tmp_path / "one.elman")
        assert elman.load(tmp_path / "one.elman").predict(waves) == model.predict(waves)


@pytest.mark.parametrize("body", OTHERS)
def test_a_language_model_without_a_memory_writes(body: str) -> None:
    training = Training(max_epochs=40, learning_rate=0.02, verbose=0)
    model = LanguageModel(Symbols(), network=Network(body=body, hidden_size=16), training=training).fit([list("abcabcabc")] * 30)  # type: ignore[arg-type]
    assert model.generate(list("ab"), temperature=0, max_new_steps=4) == list("abcabc")
    assert model.perplexity([list("abcabcabc")]) < 1.2


def test_what_they_cannot_be() -> None:
    with pytest.raises(SettingError, match="body must be one of .* Did you mean 'dilated'"):
        reach_of("dilatd", SIZES, False)
    with pytest.raises(SettingError, match="body='fixed' is for language models and one answer a sequence; this model is 'step'"):
        made(SERIES, LABELS, "fixed")
    with pytest.raises(SettingError, match="body='untied' is for language models and one answer a sequence or a step; .* 'one-to-one'"):
        made(Side("one", Continuous(2)), CLASS, "untied")
    config = made(SERIES, CLASS, "dilated").config()
    for wrong in (0, -1, True, "3"):
        with pytest.raises(DataError, match="reach must be 0 for a recurrent body"):
            Plan.from_config({**config, "reach": wrong})
    waves = [[float(i % 2)] * 4 for i in range(24)]
    network = Network(body="dilated", hidden_size=8, bidirectional=False, pooling="mean")
    model = Model(Series(), Series(), align="step", network=network, training=Training(max_epochs=1, verbose=0)).fit(waves, waves)
    with pytest.raises(SettingError, match="its body 'dilated' has no memory to carry on"):
        model.stream()
