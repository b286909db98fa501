"""A decoder that is a table: the next symbol depends on the last one, so every answer can be listed."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from elman.network.decoders.search import Steps


@dataclass(frozen=True)
class TableState:
    source: Tensor
    last: Tensor

    def select(self, rows: Tensor) -> "TableState":
        return TableState(self.source[rows], self.last[rows])

    reorder = select

    def expand(self, times: int) -> "TableState":
        return self.select(torch.arange(len(self.source)).repeat_interleave(times))


@pytest.fixture
def tables() -> Tensor:
    """Log-probabilities (source, last symbol or start, next symbol or end) over 3 symbols."""
    return torch.randn(4, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64).log_softmax(-1)


@pytest.fixture
def steps(tables: Tensor) -> Steps:
    def advance(state: TableState, symbols: Tensor | None):
        last = state.last if symbols is None else symbols
        return tables[state.source, last].clone(), TableState(state.source, last), None

    return Steps(advance=advance, end=3)


@pytest.fixture
def start():
    def begin(*sources: int) -> TableState:
        return TableState(torch.tensor(sources, dtype=torch.int64), torch.full((len(sources),), 3))

    return begin


@pytest.fixture(scope="module")
def steps_and_start():
    """The same decoder for tests that draw many examples."""
    tables = torch.randn(4, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64).log_softmax(-1)

    def advance(state: TableState, symbols: Tensor | None):
        last = state.last if symbols is None else symbols
        return tables[state.source, last].clone(), TableState(state.source, last), None

    def begin(*sources: int) -> TableState:
        return TableState(torch.tensor(sources, dtype=torch.int64), torch.full((len(sources),), 3))

    return Steps(advance=advance, end=3), begin


@pytest.fixture
def everything(tables: Tensor):
    """List every ended answer of one source up to a length with its log-probability."""

    def listed(source: int, longest: int) -> dict[tuple[int, ...], float]:
        found: dict[tuple[int, ...], float] = {}
        open_answers: dict[tuple[int, ...], float] = {(): 0.0}
        table = tables[source].numpy()
        for length in range(longest + 1):
            for said, score in open_answers.items():
                found[said] = score + float(table[said[-1] if said else 3, 3])
            if length < longest:
                open_answers = {
                    (*said, s): score + float(table[said[-1] if said else 3, s]) for said, score in open_answers.items() for s in range(3)
                }
        return found

    return listed


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
