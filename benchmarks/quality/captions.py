"""Flickr8k, 1,000 photographs: BLEU and CIDEr-D of captions written after 753 pictures of five captions each.

ELMAN_DATA=DIR python -m benchmarks.quality.captions [--seeds 1] [--epochs 15] [--looks 20] [--dev] [--out FILE] [--load FILE]

The pictures are 96x96 and read at 64x64; the words are those said three times or more. The network's convolutions first learn which
words are said of a picture (``--looks`` passes over the 753), then the whole network learns the captions. Pictures are varied and mirrored
at every look. The official dev part (113 pictures) chooses the epoch and the penalty for the length of an answer; the test part (125) is
read once, at the end. BLEU and CIDEr-D are those of ``elman.metrics.captions`` with all five references. Beside it stand answers
that need no network: one caption for all pictures (the commonest; and the training caption that is best on dev), the first caption of the
nearest training picture by colours and coarse pixels, and the caption that the ten nearest agree on most (Devlin 2015); and our answers to
other rows' pictures, which show how much of a score needs no picture. Published, all 8,000 pictures and a network that had learned from 1.2
million others: BLEU-1 63 (Vinyals 2015), 67 (Xu 2015): not comparable.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import elman
from benchmarks.quality.report import row
from elman import Image, Model, Network, Text, Training, datasets
from elman.datasets import Dataset
from elman.fitting.learning import learn
from elman.mapping.codecs import fit_codecs
from elman.metrics.by_target import scoring_of
from elman.metrics.captions import bleu, caption_words, cider
from elman.network import Sizes, build, plan

_PENALTIES = (0.6, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Part:
    """Pictures, each once, with all that is said of each."""

    pictures: list[np.ndarray]
    captions: list[list[str]]

    @classmethod
    def of(cls, data: Dataset, name: str) -> Part:
        split = data.splits[name]
        first = [i for i, image in enumerate(split.extra["image"]) if not i or split.extra["image"][i - 1] != image]
        return cls([split.x[i] for i in first], [split.extra["captions"][i] for i in first])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--looks", type=int, default=20, help="passes in which the convolutions learn words alone")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--dev", action="store_true", help="measure on the dev part, which chose the epoch")
    parser.add_argument("--baselines", action="store_true", help="learn nothing")
    parser.add_argument("--out", default=None, help="where to save the model of the first seed")
    parser.add_argument("--load", default=None, help="a saved model: measure it, learn nothing")
    arguments = parser.parse_args()
    data = datasets.load("flickr8k_1000")
    train, dev, test = (Part.of(data, name) for name in ("train", "dev", "test"))
    judged = dev if arguments.dev else test
    usual = Counter(caption for several in train.captions for caption in several).most_common(1)[0][0]
    count = len(judged.captions)
    show("the commonest caption", [usual] * count, judged)
    show("the training caption best on dev", [best_of_all(train, dev)] * count, judged)
    near = nearest(train.pictures, judged.pictures)
    show("of the nearest picture", [train.captions[order[0]][0] for order in near], judged)
    show("that the ten nearest agree on", [agreed([c for i in order[:10] for c in train.captions[i]]) for order in near], judged)
    for seed in range(0 if arguments.baselines else arguments.seeds):
        start, worked = time.perf_counter(), time.process_time()
        model = elman.load(arguments.load) if arguments.load else captioner(train, dev, arguments, seed)
        seconds = f"{time.perf_counter() - start:.0f} s, {time.process_time() - worked:.0f} s of processor"
        penalty = max(_PENALTIES, key=lambda p: cider(model.predict(dev.pictures, length_penalty=p), dev.captions))
        said = model.predict(judged.pictures, length_penalty=penalty)
        others = model.predict([judged.pictures[i - 1] for i in range(count)], length_penalty=penalty)
        if not seed:
            print(model.plan())
        show(f"`Model(Image(), Text())`, seed {seed}, beam, penalty {penalty}", said, judged, seconds, model.plan().parameters)
        show(f"the same, pictures of other rows, seed {seed}", others, judged)
        print(*(f"    {text}   ({several[0]})" for text, several in zip(said[:12], judged.captions, strict=False)), sep="\n", flush=True)
        if arguments.out and not seed:
            model.save(arguments.out)


def show(name: str, said: Sequence[str], part: Part, seconds: str = "", parameters: int = 0) -> None:
    """Print a row: BLEU-1, BLEU-4, CIDEr-D, how many different captions, their mean length."""
    one, _, _, four = bleu(said, part.captions)
    row(
        captions=name, bleu_1=f"{one:.1f}", bleu_4=f"{four:.1f}", cider=f"{cider(said, part.captions):.3f}", different=len(set(said)),
        words=f"{np.mean([len(caption_words(text)) for text in said]):.1f}", parameters=parameters, seconds=seconds,
    )  # fmt: skip


def captioner(train: Part, dev: Part, arguments: argparse.Namespace, seed: int) -> Model:
    """Fit as ``Model.fit`` does, but with convolutions that know words, and the epoch chosen by CIDEr-D of the dev pictures."""
    words = Text("word", lowercase=True, min_count=3)
    network = Network(cell="gru", hidden_size=192, embedding_size=128, dropout=0.3, label_smoothing=0.0)
    training = Training(max_epochs=arguments.epochs, batch_size=16, learning_rate=2e-3, weight_decay=0.02, random_state=seed)
    model = Model(Image(size=arguments.size, augment="mirror"), words, network=network, training=training)
    rows = [(i, caption) for i, several in enumerate(train.captions) for caption in several]
    model.source_, model.target_ = source, target = fit_codecs(model.source, model.target, train.pictures, [c for _, c in rows], "auto")
    seen, held = source.encode_all(train.pictures), source.encode_all(dev.pictures)
    sources = [seen[i] for i, _ in rows] + held
    targets = target.encode_all([c for _, c in rows] + [several[0] for several in dev.captions])
    sizes = Sizes.measure(source, target, sources[: len(rows)], targets[: len(rows)])
    model.plan_ = plan(source, target, network, examples=sizes)
    marks = said_of([target.encode_all(several) for several in train.captions], target.space.n)

    def looked(planned: Any) -> Any:
        made = build(planned)
        look(made, seen, marks, source.augment_encoded, arguments.looks)
        return made

    def score(said: Sequence[Any], _: Sequence[Any]) -> float:
        return cider([target.decode(s) for s in said], dev.captions)

    scoring = replace(scoring_of(target, False), metric="CIDEr-D", score=score)
    held_out = np.arange(len(rows), len(sources))
    learned = learn(
        model.plan_, sources, targets, training, scoring, held_out=held_out, build=looked, augment_encoded=source.augment_encoded
    )
    model.plan_, model.model_, model.history_, model.baseline_ = learned.plan, learned.model, learned.history, learned.baseline
    return model


def said_of(captions: Sequence[Sequence[np.ndarray]], words: int) -> torch.Tensor:
    """Share of a picture's captions that say each word, (pictures, words)."""
    return torch.tensor(np.stack([np.mean([np.bincount(c, minlength=words) > 0 for c in several], axis=0) for several in captions])).float()


def look(network: Any, pictures: Sequence[np.ndarray], marks: torch.Tensor, augment_encoded: Any, passes: int) -> None:
    """Let the convolutions of a network learn which words are said of a picture, from the mean of its cells."""
    head = nn.Sequential(nn.Dropout(0.3), nn.Linear(network.encoder.out_features, marks.shape[1]))
    nn.init.zeros_(head[1].weight)
    with torch.no_grad():
        head[1].bias.copy_(torch.logit(marks.mean(0).clamp(1e-4, 1 - 1e-4)))
    weights = [*network.stem.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, 2e-3, weight_decay=0.05)
    steps = max(passes * -(-len(pictures) // 32), 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps + 1)
    random = np.random.default_rng(torch.initial_seed())
    network.train()
    for done in range(passes):
        total = 0.0
        for rows in np.array_split(random.permutation(len(pictures)), -(-len(pictures) // 32)):
            batch = torch.from_numpy(np.stack([augment_encoded(pictures[i], random) for i in rows]))
            _, mean = network.encoder(network.stem(batch))
            loss = functional.binary_cross_entropy_with_logits(head(mean), marks[rows], reduction="sum") / len(rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        if done % 5 == 4:
            print(f"look {done + 1}: {total / len(pictures):.2f} nats a picture", flush=True)


def best_of_all(train: Part, dev: Part) -> str:
    """The training caption whose BLEU-4 is best when it is said of every dev picture; one a training picture is tried."""
    tried = [several[0] for several in train.captions]
    return max(tried[::3], key=lambda caption: cider([caption] * len(dev.captions), dev.captions))


def nearest(known: Sequence[np.ndarray], asked: Sequence[np.ndarray]) -> np.ndarray:
    """Numbers of the known pictures, the nearest first, for each one asked about."""
    ours, theirs = (np.stack([coarse(picture) for picture in pictures]) for pictures in (asked, known))
    mean, spread = theirs.mean(0), theirs.std(0) + 1e-6
    distance = (((ours - mean) / spread)[:, None] - ((theirs - mean) / spread)[None]) ** 2
    return distance.sum(-1).argsort(1)


def coarse(picture: np.ndarray) -> np.ndarray:
    """A picture as 6x6 mean colours and a histogram of 64 colours."""
    small = picture.reshape(6, 16, 6, 16, 3).mean((1, 3)).ravel() / 255
    bins = np.bincount((picture.reshape(-1, 3) // 64) @ np.array([16, 4, 1]), minlength=64) / (picture.size / 3)
    return np.concatenate([small, np.sqrt(bins)])


def agreed(captions: Sequence[str]) -> str:
    """The caption that shares most words and pairs of words with the others (F1)."""
    grams = [Counter([*words, *pairwise(words)]) for words in map(caption_words, captions)]
    shared = [sum(2 * (a & b).total() / max(a.total() + b.total(), 1) for b in grams) for a in grams]
    return captions[int(np.argmax(shared))]


if __name__ == "__main__":
    main()
