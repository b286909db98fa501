"""Pictures: digits, captioned photographs, faces."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.datasets.formats import read_idx, read_npz, read_table
from elman.errors import FileError, MissingExtraError

_SIDE = 96
_MOST_BYTES = 2**20


def _mnist(files: Files) -> tuple[dict[str, Split], dict[str, Any]]:
    splits = {}
    for name, part in (("train", "train"), ("test", "t10k")):
        pictures, labels = f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"
        splits[name] = Split(x=read_idx(files.read(pictures), pictures), y=read_idx(files.read(labels), labels).astype(np.int64))
    return splits, {}


def _photographs(data: bytes, path: str, wanted: list[str]) -> dict[str, np.ndarray]:
    """Decode the named JPEG pictures of a zip file, each at most 1 MiB and 96x96."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("image", "pillow", "read the photographs of flickr8k_1000") from error
    entries = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in wanted:
                if archive.getinfo(name).file_size > _MOST_BYTES:
                    raise FileError(f"{path}: {name} unpacks to more than {_MOST_BYTES} bytes. It is not the picture it should be.")
                with Image.open(io.BytesIO(archive.read(name)), formats=("JPEG",)) as picture:
                    if picture.size != (_SIDE, _SIDE):
                        raise FileError(f"{path}: {name} is {picture.size[0]}x{picture.size[1]}; {_SIDE}x{_SIDE} was expected.")
                    entries[name] = np.asarray(picture.convert("RGB"))
    except FileError:
        raise
    except KeyError as error:
        raise FileError(f"{path} lacks a picture named in captions.tsv: {error.args[0]}.") from error
    except (zipfile.BadZipFile, OSError, SyntaxError, ValueError) as error:
        raise FileError(f"{path} is damaged: {error}. Remove it and load again.") from error
    return entries


def _flickr(files: Files, captions: str) -> tuple[dict[str, Split], dict[str, Any]]:
    table = read_table(files.text("captions.tsv.gz"), "captions.tsv", delimiter="\t", quoted=False)
    answers: dict[str, list[str]] = {}
    part_of = dict(zip(table["image"], table["official_split"], strict=True))
    for name, caption in zip(table["image"], table["caption"], strict=True):
        answers.setdefault(name, []).append(caption)
    pictures = _photographs(files.read("images_96.zip"), "images_96.zip", list(answers))
    splits = {}
    for part in ("train", "dev", "test", "none"):
        rows = [
            (name, caption) for name in answers if part_of[name] == part for caption in answers[name][: None if captions == "each" else 1]
        ]
        extra = {"image": [name for name, _ in rows], "captions": [answers[name] for name, _ in rows]}
        splits[part] = Split(x=[pictures[name] for name, _ in rows], y=[caption for _, caption in rows], extra=extra)
    return splits, {}


def _faces(files: Files) -> tuple[dict[str, Split], dict[str, Any]]:
    images = read_npz(files.read("images_128_gray.npz"), "images_128_gray.npz", ("images",))["images"]
    table = read_table(files.text("boxes.csv.gz"), "boxes.csv")
    names = [""] * len(images)
    boxes: list[list[list[float]]] = [[] for _ in images]
    kinds: list[list[str]] = [[] for _ in images]
    columns = [table[column] for column in ("image", "name", "class", "xmin", "ymin", "xmax", "ymax")]
    for number, cells in enumerate(zip(*columns, strict=True), start=2):
        try:
            row, corners = int(cells[0]), [float(cell) for cell in cells[3:]]
        except ValueError as error:
            raise FileError(f"boxes.csv, row {number}: {error}.") from error
        if not 0 <= row < len(images):
            raise FileError(f"boxes.csv, row {number}: there is no image {row}; images are 0..{len(images) - 1}.")
        boxes[row].append(corners)
        names[row] = cells[1]
        kinds[row].append(cells[2])
    y = [np.array(picture_boxes, dtype=np.float32).reshape(-1, 4) for picture_boxes in boxes]
    return {"all": Split(x=images, y=y, extra={"name": names, "classes": kinds})}, {"columns": ("xmin", "ymin", "xmax", "ymax")}


SETS = (
    Info(
        name="mnist",
        family="images",
        summary="hand-written digits, 28x28 grey; official split 60,000 / 10,000",
        licence="MIT (repository); MNIST itself usually given as CC BY-SA 3.0",
        origin="https://github.com/rasbt/mnist-pngs/tree/d26bd33",
        citation="Y. LeCun et al., Gradient-based learning applied to document recognition, 1998",
        source="image:rows",
        target="category",
        read=_mnist,
        derivation="The mirror's files were rebuilt from PNG files into the idx layout; PyTorch's copy of the original is downloaded.",
    ),
    Info(
        name="flickr8k_1000",
        family="images",
        summary="1,000 photographs, 96x96 colour, five captions each (one row a caption, or the first); 753 / 113 / 125 / 9 in no split",
        licence="not stated by the origin; Flickr8k is given out for research use",
        origin="https://github.com/quantumnaan/sic_translator/tree/d27da85/data",
        citation="M. Hodosh et al., Framing image description as a ranking task, JAIR 2013",
        source="image",
        target="text",
        read=_flickr,
        options={"captions": ("each", "first")},
        derivation=(
            "images_96.zip holds the origin's 1,000 photographs squeezed to 96x96 colour JPEG; captions.tsv its captions with "
            "the official split, from Flickr8k_text/ of edwardcruzcruz/Describiendo_imagenes_keras at 5c9a0ff."
        ),
    ),
    Info(
        name="face_boxes_mask",
        family="images",
        summary="853 photographs, longer side 128, grey, with 4,072 face boxes (xmin, ymin, xmax, ymax in pixels); no split",
        licence="MIT (repository); other public notes give CC0 for the Kaggle set",
        origin="https://github.com/iAmEthanMai/mask-detection-dataset/tree/c5d6b88/data",
        citation="Kaggle andrewmvd/face-mask-detection, 2020",
        source="image",
        target="boxes",
        read=_faces,
        derivation=(
            "images_128_gray.npz holds the origin's photographs scaled so that the longer side is 128, black below or to the right; "
            "boxes.csv its boxes in the scaled pixels."
        ),
    ),
)
