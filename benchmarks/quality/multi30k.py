"""Multi30k German -> English: BLEU on test 2016 after training on the official 29,000 pairs.

ELMAN_DATA=DIR python -m benchmarks.quality.multi30k [--epochs 14] [--beam 5] [--out translator.elman]

The official validation part (1,014 pairs) chooses the epoch by BLEU of the likeliest answers; the test part is read once, at the end.
BLEU is sacrebleu's (13a, one reference), on the detokenised text as the model writes it, capitals kept; the lower-cased figure beside it.
Published: GRU with attention on words 28.3; with subwords 33.5 (both lower-cased).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import sacrebleu

from benchmarks.quality.report import row
from elman import Model, Text, Training, datasets
from elman.estimators._learning import learn
from elman.estimators._scoring import Scoring, scoring_of
from elman.network import Network, Sizes, plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--subwords", type=int, default=6000)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--embedding", type=int, default=192)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--rows", type=int, default=None)
    parser.add_argument("--out", default=None)
    a = parser.parse_args()
    data = datasets.load("multi30k", source="de", target="en")
    train, held, test = data.splits["train"], data.splits["validation"], data.splits["test"]
    network = Network(cell=a.cell, hidden_size=a.hidden, embedding_size=a.embedding, dropout=a.dropout)
    training = Training(max_epochs=a.epochs, batch_size=a.batch, learning_rate=a.rate, random_state=0)
    codec = Text("bpe", max_vocabulary=a.subwords)
    model = Model(codec, codec, align="attention", network=network, training=training)
    start, worked = time.perf_counter(), time.process_time()
    fit_with(model, (train.x[: a.rows], train.y[: a.rows]), (held.x, held.y))
    seconds = f"{time.perf_counter() - start:.0f} s, {time.process_time() - worked:.0f} s of processor"
    print(model.plan())
    if a.out:
        model.save(a.out)
    for name, options in (("greedy", {}), (f"beam {a.beam}", {"beam_size": a.beam})):
        begun = time.perf_counter()
        said = model.predict(list(test.x), **options)
        rate = len(said) / (time.perf_counter() - begun)
        cased, small = (sacrebleu.corpus_bleu(said, [list(test.y)], lowercase=low).score for low in (False, True))
        row(
            task=f"Multi30k de-en, {name}", metric="BLEU cased / lower-cased", elman=f"{cased:.2f} / {small:.2f}", baseline="-",
            published="28.3 GRU + attention, 33.5 with subwords", parameters=model.plan().parameters, seconds=seconds,
            rate=f"{rate:.0f} sentences/s",
        )  # fmt: skip
        print(*said[:5], sep="\n")


def fit_with(model: Model, train: tuple[Sequence[str], Sequence[str]], held: tuple[Sequence[str], Sequence[str]]) -> None:
    """Fit on one part and choose the epoch on the other, by BLEU."""
    source, target = model.source.fit(train[0], role="source"), Text(**model.target.get_params()).fit(train[1], role="target")
    model.source_, model.target_ = source, target
    sources, targets = source.encode_all([*train[0], *held[0]]), target.encode_all([*train[1], *held[1]])
    count = len(train[0])
    sizes = Sizes.measure(source, target, sources[:count], targets[:count])
    model.plan_ = plan(source, target, model.network, align=model.align, examples=sizes)
    usual = scoring_of(target, False)

    def bleu(said: Sequence[Any], truth: Sequence[Any]) -> float:
        return sacrebleu.corpus_bleu([target.decode(s) for s in said], [[target.decode(t) for t in truth]]).score

    scoring = Scoring(metric="BLEU", baseline=usual.baseline, score=bleu, constant=usual.constant)
    learned = learn(model.plan_, sources, targets, model.training, scoring, held_out=np.arange(count, len(sources)))
    model.model_, model.history_, model.baseline_ = learned.model, learned.history, learned.baseline


if __name__ == "__main__":
    main()
