"""Japanese Vowels, official split (270 / 370): accuracy of the default Model(Series(), Category()), three seeds.

python -m benchmarks.quality.japanese_vowels
"""

from __future__ import annotations

import time
from collections import Counter

from benchmarks.quality.report import row
from elman import Category, Model, Series, Training
from elman.cli import demo_data


def main() -> None:
    split = demo_data.japanese_vowels()
    majority = Counter(split.y_train).most_common(1)[0][0]
    baseline = sum(y == majority for y in split.y_test) / len(split.y_test)
    for seed in range(3):
        start = time.perf_counter()
        model = Model(Series(), Category(), training=Training(random_state=seed, verbose=0)).fit(split.x_train, split.y_train)
        row(
            task=f"Japanese Vowels, seed {seed}", metric="accuracy", elman=f"{model.score(split.x_test, split.y_test):.4f}",
            baseline=f"{baseline:.3f} (most frequent)", published="0.949 DTW-D, 0.959 DTW-I", parameters=model.plan().parameters,
            seconds=time.perf_counter() - start, rows=len(split.y_test),
        )  # fmt: skip


if __name__ == "__main__":
    main()
