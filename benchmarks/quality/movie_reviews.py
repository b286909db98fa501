"""Movie-review sentences (MR), no official split: a fixed 90/10 split of each of three seeds.

python -m benchmarks.quality.movie_reviews [--only default] [--seeds 0 1 2]
Published with ten-fold cross-validation: CNN with random vectors 76.1 (Kim 2014), NB-SVM on bigrams 79.4 (Wang & Manning 2012).
"""

from __future__ import annotations

from benchmarks.quality.texts import ninety_ten, race
from elman.datasets import load


def main() -> None:
    every = load("mr_polarity")["all"]
    race("MR, 90/10", lambda seed: ninety_ten(every.x, every.y, seed), seeds=(0, 1, 2))


if __name__ == "__main__":
    main()
