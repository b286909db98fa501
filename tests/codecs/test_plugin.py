"""A codec of another package: written here alone, it gets everything that a built-in codec gets."""

from __future__ import annotations

import sys
import types
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor

import elman
from elman import Category, Model, Network, Number, Record, Symbols, Training, compare
from elman.codecs import Codec, Continuous, Discrete, catalog, from_name
from elman.codecs.capabilities import Augments, Incremental, LabelsSteps, ReadsFiles, Timed
from elman.codecs.checks import strict
from elman.codecs.tokens.vocabulary import Vocabulary
from elman.errors import DataError, ElmanError
from elman.inspection.report.model_card import card
from elman.testing import check_codec

PACKAGE = "package_of_somebody_else"
MAGIC = b"PULSES"
ONE_WAY = Network(hidden_size=8, bidirectional=False, members=1, pooling="last")
QUICK = Training(max_epochs=3, verbose=0)


class Pulses(Codec):
    """Pressures at each beat and their change since the beat before: numbers, or a file of a magic word, a count and float32."""

    id = "pulses.v1"
    modality = "series"
    rank = "many"
    reads_paths = True
    preserves_steps = True

    def __init__(self, *, augment: bool = True) -> None:
        self.augment = augment

    @property
    def space(self) -> Continuous:
        self._fitted("scale_")
        return Continuous(2)

    @property
    def frame_seconds(self) -> float:
        return 0.8

    def encode(self, value: Any) -> np.ndarray:
        return PulsesEncoder(self._fitted("scale_")).feed(value)

    def decode(self, array: Any) -> list[float]:
        return (np.asarray(array, dtype=np.float64)[:, 0] * self._fitted("scale_")).tolist()

    def shape_from_header(self, value: Any) -> tuple[int, int]:
        with Path(value).open("rb") as file:
            header = file.read(len(MAGIC) + 4)
        if not header.startswith(MAGIC):
            raise DataError(f"{Path(value).name} is not a file of pulses.")
        return int.from_bytes(header[len(MAGIC) :], "little"), 2

    def incremental_encoder(self) -> PulsesEncoder:
        return PulsesEncoder(self._fitted("scale_"))

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        return np.asarray(encoded) * np.float32(random.uniform(0.9, 1.1))

    def step_labels(self, value: Any) -> list[str]:
        return [f"beat {step}" for step in range(len(pressures(value)))]

    def _fit(self, values: Sequence[Any]) -> None:
        rows = [pressures(value) for value in values[:3]]
        self.scale_ = max([float(np.abs(row).max()) for row in rows if len(row)], default=1.0) or 1.0

    def _state(self) -> dict[str, Any]:
        return {"scale": self._fitted("scale_")}

    def _restore(self, state: dict[str, Any]) -> None:
        scale = strict(state, ("scale",), "Pulses state")["scale"]
        if not isinstance(scale, float):
            raise DataError("Pulses state: scale must be a number.")
        self.scale_ = scale

    def _check(self) -> None:
        if not isinstance(self.augment, bool):
            raise DataError("augment must be True or False.")


class PulsesEncoder:
    """Encoder that remembers the last beat."""

    def __init__(self, scale: float) -> None:
        self._scale, self.state = scale, np.zeros(1)

    def feed(self, piece: Any) -> np.ndarray:
        levels = pressures(piece) / self._scale
        steps = np.stack([levels, np.diff(levels, prepend=self.state)], 1).astype(np.float32)
        self.state = levels[-1:] if len(levels) else self.state
        return steps

    def close(self) -> np.ndarray:
        return np.zeros((0, 2), dtype=np.float32)

    def piece(self, element: Any) -> list[Any]:
        return [element]


class Moves(Codec):
    """Chess moves with a space between them: symbols that can be copied from the other side."""

    id = "moves.v1"
    rank = "many"
    unit = "symbol"
    unknown_symbol = "?"

    @property
    def space(self) -> Discrete:
        return Discrete(len(self._fitted("vocabulary_")))

    def encode(self, value: Any) -> np.ndarray:
        return self._fitted("vocabulary_").indices(self.symbols(value))

    def decode(self, array: Any) -> str:
        return self.spell([self._fitted("vocabulary_").symbol(index, "?") for index in np.asarray(array).tolist()])

    def symbols(self, value: Any) -> list[str]:
        return value.split()

    def spell(self, symbols: Sequence[str]) -> str:
        return " ".join(symbols)

    def _fit(self, values: Sequence[Any]) -> None:
        counts = Counter(symbol for value in values for symbol in value.split())
        self.vocabulary_ = Vocabulary.from_counts(counts, least=2)

    def _state(self) -> dict[str, Any]:
        return {"symbols": self._fitted("vocabulary_").state("Moves")}

    def _restore(self, state: dict[str, Any]) -> None:
        self.vocabulary_ = Vocabulary.from_state(strict(state, ("symbols",), "Moves state")["symbols"], "Moves state")


def pressures(value: Any) -> np.ndarray:
    if isinstance(value, Path):
        value = np.frombuffer(value.read_bytes()[len(MAGIC) + 4 :], dtype="<f4")
    if isinstance(value, str) or np.ndim(value) != 1 or not all(isinstance(v, float | np.floating) for v in value):
        raise DataError(f"Pulses expected numbers; got {value!r}.")
    return np.asarray(value, dtype=np.float64)


def write(path: Path, values: Sequence[float]) -> Path:
    path.write_bytes(MAGIC + len(values).to_bytes(4, "little") + np.asarray(values, dtype="<f4").tobytes())
    return path


@pytest.fixture
def rows() -> tuple[list[list[float]], list[str]]:
    random = np.random.default_rng(0)
    names = ["calm", "busy"] * 12
    return [(random.normal(0, 0.3, random.integers(3, 9)) + 2 * (name == "busy")).astype("f4").tolist() for name in names], names


@pytest.fixture
def files(rows: tuple[list[list[float]], list[str]], tmp_path: Path) -> list[Path]:
    return [write(tmp_path / f"{i}.pulses", row) for i, row in enumerate(rows[0])]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Calls of ``encode`` by file and of ``augment_encoded``."""
    times: Counter[str] = Counter()
    encode, augment_encoded = Pulses.encode, Pulses.augment_encoded

    def counted_encode(codec: Pulses, value: Any) -> np.ndarray:
        times[value.name if isinstance(value, Path) else "numbers"] += 1
        return encode(codec, value)

    def counted_augment(codec: Pulses, encoded: Any, random: np.random.Generator) -> np.ndarray:
        times["augment"] += 1
        return augment_encoded(codec, encoded, random)

    monkeypatch.setattr(Pulses, "encode", counted_encode)
    monkeypatch.setattr(Pulses, "augment_encoded", counted_augment)
    return times


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the codec as the entry point of a package that is imported."""
    entry = types.SimpleNamespace(module=PACKAGE, attr="Pulses")
    monkeypatch.setattr(catalog.metadata, "entry_points", lambda group: [entry] if group == "elman.codecs" else [])
    monkeypatch.setitem(sys.modules, PACKAGE, types.SimpleNamespace(Pulses=Pulses))


def test_it_passes_the_battery_and_has_the_capabilities(rows) -> None:
    check_codec(Pulses(), rows[0], unknown=[[9.5]], bad=["text", 1.0, None])
    assert all(isinstance(Pulses(), capability) for capability in (Augments, Incremental, LabelsSteps, ReadsFiles, Timed))


def test_its_files_are_read_when_a_batch_needs_them(rows, files, calls) -> None:
    model = Model(Pulses(), Category(), network=ONE_WAY, training=QUICK).fit(files, rows[1])
    assert {calls[path.name] for path in files} == {1}  # kept for later epochs
    assert any("num_workers=2" in reason for reason in model.history_.reasons)
    np.testing.assert_array_equal(model.predict_proba(files), model.predict_proba(rows[0]))
    files[3].write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"row 3: 3\.pulses is not a file of pulses"):
        model.predict(files)


def test_its_files_in_a_column_are_lazy_too(rows, files, calls) -> None:
    records = [{"pulses": path, "name": "x"} for path in files]
    Model(Record(pulses=Pulses(), name=Category()), Category(), network=ONE_WAY, training=QUICK).fit(records, rows[1])
    assert {calls[path.name] for path in files} == {1}


def test_it_is_streamed_bit_for_bit(rows) -> None:
    model = Model(Pulses(), Category(), network=ONE_WAY, training=QUICK).fit(*rows)
    stream = model.stream()
    for row in rows[0][:4]:
        stream.reset()
        answers = [stream.step(number, proba=True) for number in row]
        assert answers[-1].tobytes() == model.predict_proba([row])[0].tobytes()
    stream.reset()
    stream.feed(rows[0][0][:2])
    other, fork = model.stream(), stream.copy()
    other.load(stream.save())
    rest = [each.feed(rows[0][0][2:], proba=True).tobytes() for each in (stream, other, fork)]
    assert rest == [model.predict_proba(rows[0][:1])[0].tobytes()] * 3


def test_it_is_transcribed_piece_by_piece_with_times_in_seconds(rows) -> None:
    network = Network(hidden_size=8, bidirectional=False, members=1)
    model = Model(Pulses(), Symbols(), align="ctc", network=network, training=QUICK).fit(rows[0], [[name] for name in rows[1]])
    *_, last = model.transcribe_stream([rows[0][0][:2], rows[0][0][2:]])
    assert last.value == model.predict(rows[0][:1])[0]
    _, alignments = model.predict(rows[0], return_alignment=True)
    ends = np.concatenate([alignment.end for alignment in alignments])
    np.testing.assert_allclose(ends, np.round(ends / 0.8) * 0.8)


@pytest.mark.parametrize(("augment", "times"), [(True, 3 * 18), (False, 0)])
def test_training_sees_it_augmented(augment: bool, times: int, rows, calls) -> None:
    training = Training(max_epochs=3, verbose=0, validation_fraction=0.25)
    Model(Pulses(augment=augment), Category(), network=ONE_WAY, training=training).fit(*rows)
    assert calls["augment"] == times  # epochs of all rows but those held out


def test_answers_to_single_steps_are_augmented_because_its_steps_stay(rows, calls) -> None:
    training = Training(max_epochs=1, verbose=0, validation_fraction=0.0)
    steps = [["up" if level > 1 else "down" for level in row] for row in rows[0]]
    Model(Pulses(), Symbols(), align="step", network=ONE_WAY, training=training).fit(rows[0], steps)
    assert calls["augment"] == len(rows[0])


def test_it_is_inspected(rows) -> None:
    model = Model(Pulses(), Category(), network=ONE_WAY, training=QUICK).fit(*rows)
    value = rows[0][0]
    labels = [f"beat {step}" for step in range(len(value))]
    trace = elman.trace(model, value)
    assert (trace.kind, list(trace.labels)) == ("series", labels)
    attribution = model.attribute(value)
    assert attribution.labels == labels
    assert attribution.scores.sum() == pytest.approx(attribution.reached - attribution.base, abs=1e-2)
    assert "Pulses" in card(model, *rows)
    assert elman.memory(model, rows[0]) is not None


def test_a_subclass_of_a_target_keeps_its_kind_of_estimator() -> None:
    class Grade(Category):
        id = "grade.v1"

    class Weight(Number):
        id = "weight.v1"

    assert is_classifier(Model(Pulses(), Grade()))
    assert not is_regressor(Model(Pulses(), Grade()))
    assert is_regressor(Model(Pulses(), Weight()))
    assert not is_classifier(Model(Pulses(), Pulses()))


def test_its_symbols_are_copied_from_the_source() -> None:
    games = [f"e4 c{i % 3} Rare{i}" for i in range(24)]
    answers = [" ".join(reversed(game.split())) for game in games]
    training = Training(max_epochs=40, learning_rate=0.02, verbose=0)
    model = Model(Moves(), Moves(), align="attention", network=Network(hidden_size=16, copy=True), training=training).fit(games, answers)
    assert "Unseen" in model.predict(["e4 c1 Unseen"])[0].split()
    _, (looked,) = model.predict(["e4 c1 Unseen"], return_attention=True)
    assert looked.weights.shape[1] == 3


def test_it_is_compared(rows) -> None:
    board = compare(Model(Pulses(), Category(), training=QUICK), *rows, candidates=["frequency", "gru", "default"], verbose=0)
    assert {entry.name for entry in board} == {"frequency", "gru", "default"}


def test_it_is_saved_and_loaded_once_its_package_is_imported(rows, plugin, tmp_path, monkeypatch) -> None:
    model = Model(Pulses(), Category(), network=ONE_WAY, training=QUICK).fit(*rows)
    model.save(tmp_path / "pulses.elman")
    loaded = elman.load(tmp_path / "pulses.elman")
    assert type(loaded.source_) is Pulses
    np.testing.assert_array_equal(loaded.predict_proba(rows[0]), model.predict_proba(rows[0]))
    assert from_name("pulses") == Pulses()
    monkeypatch.delitem(sys.modules, PACKAGE)
    with pytest.raises(ElmanError, match=r"it needs codec 'pulses\.v1', which is not known here.*Import the package that brings it first"):
        elman.load(tmp_path / "pulses.elman")
