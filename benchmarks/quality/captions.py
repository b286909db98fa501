"""Captions of photographs: BLEU-1, BLEU-4 and CIDEr-D on the test part of flickr8k_1000, a thousand photographs of Flickr8k.

ELMAN_DATA=DIR python -m benchmarks.quality.captions [--seeds 0 1 2] [--epochs 16] [--only ours …]

Every photograph has five captions: 753 photographs to learn from, 113 that choose the epoch by CIDEr-D (official dev part), 125 to test on,
read once. Ours is ``Model(Image(), Text())``: convolutions that keep a grid of cells, and a recurrence that attends to them while it writes
(Xu 2015). Beside it stand the commonest caption, the captions of the nearest training photograph (small pixels), and ours with
the test photographs exchanged among rows: what is lost by that is what the model owes to looking. Published for all 8,000 photographs, with
convolutions pre-trained on a million others: BLEU-1 63 (Vinyals 2015), 67 (Xu 2015); not comparable with 753 and nothing before.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.quality.report import machine
from elman import Image, Model, Network, Text, Training, datasets
from elman.estimators._learning import learn
from elman.estimators._scoring import Scoring, scoring_of
from elman.estimators.caption_metrics import bleu, caption_words, cider
from elman.network import Sizes, plan

PER_PICTURE = 5
SIDE = 64
NEAR = 8
NETWORK = Network(hidden_size=128, embedding_size=128, dropout=0.5, label_smoothing=0.1, tie_weights=True)
CONTESTANTS = ("commonest caption", "nearest photograph", "ours")
HEAD = "| contestant | seed | BLEU-1 | BLEU-4 | CIDEr-D | different captions | parameters | seconds of a core |"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Photographs, each once, and their captions."""

    pictures: list[np.ndarray]
    captions: list[list[str]]


def part_of(split: Any) -> Part:
    """One row a photograph of a split that has one row a caption."""
    first = range(0, len(split.x), PER_PICTURE)
    return Part(pictures=[split.x[i] for i in first], captions=[split.extra["captions"][i] for i in first])


def commonest(train: Part, test: Part) -> list[str]:
    """What was said most often, whatever is shown (of captions said as often, the one most like all others)."""
    counts = Counter(" ".join(caption_words(caption)) for captions in train.captions for caption in captions)
    most = max(counts.values())
    tied = [caption for caption, count in counts.items() if count == most]
    scores = [cider([caption] * len(train.captions), train.captions) for caption in tied[:20]]
    return [tied[int(np.argmax(scores))]] * len(test.pictures)


def nearest(train: Part, test: Part) -> list[str]:
    """Of the nearest training photograph in small, the caption most like its other ones."""
    ours, theirs = _small(test.pictures), _small(train.pictures)
    return [_central(train.captions[i]) for i in torch.cdist(ours, theirs).argmin(1).tolist()]


def _small(pictures: Sequence[np.ndarray]) -> torch.Tensor:
    stack = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    return functional.interpolate(stack, size=(NEAR, NEAR), mode="area").flatten(1)


def _central(captions: list[str]) -> str:
    words = [Counter(caption_words(caption)) for caption in captions]
    return captions[int(np.argmax([sum((own & other).total() / max(own.total(), 1) for other in words) for own in words]))]


def fit(train: Part, dev: Part, seed: int, epochs: int) -> Model:
    """Fit as ``Model.fit`` does, but choose the epoch on the dev part, by CIDEr-D of the likeliest captions."""
    training = Training(max_epochs=epochs, patience=epochs, batch_size=64, learning_rate=2e-3, weight_decay=0.05, random_state=seed)
    model = Model(Image(size=SIDE, augment="mirror"), Text("word", lowercase=True, min_count=4), network=NETWORK, training=training)
    xs, ys = _rows(train)
    held_xs, held_ys = _rows(dev)
    source, target = model.source_, model.target_ = model.source.fit(train.pictures, role="source"), model.target.fit(ys, role="target")
    seen = [picture for picture in source.encode_all([*train.pictures, *dev.pictures]) for _ in range(PER_PICTURE)]
    targets = target.encode_all([*ys, *held_ys])
    sizes = Sizes.measure(source, target, seen[: len(xs)], targets[: len(xs)])
    model.plan_ = plan(source, target, NETWORK, examples=sizes)

    def score(said: Sequence[Any], truth: Sequence[Any]) -> float:
        rows = range(0, len(truth), PER_PICTURE)
        return cider([target.decode(said[i]) for i in rows], [[target.decode(t) for t in truth[i : i + PER_PICTURE]] for i in rows])

    usual = scoring_of(target, False)
    scoring = Scoring(metric="CIDEr-D", baseline=usual.baseline, score=score, constant=usual.constant)
    held = np.arange(len(xs), len(xs) + len(held_xs))
    learned = learn(model.plan_, seen, targets, training, scoring, held_out=held, vary=source.vary)
    model.model_, model.history_, model.baseline_ = learned.model, learned.history, learned.baseline
    return model


def _rows(part: Part) -> tuple[list[np.ndarray], list[str]]:
    pairs = [(picture, caption) for picture, captions in zip(part.pictures, part.captions, strict=True) for caption in captions]
    return [picture for picture, _ in pairs], [caption for _, caption in pairs]


def show(name: str, seed: object, said: Sequence[str], truth: list[list[str]], parameters: object = "–", seconds: object = "–") -> None:
    """Print one row."""
    scores = bleu(said, truth)
    cells = [f"{scores[0]:.1f}", f"{scores[3]:.1f}", f"{cider(said, truth):.3f}", len(set(said)), parameters, seconds]
    print("| " + " | ".join(map(str, [name, seed, *cells])) + " |", flush=True)


def show_ours(model: Model, seed: int, test: Part, seconds: str, beam: int) -> None:
    """Print what a fitted model says of the photographs, and what of others in their place."""
    parameters = f"{model.plan().parameters:,}"
    said = model.predict(test.pictures, beam_size=beam)
    show(f"ours, beam {beam}", seed, said, test.captions, parameters, seconds)
    order = np.random.default_rng(0).permutation(len(said))
    moved = [said[i] for i in order]
    show("ours, photographs exchanged", seed, moved, test.captions, parameters, seconds)
    print(*(f"    {one}   ({others[0]})" for one, others in zip(said[:5], test.captions, strict=False)), sep="\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--out", default=None, help="where to save the last model")
    parser.add_argument("--dev", action="store_true", help="judge on the dev part: for choosing among recipes")
    chosen = parser.parse_args()
    data = datasets.load("flickr8k_1000")
    train, dev, test = (part_of(data.splits[name]) for name in ("train", "dev", "test"))
    judged = dev if chosen.dev else test
    print(f"{machine()}\n{HEAD}\n|---|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    for name, answer in (("commonest caption", commonest), ("nearest photograph", nearest)):
        if name in chosen.only:
            show(name, "–", answer(train, judged), judged.captions)
    for seed in chosen.seeds if "ours" in chosen.only else ():
        start = time.process_time()
        model = fit(train, dev, seed, chosen.epochs)
        show_ours(model, seed, judged, f"{time.process_time() - start:.0f}", chosen.beam)
        if chosen.out:
            print(model.plan())
            model.save(chosen.out)


if __name__ == "__main__":
    main()
