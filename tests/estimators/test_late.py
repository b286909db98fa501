"""Files that do not fit into memory together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from elman import Audio, Category, Model, Training
from elman.errors import DataError
from elman.estimators import _late

soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")


@pytest.fixture
def recordings(tmp_path: Path) -> tuple[list[Path], list[str]]:
    random, words = np.random.default_rng(0), ["low", "high"] * 10
    paths = [tmp_path / f"{i}.wav" for i in range(20)]
    for path, word in zip(paths, words, strict=True):
        wave = np.sin(np.arange(random.integers(500, 900)) * (0.2 if word == "low" else 0.9)) + random.normal(0, 0.01)
        soundfile.write(path, 0.5 * wave, 8000)
    return paths, words


def test_files_beyond_the_room_are_read_again(recordings, monkeypatch) -> None:
    paths, _ = recordings
    codec = Audio(features=8).fit(paths)
    whole = codec.encode_all(paths)
    monkeypatch.setattr(_late, "KEPT", whole[0].nbytes + whole[1].nbytes)
    rows = _late.encoded(codec, [*paths, (np.zeros(100), 8000)])
    assert [isinstance(row, np.ndarray) for row in rows] == [True, True, *[False] * 18, True]  # an array is in memory already
    for row, wanted in zip(rows, whole, strict=False):
        assert len(row) == len(wanted)
        assert (row.shape, row.ndim) == (wanted.shape, 2)
        np.testing.assert_array_equal(np.asarray(row), wanted)


def test_a_model_learns_the_same_from_files_it_reads_again(recordings, monkeypatch) -> None:
    paths, words = recordings
    found = []
    for kept in (1 << 28, 0):
        monkeypatch.setattr(_late, "KEPT", kept)
        for workers in (0, 2) if not kept else (0,):
            training = Training(max_epochs=3, verbose=0, num_workers=workers)
            model = Model(Audio(features=8), Category(), training=training).fit(paths, words)
            found.append(model.predict_proba(paths))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_bad_file_is_named_before_training(recordings) -> None:
    paths, words = recordings
    paths[7].write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"row 7: .*7\.wav' is not sound that can be read"):
        Model(Audio(), Category(), training=Training(max_epochs=1, verbose=0)).fit(paths, words)


def test_much_sound_is_scaled_by_some_of_it(monkeypatch) -> None:
    monkeypatch.setattr("elman.codecs.audio._ENOUGH", 3)
    waves = [np.random.default_rng(i).normal(size=2000) for i in range(9)]
    some = Audio(features=4).fit(waves)
    exact = Audio(features=4).fit([waves[0], waves[4], waves[8]])
    np.testing.assert_array_equal(some.encode(waves[1]), exact.encode(waves[1]))
