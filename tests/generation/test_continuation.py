import numpy as np
import pytest
import torch

from elman.codecs import Continuous, Discrete
from elman.errors import SettingError
from elman.generation import (
    Beam,
    CTCBeam,
    Greedy,
    Sampling,
    best_answers,
    continue_prompts,
    next_probabilities,
    stream_prompt,
)
from elman.network import Network, Sizes, build, collate, plan
from elman.network.planning.side import Side

TEXT = Side("many", Discrete(5), unknown=0)
SIZES = Sizes(rows=10, source_max=5, target_max=5)


@pytest.fixture
def language():
    torch.manual_seed(0)
    return build(plan(None, TEXT, Network(hidden_size=8), examples=SIZES)).double()


def test_the_next_symbol_after_a_prompt_is_what_the_model_judges_there(language) -> None:
    prompts = [np.array([1, 2, 3]), np.array([], dtype=np.int64), np.array([4])]
    judged = language.predict_proba(None, collate(prompts, TEXT.space, "many"))
    for row, found in zip(judged, next_probabilities(language, prompts), strict=True):
        np.testing.assert_allclose(found, row[-1], atol=1e-9)


def test_continuing_in_two_pieces_equals_one(language) -> None:
    prompt = np.array([1, 2])
    whole = continue_prompts(language, [prompt], max_new_steps=6, search=Greedy())[0]
    first = continue_prompts(language, [prompt], max_new_steps=3, search=Greedy())[0]
    rest = continue_prompts(language, [np.concatenate([prompt, first])], max_new_steps=3, search=Greedy())[0]
    assert np.concatenate([first, rest])[: len(whole)].tolist() == whole.tolist()


def test_a_stream_equals_the_whole(language) -> None:
    sampling = Sampling(random_state=2, temperature=2.0)
    assert list(stream_prompt(language, np.array([1]), max_new_steps=9, sampling=sampling)) == (
        continue_prompts(language, [np.array([1])], max_new_steps=9, search=sampling)[0].tolist()
    )


def test_answers_come_best_first_with_attention() -> None:
    torch.manual_seed(0)
    model = build(plan(TEXT, TEXT, Network(hidden_size=8), examples=SIZES)).double()
    source = collate([np.array([1, 2, 3]), np.array([], dtype=np.int64)], TEXT.space, "many")
    for row, found in zip((3, 0), best_answers(model, source, Beam(size=4), max_length=4), strict=True):
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
        longest = max(found, key=lambda h: len(h.symbols))
        assert longest.attention.shape[0] == len(longest.symbols)
        np.testing.assert_allclose(longest.attention.sum(1), float(row > 0), atol=1e-9)


def test_the_score_of_an_answer_is_the_loss_of_that_answer() -> None:
    torch.manual_seed(0)
    model = build(plan(TEXT, TEXT, Network(hidden_size=8), examples=SIZES)).double()
    source = collate([np.array([1, 2, 3])], TEXT.space, "many")
    for answer in best_answers(model, source, Beam(size=3))[0]:
        loss, _ = model.row_losses(source, collate([answer.symbols], TEXT.space, "many"))
        assert answer.ended
        assert answer.log_prob == pytest.approx(-float(loss[0]), abs=1e-9)


def test_frames_are_searched_too() -> None:
    torch.manual_seed(0)
    side = Side("many", Continuous(2))
    model = build(plan(side, TEXT, Network(hidden_size=8), examples=SIZES, align="ctc"))
    source = collate([np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32) for n in (4, 0)], side.space, "many")
    found = model.predict(source, search=CTCBeam(size=8))
    assert all(0 not in row for row in found)
    assert found[1].tolist() == []


def test_what_cannot_go_on_says_so(language) -> None:
    numbers = build(plan(TEXT, Side("many", Continuous(1)), Network(hidden_size=8), examples=SIZES))
    summary = build(plan(TEXT, Side("one", Discrete(2)), Network(hidden_size=8), examples=SIZES))
    source = collate([np.array([1])], TEXT.space, "many")
    with pytest.raises(SettingError, match="this one's decoder is 'summary'"):
        continue_prompts(summary, [np.array([1])])
    with pytest.raises(SettingError, match="n-best answers are for symbols"):
        best_answers(numbers, source)
    with pytest.raises(SettingError, match="max_new_steps must be"):
        continue_prompts(language, [np.array([1])], max_new_steps=-1)
