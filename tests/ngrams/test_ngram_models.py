"""What every n-gram model must do."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import DataError, DataTypeError, NotFittedError, SettingError
from elman.ngrams import PPM, Frequency, KneserNey, _base

MODELS = {
    "kneser_ney": lambda end=False: KneserNey(3, end=end),
    "kneser_ney_fixed": lambda end=False: KneserNey(4, end=end, discount=(0.4, 0.8, 1.2)),
    "unigram": lambda end=False: KneserNey(1, end=end),
    "ppm_c": lambda end=False: PPM(4, end=end, escape="C"),
    "ppm_d": lambda end=False: PPM(3, end=end, update_exclusion=False),
    "frequency": lambda end=False: Frequency(end=end),
}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
rows = st.lists(st.lists(st.integers(0, 5), max_size=30), min_size=1, max_size=4)
texts = st.lists(st.integers(0, 7), max_size=9)


@every_model
@settings(max_examples=25, deadline=None)
@given(sequences=rows, context=texts, end=st.booleans())
def test_every_distribution_sums_to_one_and_is_what_log_prob_says(make, sequences, context, end):
    model = make(end).fit(sequences, 8)
    found = model.next(context)
    assert found.shape == (8 + end,)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1, abs=1e-12)
    with np.errstate(divide="ignore"):
        expected = np.log(found)
    np.testing.assert_allclose([model.log_prob([w], context)[0] for w in range(8 + end)], expected, rtol=1e-9)


@every_model
@settings(max_examples=25, deadline=None)
@given(sequences=rows, text=texts, cut=st.integers(0, 9))
def test_two_halves_with_context_equal_one_pass(make, sequences, text, cut):
    model = make().fit(sequences, 8)
    whole = model.log_prob(text)
    halves = np.concatenate([model.log_prob(text[:cut]), model.log_prob(text[cut:], text[:cut])])
    np.testing.assert_allclose(halves, whole, rtol=1e-12)


@every_model
def test_states_follow_contexts(make):
    model = make(True).fit([[0, 1, 2, 0, 1, 3], [2, 1]], 5)
    states = np.array([model.start(), model.start()])
    for t in range(6):
        pair = [[0, 1, 2, 0, 1, 4][t], [4, 4, 2, 1, 0, 1][t]]
        states = model.advance(states, pair)
    np.testing.assert_allclose(model.next_at(states), [model.next([0, 1, 2, 0, 1, 4]), model.next([4, 4, 2, 1, 0, 1])])
    assert model.next_at([]).shape == (0, 6)


@every_model
def test_a_prior_is_log_prob_with_a_memory(make):
    model = make(True).fit([[0, 1, 2, 0, 1, 3], [2, 1]], 5)
    prior = model.prior(cache_size=2)
    text = (0, 1, 2, 0, 1, 4, 5)
    for _ in range(2):
        np.testing.assert_allclose([prior(text[:t], w) for t, w in enumerate(text)], model.log_prob(text))


@every_model
def test_scores_do_not_depend_on_batch_mates_or_chunks(make, monkeypatch):
    random = np.random.default_rng(1)
    sequences = [random.integers(0, 6, n) for n in (0, 40, 1, 7)]
    model = make(True).fit(sequences, 6)
    together = model.score(sequences)
    assert [len(s) for s in together] == [1, 41, 2, 8]
    for sequence, scores in zip(sequences, together, strict=True):
        np.testing.assert_allclose(model.log_prob([*sequence, 6]), scores, rtol=1e-12)
    monkeypatch.setattr(_base, "_CHUNK", 5)
    for before, after in zip(together, model.score(sequences), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-12)
    assert model.score([]) == []


@every_model
def test_bits_are_the_mean_over_all_symbols(make):
    sequences = [[0, 1, 2], [], [1]]
    model = make().fit(sequences, 4)
    expected = -np.concatenate(model.score(sequences)).mean() / math.log(2)
    assert model.bits_per_symbol(sequences) == pytest.approx(expected)
    assert math.isnan(model.bits_per_symbol([]))
    assert math.isnan(model.bits_per_symbol([[]]))


@every_model
@pytest.mark.parametrize("sequences", [[[]], [[], []], [[2]]], ids=["empty", "two empty", "one token"])
def test_hardly_any_data_still_gives_distributions(make, sequences):
    for end in (False, True):
        model = make(end).fit(sequences, 3)
        for context in ([], [2], [0, 2, 1, 1]):
            found = model.next(context)
            assert found.sum() == pytest.approx(1)
            assert found[:2].min() > 0  # never seen, never impossible
    assert model.log_prob([]).shape == (0,)


@every_model
def test_one_symbol_is_certain(make):
    assert make().fit([[0, 0, 0]], 1).next([0]).tolist() == [1.0]


@every_model
def test_a_state_in_arrays_and_json_gives_the_same_model(make):
    model = make(True).fit([[0, 1, 2, 0, 1], [3, 3, 3, 3]], 5)
    again = type(model).from_state(json.loads(json.dumps(model.config())), {k: v.copy() for k, v in model.tensors().items()})
    assert again.config() == model.config()
    np.testing.assert_array_equal(again.log_prob([0, 1, 4, 3, 5]), model.log_prob([0, 1, 4, 3, 5]))
    np.testing.assert_array_equal(again.sample(20, 3), model.sample(20, 3))


@every_model
def test_samples_follow_the_distribution(make):
    model = make().fit([np.random.default_rng(0).integers(0, 3, 200)], 4)
    drawn = np.concatenate([model.sample(1, seed, prompt=[1, 2]) for seed in range(1500)])
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 1500, model.next([1, 2]), atol=0.05)
    np.testing.assert_array_equal(model.sample(30, 7), model.sample(30, np.random.default_rng(7)))
    assert model.sample(30, 7).shape == (30,)


def test_a_sample_stops_where_the_end_is_drawn():
    model = KneserNey(3, end=True, discount=0.0).fit([[0, 1]] * 3, 2)
    assert model.sample(50, 0).tolist() == [0, 1]


def test_longer_contexts_help_where_there_is_something_to_remember():
    """The text repeats every nine symbols, each as frequent as the others; three of them tell the place; smoothing still doubts."""
    text = np.tile([0, 1, 2, 0, 2, 1, 1, 2, 0], 60)
    bits = [KneserNey(order).fit([text[:400]], 3).bits_per_symbol([text[400:]]) for order in (1, 2, 4)]
    assert bits[0] > bits[1] > bits[2]
    assert bits[0] == pytest.approx(math.log2(3), rel=0.02)
    assert bits[2] < 0.3


@every_model
def test_an_unfitted_model_says_so(make):
    model = make()
    for use in (
        lambda: model.next(),
        lambda: model.log_prob([0]),
        lambda: model.score([[0]]),
        model.start,
        model.prior,
        model.tensors,
        model.config,
    ):
        with pytest.raises(NotFittedError, match=r"is not fitted yet. Call fit\(sequences, vocabulary_size\) first"):
            use()


def test_bad_values_are_refused_by_row():
    model = KneserNey(2)
    with pytest.raises(DataError, match=r"row 1: symbols must be in 0..2; got 3. Check vocabulary_size"):
        model.fit([[0], [3]], 3)
    with pytest.raises(DataError, match=r"row 0: symbols must be in 0..2; got -1"):
        model.fit([[-1]], 3)
    with pytest.raises(DataTypeError, match="row 0: symbols must be whole numbers; got float64"):
        model.fit([[0.5]], 3)
    with pytest.raises(DataTypeError, match="row 0: a sequence must be one flat row of symbol numbers; got list of 2 axes"):
        model.fit([[[0]]], 3)
    with pytest.raises(DataTypeError, match="row 0: a sequence must be one flat row"):
        model.fit([[[0], [0, 1]]], 3)
    with pytest.raises(DataTypeError, match="sequences must be a list of sequences of symbol numbers; got str"):
        model.fit("abc", 3)
    with pytest.raises(DataTypeError, match="sequences must be a list of sequences of symbol numbers; got int"):
        model.fit(3, 3)
    with pytest.raises(DataError, match=r"KneserNey was given no sequences to fit. Give at least one"):
        model.fit([], 3)
    model.fit([[0]], 3)
    with pytest.raises(DataError, match=r"symbols must be in 0..2; got 3"):
        model.log_prob([3])
    with pytest.raises(DataError, match=r"symbols must be in 0..2; got 9"):
        model.sample(3, prompt=[9])


@pytest.mark.parametrize("value", [0, -2, 1.5, "two", None, True, 2**31])
def test_sizes_are_whole_numbers(value):
    with pytest.raises(SettingError, match=r"order must be a whole number in 1..64; got"):
        KneserNey(value)
    with pytest.raises(SettingError, match=r"vocabulary_size must be a whole number in 1..2147483645; got"):
        KneserNey(2).fit([[0]], value)


@pytest.mark.parametrize("config", [{"order": 2}, {"order": 2, "vocabulary_size": 3, "depth": 1}, None])
def test_foreign_configs_are_refused(config):
    tensors = KneserNey(2).fit([[0, 1]], 3).tensors()
    with pytest.raises(DataError, match="KneserNey cannot be rebuilt from the config"):
        KneserNey.from_state(config, tensors)
