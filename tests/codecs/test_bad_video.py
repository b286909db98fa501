"""Films as they come: without frames, cut, at no rate, too large, too long. Each is a defined result or one clear error."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from tests.codecs import media

from elman.codecs import Video
from elman.errors import DataError

pytest.importorskip("av", reason="the extra video is not installed")
CODEC = Video(8, augment=False).fit([0])
FRAMES = np.random.default_rng(0).integers(0, 255, (24, 32, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def mp4() -> bytes:
    return media.film(FRAMES)


def patched(data: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    """Return a file in which the bytes at an offset from a box's name are others."""
    at = data.index(box) + offset
    return data[:at] + value + data[at + len(value) :]


def test_films_without_pictures_or_frames_are_named(mp4: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(media.sound_track())
    with pytest.raises(DataError, match=r"row 0: '.*film\.mp4' has no pictures in it\. Expected a video"):
        CODEC.encode_all([path])
    path.write_bytes(patched(patched(patched(mp4, b"stsz", 12, b"\0" * 4), b"stts", 8, b"\0" * 4), b"stsc", 8, b"\0" * 4))
    with pytest.raises(DataError, match=r"row 0: '.*film\.mp4' (has no frames|is not video that can be read)"):
        CODEC.encode_all([path])
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"'.*film\.mp4' is empty: it has no bytes"):
        CODEC.encode(path)


def test_an_array_of_no_frames_is_a_film_of_no_frames() -> None:
    assert CODEC.encode(np.zeros((0, 5, 5), np.uint8)).shape == (0, 1, 8, 8)
    with pytest.raises(DataError, match=r"expected a video .*; got shape \(3, 0, 5, 1\)"):
        CODEC.encode(np.zeros((3, 0, 5), np.uint8))


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_cut_mp4_has_lost_its_table_and_is_refused(mp4: bytes, share: float) -> None:
    cut = mp4[: int(len(mp4) * share)]
    with pytest.raises(DataError, match=rf"row 0: the video of {len(cut)} bytes is not video that can be read"):
        CODEC.encode_all([cut])


@pytest.mark.parametrize("kind", ["matroska", "mpegts"])
def test_truncated_streamable_videos_are_shorter(kind: str) -> None:
    data = media.film(FRAMES, kind=kind)
    whole = CODEC.encode(data)
    assert len(whole) == 24
    for share in (0.4, 0.8):
        part = CODEC.encode(data[: int(len(data) * share)])
        assert 1 < len(part) < 24
        np.testing.assert_allclose(part[:-1], whole[: len(part) - 1], atol=1e-6)


@pytest.mark.parametrize(
    ("box", "offset", "value"),
    [(b"mdhd", 16, struct.pack(">I", 0)), (b"stts", 16, struct.pack(">I", 0)), (b"stts", 16, struct.pack(">I", 2**31 - 1))],
)
def test_no_rate_or_an_absurd_one_bounds_the_frames(mp4: bytes, box: bytes, offset: int, value: bytes) -> None:
    try:
        assert 1 <= len(CODEC.encode(patched(mp4, box, offset, value))) <= 24
    except DataError as error:
        assert "max_seconds" in str(error) or "can be read" in str(error)  # noqa: PT017  # either is right


def test_an_avi_of_no_frames_a_second_is_still_read() -> None:
    data = media.film(FRAMES, kind="avi")
    at = data.index(b"strh") + 28
    none = data[:at] + b"\0" * 8 + data[at + 8 :]
    assert 1 <= len(CODEC.encode(none)) <= 24


def test_pictures_of_an_unknown_kind_are_named() -> None:
    data = media.film(FRAMES, kind="avi")
    with pytest.raises(DataError, match=rf"the video of {len(data)} bytes has pictures of a kind that cannot be decoded\. Convert it"):
        CODEC.encode(data.replace(b"FMP4", b"XYZ9"))


def test_frames_larger_than_in_the_header_are_refused_before_they_are_decoded() -> None:
    small, large = media.png(8, 8), media.png(900, 900)
    assert len(Video(8, max_pixels=810_000).fit([0]).encode(media.film_of_pictures([small, large]))) == 2
    codec = Video(8, max_pixels=10_000).fit([0])
    with pytest.raises(DataError, match=r"after frame 1 \(.*Expected frames .* at most max_pixels=10000"):
        codec.encode(media.film_of_pictures([small, large, small]))
    with pytest.raises(DataError, match=r"has frames of 200 x 200 pixels, more than max_pixels=10000"):
        codec.encode(media.film_of_pictures([small, media.png(200, 200)]))
    with pytest.raises(DataError, match=r"has frames of 900 x 900 pixels, more than max_pixels=10000\. Raise Video\(max_pixels=…\)"):
        codec.encode(media.film_of_pictures([large], side=900))


def test_long_videos_are_refused_with_any_header(mp4: bytes) -> None:
    for look in (CODEC.encode, CODEC.shape_from_header):
        assert look(mp4) is not None
    short = Video(8, max_seconds=1).fit([0])
    for look in (short.encode, short.shape_from_header):
        with pytest.raises(DataError, match=rf"the video of {len(mp4)} bytes lasts more than max_seconds=1\. Raise Video\(max_seconds=…\)"):
            look(mp4)


def test_an_animation_is_a_film() -> None:
    data = media.animation("GIF", range(0, 250, 50), side=32)
    films = Video(8, fps=100).fit([0]).encode(data)
    np.testing.assert_allclose(films.mean((1, 2, 3)), np.arange(0, 250, 50)[: len(films)] / 255, atol=0.03)
    assert len(films) >= 3


def test_long_films_need_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    import av

    data = io.BytesIO()
    with av.open(data, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = 120, 160, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((120, 160, 3), np.uint8), format="rgb24")
        for _ in range(1500):  # 86 MB as bytes, 345 MB as floats
            frame.pts = None
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (tmp_path / "long.mkv").write_bytes(data.getvalue())
    CODEC.encode(media.film(FRAMES))
    tracemalloc.start()
    encoded = CODEC.encode(tmp_path / "long.mkv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(encoded) == 1200
    assert peak < 40_000_000
