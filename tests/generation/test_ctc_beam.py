import itertools

import numpy as np
import pytest

from elman.errors import SettingError
from elman.generation import CTCBeam
from elman.network.ctc import collapse


def logs(rng: np.random.Generator, frames: int) -> np.ndarray:
    scores = rng.normal(size=(frames, 3))
    return scores - np.logaddexp.reduce(scores, -1, keepdims=True)


def every(frames: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """Sum over all paths, the slow and sure way."""
    totals: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        said = tuple(collapse(np.array(path, dtype=np.int64), blank).tolist())
        totals[said] = float(np.logaddexp(totals.get(said, -np.inf), sum(frames[t, s] for t, s in enumerate(path))))
    return totals


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_wide_beam_sums_over_all_paths(rng, count) -> None:
    frames = logs(rng, count)
    wanted = sorted(every(frames, 2).items(), key=lambda item: -item[1])
    found = CTCBeam(size=500, threshold=-np.inf).n_best(frames, 2)
    for (said, score), (other, exact) in zip(found, wanted, strict=False):
        assert said == other
        assert score == pytest.approx(exact)
    assert np.logaddexp.reduce([score for _, score in found]) == pytest.approx(0.0)


def test_a_prior_and_a_bonus_change_the_ranking() -> None:
    frames = np.log(np.array([[0.5, 0.4, 0.1]]))
    assert CTCBeam()(frames, 2) == (0,)
    assert CTCBeam(prior=lambda _prefix, symbol: [-9.0, 0.0][symbol], prior_weight=1.0)(frames, 2) == (1,)
    assert CTCBeam(symbol_bonus=-9.0)(frames, 2) == ()


def test_no_frames_say_nothing() -> None:
    assert CTCBeam()(np.empty((0, 3)), 2) == ()


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(SettingError, match="beam size must be"):
        CTCBeam(size=0)
