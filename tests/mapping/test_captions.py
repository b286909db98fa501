"""Sentences about pictures: a small model that looks at cells, its attention where the picture is, and files named in many rows."""

import matplotlib.figure
import numpy as np
import pytest

import elman
from elman import Image, Model, Network, Text, Training
from elman.errors import SettingError
from elman.mapping.attention_map import AttentionMap

MARKS = {
    "cross": np.eye(4) + np.eye(4)[::-1],
    "ring": np.pad(np.zeros((2, 2)), 1, constant_values=1.0),
    "bar": np.tile([0.0, 1, 1, 0], (4, 1)),
}


def marked(count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """A mark above, a mark below, each somewhere along the width."""
    rng, pictures, captions = np.random.default_rng(seed), [], []
    for _ in range(count):
        picture, names = np.zeros((16, 16)), rng.choice(list(MARKS), 2)
        for top, name in zip((2, 10), names, strict=True):
            left = 2 * rng.integers(7)
            picture[top : top + 4, left : left + 4] = MARKS[name].clip(max=1)
        pictures.append(np.uint8(255 * picture))
        captions.append(f"a {names[0]} over a {names[1]}")
    return pictures, captions


@pytest.fixture(scope="module")
def seer() -> Model:
    network = Network(hidden_size=32, embedding_size=32, dropout=0.0, label_smoothing=0.0)
    training = Training(max_epochs=14, batch_size=16, learning_rate=0.01, verbose=0, validation_fraction=0)
    return Model(Image(), Text("word"), network=network, training=training).fit(*marked(300, 0))


def test_captions_describe_their_pictures(seer, tmp_path) -> None:
    pictures, captions = marked(40, 1)
    assert (seer.plan().grid, seer.plan().relation) == ((8, 8), "one-to-many")
    answers = seer.predict(pictures)
    assert np.mean([a == b for a, b in zip(answers, captions, strict=True)]) > 0.9
    assert seer.predict(pictures[:1]) == answers[:1]
    seer.save(tmp_path / "seer.elman")
    again = elman.load(tmp_path / "seer.elman")
    assert again.predict(pictures) == answers
    assert again.plan() == seer.plan()


def test_attention_has_a_weight_for_each_cell(seer) -> None:
    pictures, _ = marked(40, 2)
    captions, maps = seer.predict(pictures, return_attention=True)
    assert captions == seer.predict(pictures)
    for text, answers in zip(captions, maps, strict=True):
        assert (" ".join(answers.target), answers.grid, len(answers.source)) == (text, (8, 8), 64)
        np.testing.assert_allclose(answers.cells().sum((1, 2)), 1, rtol=1e-5)
        np.testing.assert_array_equal(answers.cells()[0, 5, 2], answers.weights[0, 42])
        assert answers.source[42] == "5, 2"
    assert answers.looked_at()[0] == (answers.target[0], answers.source[int(answers.weights[0].argmax())])


def test_cells_are_drawn_once_a_word(seer) -> None:
    pictures, _ = marked(1, 3)
    _, (answers,) = seer.predict(pictures, return_attention=True)
    axes = answers.plot()
    assert isinstance(axes.figure, matplotlib.figure.Figure)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(answers.target)
    assert len(axes.images) == len(answers.target)
    np.testing.assert_array_equal(axes.images[1].get_array(), answers.cells()[1])


def test_sequences_have_no_cells() -> None:
    answers = AttentionMap(weights=np.eye(2), source=("a", "b"), target=("c", "d"), score=0.0)
    with pytest.raises(SettingError, match=r"cells\(\) is for pictures that are read as a whole"):
        answers.cells()


def test_a_picture_that_is_one_vector_shows_no_attention() -> None:
    pictures, captions = marked(20, 4)
    network = Network(hidden_size=8, attention="none")
    model = Model(Image(), Text("word"), network=network, training=Training(max_epochs=1, verbose=0)).fit(pictures, captions)
    assert model.plan().grid == ()
    with pytest.raises(SettingError, match="return_attention is for models with attention"):
        model.predict(pictures, return_attention=True)
