"""Stem: from collated values to vectors, (ΣT, E) for sequences and (N, E) for single elements."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.codecs.space import Binary, Continuous, Discrete, Pixels, Product, Space, Words
from elman.errors import DataError, SettingError
from elman.network.batch_invariant import Conv1d, Conv2d, Linear
from elman.network.interfaces import batch_size
from elman.network.stems.backbone import Backbone, BackboneStem, is_backbone
from elman.network.stems.grid import Grid, GridStem
from elman.network.stems.plane import PlaneStem
from elman.sequences import Ragged


class SymbolStem(nn.Module):
    """Embedding with dropout over its vectors; indices beyond the vocabulary raise before torch sees them.

    Parameters
    ----------
    n : int
        Symbols.
    size : int
        Size of a vector.
    dropout : float
        Share of vector elements set to zero in training.
    """

    def __init__(self, n: int, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n, size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, indices: Tensor) -> Tensor:
        """Look up (M,) indices."""
        n = self.embedding.num_embeddings
        if indices.numel() and indices.device.type == "cpu" and (int(indices.min()) < 0 or int(indices.max()) >= n):
            raise DataError(f"indices must be in 0..{n - 1}; got {int(indices.min())}..{int(indices.max())}. Encode with the codec of fit.")
        return self.dropout(self.embedding(indices))


class WordStem(nn.Module):
    """A word's own vector plus the mean of the vectors of its pieces (Bojanowski 2017), for words never seen too.

    Parameters
    ----------
    n : int
        Words.
    pieces : int
        Pieces.
    size : int
        Size of a vector.
    dropout : float
        Share of vector elements set to zero in training.
    word_dropout : float
        Chance in training that a word is read as unknown, so that its pieces must do.
    """

    def __init__(self, n: int, pieces: int, size: int, dropout: float = 0.0, word_dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n, size)
        self.pieces = nn.Embedding(max(pieces, 1), size, padding_idx=0)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = word_dropout

    def forward(self, values: Tensor) -> Tensor:
        """Look up (M, 1 + K) words with their pieces."""
        limits = values.new_tensor([self.embedding.num_embeddings, *[self.pieces.num_embeddings] * (values.shape[1] - 1)])
        if values.device.type == "cpu" and bool(((values < 0) | (values >= limits)).any()):
            raise DataError(f"words must be in 0..{limits[0] - 1} and pieces in 0..{limits[-1] - 1}. Encode with the codec of fit.")
        words = values[:, 0]
        if self.training and self.word_dropout:
            words = words * (torch.rand(len(words), dtype=torch.float32, device=words.device) >= self.word_dropout)
        vectors = self.embedding(words)
        if values.shape[1] > 1:
            vectors = vectors + functional.embedding_bag(values[:, 1:], self.pieces.weight, mode="mean", padding_idx=0)
        return self.dropout(vectors)


class VectorStem(nn.Module):
    """Linear projection of numbers, yes/no answers or flattened pictures.

    Parameters
    ----------
    d : int
        Numbers per element.
    size : int
        Size of a vector.
    dropout : float
        Dropout on the vectors.
    """

    def __init__(self, d: int, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.linear = Linear(d, size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor) -> Tensor:
        """Project (M, *) to (M, size)."""
        return self.dropout(self.linear(values.flatten(1).to(self.linear.weight.dtype)))


class PictureStem(nn.Module):
    """Small convolutional network over each picture: 3×3 blocks that halve every side longer than 4.

    Parameters
    ----------
    space : Pixels
        Channels, rows, columns.
    size : int
        Size of a vector.
    dropout : float
        Dropout on the vectors.
    """

    def __init__(self, space: Pixels, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        channels, h, w, width = space.c, space.h, space.w, 16
        while not blocks or (max(h, w) > 4 and width <= 64):
            blocks += [Conv2d(channels, width, (3 if h > 1 else 1, 3 if w > 1 else 1), padding=(int(h > 1), int(w > 1))), nn.ReLU()]
            pool = (2 if h > 4 else 1, 2 if w > 4 else 1)
            blocks.append(nn.MaxPool2d(pool))
            channels, h, w, width = width, h // pool[0], w // pool[1], width * 2
        self.blocks = nn.Sequential(*blocks)
        self.linear = Linear(channels * h * w, size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor) -> Tensor:
        """Map (M, c, h, w) to (M, size)."""
        if not len(values):
            return self.linear.weight.new_zeros(0, self.linear.out_features)
        return self.dropout(functional.relu(self.linear(self.blocks(values.to(self.linear.weight.dtype)).flatten(1))))


class TimeStem(nn.Module):
    """Convolution over time, five steps wide, before the recurrence; a stride shortens long recordings.

    Parameters
    ----------
    inner : nn.Module
        Stem of one step.
    size : int
        Size of a vector.
    stride : int
        Steps per output step; a row of T steps keeps ceil(T / stride).
    """

    def __init__(self, inner: nn.Module, size: int, stride: int = 1) -> None:
        super().__init__()
        self.inner = inner
        self.stride = stride
        self.convolution = Conv1d(size, size, 5, stride=stride, padding=2)

    def forward(self, values: Ragged) -> Ragged:
        """Return the shortened sequences; values beyond a row are zero, whatever the batch."""
        vectors = values.with_data(self.inner(values.data))
        if not len(vectors.batch_sizes):
            return vectors
        padded, _ = vectors.to_padded()
        mixed = functional.relu(self.convolution(padded.transpose(1, 2))).transpose(1, 2)
        return Ragged.from_padded(mixed, -(-values.lengths // self.stride))


def element_stem(
    space: Space, size: int, *, kind: str = "linear", dropout: float = 0.0, extra: int = 0, word_dropout: float = 0.0
) -> nn.Module:
    """Make the stem of a single element.

    Parameters
    ----------
    space : Space
        Space of the element.
    size : int
        Size of a vector.
    kind : {"linear", "conv"}
        How pictures are read.
    dropout : float
        Dropout on the vectors.
    extra : int
        Symbols the decoder adds after the codec's own.
    word_dropout : float
        Chance that a word is read as unknown.

    Returns
    -------
    nn.Module
        Maps (M, *) to (M, size); a Product takes a dict.
    """
    if isinstance(space, Discrete):
        return SymbolStem(space.n + extra, size, dropout)
    if isinstance(space, Words):
        return WordStem(space.n, space.pieces, size, dropout, word_dropout)
    if isinstance(space, Continuous):
        return VectorStem(space.d, size, dropout)
    if isinstance(space, Binary):
        return VectorStem(space.n, size, dropout)
    if isinstance(space, Pixels):
        return PictureStem(space, size, dropout) if kind == "conv" else VectorStem(space.c * space.h * space.w, size, dropout)
    if isinstance(space, Product):
        return PartsStem({name: element_stem(part, size, kind=kind, dropout=dropout) for name, part in space.parts.items()})
    raise SettingError(f"No stem reads {space!r}. Use one of the spaces of elman.codecs.")


class PartsStem(nn.Module):
    """Sum of the stems of several parts of one element.

    Parameters
    ----------
    stems : dict of str to nn.Module
        Stem of each part.
    """

    def __init__(self, stems: dict[str, nn.Module]) -> None:
        super().__init__()
        self.names = list(stems)
        self.parts = nn.ModuleList(stems.values())

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        """Add up the vectors of all parts, (M, size)."""
        vectors = [stem(values[name]) for name, stem in zip(self.names, self.parts, strict=True)]
        return reduce(torch.add, vectors)


class Stem(nn.Module):
    """Stem of a whole source.

    Parts of a Product that are sequences of the same lengths are added step by step; with ``joined=True`` (lengths differ)
    they are laid end to end in time, each with a vector of its own added. Parts of rank "one" are added to every step,
    or become a first step when joined.

    Parameters
    ----------
    space : Space
        Space of an element of the source.
    rank : {"one", "many"}
        Rank of the source.
    size : int
        Size of a vector.
    kind : {"linear", "conv", "conv2d"} or str
        Projection, or convolutions over time, or over time and features; "timm:" and the name of a network for pictures.
    dropout : float
        Dropout on the vectors.
    stride : int
        Steps per output step, for convolutions over sequences.
    joined : bool
        Lay sequences of a Product end to end.
    word_dropout : float
        Chance that a word is read as unknown.
    grid : tuple of int
        Rows and columns of cells of a picture that is kept as such; empty for one vector.
    """

    def __init__(
        self,
        space: Space,
        rank: str,
        size: int,
        *,
        kind: str = "linear",
        dropout: float = 0.0,
        stride: int = 1,
        joined: bool = False,
        word_dropout: float = 0.0,
        grid: Grid = (),
    ) -> None:
        super().__init__()
        self.rank, self.joined = rank, joined
        self.names = list(space.parts) if isinstance(space, Product) else []
        spaces = list(space.parts.values()) if isinstance(space, Product) else [space]
        ranks = [space.ranks.get(name, rank) for name in space.parts] if isinstance(space, Product) else [rank]
        options = {"kind": kind, "dropout": dropout, "word_dropout": word_dropout, "grid": grid}
        self.parts = nn.ModuleList(_part(s, r, size, stride, options) for s, r in zip(spaces, ranks, strict=True))
        self.kinds = nn.Embedding(len(spaces), size) if joined else None

    @property
    def backbone(self) -> Backbone | None:
        """The network of timm that reads the pictures, where there is one."""
        return next((part.backbone for part in self.parts if isinstance(part, BackboneStem)), None)

    def forward(self, source: Any) -> Ragged | Tensor:
        """Return vectors: Ragged for rank "many" and for the cells of a grid, (N, size) for rank "one"."""
        if not self.names:
            return _read(self.parts[0], source)
        vectors = [_read(part, source[name]) for name, part in zip(self.names, self.parts, strict=True)]
        if self.kinds is not None:
            return _lay_end_to_end(vectors, self.kinds.weight)
        return _add(vectors, batch_size(source))


def _part(space: Space, rank: str, size: int, stride: int, options: dict[str, Any]) -> nn.Module:
    grid, options = options["grid"], {name: value for name, value in options.items() if name != "grid"}
    if isinstance(space, Pixels) and is_backbone(options["kind"]):
        return BackboneStem(options["kind"], space, size, grid, options["dropout"])
    if grid and isinstance(space, Pixels):
        return GridStem(space, size, grid, options["dropout"])
    if options["kind"] == "conv2d":
        if rank == "many" and isinstance(space, Continuous):
            return PlaneStem(space.d, size, stride, options["dropout"])
        options = {**options, "kind": "conv"}
    stem = element_stem(space, size, **options)
    over_time = rank == "many" and options["kind"] == "conv" and isinstance(space, Continuous)
    return TimeStem(stem, size, stride) if over_time else stem


def _read(part: nn.Module, values: Any) -> Ragged | Tensor:
    if isinstance(values, Ragged) and not isinstance(part, TimeStem | PlaneStem):
        return values.with_data(part(values.data))
    return part(values)


def _add(vectors: list[Ragged | Tensor], n: int) -> Ragged | Tensor:
    sequences = [v for v in vectors if isinstance(v, Ragged)]
    single = sum((v for v in vectors if isinstance(v, Tensor)), start=torch.zeros((), device="cpu"))
    if not sequences:
        return single
    for other in sequences[1:]:
        if not torch.equal(other.lengths, sequences[0].lengths):
            row = int((other.lengths != sequences[0].lengths).nonzero()[0, 0])
            raise DataError("parts of one step must have the same length; the model was fitted on data where they had.", row=row)
    total = reduce(torch.add, [s.data for s in sequences])
    if len(sequences) < len(vectors) and n:
        total = total + single[sequences[0].row_of().to(total.device)]
    return sequences[0].with_data(total)


def _lay_end_to_end(vectors: list[Ragged | Tensor], kinds: Tensor) -> Ragged:
    rows: list[list[Tensor]] = []
    for vector, kind in zip(vectors, kinds, strict=True):
        pieces = vector.with_data(vector.data + kind).to_list() if isinstance(vector, Ragged) else list((vector + kind)[:, None])
        rows.append(list(pieces))
    return Ragged.from_list([torch.cat(pieces) for pieces in zip(*rows, strict=True)])
