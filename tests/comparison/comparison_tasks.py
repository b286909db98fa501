"""Small tasks for comparisons."""

from __future__ import annotations

import numpy as np

from elman import Training

QUICK = Training(max_epochs=2, batch_size=16, verbose=0)


def rows(count: int = 48) -> tuple[list[list[str]], list[str]]:
    """Sequences told apart by which letter comes first; all letters are in all of them."""
    random = np.random.default_rng(0)
    xs = [[str(symbol) for symbol in random.permutation(list("abcdefg"))] for _ in range(count)]
    return xs, ["early" if x.index("a") < x.index("b") else "late" for x in xs]
