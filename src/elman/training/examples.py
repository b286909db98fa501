"""Examples: encoded rows, which are collated batch by batch, and the split of whole rows into training and validation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from elman.codecs.space import Space
from elman.errors import DataError, SettingError
from elman.training.prefetch import ahead

Augment = Callable[[Any, np.random.Generator], Any]
"""Make one more example of an encoded value: louder, slower, slanted."""
AugmentPair = Callable[[Any, Any, np.random.Generator], tuple[Any, Any]]
"""Make one more example of an encoded source and its target together."""
Collate = Callable[[list[Any], Any, str], Any]
"""Make a batch of encoded rows, given their space and their rank."""


class Examples:
    """Encoded rows of source and target.

    Parameters
    ----------
    source : sequence or None
        One encoded value a row; None for a language model. Any object with ``len`` and ``[row]`` will do, so that files
        can be read when their turn comes.
    target : sequence
        One encoded value a row.
    source_space : Space, optional
        Space of an element of the source, for ``collate``.
    target_space : Space, optional
        Space of an element of the target.
    source_rank : {"one", "many"}
        Whether a row of the source is one element or a sequence of them.
    target_rank : {"one", "many"}
        Rank of the target.
    lengths : array of int, optional
        Steps of each row, source and target together, (N,). Counted if not given, which reads every row once.
    steps : array of int, optional
        Steps of the longer side of each row, (N,).
    collate : callable, optional
        Make a batch of a list of encoded values; :func:`elman.network.collation.collate` by default.

    Attributes
    ----------
    augment_encoded : callable or None
        Variation of each value of the source (without one, of the target) whenever it is read; its random numbers depend on the seed
        and the epoch of :meth:`shuffle`, and on the row.
    augment_pair : callable or None
        Variation of each source and target together, instead of ``augment_encoded``.

    Examples
    --------
    >>> rows = Examples(None, [np.zeros(3), np.zeros(5)], collate=lambda values, space, rank: values)
    >>> len(rows), rows.lengths.tolist()
    (2, [3, 5])
    """

    def __init__(
        self,
        source: Sequence[Any] | None,
        target: Sequence[Any],
        *,
        source_space: Space | None = None,
        target_space: Space | None = None,
        source_rank: str = "many",
        target_rank: str = "many",
        lengths: np.ndarray | None = None,
        steps: np.ndarray | None = None,
        collate: Collate | None = None,
    ) -> None:
        if source is not None and len(source) != len(target):
            raise DataError(f"source and target must have as many rows; got {len(source)} and {len(target)}.")
        self.source, self.target = source, target
        self.source_space, self.target_space = source_space, target_space
        self.source_rank, self.target_rank = source_rank, target_rank
        self._collate = collate
        self.augment_encoded: Augment | None = None
        self.augment_pair: AugmentPair | None = None
        self._seeds = (0, 0)
        if lengths is None or steps is None:
            target_steps = _steps(target, target_rank)
            source_steps = _steps(source, source_rank) if source is not None else np.zeros_like(target_steps)
            lengths = target_steps + source_steps if lengths is None else lengths
            steps = np.maximum(target_steps, source_steps) if steps is None else steps
        self.lengths, self.steps = np.asarray(lengths, dtype=np.int64), np.asarray(steps, dtype=np.int64)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.target)

    def subset(self, rows: Sequence[int] | np.ndarray) -> Examples:
        """Return some rows, by index; nothing is read or copied."""
        rows = np.asarray(rows, dtype=np.int64)
        return Examples(
            None if self.source is None else _Picked(self.source, rows),
            _Picked(self.target, rows),
            source_space=self.source_space,
            target_space=self.target_space,
            source_rank=self.source_rank,
            target_rank=self.target_rank,
            lengths=self.lengths[rows],
            steps=self.steps[rows],
            collate=self._collate,
        )

    def shuffle(self, seed: int, epoch: int) -> None:
        """Set the seed and epoch of variation, and of the order of a target that is shuffled anew each epoch (contiguous text)."""
        self._seeds = (seed, epoch)
        if (shuffle := getattr(self.target, "shuffle", None)) is not None:
            shuffle(seed, epoch)

    def collate(self, rows: Sequence[int] | np.ndarray) -> tuple[Any, Any]:
        """Return the source batch (None for a language model) and the target batch of some rows."""
        collate = self._collate or _network_collate()
        if self.source is None:
            return None, collate([self._varied(self.target, int(i)) for i in rows], self.target_space, self.target_rank)
        if self.augment_pair is not None:
            pairs = [self.augment_pair(np.asarray(self.source[i]), np.asarray(self.target[i]), self._random(int(i))) for i in rows]
            sources, targets = [x for x, _ in pairs], [y for _, y in pairs]
            return collate(sources, self.source_space, self.source_rank), collate(targets, self.target_space, self.target_rank)
        source = collate([self._varied(self.source, int(i)) for i in rows], self.source_space, self.source_rank)
        return source, collate([self.target[i] for i in rows], self.target_space, self.target_rank)

    def _varied(self, values: Sequence[Any], row: int) -> Any:
        value = values[row]
        return value if self.augment_encoded is None else self.augment_encoded(np.asarray(value), self._random(row))

    def _random(self, row: int) -> np.random.Generator:
        return np.random.default_rng([*self._seeds, row])

    @property
    def readers(self) -> int:
        """Number of threads that suits these rows: 2 if some are lazy files, 1 if rows are augmented, else 0."""
        reads_files = any(_is_lazy(value) for side in (self.source, self.target) for value in _in_memory(side))
        return 2 if reads_files else int(self.augment_encoded is not None)

    def batches(self, plan: Sequence[np.ndarray], num_workers: int = 0) -> Generator[tuple[Any, Any]]:
        """Yield the batches of a plan in its order; ``num_workers`` threads read ahead, none by default."""
        return ahead(self.collate, plan, num_workers) if num_workers else (self.collate(rows) for rows in plan)

    def fingerprint(self) -> str:
        """Return a digest of the rows, which identifies the data of a checkpoint.

        Rows of a sequence that makes them on access are represented by its own ``fingerprint()``, and without one by their lengths alone.
        """
        state = hashlib.blake2b(self.lengths.tobytes(), digest_size=16)
        for side in (self.source, self.target):
            rows, places = (side.rows, side.places) if isinstance(side, _Picked) else (side, None)
            if (fingerprint := getattr(rows, "fingerprint", None)) is not None:
                state.update(fingerprint().encode())
                state.update(b"" if places is None else places.tobytes())
            for value in _in_memory(side):
                _update(state, value)
        return state.hexdigest()


class _Picked(Sequence[Any]):
    """A selection of rows, read only on access."""

    def __init__(self, rows: Sequence[Any], places: np.ndarray) -> None:
        self.rows, self.places = rows, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: Any) -> Any:
        return self.rows[int(self.places[row])]


def _network_collate() -> Collate:
    from elman.network.collation import collate

    return collate


def _steps(values: Sequence[Any], rank: str) -> np.ndarray:
    if rank == "one":
        return np.ones(len(values), dtype=np.int64)
    return np.fromiter((_length(value) for value in values), dtype=np.int64, count=len(values))


def _length(value: Any) -> int:
    """Return the steps of one encoded sequence; of a record, those of its longest part."""
    if isinstance(value, dict):
        return max((_length(part) for part in value.values()), default=0)
    return len(value) if np.ndim(value) else 1


def _in_memory(side: Sequence[Any] | None) -> Iterable[Any]:
    if isinstance(side, _Picked):
        return (side.rows[i] for i in side.places) if isinstance(side.rows, list | np.ndarray) else ()
    return side if isinstance(side, list | np.ndarray) else ()


def _is_lazy(value: Any) -> bool:
    return any(map(_is_lazy, value.values())) if isinstance(value, dict) else getattr(value, "is_lazy", False)


def _update(state: Any, value: Any) -> None:
    if isinstance(value, dict):
        for name in sorted(value):
            state.update(name.encode())
            _update(state, value[name])
    elif getattr(value, "is_lazy", False):  # by name and size: the file is not read for this
        state.update(value.fingerprint().encode())
    else:
        array = np.ascontiguousarray(value)
        state.update(f"{array.dtype}{array.shape}".encode())
        state.update(array.data if array.size else b"")


def split_rows(
    count: int, fraction: float, *, strata: Sequence[Hashable] | None = None, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Split whole rows into a training and a held-out part.

    Parameters
    ----------
    count : int
        Number of rows.
    fraction : float
        Share held out, 0 <= fraction < 1.
    strata : sequence, optional
        Category of each row. Each category is held out in proportion (largest remainders first), and at least one row of it stays in
        training, so that no class appears in the held-out part alone.
    random_state : int, default 0
        Seed.

    Returns
    -------
    train, validation : array of int
        Row numbers, ascending; ``validation`` has at least one row when fraction > 0 and there are two rows.

    Examples
    --------
    >>> train, validation = split_rows(10, 0.2, strata="aaaaaaaabb")
    >>> len(train), len(validation)
    (8, 2)
    """
    if not 0 <= fraction < 1:
        raise SettingError(f"validation_fraction must be in [0, 1); got {fraction}.")
    if strata is not None and len(strata) != count:
        raise DataError(f"strata must name a category for each of {count} rows; got {len(strata)}.")
    order = np.random.default_rng(random_state).permutation(count)
    size = min(max(round(count * fraction), 1), count - 1) if fraction and count > 1 else 0
    validation = order[:size] if strata is None else _stratified(order, strata, size)
    mask = np.zeros(count, dtype=bool)
    mask[validation] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def _stratified(order: np.ndarray, strata: Sequence[Hashable], count: int) -> np.ndarray:
    """Return ``count`` rows: of each category its share, but never its last row."""
    groups: dict[Hashable, list[int]] = {}
    for row in order:
        groups.setdefault(strata[row], []).append(int(row))
    shares = {name: len(rows) * count / len(order) for name, rows in groups.items()}
    quota = {name: min(int(share), len(groups[name]) - 1) for name, share in shares.items()}
    while sum(quota.values()) < count:
        open_groups = [name for name in groups if quota[name] < len(groups[name]) - 1]
        if not open_groups:
            break
        neediest = max(open_groups, key=lambda name: shares[name] - quota[name])
        quota[neediest] += 1
    return np.array([row for name, rows in groups.items() for row in rows[: quota[name]]], dtype=np.int64)
