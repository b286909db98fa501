import sys
from pathlib import Path

import pytest

from elman import compare
from elman.comparison import Leaderboard

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Leaderboard:
    """Everyone on a small task."""
    from comparison_tasks import QUICK, rows

    from elman import Category, Model, Symbols

    model = Model(Symbols(), Category(), training=QUICK)
    return compare(model, *rows(), shuffled=True, untied=True, folder=tmp_path_factory.mktemp("comparison") / "results", verbose=0)
