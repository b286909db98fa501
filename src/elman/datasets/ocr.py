"""Printed lines: early books."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.datasets.formats import read_npz, read_table, split_at

_HELD_OUT = 30


def _early_books(files: Files) -> tuple[dict[str, Split], dict[str, Any]]:
    table = read_table(files.text("lines.tsv.gz"), "lines.tsv", delimiter="\t", quoted=False)
    data = read_npz(files.read("lines_h48.npz"), "lines_h48.npz", ("pixels", "col_offsets"))
    pictures = [part.T for part in split_at(data["pixels"].T, data["col_offsets"], "lines_h48.npz")]
    lines = Counter(table["book"])
    seen: Counter[str] = Counter()
    rows: dict[str, list[int]] = {"train": [], "test": []}
    for row, book in enumerate(table["book"]):
        rows["test" if seen[book] >= lines[book] - _HELD_OUT else "train"].append(row)
        seen[book] += 1
    splits = {}
    for name, chosen in rows.items():
        extra = {column: [table[column][row] for row in chosen] for column in ("book", "page_line")}
        splits[name] = Split(
            x=[np.ascontiguousarray(pictures[row]) for row in chosen], y=[table["text"][row] for row in chosen], extra=extra
        )
    return splits, {"height": data["pixels"].shape[0]}


SETS = (
    Info(
        name="ocr_early_books",
        family="ocr",
        summary="1,050 text lines of seven books printed 1476-1572, 48 pixels high; the last 30 lines of each book are the test part",
        licence="CC BY-NC-SA 4.0 (no commercial use)",
        origin="https://github.com/chreul/OCR_Testdata_EarlyPrintedBooks/tree/0c8b2ae/Books",
        citation="C. Reul et al., Improving OCR accuracy on early printed books, 2018",
        source="image:columns",
        target="text:char",
        read=_early_books,
        derivation=(
            "Its files were made from the line pictures of the origin's Books/: shrunk to 48 pixels high, grey, side by side in "
            "pixels [48, columns] with col_offsets, and lines.tsv with index, book, page_line, columns and text."
        ),
    ),
)
