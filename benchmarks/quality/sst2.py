"""SST-2, whole sentences, official split 6,920 / 872 / 1,821: learned from the training part, scored on the test part.

python -m benchmarks.quality.sst2 [--only default] [--dev]
Published, with vectors learned elsewhere: LSTM 84.9 (Tai 2015), CNN with random vectors 82.7 (Kim 2014, trained on phrases too).
"""

from __future__ import annotations

import sys

from benchmarks.quality.texts import Part, race
from elman.datasets import load


def main() -> None:
    part = "dev" if "--dev" in sys.argv else "test"
    sys.argv = [argument for argument in sys.argv if argument != "--dev"]
    held = load("sst2")
    train, test = held["train"], held[part]
    race(f"SST-2, {part}", lambda _: (Part(x=train.x, y=train.y), Part(x=test.x, y=test.y)))


if __name__ == "__main__":
    main()
