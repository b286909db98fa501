"""Each decoder learns its toy task in seconds."""

import numpy as np

from elman.codecs import Binary, Continuous, Discrete, Pixels, Product
from elman.network import collate
from elman.network.planning.side import Side


def accuracy(found, wanted) -> float:
    return float(np.mean([np.array_equal(a, b) for a, b in zip(found, wanted, strict=True)]))


def test_summary_learns_parity(learn, words) -> None:
    rows = words(200, 3, 0, 6)
    targets = [np.int64(np.sum(row == 2) % 2) for row in rows]
    source, target = Side("many", Discrete(3)), Side("one", Discrete(2))
    model = learn(source, target, rows, targets, steps=120, pooling="last", bidirectional=False)
    assert accuracy(model.predict(collate(rows, source.space, "many")), targets) == 1.0


def test_step_learns_what_came_before(learn, words) -> None:
    rows = words(100, 5, 0, 8)
    targets = [np.concatenate([[0], row[:-1]])[: len(row)].astype(np.int64) for row in rows]
    source, target = Side("many", Discrete(5)), Side("many", Discrete(5))
    model = learn(source, target, rows, targets, steps=60)
    assert model.plan.decoder == "step"
    assert accuracy(model.predict(collate(rows, source.space, "many")), targets) == 1.0


def test_attention_learns_to_reverse(learn, words) -> None:
    rows = words(150, 8, 0, 6)
    targets = [row[::-1].copy() for row in rows]
    source, target = Side("many", Discrete(8)), Side("many", Discrete(8), unknown=0)
    model = learn(source, target, rows, targets, steps=150, align="attention", learning_rate=0.02)
    assert accuracy(model.predict(collate(rows, source.space, "many")), targets) >= 0.97


def test_input_feeding_learns_to_copy(learn, words) -> None:
    rows = words(60, 6, 1, 5)
    side = Side("many", Discrete(6), unknown=0)
    model = learn(side, side, rows, rows, steps=120, align="attention", input_feeding=True, learning_rate=0.02)
    assert accuracy(model.predict(collate(rows, side.space, "many")), rows) >= 0.95


def test_language_model_learns_to_count(learn) -> None:
    rows = [np.array([1] * n + [2] * n) for n in range(1, 6)]
    side = Side("many", Discrete(3), unknown=0)
    model = learn(None, side, rows, rows, steps=150)
    losses, units = model.row_losses(None, collate(rows, side.space, "many"))
    # Only the number n is open: the rest of a row costs nothing, and n itself the entropy of five equal chances.
    assert units.tolist() == [3, 5, 7, 9, 11]
    np.testing.assert_allclose(losses.numpy(), np.log(5), atol=0.25)


def test_ctc_learns_repeated_frames(learn, words) -> None:
    texts = words(100, 5, 0, 5)
    rng = np.random.default_rng(1)
    eye = np.eye(5, dtype=np.float32)
    frames = [
        np.concatenate([eye[0:1], *[np.concatenate([np.repeat(eye[[s]], rng.integers(1, 4), 0), eye[0:1]]) for s in text]])
        for text in texts
    ]
    source, target = Side("many", Continuous(5)), Side("many", Discrete(5), unknown=0)
    model = learn(source, target, frames, texts, steps=120, num_layers=1)
    assert model.plan.decoder == "ctc"
    assert accuracy(model.predict(collate(frames, source.space, "many")), texts) == 1.0


def test_one_to_many_spells_a_vector(learn) -> None:
    vectors = list(np.eye(5, dtype=np.float32))
    names = [np.array([1, 2, 3]), np.array([3, 3]), np.array([4]), np.array([], dtype=np.int64), np.array([2, 1, 2, 1, 2])]
    source, target = Side("one", Continuous(5)), Side("many", Discrete(5), unknown=0)
    model = learn(source, target, vectors, names, steps=120)
    assert accuracy(model.predict(collate(vectors, source.space, "one")), names) == 1.0


def test_one_to_one_reads_pictures(learn) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    pictures = [rng.random((1, 8, 8)).astype(np.float32) * 0.3 for _ in labels]
    for picture, label in zip(pictures, labels, strict=True):
        picture[0, 2:6, 3] += 0.7 * (label == 0)
        picture[0, 3, 2:6] += 0.7 * (label == 1)
    source, target = Side("one", Pixels(1, 8, 8)), Side("one", Discrete(2))
    model = learn(source, target, pictures, list(labels), steps=60)
    assert model.plan.stem == "conv"
    assert accuracy(model.predict(collate(pictures, source.space, "one")), labels) == 1.0


def test_continuous_sequences_end_by_themselves(learn) -> None:
    ramps = [np.linspace(0, 1, n + 2, dtype=np.float32)[1:-1, None] for n in (2, 4, 6)]
    ones = list(np.eye(3, dtype=np.float32))
    source, target = Side("one", Continuous(3)), Side("many", Continuous(1))
    model = learn(source, target, ones, ramps, steps=300)
    found = model.predict(collate(ones, source.space, "one"))
    assert [len(row) for row in found] == [2, 4, 6]
    np.testing.assert_allclose(np.concatenate(found), np.concatenate(ramps), atol=0.1)


def test_binary_sequences_come_out_as_answers(learn) -> None:
    chords = [np.array([[1, 0], [0, 1], [1, 1]], np.float32), np.array([[0, 1]], np.float32)]
    ones = list(np.eye(2, dtype=np.float32))
    source, target = Side("one", Continuous(2)), Side("many", Binary(2))
    model = learn(source, target, ones, chords, steps=100)
    assert accuracy(model.predict(collate(ones, source.space, "one")), chords) == 1.0


def test_direct_forecast_continues_a_sine(learn) -> None:
    wave = np.sin(np.arange(200) * 0.5).astype(np.float32)[:, None]
    rows = [wave[i : i + 20] for i in range(100)]
    targets = [wave[i + 20 : i + 24] for i in range(100)]
    source, target = Side("many", Continuous(1)), Side("many", Continuous(1))
    model = learn(source, target, rows, targets, steps=120, horizon=4, pooling="last")
    found = model.predict(collate(rows, source.space, "many"))
    assert found[0].shape == (4, 1)
    assert np.abs(np.stack(found) - np.stack(targets)).mean() < 0.1


def test_parts_of_different_lengths_are_joined(learn, words) -> None:
    left, right = words(80, 4, 0, 3, seed=1), words(80, 4, 1, 5, seed=2)
    rows = [{"a": a, "b": b} for a, b in zip(left, right, strict=True)]
    targets = [np.int64(b[0]) for b in right]
    source, target = Side("many", Product({"a": Discrete(4), "b": Discrete(4)}, {"a": "many", "b": "many"})), Side("one", Discrete(4))
    model = learn(source, target, rows, targets, steps=80)
    assert model.plan.joined
    assert accuracy(model.predict(collate(rows, source.space, "many")), targets) == 1.0


def test_a_product_target_gives_dicts(learn, words) -> None:
    rows = words(60, 4, 1, 5)
    targets = [{"first": np.int64(row[0]), "length": np.array([len(row) / 5], np.float32)} for row in rows]
    space = Product({"first": Discrete(4), "length": Continuous(1)}, {"first": "one", "length": "one"})
    source = Side("many", Discrete(4))
    model = learn(source, Side("one", space), rows, targets, steps=100)
    found = model.predict(collate(rows, source.space, "many"))
    assert accuracy([f["first"] for f in found], [t["first"] for t in targets]) == 1.0
    np.testing.assert_allclose([f["length"] for f in found], [t["length"] for t in targets], atol=0.15)
