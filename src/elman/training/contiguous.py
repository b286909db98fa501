"""Contiguous text: documents end to end, cut into equal stretches for readers side by side, so that no step is padding."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.io.tokens import Tokens
from elman.network.decoders.contiguous_text import Readers
from elman.training.examples import Augment, Examples

LONGEST = 8_192
"""Longest stretch of a reader, in places; its memory is emptied after it, and checkpoints lie between stretches."""
_RANGES = 10
"""Number of held-out ranges in a corpus of few documents."""
_FEW_DOCUMENTS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """Input of one reader, arrays (S,): the symbols, those that follow, and True where the memory is emptied."""

    inputs: np.ndarray
    outputs: np.ndarray
    opens: np.ndarray


class Stream(Sequence[Segment]):
    """Spans of a corpus in a new order each epoch, cut into equal stretches.

    Parameters
    ----------
    tokens : Tokens
        The corpus.
    spans : array
        (K, 2) int64: start and end of each span in ``tokens.flat``. The memory is emptied at the start of a span or a document.
    readers : int
        Readers side by side; the number of stretches is a multiple of it.
    longest : int
        Longest stretch.
    augment_encoded : callable, optional
        Make one more document of an encoded one, of the same length; each seeded :meth:`shuffle` varies every document anew.

    Examples
    --------
    >>> stream = Stream(Tokens.of([np.array([1, 2]), np.array([0])], end=3), np.array([[0, 3], [3, 5]]), readers=1)
    >>> stretch = stream[0]
    >>> stretch.inputs.tolist(), stretch.outputs.tolist(), stretch.opens.tolist()
    ([3, 1, 2, 3, 0], [1, 2, 3, 0, 3], [True, False, False, True, False])
    """

    def __init__(
        self, tokens: Tokens, spans: np.ndarray, *, readers: int, longest: int = LONGEST, augment_encoded: Augment | None = None
    ) -> None:
        self.tokens, self._augment = tokens, augment_encoded
        self._spans = spans[spans[:, 1] > spans[:, 0]]
        self.total = int((self._spans[:, 1] - self._spans[:, 0]).sum())
        rounds = max(1, -(-self.total // (readers * longest)))
        self.size = max(1, -(-self.total // (readers * rounds)))
        self.shuffle()

    def shuffle(self, seed: int | None = None, epoch: int = 0) -> None:
        """Shuffle the spans by (seed, epoch), with a random start; without a seed keep their order."""
        order, self._shift, self._flat = np.arange(len(self._spans)), 0, self.tokens.flat
        if seed is not None:
            random = np.random.Generator(np.random.Philox(key=[seed % 2**64, epoch]))
            random.shuffle(order)
            self._shift = int(random.integers(max(self.total, 1)))
            if self._augment is not None:
                self._flat = _varied(self.tokens, self._augment, random)
        self._laid = self._spans[order]
        self._ends = np.cumsum(self._laid[:, 1] - self._laid[:, 0])

    def __len__(self) -> int:
        """Number of stretches."""
        return -(-self.total // self.size)

    @property
    def lengths(self) -> np.ndarray:
        """Places of each stretch, (len,)."""
        lengths = np.full(len(self), self.size, np.int64)
        if len(lengths):
            lengths[-1] -= self.size * len(lengths) - self.total
        return lengths

    def __getitem__(self, index: Any) -> Segment:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read one stretch from the corpus."""
        index = range(len(self))[index]
        begin = index * self.size
        end = min(begin + self.size, self.total)
        pieces = self._pieces(begin + self._shift, end + self._shift)
        flat, start = self._flat, self.tokens.end
        outputs = np.concatenate([np.asarray(flat[a:b], np.int64) for a, b in pieces])
        before = [np.asarray(flat[a - 1 : b - 1], np.int64) if a else np.concatenate([[start], flat[: b - 1]]) for a, b in pieces]
        inputs = np.concatenate(before).astype(np.int64)
        opens = inputs == start  # the end of a document and the decoder's "start" are one symbol
        opens[np.cumsum([0, *(b - a for a, b in pieces[:-1])])] = True
        return Segment(inputs=inputs, outputs=outputs, opens=opens)

    def _pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the places in the corpus of a stretch of the shuffled order, which is cyclic."""
        pieces = []
        while begin < end:
            at = begin % self.total
            k = int(np.searchsorted(self._ends, at, side="right"))
            inside = at - (int(self._ends[k]) - int(self._laid[k, 1] - self._laid[k, 0]))
            size = min(int(self._ends[k]) - at, end - begin)
            place = int(self._laid[k, 0]) + inside
            pieces.append((place, place + size))
            begin += size
        return pieces

    def fingerprint(self) -> str:
        """Return a digest of the corpus and of the spans taken from it."""
        return f"{self.tokens.fingerprint()} {hashlib.blake2b(self._spans.tobytes(), digest_size=16).hexdigest()}"


def _varied(tokens: Tokens, augment_encoded: Augment, random: np.random.Generator) -> np.ndarray:
    flat = np.array(tokens.flat)
    for row, begin in enumerate(tokens.starts[:-1]):
        flat[begin : tokens.starts[row + 1] - 1] = augment_encoded(tokens[row], random)
    return flat


def place(stretches: Sequence[Segment], space: Any = None, rank: str = "many") -> Readers:  # noqa: ARG001  # the signature of Collate
    """Collate stretches into a batch of readers, one for each."""
    lengths = torch.tensor([len(s.inputs) for s in stretches], dtype=torch.int64, device="cpu")
    longest = int(lengths.max()) if len(lengths) else 0

    def side_by_side(name: str, fill: int, kind: type) -> torch.Tensor:
        """Return one row for each stretch, padded at its end."""
        rows = np.full((len(stretches), longest), fill, kind)
        for row, stretch in zip(rows, stretches, strict=True):
            row[: len(stretch.inputs)] = getattr(stretch, name)
        return torch.from_numpy(rows)

    return Readers(
        inputs=side_by_side("inputs", 0, np.int64),
        outputs=side_by_side("outputs", 0, np.int64),
        opens=side_by_side("opens", 0, np.bool_),
        lengths=lengths,
    )


def examples_of(stream: Stream) -> Examples:
    """Return a stream as examples of the loop."""
    return Examples(None, stream, lengths=stream.lengths, steps=stream.lengths, collate=place)


def hold_out(starts: np.ndarray, fraction: float, random_state: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Split a corpus into training spans and validation spans.

    Whole documents are held out if there are many and none is a large part of the corpus; else ranges spread evenly over it.

    Parameters
    ----------
    starts : array
        (D + 1,) starts of the documents, and the end of the last.
    fraction : float
        Share of the symbols in the validation part, 0 <= fraction < 1.
    random_state : int
        Seed for the choice of documents.

    Returns
    -------
    tuple of array
        Spans (K, 2) of both parts.

    Examples
    --------
    >>> learn, check = hold_out(np.array([0, 100]), 0.1)
    >>> int((check[:, 1] - check[:, 0]).sum()), len(check), learn[0].tolist()
    (10, 10, [0, 9])
    """
    documents = np.stack([starts[:-1], starts[1:]], 1)
    total = int(starts[-1])
    size = round(total * fraction)
    if not size:
        return documents, documents[:0]
    sizes = documents[:, 1] - documents[:, 0]
    if len(documents) >= _FEW_DOCUMENTS and int(sizes.max()) <= size / 4:
        order = np.random.default_rng(random_state).permutation(len(documents))
        count = max(1, int(np.searchsorted(np.cumsum(sizes[order]), size)))
        mask = np.zeros(len(documents), bool)
        mask[order[:count]] = True
        return documents[~mask], documents[mask]
    edges = np.linspace(0, total, _RANGES + 1).astype(np.int64)
    ranges = np.stack([edges[1:] - np.diff(edges) * size // total, edges[1:]], 1)
    ranges = ranges[ranges[:, 1] > ranges[:, 0]]
    inside = np.stack([np.concatenate([[0], ranges[:, 1]]), np.concatenate([ranges[:, 0], [total]])], 1)
    return inside[inside[:, 1] > inside[:, 0]], ranges
