"""Multi30k German -> English: BLEU on test 2016 after training on the official 29,000 pairs with the default settings.

ELMAN_DATA=DIR python -m benchmarks.quality.multi30k [--epochs 15] [--out translator.elman] [--load translator.elman]

The network, its sizes and the subwords are those of ``Model(Text(), Text())``. The official validation part (1,014 pairs) chooses the
epoch by BLEU of the likeliest answers; the test part is read once, at the end. BLEU is sacrebleu's (13a, one reference) on the text as
the model writes it, capitals kept, and the lower-cased figure beside it. The baseline says the commonest training target each time.
Published: GRU with attention on words 28.3; with subwords 33.5 (both lower-cased).
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sacrebleu

import elman
from benchmarks.quality.report import row
from elman import Model, Text, Training, datasets
from elman.fitting.learning import learn
from elman.mapping.codecs import compare_symbols, fit_codecs
from elman.mapping.recipe import settings_of
from elman.metrics.by_target import Scoring, scoring_of
from elman.network import Sizes, plan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--rows", type=int, default=None, help="pairs to learn from (all by default)")
    parser.add_argument("--out", default=None, help="where to save the model")
    parser.add_argument("--load", default=None, help="a saved model: measure it, learn nothing")
    arguments = parser.parse_args()
    data = datasets.load("multi30k", source="de", target="en")
    train, held, test = (data.splits[part] for part in ("train", "validation", "test"))
    start, worked = time.perf_counter(), time.process_time()
    if arguments.load:
        model = elman.load(arguments.load)
    else:
        model = Model(Text(), Text(), training=Training(max_epochs=arguments.epochs, random_state=0))
        fit_with(model, (train.x[: arguments.rows], train.y[: arguments.rows]), (held.x, held.y))
    seconds = f"{time.perf_counter() - start:.0f} s, {time.process_time() - worked:.0f} s of processor"
    print(model.plan())
    if arguments.out:
        model.save(arguments.out)
    usual = Counter(train.y).most_common(1)[0][0]
    baseline = bleu([usual] * len(test.y), test.y)
    for name, options in (("greedy", {"beam_size": 1}), (f"beam {arguments.beam}", {"beam_size": arguments.beam})):
        begun = time.perf_counter()
        said = model.predict(list(test.x), **options)
        rate = len(said) / (time.perf_counter() - begun)
        row(
            task=f"Multi30k de-en, {name}", metric="BLEU cased / lower-cased",
            elman=f"{bleu(said, test.y):.2f} / {bleu(said, test.y, lowercase=True):.2f}", baseline=f"{baseline:.1f}",
            published="28.3 GRU + attention, 33.5 with subwords", parameters=model.plan().parameters, seconds=seconds,
            rate=f"{rate:.0f} sentences/s",
        )  # fmt: skip
        print(*(f"    {x}\n    -> {y}" for x, y in zip(test.x[:4], said[:4], strict=True)), sep="\n")


def bleu(said: Sequence[str], truth: Sequence[str], *, lowercase: bool = False) -> float:
    """BLEU with sacrebleu's standard tokenisation."""
    return sacrebleu.corpus_bleu(list(said), [list(truth)], lowercase=lowercase).score


def fit_with(model: Model, train: tuple[Sequence[str], Sequence[str]], held: tuple[Sequence[str], Sequence[str]]) -> None:
    """Fit as ``Model.fit`` does, but choose the epoch on a given part, by BLEU."""
    model.source_, model.target_ = source, target = fit_codecs(model.source, model.target, train[0], train[1], model.align)
    sources, targets = source.encode_all([*train[0], *held[0]]), target.encode_all([*train[1], *held[1]])
    count = len(train[0])
    sizes = replace(Sizes.measure(source, target, sources[:count], targets[:count]), **compare_symbols(source, target, *train))
    model.plan_ = plan(source, target, examples=sizes)
    usual = scoring_of(target, False)

    def score(said: Sequence[Any], truth: Sequence[Any]) -> float:
        return bleu([target.decode(s) for s in said], [target.decode(t) for t in truth])

    scoring = Scoring(metric="BLEU", baseline=usual.baseline, score=score, constant=usual.constant)
    training = settings_of(model.plan_, model.training or Training(), count)
    learned = learn(model.plan_, sources, targets, training, scoring, held_out=np.arange(count, len(sources)))
    model.model_, model.history_, model.baseline_ = learned.model, learned.history, learned.baseline


if __name__ == "__main__":
    main()
