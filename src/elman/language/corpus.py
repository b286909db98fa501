"""Corpus: whatever people hold their documents in becomes a fitted codec and tokens, in memory or, for files and iterators, on the disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from elman.codecs import Codec, Discrete
from elman.codecs.capabilities import HasTextLevel
from elman.codecs.catalog import describe, rebuild
from elman.errors import DataError, FileError, SettingError
from elman.fitting.inputs import rows_of
from elman.io.paths import as_path
from elman.io.text_parts import TextParts, spool
from elman.io.tokens import Tokens, TokenWriter, about, open_tokens

_SAMPLE = 64
"""Parts of a large corpus that subwords are learned from, evenly spread: a megabyte each."""
_TOGETHER = 4
"""Parts encoded in one call."""


@contextmanager
def corpus_of(texts: Any, codec: Codec, token_dir: str | Path | None) -> Iterator[Tokens]:
    """Fit a codec on documents and encode them once."""
    paths = _paths(texts, codec)
    lazy = paths is not None or (isinstance(texts, Iterator) and codec.modality == "text")
    if not lazy and token_dir is None:
        yield _in_memory(texts, codec)
        return
    with tempfile.TemporaryDirectory(prefix="elman-tokens-") as folder:
        if paths is not None:
            parts: Any = TextParts(paths)
        elif lazy:
            parts = spool(texts, Path(folder) / "documents.txt")
        else:
            parts = None
        yield _on_disk(texts, parts, paths, codec, as_path(token_dir or folder))


def documents_of(texts: Any, codec: Codec | None = None) -> list[Any]:
    """Return documents as a list, one a row; one text is one document, a path its content. Music reads its files itself."""
    paths = _paths(texts, codec)
    if paths is not None:
        parts = TextParts(paths)
        results: list[str] = [""]
        for text, closes in zip(parts, parts.closes, strict=True):
            results[-1] += text
            if closes:
                results.append("")
        return results[:-1]
    return [texts] if isinstance(texts, str | bytes) else rows_of(texts, "texts")


def _paths(texts: Any, codec: Codec | None) -> list[Path] | None:
    """Files, sorted, where the documents are given as paths."""
    if codec is not None and codec.reads_paths:
        return None
    paths = [texts] if isinstance(texts, os.PathLike) else texts
    if not isinstance(paths, list | tuple) or not paths or not all(isinstance(path, os.PathLike) for path in paths):
        return None
    results: list[Path] = []
    for path in map(as_path, paths):
        inside = sorted(p for p in path.rglob("*.txt") if p.is_file()) if path.is_dir() else [path]
        if not inside:
            raise FileError(f"{path} is a folder without .txt files. Give the files themselves.")
        results += inside
    for path in results:
        if not path.exists():
            raise FileError(f"{path}: there is no such file or folder. Check the path.")
    if not any(path.stat().st_size for path in results):
        raise DataError(f"{', '.join(map(str, results[:3]))}: empty; there is nothing to continue. Give more text.")
    return results


def _in_memory(texts: Any, codec: Codec) -> Tokens:
    documents = documents_of(texts, codec)
    codec.fit(documents, role="target")
    end = _symbols(codec)
    return Tokens.of([np.asarray(row) for row in codec.encode_all(documents)], end)


def _on_disk(texts: Any, parts: TextParts | None, paths: list[Path] | None, codec: Codec, folder: Path) -> Tokens:
    source = None if paths is None else [[str(p.resolve()), p.stat().st_size, p.stat().st_mtime_ns] for p in paths]
    origin = {"source": source, "settings": [codec.id, codec.get_params(deep=False)]}
    header = about(folder)
    if header is not None and source is not None and all(header.get(name) == value for name, value in origin.items()):
        tokens = open_tokens(folder)
        _adopt(codec, header.get("codec"))
        if tokens.end != _symbols(codec):
            raise DataError(f"{folder}: {tokens.end} symbols; its codec has {_symbols(codec)}. Delete the folder to encode it again.")
        return tokens
    documents: Any = parts if parts is not None else documents_of(texts, codec)
    closes = [True] * len(documents) if parts is None else parts.closes
    codec.fit(_sampled(documents, codec), role="target")
    with TokenWriter(folder, _symbols(codec), {**origin, "codec": describe(codec)}) as writer:
        for start in range(0, len(documents), _TOGETHER):
            together = range(start, min(start + _TOGETHER, len(documents)))
            for row, symbols in zip(together, codec.encode_all([documents[i] for i in together]), strict=True):
                writer.append(np.asarray(symbols), closes=closes[row])
    return open_tokens(folder)


def _adopt(codec: Codec, described: Any) -> None:
    """Copy the fitted state of a codec of the same corpus."""
    codec.__dict__.update(rebuild(described).__dict__)


def _sampled(documents: Sequence[Any], codec: Codec) -> Sequence[Any]:
    """Learning subwords takes all its text at once: of a large corpus it gets parts from everywhere."""
    if not isinstance(codec, HasTextLevel) or codec.level != "bpe" or not isinstance(documents, TextParts) or len(documents) <= _SAMPLE:
        return documents
    return [documents[int(i)] for i in np.linspace(0, len(documents) - 1, _SAMPLE)]


def _symbols(codec: Codec) -> int:
    if codec.rank != "many" or not isinstance(codec.space, Discrete):
        raise SettingError(f"LanguageModel continues sequences of symbols; {type(codec).__name__} is not one. Use Text() or Symbols().")
    return codec.space.n
