"""Files that are decoded when a batch needs them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from elman import Audio, Category, Image, Model, Number, Record, Training, Video
from elman.codecs import lazy_files
from elman.errors import DataError

soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")
QUIET = {"max_epochs": 3, "verbose": 0}


@pytest.fixture
def recordings(tmp_path: Path) -> tuple[list[Path], list[str]]:
    random, words = np.random.default_rng(0), ["low", "high"] * 10
    paths = [tmp_path / f"{i}.wav" for i in range(20)]
    for path, word in zip(paths, words, strict=True):
        wave = np.sin(np.arange(random.integers(500, 900)) * (0.2 if word == "low" else 0.9)) + random.normal(0, 0.01)
        soundfile.write(path, 0.5 * wave, 8000)
    return paths, words


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Number of times each file was decoded."""
    times: Counter[str] = Counter()
    encode = Audio.encode

    def counted(codec: Audio, value: object) -> np.ndarray:
        times[Path(value).name if isinstance(value, Path) else "array"] += 1
        return encode(codec, value)

    monkeypatch.setattr(Audio, "encode", counted)
    return times


def test_lazy_rows_have_a_shape_and_are_decoded_when_needed(recordings, decoded, monkeypatch) -> None:
    paths, _ = recordings
    codec = Audio(features=8).fit(paths)
    whole = codec.encode_all(paths)
    decoded.clear()
    monkeypatch.setattr(lazy_files, "CACHE_SIZE", whole[0].nbytes + whole[1].nbytes)
    rows = lazy_files.encoded(codec, [*paths, (np.zeros(100), 8000)][:20])
    assert not decoded
    assert [row.shape for row in rows] == [array.shape for array in whole]
    for _ in range(2):
        for row, expected in zip(rows, whole, strict=True):
            np.testing.assert_array_equal(np.asarray(row), expected)
    assert [decoded[path.name] for path in paths] == [1, 1, *[2] * 18]  # room for two


def test_arrays_among_files_are_encoded_at_once(recordings) -> None:
    paths, _ = recordings
    codec = Audio(features=8).fit(paths)
    file, array = lazy_files.encoded(codec, [paths[0], (np.zeros(100), 8000)])
    assert isinstance(file, lazy_files.LazyFile)
    assert isinstance(array, np.ndarray)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [8000, 44_100, 16_001])
def test_a_header_gives_the_number_of_frames_of_a_sound(ending: str, rate: int, tmp_path: Path) -> None:
    if ending in ("mp3", "ogg") and rate == 16_001:
        pytest.skip("no such file can be written")
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 31_234), rate)
    codec = Audio(features=4).fit([path])
    assert codec.shape_from_header(path) == codec.encode(path).shape


@pytest.mark.parametrize("read", ["whole", "rows", "columns", "patches", "pixels"])
def test_a_header_gives_the_shape_of_a_picture(read: str, tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    random, paths = np.random.default_rng(0), []
    for place, (mode, size) in enumerate([("L", (9, 14)), ("RGB", (30, 8)), ("I;16", (5, 6)), ("CMYK", (7, 7)), ("1", (12, 4))]):
        channels = {"RGB": 3, "CMYK": 4}.get(mode)
        pixels = random.integers(0, 255, (*size[::-1], channels) if channels else size[::-1]).astype(
            np.uint16 if mode == "I;16" else np.uint8
        )
        picture = (
            pillow.fromarray(pixels)
            if mode in ("I;16", "L")
            else pillow.frombytes("CMYK", size, pixels.tobytes())
            if mode == "CMYK"
            else pillow.fromarray(pixels).convert(mode)
        )
        paths.append(tmp_path / f"{place}.tif")
        picture.save(paths[-1])
    codec = Image(read, size=8).fit(paths)
    assert [codec.shape_from_header(path) for path in paths] == [codec.encode(path).shape for path in paths]


@pytest.mark.parametrize(
    ("coder", "ending", "options"), [("mpeg4", "mp4", {"bf": "2"}), ("mpeg4", "avi", {}), ("libx264", "mkv", {}), ("mpeg1video", "mpg", {})]
)
@pytest.mark.parametrize("fps", [8, 25, 3.3])
def test_packets_give_the_number_of_frames_of_a_video(coder: str, ending: str, options: dict, fps: float, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="the extra video is not installed")
    path = tmp_path / f"film.{ending}"
    try:
        av.codec.Codec(coder, "w")
    except av.FFmpegError:
        pytest.skip(f"no {coder} here")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(coder, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for t in range(40):
            picture = np.full((24, 32, 3), 5 * t, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    codec = Video(8, fps=fps).fit([path])
    count = codec.shape_from_header(path)
    assert count is None or count == codec.encode(path).shape
    assert count is not None or ending in ("avi", "mpg")  # whose packets may bear no times


def test_a_model_learns_the_same_with_any_cache_and_any_number_of_workers(recordings, monkeypatch) -> None:
    paths, words = recordings
    results = []
    for size in (1 << 28, 0):
        monkeypatch.setattr(lazy_files, "CACHE_SIZE", size)
        for workers in (0, 1, 3) if not size else ("auto",):
            model = Model(Audio(features=8), Category(), training=Training(**QUIET, num_workers=workers)).fit(paths, words)
            results.append(model.predict_proba(paths))
    arrays = [soundfile.read(path, dtype="float32") for path in paths]
    results.append(Model(Audio(features=8), Category(), training=Training(**QUIET)).fit(arrays, words).predict_proba(arrays))
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_files_that_fit_into_the_cache_are_decoded_once(recordings, decoded) -> None:
    paths, words = recordings
    model = Model(Audio(features=8), Category(), training=Training(**QUIET)).fit(paths, words)
    assert set(decoded.values()) == {1}
    assert any("num_workers=2: reading files ahead" in reason for reason in model.history_.reasons)
    assert all(0 <= row["waiting"] <= row["seconds"] for row in model.history_.rows)


def test_a_file_of_several_rows_is_decoded_once(recordings, decoded) -> None:
    paths, _ = recordings
    codec = Audio(features=8).fit(paths)
    decoded.clear()
    rows = lazy_files.encoded(codec, [path for path in paths[:3] for _ in range(5)] + [str(paths[0])])
    assert [np.asarray(row).shape for row in rows[:5]] == [rows[0].shape] * 5
    np.testing.assert_array_equal(np.asarray(rows[-1]), codec.encode(paths[0]))
    assert all(np.asarray(row).size for row in rows)
    assert decoded == {paths[0].name: 2, paths[1].name: 1, paths[2].name: 1}  # one of the two by the test


def test_a_file_that_is_no_sound_is_named_before_training(recordings) -> None:
    paths, words = recordings
    paths[7].write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"row 7: .*7\.wav' is not sound that can be read"):
        Model(Audio(), Category(), training=Training(**QUIET)).fit(paths, words)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_file_that_breaks_while_training_is_named_with_its_row(recordings, monkeypatch, workers) -> None:
    paths, words = recordings
    monkeypatch.setattr("elman.codecs.audio._SCALED_BY", 3)  # rows 0, 9 and 19 are listened to for their loudness
    soundfile.write(paths[7], np.full(600, np.nan), 8000, subtype="FLOAT")
    with pytest.raises(DataError, match=r"row 7: .*7\.wav': expected finite samples; got NaN or infinity at sample 0") as raised:
        Model(Audio(), Category(), training=Training(**QUIET, num_workers=workers)).fit(paths, words)
    assert raised.value.row == 7


def test_files_in_a_column_of_a_record_are_lazy_too(recordings, decoded) -> None:
    paths, words = recordings
    rows = [{"call": path, "length": float(i)} for i, path in enumerate(paths)]
    source = Record(call=Audio(features=8), length=Number())
    model = Model(source, Category(), training=Training(**QUIET)).fit(rows, words)
    assert set(decoded.values()) == {1}
    assert any("num_workers=2" in reason for reason in model.history_.reasons)
    before = model.predict_proba(rows)
    paths[3].write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"row 3: column 'call': .*3\.wav' is not sound that can be read"):
        model.predict(rows)
    waves = [{**row, "call": soundfile.read(path, dtype="float32")} for row, path in zip(rows[4:], paths[4:], strict=True)]
    np.testing.assert_array_equal(model.predict_proba(waves), before[4:])


def test_a_checkpoint_knows_its_files_without_reading_them(recordings, decoded, tmp_path) -> None:
    paths, words = recordings
    training = Training(max_epochs=1, verbose=0, checkpoint_dir=str(tmp_path / "kept"))
    Model(Audio(features=8), Category(), training=training).fit(paths, words)
    assert set(decoded.values()) == {1}
    Model(Audio(features=8), Category(), training=training).fit(paths[::-1], words[::-1])
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_file_of_another_size_is_another_row(recordings, tmp_path) -> None:
    path = recordings[0][0]
    codec = Audio(features=8).fit([path])

    def fingerprint(path: Path) -> str:
        (row,) = lazy_files.encoded(codec, [path])
        return row.fingerprint()

    before, wave = fingerprint(path), soundfile.read(path)[0]
    soundfile.write(path, wave, 8000, subtype="FLOAT")  # as many samples, in more bytes
    assert fingerprint(path) != before
    soundfile.write(path, wave, 8000)
    assert fingerprint(path) == before
    (tmp_path / "moved").mkdir()
    moved = path.rename(tmp_path / "moved" / path.name)
    assert fingerprint(moved) == before
    assert fingerprint(moved.rename(moved.with_name("renamed.wav"))) != before


def test_much_sound_is_scaled_by_some_of_it(monkeypatch) -> None:
    monkeypatch.setattr("elman.codecs.audio._SCALED_BY", 3)
    waves = [np.random.default_rng(i).normal(size=2000) for i in range(9)]
    some = Audio(features=4).fit(waves)
    exact = Audio(features=4).fit([waves[0], waves[4], waves[8]])
    np.testing.assert_array_equal(some.encode(waves[1]), exact.encode(waves[1]))


def test_frames_that_are_answered_one_by_one_are_counted_by_decoding(recordings, decoded) -> None:
    paths, _ = recordings
    codec = Audio(features=8).fit(paths)
    assert all(isinstance(row, np.ndarray) for row in lazy_files.encoded(codec, paths, eager=True))
    assert set(decoded.values()) == {1}
