"""Sentence compression: 1,000 news sentences of which words are deleted, five folds; a tagger and a copying writer against the lead.

ELMAN_DATA=DIR python -m benchmarks.quality.compression [--folds 5] [--models tagger,writer]

The set is one for evaluation (Filippova and Altun 2013); every fold trains on 800 pairs and is measured on the other 200. ROUGE F1
without stemming, and F1 of kept words. The lead keeps the first words, as many as do best on the training part. Published: a tagger
trained on two million pairs keeps words with F1 0.82 (Filippova 2015).
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.quality.report import row
from benchmarks.quality.rouge import rouge
from elman import Model, Network, Record, Symbols, Training, datasets

Answer = Callable[[Sequence[str], Sequence[str]], Callable[[Sequence[str]], list[str]]]
"""From training sentences and their compressions to what compresses others."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--models", default="tagger,writer")
    arguments = parser.parse_args()
    data = datasets.load("sentence_compression_eval1000").splits["test"]
    sentences = [" ".join(tokens(x)) for x in data.x]
    short = [" ".join(tokens(y)) for y in data.y]
    models: dict[str, Answer] = {"lead": lead, "tagger": tagger, "writer": writer}
    for name in ("lead", *arguments.models.split(",")):
        begun, worked = time.perf_counter(), time.process_time()
        said, truth, read = [], [], []
        for train, test in folds(len(sentences), 5)[: arguments.folds]:
            answer = models[name]([sentences[i] for i in train], [short[i] for i in train])
            said += answer([sentences[i] for i in test])
            truth += [short[i] for i in test]
            read += [sentences[i] for i in test]
        scores = rouge(said, [[t] for t in truth])
        share = sum(len(s.split()) for s in said) / sum(len(r.split()) for r in read)
        row(
            task=f"sentence compression, {name}", metric="ROUGE-1 / 2 / L, F1 of kept words",
            elman=" / ".join(f"{score:.1f}" for score in scores) + f", {kept_f1(read, said, truth):.3f}",
            kept=f"{100 * share:.0f} % of the words kept", rows=len(said),
            seconds=f"{time.perf_counter() - begun:.0f} s, {time.process_time() - worked:.0f} s of processor",
        )  # fmt: skip
        print(*(f"    {r}\n    -> {s}" for r, s in zip(read[:3], said[:3], strict=True)), sep="\n")


def tokens(text: str) -> list[str]:
    """Words and marks; the compressions of the set separate them, the sentences do not."""
    return re.findall(r"\w+|[^\w\s]", text)


def folds(count: int, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fixed folds: the rest, and the part that is measured."""
    order = np.random.default_rng(0).permutation(count)
    parts = np.array_split(order, number)
    return [(np.concatenate([p for j, p in enumerate(parts) if j != i]), part) for i, part in enumerate(parts)]


def keeps(sentence: Sequence[str], short: Sequence[str]) -> list[bool]:
    """Whether each word is kept, along a longest common subsequence."""
    table = np.zeros((len(sentence) + 1, len(short) + 1), dtype=np.int64)
    for i in range(len(sentence) - 1, -1, -1):
        for j in range(len(short) - 1, -1, -1):
            same = sentence[i].lower() == short[j].lower()
            table[i, j] = table[i + 1, j + 1] + 1 if same else max(table[i + 1, j], table[i, j + 1])
    kept, j = [], 0
    for i, word in enumerate(sentence):
        here = j < len(short) and word.lower() == short[j].lower() and table[i, j] == table[i + 1, j + 1] + 1
        kept.append(here)
        j += here
    return kept


def kept_f1(read: Sequence[str], said: Sequence[str], truth: Sequence[str]) -> float:
    """Micro F1 of kept words."""
    ours, theirs = (np.concatenate([keeps(r.split(), s.split()) for r, s in zip(read, chosen, strict=True)]) for chosen in (said, truth))
    return 2 * float((ours & theirs).sum()) / float(ours.sum() + theirs.sum())


def lead(xs: Sequence[str], ys: Sequence[str]) -> Callable[[Sequence[str]], list[str]]:
    """Return what keeps the first words, as many as do best by ROUGE-L on these sentences."""

    def first(count: int, of: Sequence[str]) -> list[str]:
        return [" ".join(x.split()[:count]) for x in of]

    best = max(range(4, 25), key=lambda count: rouge(first(count, xs), [[y] for y in ys])[2])
    return lambda of: first(best, of)


def tagger(xs: Sequence[str], ys: Sequence[str]) -> Callable[[Sequence[str]], list[str]]:
    """One answer a word, "keep" or "drop", from the word, its ending and its form; three seeds vote."""
    labels = [["keep" if keep else "drop" for keep in keeps(x.split(), y.split())] for x, y in zip(xs, ys, strict=True)]
    network = Network(hidden_size=64, dropout=0.5, class_weight="balanced")
    models = []
    for seed in range(3):
        codec = Record(word=Symbols(min_count=2), ending=Symbols(min_count=2), form=Symbols())
        training = Training(max_epochs=30, random_state=seed, verbose=0)
        models.append(Model(codec, Symbols(), align="step", network=network, training=training).fit([features(x) for x in xs], labels))

    def compress(of: Sequence[str]) -> list[str]:
        votes = [model.predict_proba([features(x) for x in of]) for model in models]
        column = [int(model.target_.encode(["keep"])[0]) for model in models]
        said = []
        for i, x in enumerate(of):
            likely = np.mean([proba[i][:, place] for proba, place in zip(votes, column, strict=True)], axis=0)
            said.append(" ".join(word for word, p in zip(x.split(), likely, strict=True) if p > 0.5))
        return said

    return compress


def features(sentence: str) -> dict[str, list[str]]:
    """Three sequences, a step a word."""
    listed = sentence.split()
    form = [re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]+", "A", re.sub(r"\d+", "0", word))) for word in listed]
    return {"word": [word.lower() for word in listed], "ending": [word[-3:].lower() for word in listed], "form": form}


def writer(xs: Sequence[str], ys: Sequence[str]) -> Callable[[Sequence[str]], list[str]]:
    """Write the compression word by word; words never seen are copied."""
    model = Model(Symbols(min_count=2), Symbols(min_count=2), align="attention", training=Training(max_epochs=30, verbose=0))
    model.fit([x.split() for x in xs], [y.split() for y in ys])
    return lambda of: [" ".join(map(str, said)) for said in model.predict([x.split() for x in of], no_repeat_ngram=3)]


if __name__ == "__main__":
    main()
