"""Image: a picture as a whole, or read as a sequence of rows, columns, patches or pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.augmentation import augment_pictures
from elman.codecs.checks import one_of, real, strict, whole
from elman.codecs.codec import Codec, Rank, each
from elman.codecs.media import images as pictures
from elman.codecs.space import Continuous, Pixels
from elman.errors import DataError, SettingError

BACKGROUNDS = ("black", "white")
READS = ("whole", "rows", "columns", "patches", "pixels")
_CHUNK = 1024
_SAMPLED = 32
"""Pictures that are decoded in fit to find their background."""
_PAPER = 0.65
"""Mean brightness from which rows and columns are taken for print."""


class Image(Codec):
    """A picture: an array (h, w) or (h, w, channels) of any usual dtype, a file, its bytes or a PIL image.

    Parameters
    ----------
    read : {"whole", "rows", "columns", "patches", "pixels"}, default "whole"
        As one thing, or as a sequence from the top, from the left, by square patches, or pixel by pixel.
    size : int or (int, int), optional
        Height and width every picture is resized to; by default the most frequent in ``fit``. Rows keep the height and
        columns the width they have in proportion, unless both are given here.
    mode : {"auto", "grey", "colour"}, default "auto"
        One channel or three; "auto" takes three when ``fit`` sees a colour picture.
    patch : int, default 4
        Side of a patch in pixels.
    max_pixels : int, default 50,000,000
        Larger pictures are refused before they are decoded.
    augment : bool or "mirror", default False
        Augment in training: pictures turned, slanted, stretched, shifted, lighter or darker; "mirror" also mirrors half of them: right for
        photographs, wrong for print. Not for patches and pixels.
    background : {"auto", "black", "white"}, default "auto"
        Colour that is encoded as 0. "auto" takes white for rows and columns of pictures that are mostly white, as print is: networks learn
        lines several times faster when the paper is 0.

    Notes
    -----
    Bytes, 16-bit numbers and booleans carry their own black and white; other numbers are scaled by the range seen in ``fit``.
    Transparent pictures are laid on white. Files need the extra ``image``.

    Examples
    --------
    >>> codec = Image("rows").fit([np.zeros((8, 6), np.uint8)])
    >>> codec.encode(np.full((8, 6), 255, np.uint8)).shape, codec.space
    ((8, 6), Continuous(d=6))
    """

    id = "image.v1"
    modality = "image"
    reads_paths = True
    channels_: Any

    def __init__(
        self,
        read: str = "whole",
        *,
        size: Any = None,
        mode: str = "auto",
        patch: int = 4,
        max_pixels: int = 50_000_000,
        augment: bool | str = False,
        background: str = "auto",
    ) -> None:
        self.read = read
        self.size = size
        self.mode = mode
        self.patch = patch
        self.max_pixels = max_pixels
        self.augment = augment
        self.background = background

    @property
    def rank(self) -> Rank:  # type: ignore[override]  # follows from a setting
        """One for the whole picture, many for a sequence."""
        return "one" if self.read == "whole" else "many"

    @property
    def space(self) -> Pixels | Continuous:
        """The picture, or the numbers of one step."""
        h, w = self._fitted("size_")
        c = self.channels_
        if self.read == "whole":
            return Pixels(c, h, w)
        return Continuous(c * {"rows": w, "columns": h, "patches": self.patch**2, "pixels": 1}[self.read])

    def encode(self, value: Any) -> np.ndarray:
        """Return float32, 0 black and 1 white, or the other way round where white is the background.

        Parameters
        ----------
        value : array, path, bytes or PIL image
            The picture.

        Returns
        -------
        ndarray
            (c, h, w); as a sequence (h, c·w), (w, c·h), (patches, c·patch²) or (h·w, c).
        """
        self._fitted("size_")
        return self._lay(pictures.read(value, self.max_pixels)[None])[0]

    def decode(self, array: Any) -> np.ndarray:
        """Return the picture in the range of numbers of ``fit``.

        Parameters
        ----------
        array : ndarray
            As ``encode`` gives it.

        Returns
        -------
        ndarray
            (h, w) or (h, w, 3).
        """
        picture = self._collect(np.asarray(array, dtype=np.float64))
        picture = 1 - picture if self.background_ == "white" else picture
        numbers = picture * (self.high_ - self.low_) + self.low_
        if self.kind_ != "free":
            numbers = np.clip(np.rint(numbers), self.low_, self.high_).astype(self.kind_)
        return numbers[0] if self.channels_ == 1 else numbers.transpose(1, 2, 0)

    def size_of(self, value: Any) -> tuple[int, int]:
        """Return height and width of a picture as it was given, in pixels.

        Parameters
        ----------
        value : array, path, bytes or PIL image
            The picture; of a file only the header is read where that is enough.

        Returns
        -------
        tuple of int
            Height and width.
        """
        info = pictures.info(value, self.max_pixels)
        return info.height, info.width

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> np.ndarray:
        """Return a picture as another printer, hand or camera would give it.

        Parameters
        ----------
        encoded : ndarray
            As ``encode`` gives it.
        random : Generator
            Source of random numbers.

        Returns
        -------
        ndarray
            float32 of the same shape.
        """
        if not len(encoded):
            return encoded
        picture = self._collect(encoded)
        if self.augment == "mirror" and random.random() < 0.5:
            picture = picture[:, :, ::-1]
        picture = augment_pictures(picture, random)
        if self.read == "whole":
            return picture
        steps = picture.transpose(1, 0, 2) if self.read == "rows" else picture.transpose(2, 0, 1)
        return np.ascontiguousarray(steps.reshape(len(encoded), -1))

    def shape_from_header(self, value: Any) -> tuple[int, ...]:
        """Return the shape of the numbers of a file, from its header where that is enough.

        Parameters
        ----------
        value : path
            The file.

        Returns
        -------
        tuple of int
            As ``encode`` gives it.
        """
        self._fitted("size_")
        info = pictures.info(value, self.max_pixels)
        h, w = self._size_for(info.height, info.width)
        steps = {"rows": h, "columns": w, "patches": int(np.prod(self._grid())), "pixels": h * w}
        return (self.channels_, h, w) if self.read == "whole" else (steps[self.read], self.space.d)  # type: ignore[union-attr]

    def incremental_encoder(self) -> LineEncoder | None:
        """Return an incremental encoder of rows or columns, in the size that was learned.

        Returns
        -------
        LineEncoder or None
            With ``feed(piece)`` and ``close()``; None where a step is not a row or column of the picture as it comes.
        """
        self._fitted("size_")
        along = {"rows": 0, "columns": 1}.get(self.read)
        return None if along is None or isinstance(self.size, list | tuple) else LineEncoder(self, along)

    def _lay(self, stack: np.ndarray) -> np.ndarray:
        x = self._unit(stack)
        n, c, h, w = x.shape
        size = self._size_for(h, w)
        x = x if size == (h, w) else _resized(x, size)
        x = 1 - x if self.background_ == "white" else x
        if self.read == "whole":
            return x
        if self.read == "rows":
            return x.transpose(0, 2, 1, 3).reshape(n, size[0], -1)
        if self.read == "columns":
            return x.transpose(0, 3, 1, 2).reshape(n, size[1], -1)
        if self.read == "pixels":
            return x.transpose(0, 2, 3, 1).reshape(n, -1, c)
        p, (rows, columns) = self.patch, self._grid()
        x = np.pad(x, ((0, 0), (0, 0), (0, rows * p - size[0]), (0, columns * p - size[1])))
        return x.reshape(n, c, rows, p, columns, p).transpose(0, 2, 4, 1, 3, 5).reshape(n, rows * columns, -1)

    def _collect(self, array: np.ndarray) -> np.ndarray:
        (h, w), c = self._fitted("size_"), self.channels_
        length = array.shape[0] if array.ndim else 0  # of rows and columns there are as many as the picture is long
        steps = {"rows": length, "columns": length, "patches": int(np.prod(self._grid())), "pixels": h * w}
        expected = (c, h, w) if self.read == "whole" else (steps[self.read], self.space.d)  # type: ignore[union-attr]
        if array.shape != expected:
            raise DataError(f"Image: expected an array of shape {expected} to decode; got {array.shape}.")
        if self.read == "whole":
            return array
        if self.read == "rows":
            return array.reshape(-1, c, w).transpose(1, 0, 2)
        if self.read == "columns":
            return array.reshape(-1, c, h).transpose(1, 2, 0)
        if self.read == "pixels":
            return array.reshape(h, w, c).transpose(2, 0, 1)
        p, (rows, columns) = self.patch, self._grid()
        return array.reshape(rows, columns, c, p, p).transpose(2, 0, 3, 1, 4).reshape(c, rows * p, columns * p)[:, :h, :w]

    def _grid(self) -> tuple[int, int]:
        h, w = self.size_
        return -(-h // self.patch), -(-w // self.patch)

    def _size_for(self, h: int, w: int) -> tuple[int, int]:
        height, width = self.size_
        if self.read in ("rows", "columns") and not isinstance(self.size, list | tuple):
            if self.read == "rows":
                return max(1, round(h * width / w)), width
            return height, max(1, round(w * height / h))
        return height, width

    def _check(self) -> None:
        one_of(self.read, READS, "read", SettingError)
        one_of(self.mode, ("auto", "grey", "colour"), "mode", SettingError)
        one_of(self.background, ("auto", *BACKGROUNDS), "background", SettingError)
        one_of(self.augment, (True, False, "mirror"), "augment", SettingError)
        if self.augment and self.read in ("patches", "pixels"):
            raise SettingError(
                f"augment={self.augment!r} needs the picture in one piece, or rows or columns of it; read is {self.read!r}. Leave it out."
            )
        whole(self.patch, "patch", 1, 4096, SettingError)
        whole(self.max_pixels, "max_pixels", 1, 2**40, SettingError)
        if isinstance(self.size, list | tuple) and len(self.size) == 2:
            for side in self.size:
                whole(side, "size", 1, 65536, SettingError)
        elif self.size is not None:
            whole(self.size, "size (a side, or height and width)", 1, 65536, SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        infos = each(lambda value: pictures.info(value, self.max_pixels), values)
        self.channels_ = {"grey": 1, "colour": 3}.get(self.mode, max(info.channels for info in infos))
        free = [info for info in infos if info.kind == "free"]
        first = (free or infos)[0]
        self.kind_, self.low_, self.high_ = first.kind, first.low, first.high
        if free:
            low, high = min(info.low for info in free), max(info.high for info in free)
            self.low_ = min(low, 0.0)
            self.high_ = 1.0 if low >= 0 and high <= 1 else high if high > self.low_ else self.low_ + 1.0
        self.background_ = self._find_background(values) if self.background == "auto" else self.background
        if self.size is None:
            self.size_ = _common([(info.height, info.width) for info in infos])
        else:
            self.size_ = tuple(self.size) if isinstance(self.size, list | tuple) else (self.size, self.size)

    def _find_background(self, values: Sequence[Any]) -> str:
        if self.read not in ("rows", "columns"):
            return "black"
        some = np.unique(np.linspace(0, len(values) - 1, _SAMPLED).astype(int))
        return "white" if np.median([self._brightness(values[row], int(row)) for row in some]) > _PAPER else "black"

    def _brightness(self, value: Any, row: int) -> float:
        try:
            return float(self._unit(pictures.read(value, self.max_pixels)[None]).mean())
        except DataError as error:
            raise error.at(row) from error

    def _unit(self, stack: np.ndarray) -> np.ndarray:
        """Return (N, c, h, w), 0 black and 1 white."""
        unit = pictures.unit(stack, self.low_, self.high_, free=self.kind_ == "free")
        return _channels(unit[..., None] if unit.ndim == 3 else unit, self.channels_)

    def _encode_many(self, values: Sequence[Any]) -> list[Any] | None:
        self._fitted("size_")
        if not isinstance(values, np.ndarray):
            if not all(isinstance(v, np.ndarray) and v.shape == values[0].shape and v.dtype == values[0].dtype for v in values):
                return None
        elif values.dtype.kind == "O":
            return None
        encoded: list[Any] = []
        try:
            for start in range(0, len(values), _CHUNK):
                part = np.stack(values[start : start + _CHUNK])  # type: ignore[arg-type]
                pictures.read(part[0], self.max_pixels)
                if part.dtype.kind == "f" and not np.isfinite(part).all():
                    return None
                encoded.extend(self._lay(part))
        except DataError:
            return None  # row by row finds which one
        return encoded

    def _state(self) -> dict[str, Any]:
        size = list(self._fitted("size_"))
        levels = {"low": self.low_, "high": self.high_, "background": self.background_}
        return {"size": size, "channels": self.channels_, "kind": self.kind_, **levels}

    def _restore(self, state: dict[str, Any]) -> None:
        fields = strict(state, ("size", "channels", "kind", "low", "high", "background"), "Image state")
        self.background_ = one_of(fields["background"], BACKGROUNDS, "Image state: background")
        size = fields["size"]
        if not isinstance(size, list) or len(size) != 2:
            raise DataError(f"Image state: size must be [height, width]; got {size!r}.")
        self.channels_ = one_of(fields["channels"], (1, 3), "Image state: channels")
        self.kind_ = one_of(fields["kind"], ("uint8", "uint16", "bool", "free"), "Image state: kind")
        self.low_, self.high_ = (real(fields[name], f"Image state: {name}") for name in ("low", "high"))
        if self.low_ >= self.high_:
            raise DataError("Image state: low must be below high.")
        self.size_ = (whole(size[0], "Image state: size", 1, 2**20), whole(size[1], "Image state: size", 1, 2**20))


class LineEncoder:
    """Incremental encoder of a picture, some rows or columns at a time; ``codec.incremental_encoder()`` makes one.

    Parameters
    ----------
    codec : Image
        Fitted.
    along : {0, 1}
        Axis of the pieces that may have any length.
    """

    def __init__(self, codec: Image, along: int) -> None:
        self._codec, self._along, self.state = codec, along, np.zeros(0)

    def feed(self, piece: Any) -> np.ndarray:
        """Return the steps of some more rows (k, w) or columns (h, k)."""
        shape, across = np.shape(piece), self._codec.size_[1 - self._along]
        if len(shape) not in (2, 3) or shape[1 - self._along] != across:
            expected = f"rows (k, {across})" if self._along == 0 else f"columns ({across}, k)"
            raise DataError(f"expected {expected} of a picture, as large as in fit; got shape {shape}. Resize the picture first.")
        return self._codec.encode(piece) if shape[self._along] else self.close()

    def piece(self, element: Any) -> np.ndarray:
        """Return one row (w,) or column (h,), with or without channels, as a piece."""
        return np.expand_dims(np.asarray(element), self._along)

    def close(self) -> np.ndarray:
        """Return no steps: none waits."""
        return np.zeros((0, self._codec.space.d), dtype=np.float32)  # pyright: ignore[reportAttributeAccessIssue]  # never a whole


def _common(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the size of half of the pictures or more, else the median height and width."""
    size, count = Counter(sizes).most_common(1)[0]
    if 2 * count >= len(sizes):
        return size
    return int(np.median([h for h, _ in sizes])), int(np.median([w for _, w in sizes]))


def _channels(x: np.ndarray, channels: int) -> np.ndarray:
    """Return (N, channels, h, w) of (N, h, w, 1..4): laid on white, and grey or colour."""
    if x.shape[-1] in (2, 4):
        alpha = x[..., -1:]
        x = x[..., :-1] * alpha + (1 - alpha)
    if channels == 1 and x.shape[-1] == 3:
        x = x @ np.array([[0.299], [0.587], [0.114]], dtype=np.float32)  # ITU-R BT.601 luma, as Pillow's "L"
    if channels == 3 and x.shape[-1] == 1:
        x = np.repeat(x, 3, axis=-1)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _resized(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    from torch import from_numpy
    from torch.nn.functional import interpolate

    return interpolate(from_numpy(x), size=size, mode="bilinear", antialias=True).numpy()
