"""Notes: music as frames of notes that sound together, as voices side by side, or as events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from elman.codecs.checks import one_of, real, strict, whole
from elman.codecs.codec import Codec, each
from elman.codecs.incremental import StatelessEncoder
from elman.codecs.media import files as media_files
from elman.codecs.media import midi
from elman.codecs.notes_events import EventDecoder, Events
from elman.codecs.notes_roll import Roll
from elman.codecs.notes_voices import MOST_VOICES, VoiceDecoder, Voices
from elman.codecs.space import Binary, Discrete
from elman.errors import DataError, SettingError

READS = ("roll", "voices", "events")


class Notes(Codec):
    """Music: frames of equal length, voices, or notes with their times; each also a MIDI file, its path or bytes (extra ``music``).

    Parameters
    ----------
    read : {"roll", "voices", "events"}, default "roll"
        "roll": the notes that sound in each frame. A value is a list of lists of MIDI numbers, or an array (T, notes) or (T, 128) of zeros
        and ones. "voices": the action of each of V voices in each frame, as symbols, voice after voice: strike a note, hold it, be silent
        (Hadjeres 2017, Liang 2017). A value is an array (T, V) of MIDI numbers, -1 for silence; a number equal to the one before it is
        held, and one that is struck again there has 128 added to it. In a file each track is a voice, in the file's order. "events":
        keys that go down and come up, and time that passes (Oore 2018). A value is a list of (start, duration, pitch) or (start,
        duration, pitch, velocity), in beats, moved to the nearest of ``beat`` places a beat.
    low : int, default 21
        Lowest MIDI number, A0 of the piano.
    high : int, default 108
        Highest MIDI number, C8.
    beat : int, default 4
        Frames, or places of events, a beat.
    threshold : float, default 0.5
        ``decode`` of a roll gives the notes whose number is above this.
    augment : bool, default True
        Augment the training of a language model: pieces in other keys, up to six semitones away.
    velocity_bins : int, default 0
        Number of velocities of events; 0 leaves velocity out. They come back as the velocity in the middle of the bin.

    Examples
    --------
    >>> codec = Notes().fit([[[60, 64, 67], []]])
    >>> codec.space, codec.decode(codec.encode([[67, 60], [], [21]]))
    (Binary(n=88), [[60, 67], [], [21]])
    >>> voices = Notes("voices").fit([[[67, 60], [67, 62], [-1, 62]]])
    >>> [voices.symbol(index) for index in voices.encode([[67, 60], [67, 62]])]
    ['voice 1: 67', 'voice 2: 60', 'voice 1: held', 'voice 2: 62']
    >>> events = Notes("events").fit([[(0, 1, 60), (0.5, 1, 64)]])
    >>> events.decode(events.encode([(0, 1, 60), (0.5, 1, 64)]))
    [(0.0, 1.0, 60), (0.5, 1.0, 64)]
    """

    id = "notes.v1"
    modality = "music"
    reads_paths = True
    rank = "many"

    def __init__(
        self,
        read: str = "roll",
        *,
        low: int = 21,
        high: int = 108,
        beat: int = 4,
        threshold: float = 0.5,
        augment: bool = True,
        velocity_bins: int = 0,
    ) -> None:
        self.read = read
        self.low = low
        self.high = high
        self.beat = beat
        self.threshold = threshold
        self.augment = augment
        self.velocity_bins = velocity_bins

    @property
    def space(self) -> Binary | Discrete:
        """One yes or no for each note of a roll; one index for each symbol of voices or events, and 0 for unknown."""
        return self._form.space

    def encode(self, value: Any) -> np.ndarray:
        """Return the array of a piece.

        Parameters
        ----------
        value : list, ndarray, or path or bytes of a MIDI file
            A piece of music, as the class describes it.

        Returns
        -------
        ndarray
            Roll: float32 (T, notes). Voices: int64 (T * V,), one symbol for each voice of each frame. Events: int64 (T,).
        """
        return _naming(self._form.encode, value)

    def decode(self, array: Any) -> Any:
        """Return the piece.

        Parameters
        ----------
        array : ndarray
            Roll: (T, notes) probabilities, or zeros and ones. Voices and events: whole numbers (T,).

        Returns
        -------
        list of list of int, ndarray or list of tuple
            Roll: MIDI numbers of each frame, from the lowest up. Voices: int64 (T, V); voices that a frame lacks, the last one too, hold
            their note, and one out of turn begins the next frame. Events: notes by their start; those that are never
            ended last until the end.
        """
        return self._form.decode(array)

    @property
    def augments(self) -> bool:
        """Whether to augment: only targets, because a label of a piece may be its key."""
        return self.augment and self.role_ == "target"

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        """Return a piece in another key, five semitones down to six up, as far as the notes allow.

        Parameters
        ----------
        encoded : ndarray
            Result of ``encode``.
        random : Generator
            Source of random numbers.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        return self._form.augment_encoded(encoded, random)

    def incremental_decoder(self) -> VoiceDecoder | EventDecoder | None:
        """Return a decoder of frames or notes, symbol by symbol; None for rolls."""
        form = self._form
        return None if isinstance(form, Roll) else form.incremental_decoder()

    @property
    def grammar(self) -> Callable[[tuple[int, ...]], Collection[int]] | None:
        """Order of voices: one after the other, and a piece ends with a whole frame; None for rolls and events."""
        form = self._form
        return form.allowed if isinstance(form, Voices) else None

    def symbol(self, index: int) -> str:
        """Return the name of a symbol of voices or events.

        Parameters
        ----------
        index : int
            Of the space.

        Returns
        -------
        str
            As "voice 1: 60", "voice 2: held", "60 down", "4 steps".
        """
        form = self._form
        if isinstance(form, Roll):
            raise SettingError("a roll has no symbols: many notes sound at once. Use Notes('voices') or Notes('events').")
        return form.name(index)

    def step_labels(self, value: Any) -> list[str]:
        """Return the name of each symbol of voices or events; none for rolls."""
        return [] if self.read == "roll" else [self.symbol(index) for index in np.asarray(self.encode(value)).tolist()]

    @property
    def is_symbolic(self) -> bool:  # type: ignore[override]  # follows from a setting
        """Whether elements are symbols: voices and events are, a roll of notes that sound at once is not."""
        return self.read != "roll"

    def midi(self, piece: Any, *, tempo: float = 90.0) -> bytes:
        """Return a piece as a MIDI file that plays; in a roll a note goes on while it sounds in consecutive frames.

        Parameters
        ----------
        piece : list or ndarray
            As ``encode`` takes it, for example a piece of ``LanguageModel.generate``.
        tempo : float, default 90
            Beats a minute; a beat has ``beat`` frames.

        Returns
        -------
        bytes
            Write them to a file ending in ``.mid``. Each voice is a track.
        """
        real(tempo, "tempo", 1.0, 1000.0, SettingError)
        return midi.to_bytes(self._form.struck(piece), self.beat, tempo)

    @property
    def _form(self) -> Roll | Voices | Events:
        low, high = self._fitted("span_")
        grid = {"low": low, "high": high, "beat": self.beat}
        if self.read == "voices":
            return Voices(voices=self.voices_, **grid)
        return Events(bins=self.velocity_bins, **grid) if self.read == "events" else Roll(threshold=self.threshold, **grid)

    def incremental_encoder(self) -> StatelessEncoder | None:
        """Return an incremental encoder of frames.

        Returns
        -------
        StatelessEncoder or None
            With ``feed(piece)`` and ``close()``; None for voices and events, whose symbols depend on earlier ones.
        """
        return StatelessEncoder(self.encode) if self.read == "roll" else None

    def _check(self) -> None:
        one_of(self.read, READS, "read", SettingError)
        whole(self.low, "low", 0, 127, SettingError)
        whole(self.high, "high", self.low, 127, SettingError)
        whole(self.beat, "beat", 1, 960, SettingError)
        real(self.threshold, "threshold", 0.0, 1.0, SettingError)
        one_of(self.augment, (True, False), "augment", SettingError)
        whole(self.velocity_bins, "velocity_bins", 0, 127, SettingError)
        if self.velocity_bins and self.read != "events":
            raise SettingError(f"velocity_bins are for events; read is {self.read!r}. Leave them out.")

    def _fit(self, values: Sequence[Any]) -> None:
        self.span_, self.voices_ = (int(self.low), int(self.high)), 1
        form = self._form
        if isinstance(form, Voices):
            self.voices_ = max(each(lambda value: _naming(form.read, value).shape[1], values))
        else:
            each(self.encode, values)

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {"span": list(self._fitted("span_"))}
        return {**state, "voices": self.voices_} if self.read == "voices" else state

    def _restore(self, state: dict[str, Any]) -> None:
        fields = strict(state, ("span", "voices") if self.read == "voices" else ("span",), "Notes state")
        if fields["span"] != [self.low, self.high]:
            raise DataError(f"Notes state: expected the span {[self.low, self.high]}; got {fields['span']!r}.")
        self.span_ = (self.low, self.high)
        self.voices_ = whole(fields["voices"], "Notes state: voices", 1, MOST_VOICES) if self.read == "voices" else 1


def _naming(use: Callable[[Any], np.ndarray], value: Any) -> np.ndarray:
    """Apply a function to a value; errors of a file name it."""
    try:
        return use(value)
    except DataError as error:
        name = media_files.named(value, "MIDI") if media_files.is_file(value) else ""
        raise error if name in error.detail else DataError(f"{name}: {error.detail}") from error
