"""Sound files as they come: empty, tiny, stereo, at odd rates, with NaN, broken. Each is a defined result or one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import signal
from tests.codecs import media

from elman.codecs import Audio
from elman.codecs.media import audio as sound
from elman.errors import DataError

CODEC = Audio(features=8).fit([np.random.default_rng(0).normal(0, 0.1, 4000)])
NOISE = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)


@pytest.mark.parametrize("kind", ["WAV", "OGG"])
def test_no_sound_is_no_frames_and_one_sample_is_one_frame(kind: str) -> None:
    assert CODEC.encode(media.sound(np.zeros(0), kind=kind)).shape == (0, 8)
    assert CODEC.encode(media.sound(np.zeros(0), 44_100, kind)).shape == (0, 8)
    assert CODEC.encode(media.sound([0.5], kind=kind)).shape == (1, 8)
    assert CODEC.encode(np.zeros((0, 2))).shape == (0, 8)
    assert CODEC.encode((np.ones(1), 44_100)).shape == (1, 8)
    assert Audio(features=8).fit([np.zeros(0)]).encode([0.0, 0.0]).shape == (1, 8)


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_stereo_at_another_rate_is_the_mean_of_its_channels(kind: str) -> None:
    left, right = NOISE, NOISE[::-1]
    output = sound.read(media.sound(np.stack([left, right], 1), 16_000, kind), 8000, 9)
    np.testing.assert_allclose(output, sound.read(((left + right) / 2, 16_000), 8000, 9), atol=1e-4)
    assert len(output) == 8000


@pytest.mark.parametrize(("source_rate", "target_rate"), [(16_000, 8000), (44_100, 8000), (8000, 16_000), (48_000, 16_000)])
def test_resampling_agrees_with_scipy_in_the_band_of_both_rates(source_rate: int, target_rate: int) -> None:
    time = np.arange(source_rate) / source_rate
    wave = np.mean([np.sin(2 * np.pi * f * time + f) for f in (110.0, 997.0, 2500.0)], axis=0).astype(np.float32)
    ours = sound.resample(wave, source_rate, target_rate)
    expected = signal.resample_poly(wave.astype(np.float64), target_rate, source_rate, window=("kaiser", 8.0))
    assert len(ours) == len(expected)
    np.testing.assert_allclose(ours[400:-400], expected[400:-400], atol=3e-3)


@pytest.mark.parametrize("place", [3, 20_000])
def test_nan_in_a_file_is_named_with_its_sample(place: int, tmp_path: Path) -> None:
    wave = np.zeros(30_000, np.float32)
    wave[place] = np.nan
    path = tmp_path / "nan.wav"
    path.write_bytes(media.sound(np.stack([wave, wave], 1), subtype="FLOAT"))
    with pytest.raises(DataError, match=rf"row 1: '.*nan\.wav': expected finite samples; got NaN or infinity at sample {place}\."):
        CODEC.encode_all([NOISE, path])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 2**31 - 1}, "1 channels of 2147483647 samples a second, more than 32 or 10000000. Its header is broken"),
        ({"channels": 1000}, "1000 channels of 8000 samples a second"),
        ({"rate": 0}, "is not sound that can be read"),
        ({"channels": 0}, "is not sound that can be read"),
    ],
)
def test_impossible_headers_are_refused(change: dict, message: str) -> None:
    with pytest.raises(DataError, match=f"the sound of 4044 bytes .*{message}"):
        CODEC.encode(media.wav_header(media.sound(np.zeros(2000)), **change))


def test_a_wav_that_promises_more_is_read_as_far_as_it_goes() -> None:
    data = media.sound(NOISE[:2000])
    whole = CODEC.encode(data)
    np.testing.assert_array_equal(CODEC.encode(media.wav_header(data, data=2**31)), whole)
    np.testing.assert_array_equal(CODEC.encode(data[: 44 + 2 * 1000]), CODEC.encode(media.sound(NOISE[:1000])))


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_truncated_file_is_refused_or_shorter(kind: str) -> None:
    data = media.sound(np.tile(NOISE, 6), kind=kind)
    for share in (0.001, 0.3, 0.7):
        cut = data[: int(len(data) * share)]
        try:
            assert len(CODEC.encode(cut)) <= len(CODEC.encode(data))
        except DataError as error:
            assert f"the sound of {len(cut)} bytes" in str(error)  # noqa: PT017  # either is right


def test_empty_files_folders_and_impossible_names(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(DataError, match=r"'.*empty\.wav' is empty: it has no bytes\. Replace the file or drop the row"):
        CODEC.encode(tmp_path / "empty.wav")
    with pytest.raises(DataError, match="the sound of 0 bytes is empty"):
        CODEC.encode(b"")
    with pytest.raises(DataError, match="there is no file"):
        CODEC.encode(tmp_path)
    with pytest.raises(DataError, match="cannot be the name of a file|there is no file"):
        CODEC.encode("a\0b.wav")
    with pytest.raises(DataError, match="cannot be the name of a file|there is no file"):
        CODEC.encode("a" * 5000)
