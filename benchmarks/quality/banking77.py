"""Banking77: 77 intents of questions to a bank, official split 10,003 / 3,080.

python -m benchmarks.quality.banking77 [--only default]
Published: 93.4 USE + ConveRT, 93.7 tuned BERT, both pretrained on other text (Casanueva 2020).
"""

from __future__ import annotations

from benchmarks.quality.texts import Part, race
from elman.datasets import load


def main() -> None:
    held = load("banking77")
    train, test = held["train"], held["test"]
    race("Banking77", lambda _: (Part(x=train.x, y=train.y), Part(x=test.x, y=test.y)))


if __name__ == "__main__":
    main()
