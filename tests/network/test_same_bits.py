"""Whole models: a row has the same bits alone, in any batch and place, beside anything, on any number of threads.

Each needle is a random row put at a random place of a random batch, some of whose other rows hold NaN or infinities; all that a model
says of it must equal, bit for bit, what it says of the row alone. ``make test-slow`` runs many more (``ELMAN_SLOW_CASES``).
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from tests.network.models_of_every_relation import CASES, Case

from elman import kernels
from elman.codecs import Continuous, Discrete
from elman.generation import Beam, Sampling
from elman.generation.continuation import best_answers, continue_prompts, next_probabilities, read_prompts
from elman.network import SequenceModel, collate

pytest.importorskip("elman._native", reason="the native module is not built")


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def flat(value) -> list[np.ndarray]:
    """Everything of an answer, as arrays."""
    if isinstance(value, dict):
        return [part for name in sorted(value) for part in flat(value[name])]
    if isinstance(value, list | tuple):
        return [part for item in value for part in flat(item)]
    return [np.asarray(value)]


def same(a, b) -> bool:
    pairs = list(zip(flat(a), flat(b), strict=True))
    return all(x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in pairs)


def everything(model: SequenceModel, case: Case, sources: list | None, answers: list | None) -> list[list]:
    """All a model says, one list of answers a row each."""
    target = model.plan.target
    if sources is None:
        prompts = answers or []
        judged = collate(prompts, target.space, "many")
        sampled = continue_prompts(
            model, prompts, max_new_steps=5, search=Sampling(top_p=0.9, temperature=1.3, streams=(0,) * len(prompts))
        )
        losses = [float(x) for x in model.row_losses(None, judged)[0]]
        return [model.predict_proba(None, judged), list(next_probabilities(model, prompts)), sampled, losses]
    source = collate(sources, case.source.space, case.source.rank)
    found = [model.predict(source)]
    if answers is not None:
        found.append(model.predict_proba(source, collate(answers, target.space, "many")))
        found.append(
            [
                [(h.symbols, h.log_prob, h.attention if h.attention is not None else 0.0) for h in row]
                for row in best_answers(model, source, Beam(size=3), max_length=6)
            ]
        )
    elif model.plan.decoder not in ("autoregressive", "boxes"):
        found.append(model.predict_proba(source))
    if isinstance(target.space, Continuous) and model.plan.decoder == "summary":
        found.append(list(model.quantiles(source, (0.1, 0.5, 0.77)).numpy()))
    return found


def poison(rng: np.random.Generator, value):
    """Put NaN or an infinity into a row of numbers."""
    if isinstance(value, dict):
        return {name: poison(rng, part) for name, part in value.items()}
    if value.dtype.kind != "f" or not value.size:
        return value
    spoilt = value.copy()
    spoilt.flat[rng.integers(value.size)] = rng.choice([np.nan, np.inf, -np.inf, 1e30])
    return spoilt


def check(model: SequenceModel, case: Case, seed: int) -> None:
    """One needle."""
    rng = np.random.default_rng(seed)
    row = None if case.rows is None else case.rows(rng, int(rng.integers(0, 12)))
    answer = None if case.answers is None else case.answers(rng, int(rng.integers(0, 6)))
    count = int(rng.choice([1, 2, 3, 4, 5, 6, 7, 9, 13, 33]))
    place = int(rng.integers(count))
    sources = answers = None
    if case.rows is not None:
        sources = [
            poison(rng, other) if rng.random() < 0.4 else other
            for other in (case.rows(rng, int(rng.integers(0, 14))) for _ in range(count))
        ]
        sources[place] = row
    if case.answers is not None:
        answers = [case.answers(rng, int(rng.integers(0, 6))) for _ in range(count)]
        answers[place] = answer
    torch.set_num_threads(int(rng.choice([1, 1, 2])))
    alone = everything(model, case, None if sources is None else [row], None if answers is None else [answer])
    torch.set_num_threads(int(rng.choice([1, 1, 2, 3])))
    for one, many in zip(alone, everything(model, case, sources, answers), strict=True):
        assert same(one[0], many[place])


@pytest.mark.parametrize("name", CASES)
def test_a_row_has_its_own_bits(name: str) -> None:
    model = CASES[name].build(0)
    for seed in range(7):
        check(model, CASES[name], seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_many_rows_have_their_own_bits(name: str) -> None:
    rows = int(os.environ.get("ELMAN_SLOW_CASES", "10000")) // len(CASES)
    for seed in range(rows):
        if seed % 10 == 0:
            model = CASES[name].build(seed)
        check(model.double() if seed % 10 == 7 else model.float(), CASES[name], 1000 + seed)


def test_without_our_kernels_bits_do_differ() -> None:
    """Negative control: the same battery notices torch's own products, softmax and recurrences."""
    differing = 0
    with kernels.use("aten"):
        for name in ("summary, mean", "step", "general", "ctc", "picture", "language model"):
            model = CASES[name].build(0)
            for seed in range(12):
                try:
                    check(model, CASES[name], seed)
                except AssertionError:
                    differing += 1
                    break
    assert differing >= 4


def test_the_discrete_cases_are_there() -> None:
    """The battery holds every decoder."""
    decoders = {case.build(0).plan.decoder for case in CASES.values()}
    assert decoders == {"summary", "step", "autoregressive", "ctc", "boxes"}
    assert any(isinstance(case.target.space, Discrete) for case in CASES.values())


def test_a_prompt_read_at_once_and_symbol_by_symbol() -> None:
    model = CASES["language model"].build(3)
    rng, steps = np.random.default_rng(0), model.decoder.steps()
    for length in (1, 2, 9):
        prompt = rng.integers(0, 6, length)
        with torch.no_grad():
            at_once = steps.advance(read_prompts(model, [prompt]), None)[0]
            found, state, _ = steps.advance(read_prompts(model, [prompt[:0]]), None)
            for symbol in prompt:
                found, state, _ = steps.advance(state, torch.tensor([symbol]))
        assert torch.equal(found.view(torch.int32), at_once.view(torch.int32))
