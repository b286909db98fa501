"""Joints and Video: contents of a step, real files, broken ones, limits."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.codecs.media import film

from elman import Category, Model, Network, Training
from elman.codecs import Joints, Video
from elman.errors import DataError, DataTypeError, MissingExtraError, SettingError

POSES = np.random.default_rng(0).normal(size=(6, 4, 2))


def ball(start: int, step: int, count: int = 12) -> np.ndarray:
    """A white square on black, moving to one side."""
    frames = np.zeros((count, 32, 64, 3), np.uint8)
    for t in range(count):
        left = (start + step * t) % 48
        frames[t, 8:24, left : left + 16] = 255
    return frames


def test_a_step_holds_pose_motion_and_distances() -> None:
    codec = Joints(augment=False).fit([POSES])
    raw = codec.scaler_.decode(codec.encode(POSES))
    around = POSES - POSES.mean(1, keepdims=True)
    size = np.sqrt((around**2).sum(2).mean())
    np.testing.assert_allclose(raw[:, :8], around.reshape(6, 8) / size, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(raw[1:, 8:16], np.diff(POSES, axis=0).reshape(5, 8) / size, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(raw[0, 8:16], 0, atol=1e-6)
    np.testing.assert_allclose(raw[:, 16], np.linalg.norm(POSES[:, 0] - POSES[:, 1], axis=1) / size, rtol=1e-5)
    assert raw.shape[1] == 8 + 8 + 6


def test_place_and_size_of_a_body_do_not_matter() -> None:
    codec = Joints().fit([POSES])
    np.testing.assert_allclose(codec.encode(POSES * 30 + 7), codec.encode(POSES), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(codec.encode(POSES.reshape(6, 8)), codec.encode(POSES))
    assert np.isfinite(codec.encode(np.zeros((3, 4, 2)))).all()


def test_a_turned_body_keeps_its_distances() -> None:
    codec = Joints().fit([POSES])
    encoded = codec.encode(POSES)
    varied = [codec.augment_encoded(encoded, np.random.default_rng(seed)) for seed in range(20)]
    assert len({len(steps) for steps in varied}) > 1
    assert all(steps.dtype == np.float32 and steps.shape[1] == encoded.shape[1] for steps in varied)
    np.testing.assert_array_equal(varied[3], codec.augment_encoded(encoded, np.random.default_rng(3)))
    assert len(codec.augment_encoded(encoded[:0], np.random.default_rng(0))) == 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((3, 5, 2)), "expected 4 joints, as in fit; got 5"),
        (np.zeros((3, 4, 3)), r"got an array of shape \(3, 4, 3\). Set Joints\(dimensions=…\)"),
        (np.zeros((3, 7)), r"got an array of shape \(3, 7\)"),
        (np.full((2, 4, 2), np.nan), "expected every joint in every step; got NaN in step 0"),
    ],
)
def test_values_that_are_no_poses_are_refused(value, message) -> None:
    with pytest.raises(DataError, match=message):
        Joints().fit([POSES]).encode(value)


def test_joints_check_settings_and_states() -> None:
    with pytest.raises(SettingError, match="dimensions must be a whole number"):
        Joints(4).fit([POSES])
    codec = Joints().fit([POSES])
    config = codec.config()
    with pytest.raises(DataError, match="Joints state: expected 30 channels; got 22"):
        Joints.from_config({**config, "state": {**config["state"], "joints": 5}})
    with pytest.raises(DataError, match=r"Joints: expected an array \(T, 22\) to decode"):
        codec.decode(np.zeros(22))


@pytest.mark.parametrize(("codec", "kind"), [("mpeg4", "mp4"), ("mpeg4", "matroska"), ("mpeg4", "avi"), ("mpeg1video", "mpeg")])
def test_files_equal_the_frames_that_were_written(codec: str, kind: str, tmp_path: Path) -> None:
    frames = ball(0, 4)
    data = film(frames, 25 if codec == "mpeg1video" else 8, codec, kind)
    path = tmp_path / "film"
    path.write_bytes(data)
    reader = Video((16, 32), fps=8 if codec == "mpeg4" else 25).fit([frames])
    expected = reader.encode(frames)
    for value in (data, path, str(path)):
        encoded = reader.encode(value)
        assert encoded.shape == expected.shape == (12, 1, 16, 32)
        assert np.abs(encoded - expected).mean() < 0.04


def test_files_are_looked_at_at_a_rate() -> None:
    data = film(ball(0, 2, 30), fps=30)
    assert len(Video(8, fps=10).fit([data]).encode(data)) == 10
    assert len(Video(8, fps=1000).fit([data]).encode(data)) == 30
    assert len(Video(8, fps=0.1).fit([data]).encode(data)) == 1


def test_arrays_and_colours() -> None:
    frames = ball(0, 4, 3)
    colour = Video((32, 64), mode="colour").fit([frames])
    np.testing.assert_array_equal(colour.decode(colour.encode(frames)), frames)
    grey = Video((32, 64)).fit([frames])
    np.testing.assert_array_equal(grey.decode(grey.encode(frames[..., 0])), frames[..., 0])
    np.testing.assert_allclose(grey.encode(frames[..., 0] / 255), grey.encode(frames), atol=1e-6)
    assert grey.encode(np.zeros((0, 5, 5), np.uint8)).shape == (0, 1, 32, 64)
    assert colour.encode(frames[..., :1]).shape == (3, 3, 32, 64)
    varied = grey.augment_encoded(grey.encode(frames), np.random.default_rng(0))
    assert varied.shape == (3, 1, 32, 64)
    assert 0.01 < np.abs(varied - grey.encode(frames)).mean() < 0.5


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (b"no film", DataError, r"the video of 7 bytes is not video that can be read"),
        ("/no/such.mp4", DataError, "there is no file '/no/such.mp4'"),
        (np.zeros((2, 4, 4), np.int32), DataTypeError, "of bytes or floats in 0..1; got int32"),
        (np.zeros((2, 3, 4, 4), np.uint8), DataError, r"got shape \(2, 3, 4, 4\). Put time first and channels last"),
        (np.full((2, 4, 4), np.nan), DataError, "expected floats in 0..1; got others in frame 0"),
        (np.zeros((1, 200, 200), np.uint8), DataError, "frames of 200 x 200 pixels, more than max_pixels=10000"),
        ([[1], [2, 3]], DataTypeError, "expected a video"),
    ],
)
def test_values_that_are_no_video_are_refused(value, error, message) -> None:
    with pytest.raises(error, match=f"row 1: .*{message}" if error is DataError else message):
        Video(max_pixels=10_000).fit([0]).encode_all([np.zeros((1, 4, 4), np.uint8), value])


def test_broken_long_and_large_files_are_refused() -> None:
    data = film(ball(0, 4, 40))
    codec = Video(8, max_seconds=2).fit([data])
    with pytest.raises(DataError, match=r"the video of \d+ bytes lasts more than max_seconds=2"):
        codec.encode(data)
    with pytest.raises(DataError, match=r"frames of 64 x 32 pixels, more than max_pixels=100. Raise Video\(max_pixels=…\)"):
        Video(8, max_pixels=100).fit([data]).encode(data)
    with pytest.raises(DataError, match="is not video that can be read"):
        codec.encode(data[: len(data) // 3])
    import soundfile

    wave = io.BytesIO()
    soundfile.write(wave, np.zeros(800), 8000, format="WAV")
    with pytest.raises(DataError, match="has no pictures in it"):
        codec.encode(wave.getvalue())


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(film(ball(0, 4)))
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/film.mp4\n#EXT-X-ENDLIST\n")
    with pytest.raises(DataError, match="is not video that can be read|has no"):
        Video(8).fit([0]).encode(tmp_path / "list.m3u8")


def test_without_av_files_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"av is needed to read video files.*elman\[video\]"):
        Video().fit([0]).encode(b"x")


def test_video_checks_settings_and_states() -> None:
    with pytest.raises(SettingError, match="mode must be one of"):
        Video(mode="red").fit([0])
    with pytest.raises(SettingError, match="size .* must be a whole number"):
        Video(0).fit([0])
    config = Video(8).fit([0]).config()
    with pytest.raises(DataError, match=r"Video state: expected the size \[8, 8\]; got \[8, 9\]"):
        Video.from_config({**config, "state": {"size": [8, 9]}})
    with pytest.raises(DataError, match=r"Video: expected an array \(T, 1, 8, 8\) to decode"):
        Video.from_config(config).decode(np.zeros((2, 8, 8)))


def test_a_model_learns_the_direction_of_a_ball() -> None:
    films = [ball(start, step) for start in range(0, 48, 4) for step in (4, -4)]
    ways = ["right", "left"] * 12
    training = Training(max_epochs=12, learning_rate=0.01, batch_size=6, validation_fraction=0, verbose=0)
    model = Model(Video(8, augment=False), Category(), network=Network(hidden_size=24), training=training).fit(films, ways)
    assert model.score([film(ball(start, 4)) for start in (2, 22)], ["right"] * 2) == 1.0
