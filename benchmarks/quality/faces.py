"""Faces in 853 photographs of 128 x 128 grey pixels: boxes one at a time until no more, against cells with suppression.

python -m benchmarks.quality.faces [--only reader cells] [--epochs 36] [--dev] [--curve curve.png] [--seed 0]
The split is by picture: a fifth by the SHA-256 of its name is the test; with --dev another fifth is judged instead, and not learned from.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.quality import per_cell
from elman import Boxes, Image, Model, Network, Training
from elman.datasets import load
from elman.metrics.average_precision import PrecisionRecall, precision_recall
from elman.metrics.by_target import scoring_of
from elman.network.assembly import evaluating

SIDE = 128
LEAST = 12.0
"""Faces of at least this side (of a square of the same area) are asked for."""
RECALLS = np.arange(0.1, 0.95, 0.1)


def part_of(name: str) -> int:
    """Return the fifth of the pictures that a name belongs to; 0 is the test, 1 the development part."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5


def judge(found: list[np.ndarray], truth: list[np.ndarray], low: float) -> PrecisionRecall:
    """Judge (K, 6) shares of pictures against boxes in pixels."""
    return precision_recall([np.concatenate([f[:, :4] * SIDE, f[:, 5:]], 1) for f in found], truth, min_size=low)


def show(name: str, found: list[np.ndarray], truth: list[np.ndarray], seconds: float) -> PrecisionRecall:
    """Print average precision and the curve."""
    large, every = judge(found, truth, LEAST), judge(found, truth, 0.0)
    curve = " ".join(f"{large.at(float(recall)):.2f}" for recall in RECALLS)
    small, whole = (f"{seen.average_precision:.3f} of {seen.truths}" for seen in (large, every))
    print(f"{name:34} AP@0.5 >= {LEAST:g} px {small}, all {whole}")
    print(f"{'':34} precision at recall 0.1..0.9: {curve}   {seconds / 60:.1f} min of one core", flush=True)
    return large


def usual(train: list[np.ndarray], count: int) -> list[np.ndarray]:
    """Answer with the most usual boxes of training, whatever the picture."""
    target = Boxes(size=SIDE, outside="clip").fit(train, role="target")
    return scoring_of(target, False).constant(target.encode_all(train), [np.zeros((0, 5))] * count)


def found_by(model: Model, images: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what the reader gives, and what its cells alone say with suppression."""
    read = [boxes_of(row, model.target_.labels_) for row in model.predict(images, min_score=0.02)]
    network, cells = model.model_, []
    with torch.inference_mode(), evaluating(network):
        for start in range(0, len(images), 64):
            encoded = network.encode(torch.from_numpy(np.stack(model.source_.encode_all(images[start : start + 64]))))
            cells += per_cell.suppressed(network.decoder, encoded, network.limits(encoded))
    return read, cells


def boxes_of(row: list[dict[str, Any]], labels: list[str]) -> np.ndarray:
    """Return (K, 6) shares of what a model answers in pixels, with the number of the label."""
    kinds = [labels.index(found["label"]) if labels else 0 for found in row]
    return np.array([[*(np.array(f["box"]) / SIDE), kind, f["score"]] for f, kind in zip(row, kinds, strict=True)]).reshape(-1, 6)


def show_labels(found: list[np.ndarray], truth: list[np.ndarray], kinds: list[list[str]], labels: list[str]) -> None:
    """Print average precision of each label."""
    for number, label in enumerate(labels):
        said = [boxes[boxes[:, 4] == number] for boxes in found]
        real = [boxes[np.array(names) == label] for boxes, names in zip(truth, kinds, strict=True)]
        seen = judge(said, real, LEAST)
        print(f"{'':34} {label}: AP@0.5 >= {LEAST:g} px {seen.average_precision:.3f} of {seen.truths}", flush=True)


def draw(path: Path, curves: dict[str, PrecisionRecall]) -> None:
    """Draw precision over recall."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 4))
    for name, curve in curves.items():
        axes.step(curve.recall, curve.precision, where="post", label=f"{name}: AP {curve.average_precision:.2f}")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1), title=f"faces of at least {LEAST:g} pixels, IoU 0.5")
    axes.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=["reader", "cells"], choices=["reader", "cells"])
    parser.add_argument("--epochs", type=int, default=36)
    parser.add_argument("--budget", default=None, help="time for each, as 20min")
    parser.add_argument("--dev", action="store_true", help="judge on the development part, for choices")
    parser.add_argument("--curve", type=Path, default=None, help="draw the curves into this file")
    parser.add_argument("--rows", type=int, default=None, help="pictures to learn from (all by default)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=64, help="features of a cell")
    parser.add_argument("--batch", type=int, default=8, help="pictures of a step")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--labels", action="store_true", help="also tell faces with a mask from those without (the reader)")
    parser.add_argument("--save", type=Path, default=None)
    arguments = parser.parse_args()
    data = load("face_boxes_mask")["all"]
    parts = np.array([part_of(name) for name in data.extra["name"]])
    train = np.flatnonzero(parts >= 2 if arguments.dev else parts >= 1)[: arguments.rows]
    test = np.flatnonzero(parts == int(arguments.dev))
    images, boxes, truth = data.x[train], [data.y[i] for i in train], [data.y[i] for i in test]
    kinds: list[list[str]] = data.extra["classes"]
    told = [{"boxes": data.y[i], "labels": kinds[i]} for i in train] if arguments.labels else boxes
    network = Network(embedding_size=arguments.size)
    training = Training(
        max_epochs=arguments.epochs, patience=arguments.epochs, batch_size=arguments.batch, learning_rate=arguments.rate,
        budget=arguments.budget, random_state=arguments.seed, validation_fraction=0.1,
    )  # fmt: skip
    print(f"{len(train)} pictures to learn from, {len(test)} to judge on, seed {arguments.seed}")
    curves = {"usual boxes": show("most usual boxes", usual(boxes, len(test)), truth, 0.0)}
    if "reader" in arguments.only:
        start = time.process_time()
        model = Model(Image(), Boxes(outside="clip"), network=network, training=training).fit(images, told)
        seconds = time.process_time() - start
        if arguments.save:
            model.save(arguments.save)
        read, cells = found_by(model, data.x[test])
        curves["reader"] = show("elman, one box after the other", read, truth, seconds)
        if arguments.labels:
            show_labels(read, truth, [kinds[i] for i in test], model.target_.labels_)
        show("its cells alone, suppression", cells, truth, seconds)
    if "cells" in arguments.only:
        start = time.process_time()
        trained, source = per_cell.fit(images, boxes, SIDE, network, training)
        seconds = time.process_time() - start
        curves["cells"] = show("cells without recurrence", per_cell.answers(trained, source, data.x[test]), truth, seconds)
    if arguments.curve:
        draw(arguments.curve, curves)


if __name__ == "__main__":
    main()
