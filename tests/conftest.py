"""Small, quick data of every relation, with a seed."""

import signal

import numpy as np
import pytest

from elman import Training


def pytest_configure():
    """Take ctrl-c in background jobs too: shells start those with SIGINT ignored, and tests interrupt themselves."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def quick():
    """Settings that learn a toy task in about a second, silently."""
    return Training(max_epochs=12, verbose=0, learning_rate=0.01, batch_size=16)


@pytest.fixture
def waves():
    """Series of two frequencies, of different lengths."""
    rng = np.random.default_rng(0)
    labels = ["slow", "fast"] * 40
    lengths = rng.integers(8, 24, len(labels))
    rate = {"slow": 0.3, "fast": 1.5}
    series = [np.sin(rate[y] * np.arange(n) + rng.uniform(0, 6)) for y, n in zip(labels, lengths, strict=True)]
    return series, labels
