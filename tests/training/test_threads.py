"""The same seed gives the same bits for any number of threads, and for fits in several threads of one process."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from elman import Category, Forecaster, Image, LanguageModel, Model, Network, Number, Series, Symbols, Tags, Text, Training, Vector
from elman.kernels.masks import RandomStream, chance_mask, dropout, keep_mask
from elman.sequences.threads import num_threads, reproducible

RNG = np.random.default_rng(0)
SERIES = [RNG.normal(size=(int(n), 3)) for n in RNG.integers(5, 30, 96)]
WORDS = ["one two three four", "five six", "seven eight nine ten eleven", "two two"] * 24
LETTERS = [list("abcdefgh"[: 2 + i % 6]) for i in range(96)]
PICTURES = [RNG.random((16, 16)) for _ in range(96)]
SIGNS = ["up" if x.sum() > 0 else "down" for x in SERIES]
LARGE = {"hidden_size": 64, "dropout": 0.2, "members": 1}


def training(**more):
    return Training(**{"max_epochs": 3, "batch_size": 16, "verbose": 0, **more})


def mapped(source, target, x, y, align="auto", **network):
    return lambda: Model(source, target, align=align, network=Network(**{**LARGE, **network}), training=training()).fit(x, y)


KINDS = {
    "series to category": mapped(Series(), Category(), SERIES, SIGNS, zoneout=0.1),
    "series to number": mapped(Series(), Number(), SERIES, [float(x.sum()) for x in SERIES], cell="lstm", recurrent_dropout=0.1),
    "series to vector": mapped(Series(), Vector(), SERIES, [x.mean(0) for x in SERIES], cell="elman"),
    "text to category": mapped(Text(), Category(), WORDS, SIGNS),
    "text to tags": mapped(Text(), Tags(), WORDS, [["a"] if i % 2 else ["a", "b"] for i in range(96)]),
    "steps": mapped(Symbols(), Symbols(), LETTERS, [[s.upper() for s in row] for row in LETTERS], align="step"),
    "attention": mapped(Symbols(), Symbols(), LETTERS, [row[::-1] for row in LETTERS], align="attention", teacher_forcing_ratio=0.7),
    "ctc": mapped(Series(), Symbols(), [np.repeat(x, 3, 0) for x in SERIES], [["x", "y"][: 1 + i % 2] for i in range(96)], align="ctc"),
    "one to many": mapped(Category(), Symbols(), SIGNS, LETTERS),
    "picture": mapped(Image(size=(16, 16)), Category(), PICTURES, SIGNS),
    "direct forecast": lambda: Forecaster(4, network=Network(hidden_size=64), training=training(max_epochs=1)).fit(
        [x[:, 0].cumsum() for x in SERIES[:24]]
    ),
    "autoregressive forecast": lambda: Forecaster(
        4, model="autoregressive", network=Network(hidden_size=64), training=training(max_epochs=1)
    ).fit([np.tile(x[:, 0], 3) for x in SERIES[:20]]),
    "language": lambda: LanguageModel(Text("word"), network=Network(hidden_size=64, weight_dropout=0.2), training=training()).fit(WORDS),
}


def digest(estimator):
    parts = [value.numpy().tobytes() for value in estimator.model_.state_dict().values()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_do_not_depend_on_the_number_of_threads(kind):
    found = set()
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        found.add(digest(KINDS[kind]()))
        assert torch.get_num_threads() == count
    assert len(found) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_weights_do_not_depend_on_many_threads(kind):
    found = set()
    for count in (1, 2, 3, 4, 8):
        torch.set_num_threads(count)
        found.add(digest(KINDS[kind]()))
    assert len(found) == 1


@pytest.mark.parametrize("kind", ["series to category", "attention", "language"])
def test_fits_side_by_side_have_the_bits_of_a_fit_alone(kind):
    state = torch.get_rng_state()
    alone = digest(KINDS[kind]())
    with ThreadPoolExecutor(4) as pool:
        together = {future.result() for future in [pool.submit(lambda: digest(KINDS[kind]())) for _ in range(4)]}
    assert together == {alone}
    assert torch.equal(torch.get_rng_state(), state)


def test_a_run_of_the_loop_does_not_depend_on_random_numbers_drawn_elsewhere():
    class Draw:
        def on_batch_end(self, _state):
            torch.rand(3)

    models = [Model(Series(), Category(), network=Network(**LARGE), training=training(callbacks=c)) for c in ([], [Draw()])]
    assert digest(models[0].fit(SERIES, SIGNS)) == digest(models[1].fit(SERIES, SIGNS))


def test_the_kernels_keep_their_threads_while_torch_has_one():
    torch.set_num_threads(3)
    with reproducible(), reproducible():
        assert (torch.get_num_threads(), num_threads()) == (1, 3)
    assert (torch.get_num_threads(), num_threads()) == (3, 3)


# Masks


def threefry(counter, key, rounds=12):
    """Threefry-4x32 of Salmon et al. (2011), written out."""
    rotations = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
    keys, full = [*key, 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]], 2**32 - 1
    x = [(word + extra) & full for word, extra in zip(counter, keys, strict=False)]

    def turn(word, by):
        return ((word << by) | (word >> (32 - by))) & full

    for number in range(rounds):
        first, second = rotations[number % 8]
        a, b, c, d = (0, 1, 2, 3) if number % 2 == 0 else (0, 3, 2, 1)
        x[a] = (x[a] + x[b]) & full
        x[b] = turn(x[b], first) ^ x[a]
        x[c] = (x[c] + x[d]) & full
        x[d] = turn(x[d], second) ^ x[c]
        if number % 4 == 3:
            times = (number + 1) // 4
            x = [(word + keys[(i + times) % 5]) & full for i, word in enumerate(x)]
            x[3] = (x[3] + times) & full
    return x


def test_the_reference_of_masks_gives_the_known_answer():
    assert threefry((0, 0, 0, 0), (0, 0, 0, 0), rounds=20) == [0x9C6CA96A, 0xE17EAE66, 0xFC10ECD4, 0x5256A7D8]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("count", [1, 5, 127, 128, 300])
def test_a_mask_is_that_of_the_written_out_generator(dtype, count):
    seed, step, p = 2**40 + 7, 2**33 + 3, 0.3
    stream = RandomStream(seed)
    stream.start_step(step)
    with stream.active():
        keep_mask(torch.ones(1, dtype=dtype), (2,), p)
        found = keep_mask(torch.ones(1, dtype=dtype), (count,), p)
    key, draw = (seed % 2**32, seed >> 32, 0, 0), 2
    expected = []
    for element in range(count):
        block, place = divmod(element, 128)
        half, rest = divmod(place, 64)
        word, lane = divmod(rest, 16)
        value = threefry((16 * block + lane, draw, step % 2**32, step >> 32), key)[word]
        expected.append(0.0 if (value >> (16 * half)) & 0xFFFF < round(p * 2**16) else 1 / (1 - p))
    assert torch.equal(found, torch.tensor(expected, dtype=dtype))


def test_masks_do_not_depend_on_threads_and_have_the_share_asked_for():
    found = []
    for count in (1, 2, 5):
        torch.set_num_threads(count)
        with RandomStream(1).active():
            found.append(keep_mask(torch.ones(1), (1000, 333), 0.1))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    assert abs(float((found[0] == 0).float().mean()) - 0.1) < 0.002
    assert set(found[0].unique().tolist()) == {0.0, float(torch.tensor(1 / 0.9))}


def test_steps_draws_and_seeds_have_masks_of_their_own():
    like, masks = torch.ones(1), []
    for seed, step in ((1, 0), (1, 1), (2, 0)):
        stream = RandomStream(seed)
        stream.start_step(step)
        with stream.active():
            masks += [chance_mask(like, (1000,), 0.5) for _ in range(2)]
    for i, one in enumerate(masks):
        for other in masks[:i]:
            assert 0.4 < float((one == other).float().mean()) < 0.6


def test_outside_a_run_masks_are_torch_s():
    x = torch.ones(100)
    torch.manual_seed(5)
    expected = torch.nn.functional.dropout(x, 0.5, True)
    torch.manual_seed(5)
    assert torch.equal(dropout(x, 0.5), expected)
    torch.manual_seed(5)
    assert torch.equal(keep_mask(x, (100,), 0.5), expected)
    torch.manual_seed(5)
    uniform = torch.rand(100)
    torch.manual_seed(5)
    assert torch.equal(chance_mask(x, (100,), 0.3), (uniform < 0.3).float())


def test_chances_of_zero_and_one():
    like = torch.ones(3)
    with RandomStream(0).active():
        assert keep_mask(like, (3,), 0.0).tolist() == [1.0, 1.0, 1.0]
        assert keep_mask(like, (3,), 1.0).tolist() == [0.0, 0.0, 0.0]
        assert chance_mask(like, (3,), 1.0).tolist() == [1.0, 1.0, 1.0]
        assert keep_mask(like.bfloat16(), (3,), 0.0).dtype == torch.bfloat16
