"""Actions from people's joints (JHMDB, 14 actions, three official-style splits): accuracy of Model(Joints(), Category()).

python -m benchmarks.quality.joints [--seeds 1] [--splits 1 2 3]
Published on this copy's files: DD-Net 77.2 % mean of three splits, 73.7 its 0.5 M model (convolutions over time).
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.quality.report import row
from elman import Category, Joints, Model, Network, Training
from elman.baselines import ConvNet
from elman.datasets import Split, load


def nearest(train: Split, test: Split) -> float:
    """Accuracy of the nearest neighbour on clips brought to 16 steps each."""
    codec = Joints().fit(train.x)
    flat = [np.stack([_sixteen(steps) for steps in codec.encode_all(part.x)]) for part in (train, test)]
    return float(KNeighborsClassifier(1).fit(flat[0], train.y).score(flat[1], test.y))


def _sixteen(steps: np.ndarray) -> np.ndarray:
    return steps[np.linspace(0, len(steps) - 1, 16).round().astype(int)].ravel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--splits", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--convnet", action="store_true", help="the convolutional baseline too")
    arguments = parser.parse_args()
    found: dict[str, list[float]] = {}
    for split in arguments.splits:
        data = load("jhmdb_pose", split=split)
        train, test = data["train"], data["test"]
        near, majority = nearest(train, test), np.mean([y == Counter(train.y).most_common(1)[0][0] for y in test.y])
        for seed in range(arguments.seeds):
            training = Training(random_state=seed, max_epochs=arguments.epochs or "auto", verbose=0)
            models = {
                "Model(Joints(), Category())": Model(Joints(), Category(), network=Network(members=arguments.members), training=training)
            }
            if arguments.convnet:
                models["ConvNet(Joints())"] = ConvNet(Joints(), training=training)
            for name, model in models.items():
                start = time.perf_counter()
                score = model.fit(train.x, train.y).score(test.x, test.y)
                found.setdefault(name, []).append(score)
                row(
                    task=f"jhmdb_pose, split {split}, seed {seed}, {name}", metric="accuracy %", elman=f"{100 * score:.1f}",
                    baseline=f"{100 * near:.1f} (nearest), {100 * majority:.0f} (majority)", published="77.2 / 73.7 (DD-Net, mean)",
                    parameters=model.plan().parameters if isinstance(model, Model) else model.parameters_,
                    seconds=time.perf_counter() - start, rows=len(test),
                )  # fmt: skip
    for name, scores in found.items():
        print(f"{name}: mean {100 * np.mean(scores):.1f} % of {len(scores)} runs")


if __name__ == "__main__":
    main()
