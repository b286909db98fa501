"""Notes read as events: keys, time and velocity, round trips on the grid and through files, and notes that never end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.codecs import Discrete, Notes
from elman.codecs.media.midi import Struck, to_bytes
from elman.errors import DataError, DataTypeError, SettingError


def fitted(**settings: object) -> Notes:
    return Notes("events", **settings).fit([[(0, 1, 60)]], role="target")  # type: ignore[arg-type]


def names_of(codec: Notes, value: object) -> list[str]:
    return [codec.symbol(int(index)) for index in codec.encode(value)]


def test_keys_come_up_before_keys_go_down() -> None:
    codec = fitted()
    assert codec.space == Discrete(1 + 2 * 88 + 16)
    piece = [(0, 1, 64), (0, 1, 60), (1, 5, 60)]
    assert names_of(codec, piece) == ["60 down", "64 down", "4 steps", "60 up", "64 up", "60 down", "16 steps", "4 steps", "60 up"]
    assert codec.decode(codec.encode(piece)) == [(0.0, 1.0, 60), (0.0, 1.0, 64), (1.0, 5.0, 60)]
    assert codec.encode([]).tolist() == codec.decode(np.array([], int)) == []
    assert codec.symbol(0) == "(unknown)"


def test_times_move_to_the_grid_and_notes_on_top_of_each_other_are_cut() -> None:
    codec = fitted()
    assert codec.decode(codec.encode([(0.1, 0.01, 60), (1.13, 0.5, 62)])) == [(0.0, 0.25, 60), (1.25, 0.5, 62)]
    assert codec.decode(codec.encode([(0, 4, 60), (1, 1, 60)])) == [(0.0, 1.0, 60), (1.0, 1.0, 60)]
    assert codec.decode(codec.encode([(0, 1, 60), (0, 2, 60)])) == [(0.0, 2.0, 60)]
    assert codec.decode(codec.encode(np.array([[0, 1, 60, 80]]))) == [(0.0, 1.0, 60)]


def _middles(bins: int) -> list[int]:
    """The middle of the velocities of each bin, found by listing them."""
    listed = [[v for v in range(1, 128) if (v - 1) * bins // 127 == number] for number in range(bins)]
    return [(some[0] + some[-1]) // 2 for some in listed]


@st.composite
def grids(draw: st.DrawFn) -> tuple[int, int, list[tuple[float, float, int, int]]]:
    """Frames a beat, bins, and notes of which none is on top of another of its pitch, each struck in the middle of a bin."""
    beat, bins = draw(st.sampled_from([1, 3, 4, 12])), draw(st.integers(1, 127))
    notes = []
    for pitch in draw(st.sets(st.integers(21, 108), max_size=4)):
        now = 0
        for gap, length in draw(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), max_size=4)):
            struck = draw(st.sampled_from(_middles(bins)))
            notes.append(((now + gap) / beat, length / beat, pitch, struck))
            now += gap + length
    return beat, bins, sorted(notes, key=lambda note: (note[0], note[2]))


@settings(deadline=None, max_examples=60)
@given(grids())
def test_pieces_on_the_grid_round_trip(case: tuple[int, int, list[tuple[float, float, int, int]]]) -> None:
    beat, bins, notes = case
    codec = fitted(beat=beat, velocity_bins=bins)
    assert codec.decode(codec.encode(notes)) == notes
    plain = fitted(beat=beat)
    assert plain.decode(plain.encode(notes)) == [note[:3] for note in notes]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 10), max_size=40))
def test_any_symbols_decode_to_a_piece(symbols: list[int]) -> None:
    codec = fitted(low=60, high=61, beat=1, velocity_bins=2)
    assert codec.space.n == 11
    piece = codec.decode(np.array(symbols, dtype=np.int64))
    assert codec.decode(codec.encode(piece)) == piece


def test_keys_that_hang_come_up_at_the_end() -> None:
    codec = fitted()
    down, up, step = 1 + 60 - 21, 1 + 88 + 60 - 21, 176 + 2
    assert codec.decode(np.array([down, step, down + 1])) == [(0.0, 0.75, 60), (0.5, 0.25, 61)]
    assert codec.decode(np.array([down, step, down, step])) == [(0.0, 0.5, 60), (0.5, 0.5, 60)]
    assert codec.decode(np.array([0, up, down, up, step, up])) == []
    with pytest.raises(DataError, match=r"expected symbols in 0\.\.192 to decode; got 193"):
        codec.decode(np.array([193]))


def test_every_velocity_has_a_bin_whose_middle_is_its_own() -> None:
    for bins in range(1, 128):
        form = fitted(velocity_bins=bins)._form
        assert [form.velocity(number) for number in range(bins)] == _middles(bins)  # type: ignore[union-attr]
        numbers = [form._bin(velocity) for velocity in range(1, 128)]  # type: ignore[union-attr]
        assert numbers == sorted(numbers)
        assert set(numbers) == set(range(bins))
    codec = fitted(velocity_bins=4)
    assert names_of(codec, [(0, 1, 60, 1), (1, 1, 60, 20), (2, 1, 60)]) == [
        "velocity 16", "60 down", "4 steps", "60 up", "60 down", "4 steps", "60 up", "velocity 80", "60 down", "4 steps", "60 up",
    ]  # fmt: skip


def test_other_keys_move_keys_only() -> None:
    codec = fitted(velocity_bins=2)
    piece = [(0, 1, 60, 100), (1, 2, 72, 20)]
    encoded = codec.encode(piece)
    keys = set()
    for seed in range(80):
        moved = codec.decode(codec.augment_encoded(encoded, np.random.default_rng(seed)))
        keys.add(moved[0][2] - 60)
        assert [(*note[:2], note[2] - moved[0][2] + 60, note[3]) for note in moved] == codec.decode(encoded)
    assert keys == set(range(-5, 7))
    np.testing.assert_array_equal(codec.augment_encoded(encoded[:0], np.random.default_rng(0)), encoded[:0])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, r"expected notes, \(start, duration, pitch\) in beats, or a MIDI file; got int"),
        ([60], r"note 0: expected \(start, duration, pitch\) or .*; got 60"),
        ([(0, 1, 60), (0, 1)], r"note 1: expected \(start, duration, pitch\)"),
        ([(-1, 1, 60)], r"note 0: its start in beats must be a finite number in 0\.0\.\.62500\.0; got -1"),
        ([(0, float("nan"), 60)], "note 0: its duration in beats must be a finite number"),
        ([(0, 1, 60.5)], r"note 0: its MIDI number must be a whole number in 0\.\.127; got 60\.5"),
        ([(0, 1, 60, 0)], r"note 0: its velocity must be a whole number in 1\.\.127; got 0"),
        ([(2, 1, 110)], r"beat 2: expected MIDI numbers in 21\.\.108; got 110\. Widen"),
    ],
)
def test_bad_notes_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=f"row 1: {message}"):
        Notes("events").fit([[(0, 1, 60)], value])
    with pytest.raises(DataTypeError, match="row 0: expected notes"):
        Notes("events").fit([None])
    with pytest.raises(SettingError, match=r"velocity_bins must be a whole number in 0\.\.127; got 200"):
        Notes("events", velocity_bins=200).fit([[]])


def test_files_are_events_there_and_back() -> None:
    pytest.importorskip("symusic", reason="the extra music is not installed")
    codec = fitted(velocity_bins=127)
    data = to_bytes([[Struck(0, 4, 60, 33)], [Struck(2, 40, 64, 127), Struck(40, 41, 60, 1)]], 4, 90)
    piece = codec.decode(codec.encode(data))
    assert piece == [(0.0, 1.0, 60, 33), (0.5, 9.5, 64, 127), (10.0, 0.25, 60, 1)]
    assert codec.decode(codec.encode(codec.midi(piece, tempo=120))) == piece
    with pytest.raises(DataError, match=r"the MIDI of \d+ bytes: beat 1: expected MIDI numbers in 21\.\.108; got 12"):
        codec.encode(to_bytes([[Struck(4, 8, 12)]], 4, 90))
    with pytest.raises(DataError, match="got no notes"):
        codec.encode(to_bytes([[]], 4, 90))
    with pytest.raises(DataError, match="the MIDI of 4 bytes is not a MIDI file that can be read"):
        codec.encode(b"MThd")
