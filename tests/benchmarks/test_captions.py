"""The candidates of the benchmark of captions, on pictures whose answers are known."""

from argparse import Namespace

import numpy as np
import pytest
import torch
from benchmarks.quality.captions import Part, agreed, captioner, coarse, look, nearest, said_of

from elman import Image, Network
from elman.codecs import Discrete
from elman.network import Side, Sizes, build, plan


def part(count: int, seed: int, side: int = 96) -> Part:
    """Pictures that are dark or light, as their captions say."""
    random = np.random.default_rng(seed)
    levels = [("night" if i % 2 else "noon", 40 if i % 2 else 220) for i in range(count)]
    pictures = [np.uint8(level + random.integers(-20, 20, (side, side, 3))) for _, level in levels]
    return Part(pictures, [[f"it is {word}", f"this is {word} .", f"{word}"] for word, _ in levels])


def test_the_nearest_picture_has_the_same_colours() -> None:
    known, asked = part(8, 0), part(4, 1)
    order = nearest(known.pictures, asked.pictures)
    assert order.shape == (4, 8)
    assert [sorted(row[:4] % 2) for row in order] == [[i % 2] * 4 for i in range(4)]
    same = nearest(known.pictures, known.pictures)
    assert same[:, 0].tolist() == list(range(8))


def test_coarse_is_mean_colours_and_a_histogram() -> None:
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[:16, :16, 0] = 255
    found = coarse(picture)
    assert found.shape == (6 * 6 * 3 + 64,)
    assert (found[0], found[1:108].sum()) == (1.0, 0.0)
    np.testing.assert_allclose(found[108 + np.array([0, 48])] ** 2, [35 / 36, 1 / 36])


def test_what_is_agreed_on_shares_most_with_the_others() -> None:
    assert agreed(["a red car", "a dog runs", "the dog runs .", "dog"]) == "a dog runs"


def test_marks_are_shares_of_the_captions_that_say_a_word() -> None:
    marks = said_of([[np.array([1, 1, 2]), np.array([1])], [np.array([3]), np.array([3, 0])]], 4)
    torch.testing.assert_close(marks, torch.tensor([[0, 1, 0.5, 0], [0.5, 0, 0, 1]]))


def test_looking_teaches_the_convolutions_words() -> None:
    pictures = [np.moveaxis(p, 2, 0).astype(np.float32) / 255 for p in part(16, 0, side=16).pictures]
    marks = torch.tensor([[1.0, 0.0], [0.0, 1.0]] * 8)
    torch.manual_seed(0)
    source = Side.of(Image().fit(part(2, 0, side=16).pictures))
    network = build(plan(source, Side("many", Discrete(2)), Network(hidden_size=8, embedding_size=8, dropout=0.0), examples=Sizes(rows=16)))
    look(network, pictures, marks, lambda picture, random: picture, 30)
    with torch.no_grad():
        means = network.eval().encode(torch.from_numpy(np.stack(pictures))).vector
    within, between = torch.cdist(means[::2], means[::2]).mean(), torch.cdist(means[::2], means[1::2]).mean()
    assert between > 2 * within


def test_a_captioner_is_fitted_and_chosen_on_dev(capsys: pytest.CaptureFixture[str]) -> None:
    model = captioner(part(12, 0), part(4, 1), Namespace(epochs=2, looks=5, size=16), seed=0)
    assert (model.plan().grid, model.history_.metric) == ((8, 8), "CIDEr-D")
    assert len(model.predict(part(4, 2).pictures)) == 4
    assert "look 5" in capsys.readouterr().out
