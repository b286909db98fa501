"""Next word on patent abstracts: accuracy and perplexity beside n-grams, curves over data and model size, samples with what they copied.

``python -m benchmarks.quality.patents [--epochs 8] [--strong]`` for the main row, ``--opponents`` for the n-grams, ``--curve`` for
the curves.

3,522 abstracts, of which 3,181 are distinct: the same text was filed several times, so each is taken once. Test part: those whose SHA-256
is 0 modulo 10 (about a tenth), never looked at for choices. Words in small letters with all their marks; words seen once are "unknown",
which never counts as guessed right. The end of an abstract counts as a word.

The published 26.9 % (8.7 % for the most frequent word) is of another, easier protocol: words after the first 50 of an abstract only, marks
but "." and "," removed, and validation windows drawn at random from the same abstracts as the training windows, repeated ones included.
"""

from __future__ import annotations

import argparse
import hashlib
import time

from benchmarks.quality import opponents
from benchmarks.quality.report import machine, with_and_without
from elman import LanguageModel, Network, Text, Training, datasets
from elman.ngrams import KneserNey

STRONG = Network(dropout=0.4, input_dropout=0.4, weight_dropout=0.5, embedding_dropout=0.1)
PROMPTS = ["a neural network", "the invention relates to", "a method for training", ""]


def abstracts() -> tuple[list[str], list[str]]:
    distinct = list(dict.fromkeys(" ".join(text.split()) for text in datasets.load("patent_abstracts")["all"].x))
    tenth = [int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10 == 0 for text in distinct]
    return [t for t, held in zip(distinct, tenth, strict=True) if not held], [t for t, held in zip(distinct, tenth, strict=True) if held]


def codec() -> Text:
    return Text("word", lowercase=True, min_count=2)


def learn(train: list[str], test: list[str], name: str, network: Network | None = None, **training) -> LanguageModel:
    """Train a model; print the row of its network alone and, where n-grams stand beside it, that of both."""
    begun = time.process_time()
    model = LanguageModel(codec(), network=network, training=Training(**{"verbose": 1, **training})).fit(train)
    spent = time.process_time() - begun
    for label, judged in with_and_without(model, name):
        perplexity, right = judged.perplexity(test), judged.accuracy(test)
        print(f"| {label} | {perplexity:.1f} | {right:.2%} | {model.plan().parameters:,} | {spent:.0f} s |", flush=True)
    return model


def curve(train: list[str], test: list[str]) -> None:
    """Print perplexity over the amount of text and the size of the network, n-grams of the same text beside each."""
    for share in (8, 4, 2, 1):
        few = train[::share]
        fitted = codec().fit(few, role="target")
        ngrams = KneserNey(5, end=True).fit(fitted.encode_all(few), fitted.space.n)
        print(
            f"| Kneser-Ney 5-gram, 1/{share} of the text | {2 ** ngrams.bits_per_symbol(fitted.encode_all(test)):.1f} | | | |", flush=True
        )
        network = Network(hidden_size=128, embedding_size=128, ngram_order=5)
        learn(few, test, f"hidden 128, 1/{share} of the text", network, max_epochs=6, verbose=0)
    for hidden in (32, 64, 256):
        network = Network(hidden_size=hidden, embedding_size=min(hidden, 128), ngram_order=5)
        learn(train, test, f"hidden {hidden}, all of the text", network, max_epochs=6, verbose=0)


def write(model: LanguageModel, test: list[str]) -> None:
    """Print samples, and how much of them and of real unseen abstracts stands in the training text."""
    written = model.generate(PROMPTS, temperature=0.8, max_new_steps=60, random_state=1)
    for text in written:
        print(f"\n> {text}")
    many = model.generate([""] * 30, max_new_steps=150)
    print(f"\nwritten by the model, 30 texts:\n{model.memorisation(many)}")
    print(f"\nreal ones it has not seen, 30 texts:\n{model.memorisation(test[:30])}")
    print(f"\nnext after 'a neural': {model.next('a neural', k=5)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--opponents", action="store_true")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--strong", action="store_true", help="regularise more than the defaults do")
    parser.add_argument("--save", default=None)
    chosen = parser.parse_args()
    train, test = abstracts()
    fitted = codec().fit(train, role="target")
    print(f"{machine()}\n{len(train)} abstracts to learn from, {len(test)} to test on, {fitted.space.n} symbols")
    print("\n| model | perplexity | accuracy | parameters | CPU |\n|---|--:|--:|--:|--:|", flush=True)
    if chosen.opponents:
        opponents.rows(fitted.encode_all(train), fitted.encode_all(test), fitted.space.n)
    elif chosen.curve:
        curve(train, test)
    else:
        name, network = ("elman, strong", STRONG) if chosen.strong else ("elman, defaults", None)
        model = learn(train, test, name, network, max_epochs=chosen.epochs)
        print(model.plan())
        write(model, test)
        if chosen.save:
            model.save(chosen.save)


if __name__ == "__main__":
    main()
