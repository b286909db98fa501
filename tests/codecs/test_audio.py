"""Audio: rates, channels, files, and the spectrum."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from elman.codecs import Audio
from elman.codecs.media import audio as sound
from elman.codecs.media import audio_stream as sound_stream
from elman.errors import DataError, DataTypeError, MissingExtraError, SettingError


def tone(frequency: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def wav(samples: np.ndarray, rate: int, kind: str = "WAV") -> bytes:
    import soundfile

    data = io.BytesIO()
    soundfile.write(data, samples, rate, format=kind)
    return data.getvalue()


@pytest.mark.parametrize(("source_rate", "target_rate"), [(44100, 8000), (8000, 16000), (11025, 8000), (44101, 8000), (8000, 8000)])
def test_a_tone_stays_a_tone_at_another_rate(source_rate: int, target_rate: int) -> None:
    output = sound.resample(tone(440, source_rate), source_rate, target_rate)
    expected = tone(440, target_rate)
    assert abs(len(output) - len(expected)) <= 1
    middle = slice(200, min(len(output), len(expected)) - 200)
    np.testing.assert_allclose(output[middle], expected[middle], atol=0.01)


def test_frequencies_above_the_lower_rate_are_filtered_out() -> None:
    assert np.abs(sound.resample(tone(6000, 44100), 44100, 8000)[200:-200]).max() < 0.01


def test_the_spectrum_peaks_at_the_band_of_the_tone() -> None:
    bands = sound_stream.mel_bands(40, 256, 8000)
    spectrum = sound.log_mel([tone(1000, 8000)], sound_stream.Spectrum(8000, features=40, window=0.025, step=0.01))
    assert spectrum.shape == (51, 40)
    assert abs(int(spectrum[25].argmax()) - int(bands[:, 32].argmax())) <= 1


def test_channels_are_averaged_and_whole_numbers_scaled() -> None:
    left = tone(300, 8000)
    np.testing.assert_allclose(sound.read(np.stack([left, 0 * left], axis=1), 8000, 9), left / 2, atol=1e-6)
    np.testing.assert_allclose(sound.read((left * 32767).astype(np.int16), 8000, 9), left, atol=1e-4)
    np.testing.assert_allclose(sound.read(np.array([128, 255], np.uint8), 8000, 9), [0, 127 / 128])


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_files_are_read_at_their_own_rate(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(wav(tone(440, 16000), 16000, kind))
    for value in (path, str(path), path.read_bytes()):
        output = sound.read(value, 8000, 9)
        assert abs(len(output) - 4000) <= 1200  # mp3 pads
        assert np.abs(output).max() == pytest.approx(1, abs=0.1)


def test_bands_are_standardised() -> None:
    noise = [np.random.default_rng(i).normal(size=4000) for i in range(3)]
    frames = np.concatenate(Audio(features=8).fit(noise).encode_all(noise))
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(frames.std(axis=0), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([0.0, np.nan]), "got NaN or infinity at sample 1"),
        (np.zeros((2, 2, 2)), r"expected sound of shape \(T,\) or \(T, channels\)"),
        (np.zeros((2, 8000)), r"Put time first: array\.T"),
        (np.array([1, 2]), "whole numbers of 8, 16 or 32 bits; got int64"),
        ((np.zeros(3), 0.5), "expected a whole number of samples a second; got 0.5"),
        ([[0.1], [0.2, 0.3]], "expected sound"),
        (b"RIFFxxxx", "the sound of 8 bytes is not sound that can be read"),
        ("/no/such.wav", "there is no file '/no/such.wav'"),
        (np.zeros(80001), r"the sound lasts 10\.0 s, more than max_seconds=10\. Raise Audio"),
        (wav(np.zeros(80001), 8000), r"the sound of \d+ bytes lasts 10\.0 s, more than max_seconds=10"),
    ],
)
def test_values_that_are_no_sound_are_refused_with_their_row(value: object, message: str) -> None:
    with pytest.raises(DataError, match=f"row 1: .*{message}"):
        Audio(max_seconds=10).fit([np.zeros(100), value])


def test_without_soundfile_files_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"soundfile is needed to read sound files.*elman\[audio\]"):
        Audio().fit([b"x"])


def test_settings_and_states_are_checked() -> None:
    with pytest.raises(SettingError, match="sample_rate must be a whole number"):
        Audio(10).fit([np.zeros(9)])
    with pytest.raises(SettingError, match="window must be a finite number"):
        Audio(window=0).fit([np.zeros(9)])
    config = Audio(features=4).fit([np.zeros(900)]).config()
    with pytest.raises(DataError, match="Audio state: expected 5 channels; got 4"):
        Audio.from_config({**config, "settings": {**config["settings"], "features": 5}})
    with pytest.raises(DataError, match=r"Audio: expected an array \(T, 4\) to decode"):
        Audio.from_config(config).decode(np.zeros(4))
    with pytest.raises(DataTypeError, match="expected sound of shape"):
        Audio().fit(["a".encode, None])


def test_a_file_that_is_broken_off_is_named_with_the_sample() -> None:
    whole = wav(tone(440, 8000, 60), 8000, "FLAC")
    Audio().fit([whole])
    with pytest.raises(DataError, match=r"the sound of \d+ bytes .*sample \d{4,}"):
        Audio().fit([whole[: len(whole) // 2]])


def test_files_are_decoded_piece_by_piece_to_the_same_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    data, codec = wav(np.random.default_rng(0).normal(0, 0.1, 30_000), 11_025, "FLAC"), Audio(features=8)
    whole = codec.fit([data]).encode(data)
    monkeypatch.setattr(sound, "_BLOCK", 777)
    np.testing.assert_array_equal(codec.encode(data), whole)


def test_long_files_need_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    import soundfile

    path = tmp_path / "long.wav"
    soundfile.write(path, np.tile(tone(300, 8000, 60), 20), 8000)  # 20 minutes, 38 MB as floats
    codec = Audio(features=2).fit([tone(300, 8000)])
    codec.encode(path)
    tracemalloc.start()
    frames = codec.encode(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(frames) == 120_001
    assert peak < 12_000_000


@pytest.mark.parametrize(("rate", "step"), [(8000, 0.01), (16_000, 0.01), (44_100, 0.05), (7000, 0.0101)])
def test_the_incremental_encoder_equals_encode(rate: int, step: float) -> None:
    wave = np.random.default_rng(0).normal(0, 0.1, 9000).astype(np.float32)
    codec = Audio(features=6, step=step, window=0.02).fit([wave])
    whole = codec.encode((wave, rate))
    for size in (1, 130, 5000):
        if size == 1:
            parts = [*np.split(wave[:60], 60), wave[60:]]
        else:
            parts = [wave[i : i + size] for i in range(0, len(wave), size)]
        ear = codec.incremental_encoder()
        np.testing.assert_array_equal(np.concatenate([*(ear.feed((part, rate)) for part in parts), ear.close()]), whole)
    assert len(codec.incremental_encoder().close()) == 0


def test_augmented_frames_differ() -> None:
    wave = tone(440, 8000) + np.random.default_rng(0).normal(0, 0.01, 4000)
    codec = Audio().fit([wave, tone(900, 8000)])
    encoded = codec.encode(wave)
    copy = encoded.copy()
    varied = [codec.augment_encoded(encoded, np.random.default_rng(seed)) for seed in range(30)]
    np.testing.assert_array_equal(encoded, copy)
    np.testing.assert_array_equal(varied[4], codec.augment_encoded(encoded, np.random.default_rng(4)))
    lengths = [len(frames) for frames in varied]
    assert 0.84 * 51 <= min(lengths) < 51 < max(lengths) <= 1.18 * 51 + 1
    assert all(np.isfinite(frames).all() and frames.dtype == np.float32 for frames in varied)
    assert any((frames == 0).all(1).any() for frames in varied)  # gaps in time
    assert any((frames == 0).all(0).any() for frames in varied)  # and in frequency
    assert codec.augments
    assert not Audio(augment=False).fit([wave]).augments
    assert codec.augment_encoded(encoded[:0], np.random.default_rng(0)).shape == (0, 40)
    assert codec.augment_encoded(encoded[:1], np.random.default_rng(0)).shape == (1, 40)
    with pytest.raises(SettingError, match="augment must be one of"):
        Audio(augment="much").fit([wave])  # pyright: ignore[reportArgumentType]
