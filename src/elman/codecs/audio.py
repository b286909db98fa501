"""Audio: sound as log-mel frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.augmentation import augment_spectrum, mask_spectrum
from elman.codecs.checks import one_of, real, strict, whole
from elman.codecs.codec import Codec, each
from elman.codecs.media import audio as sound
from elman.codecs.media.audio_stream import Resampler, Spectrum, has_table
from elman.codecs.scaling import Scaler
from elman.codecs.space import Continuous
from elman.errors import DataError, SettingError

_SCALED_BY = 1_000
"""Recordings, evenly spread, from which mean and deviation of the bands are learned."""


class Audio(Codec):
    """Sound: samples (T,) or (T, channels), ``(samples, rate)``, a file (wav, flac, ogg, mp3) or its bytes.

    Channels are averaged, other rates resampled, and each mel band is standardised. Files need the extra ``audio``.

    Parameters
    ----------
    sample_rate : int, default 8000
        Samples a second to which sound is resampled; samples without a rate are assumed to have it.
    features : int, default 40
        Mel bands, the numbers of a frame.
    window : float, default 0.025
        Length of a frame in seconds.
    step : float, default 0.01
        Seconds from frame to frame.
    max_seconds : float, default 3600
        Longer sound is refused before it is decoded.
    augment : bool, default True
        Augment in training: speed, voice, loudness, noise, gaps in time and frequency.

    Examples
    --------
    >>> wave = np.sin(np.arange(8000) * 0.3)
    >>> Audio().fit([wave]).encode(wave).shape
    (101, 40)
    """

    id = "audio.v1"
    modality = "audio"
    reads_paths = True
    rank = "many"

    def __init__(
        self,
        sample_rate: int = 8000,
        *,
        features: int = 40,
        window: float = 0.025,
        step: float = 0.01,
        max_seconds: float = 3600,
        augment: bool = True,
    ) -> None:
        self.sample_rate = sample_rate
        self.features = features
        self.window = window
        self.step = step
        self.max_seconds = max_seconds
        self.augment = augment

    @property
    def space(self) -> Continuous:
        """One number for each mel band."""
        return Continuous(self._fitted("scaler_").size)

    @property
    def frame_seconds(self) -> float:
        """Seconds from frame to frame: ``step``, in whole samples."""
        return max(1, round(self.step * self.sample_rate)) / self.sample_rate

    def encode(self, value: Any) -> np.ndarray:
        """Return the frames.

        Parameters
        ----------
        value : array, (array, rate), path or bytes
            The sound.

        Returns
        -------
        ndarray
            float32 (T, features).
        """
        scaler = self._fitted("scaler_")
        pieces = sound.pieces(value, self.sample_rate, self.max_seconds)
        return np.concatenate([scaler.encode(part) for part in sound.frames(pieces, self._frames())])  # long sound: no second copy

    def decode(self, array: Any) -> np.ndarray:
        """Return the log-mel spectrum; the phase is lost, so no samples come back.

        Parameters
        ----------
        array : ndarray
            (T, features) frames.

        Returns
        -------
        ndarray
            float64 (T, features), natural logarithms of power.
        """
        decoded = self._fitted("scaler_").decode(array)
        if decoded.ndim != 2:
            raise DataError(f"Audio: expected an array (T, {self.features}) to decode; got shape {decoded.shape}.")
        return decoded

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        """Return frames as another speaker in another room would give them.

        Parameters
        ----------
        encoded : ndarray
            (T, features) frames.
        random : Generator
            Source of random numbers.

        Returns
        -------
        ndarray
            float32 (T', features).
        """
        scaler = self._fitted("scaler_")
        return mask_spectrum(scaler.encode(augment_spectrum(scaler.decode(encoded), random)), random)

    def shape_from_header(self, value: Any) -> tuple[int, int] | None:
        """Return the shape of the frames of a file, from its header.

        Parameters
        ----------
        value : path
            The file.

        Returns
        -------
        tuple of int or None
            (T, features); None for files without a length in their header.
        """
        count = sound.count(value, self.sample_rate, self.max_seconds)
        return None if count is None else (self._frames().count(count), self.features)

    def incremental_encoder(self) -> AudioEncoder:
        """Return an incremental encoder of sound in chunks.

        Returns
        -------
        AudioEncoder
            With ``feed(chunk)`` and ``close()``.
        """
        return AudioEncoder(self, self._frames())

    def _spectrum(self, value: Any) -> np.ndarray:
        return sound.log_mel(sound.pieces(value, self.sample_rate, self.max_seconds), self._frames())

    def _frames(self) -> Spectrum:
        return Spectrum(self.sample_rate, features=self.features, window=self.window, step=self.step)

    def _check(self) -> None:
        whole(self.sample_rate, "sample_rate", 100, 1_000_000, SettingError)
        whole(self.features, "features", 1, 1024, SettingError)
        real(self.window, "window", 1e-4, 10.0, SettingError)
        real(self.step, "step", 1e-5, 10.0, SettingError)
        real(self.max_seconds, "max_seconds", 0.0, 1e9, SettingError)
        one_of(self.augment, (True, False), "augment", SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        sample = values if len(values) <= _SCALED_BY else [values[int(row)] for row in np.linspace(0, len(values) - 1, _SCALED_BY)]
        spectra = each(self._spectrum, sample)
        self.scaler_ = Scaler.fit(spectra, self.features, how="standard", missing=False, target=self.role_ == "target")

    def _state(self) -> dict[str, Any]:
        return {"scaler": self._fitted("scaler_").state()}

    def _restore(self, state: dict[str, Any]) -> None:
        scaler = Scaler.from_state(strict(state, ("scaler",), "Audio state")["scaler"])
        if scaler.size != self.features:
            raise DataError(f"Audio state: expected {self.features} channels; got {scaler.size}.")
        self.scaler_ = scaler


class AudioEncoder:
    """Incremental encoder of a recording, chunk by chunk; ``codec.incremental_encoder()`` makes one.

    Parameters
    ----------
    codec : Audio
        Fitted.
    spectrum : Spectrum
        Not fed yet.
    """

    def __init__(self, codec: Audio, spectrum: Spectrum) -> None:
        self._rate, self._scaler, self._spectrum = codec.sample_rate, codec._fitted("scaler_"), spectrum
        self.state = None
        self._resampler: Resampler | None = None
        self._source_rate = 0

    def feed(self, chunk: Any) -> np.ndarray:
        """Return the frames that one more chunk completes.

        Parameters
        ----------
        chunk : array or (array, rate)
            Samples as ``Audio`` takes them, all chunks at one rate.

        Returns
        -------
        ndarray
            float32 (T, features).
        """
        samples, actual = sound.split(chunk, self._rate)
        if self._resampler is None:
            if not has_table(actual, self._rate):
                raise DataError(
                    f"{actual} and {self._rate} samples a second have too small a common divisor to resample sound chunk by chunk."
                    " Resample the sound first, or use another sample_rate."
                )
            self._resampler, self._source_rate = Resampler(actual, self._rate), actual
        if actual != self._source_rate:
            raise DataError(f"all chunks must have {self._source_rate} samples a second, as the first; got {actual}. Start a new encoder.")
        return self._scaler.encode(self._spectrum.feed(self._resampler.feed(sound.to_mono(samples))))

    def piece(self, element: Any) -> list[Any]:
        """Return one element as a piece."""
        return [element]

    def close(self) -> np.ndarray:
        """Return the last frames, float32 (T, features)."""
        rest = self._resampler.close() if self._resampler is not None else np.zeros(0, dtype=np.float32)
        return self._scaler.encode(np.concatenate([self._spectrum.feed(rest), self._spectrum.close()]))
