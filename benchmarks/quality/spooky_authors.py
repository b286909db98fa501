"""Spooky authors: who wrote a sentence, Poe, Lovecraft or Shelley; a fixed 90/10 split of each of three seeds.

python -m benchmarks.quality.spooky_authors [--only default] [--seeds 0 1 2]
"""

from __future__ import annotations

from benchmarks.quality.texts import ninety_ten, race
from elman.datasets import load


def main() -> None:
    every = load("spooky_authors")["train"]
    race("spooky authors, 90/10", lambda seed: ninety_ten(every.x, every.y, seed), seeds=(0, 1, 2))


if __name__ == "__main__":
    main()
