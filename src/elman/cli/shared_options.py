"""Options that several verbs share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")]
Encoding = Annotated[str, typer.Option("--encoding", help='Encoding of text files, for example "latin-1".')]
By = Annotated[str, typer.Option("--by", metavar="line|file", help="A text file is one value a line, or one value.")]
Rows = Annotated[int | None, typer.Option("--rows", min=1, help="Take this many rows only.")]
Data = Annotated[
    Path, typer.Argument(help="CSV, TSV, JSON lines, Parquet, text, .npy, .npz, or a folder of class folders.", show_default=False)
]
ModelFile = Annotated[Path, typer.Argument(help="A model file, as `elman fit` writes it.", show_default=False)]
Source = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="[CODEC:]COLUMN", help="What goes in, as text:review; several are joined. Inferred when left out."),
]
Target = Annotated[
    str | None, typer.Option("--target", metavar="[CODEC:]COLUMN", help="What comes out, as category:stars. Inferred when left out.")
]
