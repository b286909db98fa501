"""Audio: sound as log-mel frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs import sound
from elman.codecs._base import Codec, each
from elman.codecs.checks import real, strict, whole
from elman.codecs.scaling import Scaler
from elman.codecs.space import Continuous
from elman.errors import DataError, SettingError


class Audio(Codec):
    """Sound: samples (T,) or (T, channels), ``(samples, rate)``, a file (wav, flac, ogg, mp3) or its bytes.

    Channels are averaged, other rates resampled, and each mel band is standardised. Files need the extra ``audio``.

    Parameters
    ----------
    sample_rate : int, default 8000
        Samples a second that everything is brought to; samples without a rate are taken to have it.
    features : int, default 40
        Mel bands, the numbers of a frame.
    window : float, default 0.025
        Length of a frame in seconds.
    step : float, default 0.01
        Seconds from frame to frame.
    max_seconds : float, default 3600
        Longer sound is refused before it is decoded.

    Examples
    --------
    >>> wave = np.sin(np.arange(8000) * 0.3)
    >>> Audio().fit([wave]).encode(wave).shape
    (101, 40)
    """

    id = "audio.v1"
    rank = "many"

    def __init__(
        self, sample_rate: int = 8000, *, features: int = 40, window: float = 0.025, step: float = 0.01, max_seconds: float = 3600
    ) -> None:
        self.sample_rate = sample_rate
        self.features = features
        self.window = window
        self.step = step
        self.max_seconds = max_seconds

    @property
    def space(self) -> Continuous:
        """One number for each mel band."""
        return Continuous(self._fitted("scaler_").size)

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
        return scaler.encode(self._spectrum(value))

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

    def _spectrum(self, value: Any) -> np.ndarray:
        samples = sound.read(value, self.sample_rate, self.max_seconds)
        return sound.log_mel(samples, self.sample_rate, features=self.features, window=self.window, step=self.step)

    def _check(self) -> None:
        whole(self.sample_rate, "sample_rate", 100, 1_000_000, SettingError)
        whole(self.features, "features", 1, 1024, SettingError)
        real(self.window, "window", 1e-4, 10.0, SettingError)
        real(self.step, "step", 1e-5, 10.0, SettingError)
        real(self.max_seconds, "max_seconds", 0.0, 1e9, SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        spectra = each(self._spectrum, values)
        self.scaler_ = Scaler.fit(spectra, self.features, how="standard", missing=False, target=self.role_ == "target")

    def _state(self) -> dict[str, Any]:
        return {"scaler": self._fitted("scaler_").state()}

    def _restore(self, state: dict[str, Any]) -> None:
        scaler = Scaler.from_state(strict(state, ("scaler",), "Audio state")["scaler"])
        if scaler.size != self.features:
            raise DataError(f"Audio state: expected {self.features} channels; got {scaler.size}.")
        self.scaler_ = scaler
