import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import SettingError
from elman.generation import Beam, Greedy, Rules, Sampling
from elman.generation.hypothesis import length_norm
from elman.generation.rules import repeats
from elman.network.decoders.search import Steps, follow


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_a_wide_beam_finds_the_best_answers_there_are(steps, start, everything, alpha) -> None:
    beam = Beam(size=100, length_penalty=alpha)
    for source, found in enumerate(beam.n_best(steps, start(0, 1, 2, 3), torch.full((4,), 4))):
        every = {said: score / length_norm(len(said) + 1, alpha) for said, score in everything(source, 3).items()}
        best = sorted(every.items(), key=lambda item: -item[1])
        ended = {tuple(h.symbols.tolist()): h.score for h in found if len(h.symbols) < 4}
        for said, score in best[:5]:
            assert ended[said] == pytest.approx(score)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def plain_beam(steps, state, limit, size, alpha):
    """The same search in plain Python, one row, one beginning at a time."""
    table = lambda last: steps.advance(replace(state, last=torch.tensor([last])), None)[0][0].tolist()  # noqa: E731
    beams, done = [((), 0.0)], []
    for length in range(limit + 1):
        rows = [(said, score, table(said[-1] if said else steps.end)) for said, score in beams]
        done += [((score + row[steps.end]) / length_norm(length + 1, alpha), said, score + row[steps.end]) for said, score, row in rows]
        done = sorted(done, key=lambda d: -d[0])[:size]
        longer = [((*said, s), score + row[s]) for said, score, row in rows for s in range(steps.end)]
        beams = sorted(longer, key=lambda b: -b[1])[:size]
    return [(said, log_prob) for _, said, log_prob in done]


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 6), alpha=st.sampled_from([0.0, 0.6, 1.3]), limits=st.lists(st.integers(0, 7), min_size=1, max_size=4))
def test_many_rows_at_once_are_searched_as_each_by_plain_python(steps_and_start, size, alpha, limits) -> None:
    steps, start = steps_and_start
    beam = Beam(size=size, length_penalty=alpha)
    together = beam.n_best(steps, start(*range(len(limits))), torch.tensor(limits))
    best = beam(steps, start(*range(len(limits))), torch.tensor(limits))
    for source, limit in enumerate(limits):
        expected = plain_beam(steps, start(source), limit, size, alpha)
        assert [tuple(h.symbols.tolist()) for h in together[source]] == [said for said, _ in expected]
        assert [h.log_prob for h in together[source]] == pytest.approx([log_prob for _, log_prob in expected])
        assert best[source].tolist() == list(expected[0][0])


def test_an_answer_as_long_as_the_limit_may_end(steps, start) -> None:
    found = Beam(size=40).n_best(steps, start(0), torch.tensor([2]))[0]
    assert {len(h.symbols) for h in found} == {0, 1, 2}
    assert all(h.ended for h in found)
    assert len(found) == 1 + 3 + 9


@settings(max_examples=60, deadline=None)
@given(said=st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=1, max_size=3), n=st.integers(1, 7))
def test_repeats_are_what_a_loop_finds(said, n) -> None:
    rows, symbols = repeats(torch.tensor(said), n)
    expected = set()
    for row, one in enumerate(said):
        tail = one[len(one) - n + 1 :]
        expected |= {(row, one[i + n - 1]) for i in range(len(one) - n + 1) if one[i : i + n - 1] == tail}
    assert set(zip(rows.tolist(), symbols.tolist(), strict=True)) == expected


def test_a_constraint_is_asked_only_about_what_it_allowed(steps, start) -> None:
    asked = []

    def never_one_twice(said):
        asked.append(said)
        return {0, 3} if said and said[-1] == 1 else {1, 3}

    for row in Beam(size=6, rules=Rules(constraint=never_one_twice)).n_best(steps, start(0, 1), torch.tensor([4, 6])):
        assert row[0].symbols.tolist() in ([], [1], [1, 0], [1, 0, 1], [1, 0, 1, 0])[: len(row[0].symbols) + 1]
    assert all(said == tuple([1, 0, 1, 0, 1, 0][: len(said)]) for said in asked)


def test_rules_take_tuples_as_well_as_tensors() -> None:
    rules = Rules(no_repeat_ngram=2, min_length=4)
    said = [(0, 1, 0), (1, 1, 1)]
    found = [rules.apply(torch.zeros(2, 3), given, end=2) for given in (said, torch.tensor(said))]
    assert found[0].tolist() == found[1].tolist() == [[0.0, -np.inf, -np.inf], [0.0, -np.inf, -np.inf]]


def test_no_answer_comes_twice(steps, start) -> None:
    for found in Beam(size=7).n_best(steps, start(0, 1, 2), torch.tensor([5, 5, 5])):
        assert len({tuple(h.symbols) for h in found}) == len(found) == 7


@pytest.mark.parametrize("search", [Greedy(), Beam(size=3), Beam(size=1), Sampling(random_state=3)])
def test_a_row_alone_says_what_it_says_in_a_batch(steps, start, search) -> None:
    limits = torch.tensor([3, 0, 6, 4])
    together = search(steps, start(0, 1, 2, 3), limits)
    assert [len(row) <= int(limit) for row, limit in zip(together, limits, strict=True)] == [True] * 4
    if isinstance(search, Sampling):
        first = search(steps, start(0), limits[:1])
        assert first[0].tolist() == together[0].tolist()
    else:
        assert [search(steps, start(i), limits[i : i + 1])[0].tolist() for i in range(4)] == [row.tolist() for row in together]


def test_greedy_with_rules_is_the_plain_search_without(steps, start) -> None:
    limits = torch.tensor([5, 0, 5, 2])
    plain = follow(steps, start(0, 1, 2, 3), limits)
    assert [row.tolist() for row in plain] == [row.tolist() for row in Greedy()(steps, start(0, 1, 2, 3), limits)]
    answers = Greedy().answers(steps, start(0), torch.tensor([5]))
    best = Beam(size=1, length_penalty=0.0).n_best(steps, start(0), torch.tensor([5]))[0][0]
    assert best.log_prob >= answers[0].log_prob - 1e-9


@pytest.mark.parametrize("kind", [Greedy, Beam, Sampling])
def test_rules_hold_in_every_search(steps, start, kind) -> None:
    limits = torch.full((4,), 8)
    for row in kind(rules=Rules(min_length=3))(steps, start(0, 1, 2, 3), limits):
        assert len(row) >= 3
    for row in kind(rules=Rules(no_repeat_ngram=2, min_length=5))(steps, start(0, 1, 2, 3), limits):
        pairs = list(zip(row[:-1].tolist(), row[1:].tolist(), strict=True))
        assert len(pairs) == len(set(pairs))
    for row in kind(rules=Rules(banned=(1,), min_length=4))(steps, start(0, 1, 2, 3), limits):
        assert 1 not in row
    alternate = Rules(constraint=lambda said: {(said[-1] + 1) % 3} if said and len(said) < 5 else None)
    for row in kind(rules=alternate)(steps, start(0, 1, 2, 3), limits):
        assert all((b - a) % 3 == 1 for a, b in itertools.pairwise(row[:5]))


def test_unknown_is_banned_unless_allowed(tables, start) -> None:
    def advance(state, symbols):
        return torch.tensor([[0.0, -1.0, -2.0, -9.0]]).repeat(len(state.source), 1).log_softmax(-1), state, None

    unknown = Steps(advance=advance, end=3, banned=(0,))
    for kind in (Greedy, Beam):
        assert 0 not in kind()(unknown, start(0), torch.tensor([3]))[0]
    assert Greedy(rules=Rules(allow_unknown=True))(unknown, start(0), torch.tensor([3]))[0].tolist() == [0, 0, 0]
    assert follow(unknown, start(0), torch.tensor([2]))[0].tolist() == [1, 1]


def test_an_answer_cut_by_the_limit_says_so(tables, start) -> None:
    def never_ends(state, symbols):
        return torch.tensor([[-0.1, -3.0, -3.0, -torch.inf]]).repeat(len(state.source), 1), state, None

    found = Beam(size=2).n_best(Steps(advance=never_ends, end=3), start(0), torch.tensor([3]))[0]
    assert found[0].symbols.tolist() == [0, 0, 0]
    assert not found[0].ended
    zero = Beam(size=2).n_best(Steps(advance=never_ends, end=3), start(0, 1), torch.tensor([0, 0]))
    assert [h[0].symbols.tolist() for h in zero] == [[], []]


def test_rules_and_sizes_that_cannot_be_are_refused(steps, start) -> None:
    with pytest.raises(SettingError, match="beam size must be"):
        Beam(size=0)
    with pytest.raises(SettingError, match="length_penalty must be"):
        Beam(length_penalty=-1)
    with pytest.raises(SettingError, match="min_length must be"):
        Rules(min_length=-1)
    with pytest.raises(SettingError, match="constraint must give indices"):
        Greedy(rules=Rules(constraint=lambda _said: {9}))(steps, start(0), torch.tensor([2]))
    for kind in (Greedy, Beam, Sampling):
        with pytest.raises(SettingError, match="allow neither a symbol nor the end"):
            kind(rules=Rules(constraint=lambda _said: set()))(steps, start(0), torch.tensor([2]))


def test_attention_is_returned_with_the_answer(start) -> None:
    def advance(state, symbols):
        weights = torch.full((len(state.source), 2), 0.5)
        return torch.tensor([[0.0, -1.0, -5.0, -1.5]]).repeat(len(state.source), 1).log_softmax(-1), state, weights

    for found in (
        Greedy().answers(Steps(advance=advance, end=3), start(0), torch.tensor([4]))[0],
        Beam(size=2, rules=Rules(min_length=4)).n_best(Steps(advance=advance, end=3), start(0), torch.tensor([4]))[0][0],
    ):
        np.testing.assert_array_equal(found.attention, np.full((len(found.symbols), 2), 0.5))


def test_a_row_of_nothing_but_nan_ends_and_its_batch_mates_go_on() -> None:
    def advance(state, symbols):
        log_probs = torch.log_softmax(torch.tensor([[0.0, 1.0, 0.5], [0.2, 0.1, 2.0]]), -1)[state.rows]
        log_probs[torch.tensor(state.rows) == 0] = torch.nan
        return log_probs, state, None

    @dataclass
    class Plain:
        rows: list[int]

        def select(self, rows):
            return Plain([self.rows[i] for i in rows.tolist()])

        reorder = select

        def expand(self, times):
            return Plain([row for row in self.rows for _ in range(times)])

    found = Beam(size=2).n_best(Steps(advance=advance, end=2), Plain([0, 1]), torch.tensor([4, 4]))
    assert [answer.symbols.tolist() for answer in found[0]] == [[]]
    assert found[1][0].ended
    alone = Beam(size=2).n_best(Steps(advance=advance, end=2), Plain([1]), torch.tensor([4]))[0]
    assert [(h.symbols.tolist(), h.score) for h in alone] == [(h.symbols.tolist(), h.score) for h in found[1]]
