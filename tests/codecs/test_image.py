"""Image: forms of values, reading order, and values that are refused."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from elman.codecs import Continuous, Image, Pixels
from elman.errors import DataError, DataTypeError, MissingExtraError, SettingError

PICTURE = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def saved(array: np.ndarray, kind: str = "PNG", mode: str | None = None) -> bytes:
    from PIL import Image as Pillow

    image = Pillow.fromarray(array)
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, kind)
    return buffer.getvalue()


def test_each_reading_order_places_the_pixels() -> None:
    colour = np.stack([PICTURE, PICTURE + 1, PICTURE + 2], axis=-1)
    unit = colour.astype(np.float32) / 255
    np.testing.assert_array_equal(Image().fit([colour]).encode(colour), unit.transpose(2, 0, 1))
    np.testing.assert_array_equal(Image("pixels").fit([colour]).encode(colour)[5], unit[1, 1])
    np.testing.assert_array_equal(Image("rows").fit([colour]).encode(colour)[2], unit[2].T.ravel())
    np.testing.assert_array_equal(Image("columns").fit([colour]).encode(colour)[3], unit[:, 3].T.ravel())
    patches = Image("patches", patch=2).fit([colour])
    np.testing.assert_array_equal(patches.encode(colour)[1], unit[:2, 2:].transpose(2, 0, 1).ravel())
    assert patches.encode(colour).shape == (4, 12)


def test_columns_keep_the_width_and_rows_the_height_in_proportion() -> None:
    wide = np.zeros((6, 30), np.uint8)
    assert Image("columns").fit([PICTURE]).encode(wide).shape == (15, 3)
    assert Image("rows").fit([PICTURE]).encode(wide.T).shape == (20, 4)
    assert Image("columns", size=(3, 4)).fit([PICTURE]).encode(wide).shape == (4, 3)
    assert Image("columns", size=8).fit([PICTURE]).encode(wide).shape == (40, 8)
    assert Image().fit([PICTURE]).encode(wide).shape == (1, 3, 4)


def test_the_common_size_is_learned() -> None:
    small, large = np.zeros((4, 4), np.uint8), np.zeros((9, 9), np.uint8)
    assert Image().fit([large, small, small]).space == Pixels(1, 4, 4)
    assert Image().fit([np.zeros((n, n + 1), np.uint8) for n in (2, 4, 9)]).space == Pixels(1, 4, 5)


def test_numbers_carry_their_own_white() -> None:
    codec = Image().fit([PICTURE])
    for white in (np.full((3, 4), 255, np.uint8), np.full((3, 4), 65535, np.uint16), np.ones((3, 4), bool)):
        assert codec.encode(white).min() == 1.0
    floats = Image().fit([np.linspace(0, 16, 12).reshape(3, 4)])
    assert floats.encode(np.full((3, 4), 8.0)).max() == 0.5
    assert Image().fit([np.full((2, 2), 0.25)]).encode(np.full((2, 2), 0.25)).max() == 0.25
    with pytest.raises(DataError, match=r"expected pictures of uint8, uint16 or booleans, as in fit; got float64"):
        codec.encode(np.zeros((3, 4)))


def test_grey_colour_and_transparency() -> None:
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    np.testing.assert_allclose(Image(mode="grey").fit([red]).encode(red), np.full((1, 2, 2), 0.299), atol=1e-6)
    assert Image(mode="colour").fit([PICTURE]).space == Pixels(3, 3, 4)
    clear = np.zeros((2, 2, 4), np.uint8)
    assert Image().fit([clear]).encode(clear).min() == 1.0
    assert Image().fit([clear[..., :2]]).encode(clear[..., :2]).shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", None), ("PNG", "1"), ("PNG", "P"), ("PNG", "RGBA"), ("JPEG", "CMYK"), ("GIF", "P"), ("PNG", "LA")]
)
def test_files_of_every_usual_mode_are_read(kind: str, mode: str | None) -> None:
    codec = Image().fit([saved(np.full((5, 6), 255, np.uint8), kind, mode)])
    assert codec.encode(saved(np.full((5, 6), 255, np.uint8), kind, mode)).min() == pytest.approx(1.0, abs=0.02)


def test_sixteen_bits_and_an_animation() -> None:
    from PIL import Image as Pillow

    deep = saved(np.full((2, 2), 65535, np.uint16))
    assert Image().fit([deep]).encode(deep).min() == 1.0
    buffer = io.BytesIO()
    frames = [Pillow.fromarray(np.full((2, 2), v, np.uint8)) for v in (0, 255)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert Image().fit([buffer.getvalue()]).encode(buffer.getvalue()).max() == 0.0


def test_a_photograph_lying_on_its_side_is_put_upright() -> None:
    from PIL import Image as Pillow

    image = Pillow.fromarray(np.zeros((4, 9), np.uint8))
    exif = image.getexif()
    exif[274] = 6
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    assert Image().fit([buffer.getvalue()]).space == Pixels(1, 9, 4)


def test_a_pil_image_is_a_picture_and_stays_open() -> None:
    from PIL import Image as Pillow

    image = Pillow.fromarray(PICTURE)
    np.testing.assert_array_equal(Image().fit([image]).encode(image)[0], PICTURE.astype(np.float32) / 255)
    assert image.getpixel((1, 1)) == PICTURE[1, 1]


def test_broken_files_are_named(tmp_path: Path) -> None:
    codec = Image().fit([PICTURE])
    cut, text = tmp_path / "cut.png", tmp_path / "text.png"
    cut.write_bytes(saved(np.random.default_rng(0).integers(0, 255, (50, 50), dtype=np.uint8))[:400])
    text.write_text("no picture")
    with pytest.raises(DataError, match=r"row 1: '.*cut\.png' is broken \(.*\)\. Replace the file or drop the row"):
        codec.encode_all([PICTURE, cut])
    with pytest.raises(DataError, match=r"'.*text\.png' is not a picture that can be read"):
        codec.encode(text)
    with pytest.raises(DataError, match=r"there is no file '.*none\.png'"):
        codec.encode(tmp_path / "none.png")
    with pytest.raises(DataError, match=r"row 0: the picture of 3 bytes is not a picture"):
        Image().fit([b"abc"])


def test_decompression_bombs_are_refused_before_decoding_and_the_limit_can_be_raised() -> None:
    from PIL import Image as Pillow

    limit = Pillow.MAX_IMAGE_PIXELS
    bomb = saved(np.zeros((40, 40), np.uint8))
    with pytest.raises(DataError, match=r"row 0: .* has 40 x 40 pixels, more than max_pixels=1000\. Raise Image\(max_pixels=…\)"):
        Image(max_pixels=1000).fit([bomb])
    assert Image(max_pixels=1600).fit([bomb]).space == Pixels(1, 40, 40)
    assert limit == Pillow.MAX_IMAGE_PIXELS
    with pytest.raises(DataError, match="the array has 4 x 3 pixels"):
        Image(max_pixels=5).fit([PICTURE])
    with pytest.raises(DataError, match="the picture has 4 x 3 pixels"):
        Image(max_pixels=5).fit([Pillow.fromarray(PICTURE)])


def test_without_pillow_files_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"pillow is needed to read picture files.*elman\[image\]"):
        Image().fit([b"x"])
    assert Image().fit([PICTURE]).encode(np.zeros((9, 9), np.uint8)).shape == (1, 3, 4)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((3, 8, 9), np.uint8), r"got \(3, 8, 9\)\. Move the channels last: array\.transpose\(1, 2, 0\)"),
        (np.zeros(3, np.uint8), r"expected a picture of shape \(h, w\)"),
        (np.zeros((0, 3), np.uint8), "at least one pixel"),
        (np.full((2, 2), np.nan), "expected finite numbers in a picture"),
        (np.array([["a"]]), "expected a picture of numbers; got ndarray of <U1"),
        ([[1], [2, 3]], "expected a picture"),
        (None, "expected a picture of numbers; got NoneType of object"),
    ],
)
def test_values_that_are_no_picture_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=f"row 0: .*{message}"):
        Image().fit([value])


def test_stacks_are_encoded_in_one_piece_and_name_the_bad_row() -> None:
    stack = np.random.default_rng(0).random((2000, 5, 5))
    codec = Image("rows").fit(stack)
    assert all((a == codec.encode(b)).all() for a, b in zip(codec.encode_all(stack), stack, strict=True))
    stack[1500, 0, 0] = np.nan
    with pytest.raises(DataError, match="row 1500: expected finite numbers"):
        codec.encode_all(stack)
    with pytest.raises(DataTypeError, match="row 0: expected a picture of numbers"):
        codec.encode_all(np.array([["a"]], dtype=object))


def test_decode_wants_the_shape_of_encode() -> None:
    with pytest.raises(DataError, match=r"Image: expected an array of shape \(1, 3, 4\) to decode; got \(2,\)"):
        Image().fit([PICTURE]).decode([1, 2])
    assert Image("rows").fit([PICTURE]).space == Continuous(4)


@pytest.mark.parametrize("setting", [{"read": "row"}, {"mode": "gray"}, {"patch": 0}, {"max_pixels": 0}, {"size": "big"}, {"size": (1, 0)}])
def test_settings_are_checked(setting: dict) -> None:
    with pytest.raises(SettingError, match=f"{next(iter(setting))}.* must be"):
        Image(**setting).fit([PICTURE])


@pytest.mark.parametrize("change", [{"size": [1]}, {"size": [0, 1]}, {"channels": 2}, {"kind": "int8"}, {"low": 9.0, "high": 1.0}])
def test_damaged_states_are_refused(change: dict) -> None:
    config = Image().fit([PICTURE]).config()
    with pytest.raises(DataError, match="Image state: "):
        Image.from_config({**config, "state": {**config["state"], **change}})


@pytest.mark.parametrize("read", ["whole", "rows", "columns"])
def test_training_sees_pictures_a_little_changed(read: str) -> None:
    picture = np.zeros((12, 40), np.uint8)
    picture[4:8, 10:30] = 255
    codec = Image(read, augment=True).fit([picture])
    encoded = codec.encode(picture)
    varied = [codec.augment_encoded(encoded, np.random.default_rng(seed)) for seed in range(20)]
    np.testing.assert_array_equal(varied[2], codec.augment_encoded(encoded, np.random.default_rng(2)))
    assert all(one.shape == encoded.shape and one.dtype == np.float32 for one in varied)
    changed = [float(np.abs(one - encoded).mean()) for one in varied]
    assert 0.01 < min(changed) <= max(changed) < 0.4
    same = Image("whole").fit([picture]).augment_encoded(picture[None] / np.float32(255), np.random.default_rng(2))
    np.testing.assert_allclose(codec.decode(np.clip(varied[2], 0, 1)), np.clip(np.rint(same[0] * 255), 0, 255), atol=1)


def test_half_of_the_pictures_are_mirrored_with_mirror() -> None:
    picture = np.zeros((3, 12, 12), np.float32)
    picture[:, :, :6] = 1
    codec = Image(augment="mirror").fit([np.uint8(255 * picture.transpose(1, 2, 0))])
    seen = [codec.augment_encoded(picture, np.random.default_rng(seed)) for seed in range(60)]
    left = np.mean([one[:, :, :6].mean() > one[:, :, 6:].mean() for one in seen])
    assert 0.3 < left < 0.7
    assert Image.from_config(codec.config()).augment == "mirror"
    with pytest.raises(SettingError, match="augment must be one of"):
        Image(augment="mirrored").fit([np.zeros((2, 2), np.uint8)])


def test_pixels_cannot_vary() -> None:
    with pytest.raises(SettingError, match="augment=True needs the picture in one piece"):
        Image("pixels", augment=True).fit([np.zeros((2, 2), np.uint8)])


def test_paper_is_silent_where_lines_are_read() -> None:
    line = np.full((8, 20), 250, np.uint8)
    line[2:6, 4:8] = 10
    codec = Image("columns").fit([line])
    encoded = codec.encode(line)
    assert encoded[0].max() < 0.03
    assert encoded[5, 3] > 0.95
    np.testing.assert_array_equal(codec.decode(encoded), line)
    again = Image.from_config(codec.config())
    np.testing.assert_array_equal(again.encode(line), encoded)
    np.testing.assert_allclose(Image("columns", background="black").fit([line]).encode(line), 1 - encoded, atol=1e-6)
    np.testing.assert_allclose(Image("columns").fit([255 - line]).encode(255 - line), encoded, atol=1e-6)  # chalk on a board is ink already
    assert Image().fit([line]).encode(line).max() > 0.95  # a picture as a whole stays as it is
    clear = np.zeros((4, 4, 4), np.uint8)  # transparent: laid on white
    assert Image("columns").fit([clear]).encode(clear).max() == 0.0


def test_background_is_one_of_two() -> None:
    with pytest.raises(SettingError, match="background"):
        Image("columns", background="blue").fit([PICTURE])
