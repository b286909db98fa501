"""Picture files as they come: many pages, odd modes, bombs, broken. Each is a defined result or one clear error."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from tests.codecs import media

from elman.codecs import Image, Pixels
from elman.errors import DataError

pytest.importorskip("PIL", reason="the extra image is not installed")
CODEC = Image().fit([np.zeros((8, 8), np.uint8)])
NOISE = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_many_pictures_in_a_file_the_first_is_read(kind: str) -> None:
    data = media.animation(kind)
    np.testing.assert_allclose(CODEC.encode(data), 40 / 255, atol=0.01)
    np.testing.assert_allclose(CODEC.encode(media.animation(kind, range(0, 250, 2)))[0], 0, atol=0.01)
    assert CODEC.shape_from_header(data) == (1, 8, 8)


@pytest.mark.parametrize(
    ("mode", "kind"), [("CMYK", "TIFF"), ("CMYK", "JPEG"), ("LAB", "TIFF"), ("YCbCr", "TIFF"), ("P", "GIF"), ("1", "TIFF")]
)
def test_modes_of_print_are_read_as_colour(mode: str, kind: str) -> None:
    from PIL import Image as Pillow
    from PIL import ImageCms

    white = Pillow.new("RGB", (8, 8), "white")
    if mode == "LAB":
        to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        white = ImageCms.applyTransform(white, to_lab) or white
    data = media.picture(white.convert(mode) if mode != "LAB" else white, kind)
    codec = Image().fit([data])
    assert codec.encode(data).min() > 0.95
    assert codec.channels_ == (1 if mode == "1" else 3)


def test_deep_pictures_keep_their_depth() -> None:
    for kind in ("PNG", "TIFF"):
        codec = Image().fit([media.picture(np.full((4, 4), 32_768, np.uint16), kind)])
        assert codec.kind_ == "uint16"
        np.testing.assert_allclose(codec.encode(media.picture(np.full((4, 4), 32_768, np.uint16), kind)), 32_768 / 65_535, atol=1e-6)
    deep = np.array([[0, 1_000_000], [500_000, 250_000]], np.int32)  # more than 16 bits: by the range of fit
    codec = Image().fit([media.picture(deep, "TIFF")])
    np.testing.assert_allclose(codec.encode(media.picture(deep, "TIFF"))[0], deep / 1_000_000, atol=1e-6)


@pytest.mark.parametrize("value", [np.zeros((0, 5), np.uint8), np.zeros((5, 0, 3), np.uint8)])
def test_arrays_of_no_pixels_are_refused(value: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"row 1: expected a picture of at least one pixel; got shape"):
        CODEC.encode_all([np.zeros((8, 8), np.uint8), value])


def test_files_of_no_pixels_are_refused(tmp_path: Path) -> None:
    from PIL import Image as Pillow

    with pytest.raises(DataError, match="expected a picture of at least one pixel; the picture has 0 x 5"):
        CODEC.encode(Pillow.new("L", (0, 5)))
    for data in (media.png(0, 0), media.png(0, 5), media.gif((0, 0), (0, 0)), media.gif((0, 0), (8, 8))):
        path = tmp_path / "none"
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"row 0: .*'.*none'.* (is not a picture|at least one pixel|is broken)"):
            CODEC.encode_all([path])
    with pytest.raises(DataError, match="the picture of 0 bytes is empty"):
        CODEC.encode(b"")


def bomb(kind: str) -> bytes:
    """A few bytes that want to become millions of pixels."""
    from PIL import Image as Pillow

    if kind == "PNG":
        return media.png(60_000, 60_000, rows=1)
    if kind.startswith("GIF"):
        return media.gif((60_000, 60_000), (8, 8)) if kind == "GIF" else media.gif((8, 8), (60_000, 60_000))
    if kind == "TIFF":
        return media.picture(Pillow.new("1", (3000, 3000)), "TIFF", compression="tiff_adobe_deflate")
    return media.picture(Pillow.new("L", (1500, 1500)), kind, quality=1)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "GIF frame", "TIFF", "WEBP", "JPEG"])
def test_bombs_are_refused_before_they_are_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import ImageFile

    data = bomb(kind)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("pixels were decoded"))
    codec = Image(max_pixels=1_000_000).fit([NOISE])
    with pytest.raises(DataError, match=r"has \d+ x \d+ pixels, more than max_pixels=1000000\. Raise Image\(max_pixels=…\)"):
        codec.encode(data)
    with pytest.raises(DataError, match="row 1: .*more than max_pixels"):
        Image(max_pixels=1_000_000).fit([NOISE, data])


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "WEBP"])
def test_the_limit_can_be_raised_beyond_that_of_the_library(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image as Pillow

    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 1000)
    options = {"compression": "tiff_adobe_deflate"} if kind == "TIFF" else {}
    data = media.picture(Pillow.new("L", (90, 90)), kind, **options)
    assert Image(max_pixels=8100, size=4, mode="grey").fit([data]).encode(data).shape == (1, 4, 4)
    assert Pillow.MAX_IMAGE_PIXELS == 1000


def test_a_part_larger_than_the_whole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image as Pillow
    from PIL import TiffImagePlugin

    data = media.picture(Pillow.new("1", (90, 90)), "TIFF", compression="tiff_adobe_deflate")
    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "load_prepare", lambda _: Pillow._decompression_bomb_check((9000, 9000)))
    with pytest.raises(DataError, match=r"the picture of \d+ bytes has parts of more than max_pixels=10000 pixels"):
        Image(max_pixels=10_000).fit([NOISE]).encode(data)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_text_that_swells_inside_a_picture_is_not_unpacked(name: bytes) -> None:
    swollen = media.chunk(name, b"k\0\0" + zlib.compress(b"a" * 20_000_000))
    with pytest.raises(DataError, match="is not a picture that can be read .*too large"):
        CODEC.encode(media.png(8, 8, before=swollen))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_pictures_cut_short_are_named(kind: str, tmp_path: Path) -> None:
    data = media.picture(NOISE, kind)
    path = tmp_path / "cut"
    for share in (0.02, 0.5, 0.9):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(
            DataError, match=r"row 1: '.*cut' is (not a picture that can be read|broken) \(.*(Replace the file|Expected one of)"
        ):
            CODEC.encode_all([NOISE, path])


def test_a_broken_line_is_named_where_the_background_is_looked_at() -> None:
    cut = media.picture(NOISE, "PNG")
    with pytest.raises(DataError, match=r"row 1: the picture of \d+ bytes is broken"):
        Image("columns").fit([NOISE, cut[: len(cut) // 2]])


def test_other_kinds_of_file_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    with pytest.raises(DataError, match=r"is not a picture that can be read \(none of its kinds\)\. Expected one of PNG, JPEG, GIF"):
        CODEC.encode(tmp_path / "a.eps")
    assert Image().fit([media.png(8, 8)]).space == Pixels(1, 8, 8)
