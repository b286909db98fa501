"""Formal languages, learnt from words of up to n symbols, tested on words twice and four times as long.

python -m benchmarks.quality.grammars [--languages anbncn dyck_1 …] [--seeds 1]

What is measured, in per cent, on words that differ from each other and are longer than all words learnt from:

- next sets: words for which the set of symbols that may follow (with "the word may end here") is right before and after every symbol;
  in brackets the same counted symbol by symbol. The network reads "^" and the word and answers a set at every step (Gers and
  Schmidhuber 2001; Suzgun et al. 2019);
- recognised: right answers on words and non-words, half each, where a word is accepted if every symbol was in the set expected;
- forced: for a language model, which sees words only, those in which every symbol that is the only one possible is the likeliest.

The baselines are n-grams: the set seen most often after the last five symbols (fewer, where these were never seen), and a Kneser-Ney
model of order six. One recipe for all languages; nothing is chosen by words longer than n.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.quality.report import row
from elman import LanguageModel, Model, Network, Symbols, Training
from elman.datasets import grammars
from elman.datasets.grammars import END, Language
from elman.network import collate
from elman.ngrams import KneserNey

START = "^"
LENGTHS = {"anbn": 60, "anbncn": 60}
"""n by language; 50 for all others."""
PUBLISHED = {"anbn": "99.8", "anbncn": "99.8", "dyck_1": "10.8", "dyck_2": "89.0"}
"""Test accuracy of recurrent networks in Lan et al. 2022, on other lengths and by their measure."""
REACH = 5
"""Symbols that the n-gram baseline looks back."""

Sets = list[str]
Answer = Callable[[Sequence[str]], list[Sets]]


def recipe(epochs: int, seed: int) -> dict[str, Network | Training]:
    """What learns to count: an LSTM whose gates cannot rely on what it last put out.

    Dropout on h alone leaves the cell, which counts, untouched; without it the network learns where words of known lengths end.
    """
    return {
        "network": Network(cell="lstm", hidden_size=32, num_layers=1, bidirectional=False, dropout=0.0, recurrent_dropout=0.5),
        "training": Training(
            max_epochs=epochs, patience=epochs, learning_rate=0.01, weight_decay=0.0, batch_size=32, random_state=seed, verbose=0
        ),
    }


def sets_of(language: Language, word: str) -> Sets:
    """The true sets, before the first symbol and after each, as text."""
    return ["".join(sorted(language.next_symbols(word[:stop]))) for stop in range(len(word) + 1)]


def words_of(language: Language, count: int, lengths: tuple[int, int], seed: int) -> list[str]:
    """Different words, at most ``count``."""
    return list(dict.fromkeys(language(count, lengths, seed, positive=1.0).x))


def tagger(words: Sequence[str], sets: Sequence[Sets], options: dict) -> tuple[Model, Answer]:
    """Train a network that answers a set at every step."""
    model = Model(Symbols(), Symbols(), align="step", **options).fit([[START, *word] for word in words], sets)
    return model, lambda asked: model.predict([[START, *word] for word in asked])


def looked_up(words: Sequence[str], sets: Sequence[Sets]) -> Answer:
    """The baseline of next sets."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for word, answers in zip(words, sets, strict=True):
        for stop, true in enumerate(answers):
            for start in range(max(0, stop + 1 - REACH), stop + 2):
                seen[(START + word)[start : stop + 1]][true] += 1
    usual = {context: counts.most_common(1)[0][0] for context, counts in seen.items()}

    def answer(word: str) -> Sets:
        read = START + word
        contexts = ([read[start : stop + 1] for start in range(max(0, stop + 1 - REACH), stop + 2)] for stop in range(len(read)))
        return [next(usual[context] for context in tried if context in usual) for tried in contexts]

    return lambda asked: [answer(word) for word in asked]


def right_sets(answer: Answer, language: Language, words: Sequence[str]) -> str:
    """Words with every set right, and steps with the right set."""
    pairs = [(given, sets_of(language, word)) for given, word in zip(answer(words), words, strict=True)]
    whole = np.mean([given == true for given, true in pairs])
    steps = np.mean([a == b for given, true in pairs for a, b in zip(given, true, strict=True)])
    return f"{100 * whole:.1f} ({100 * steps:.2f})"


def recognised(answer: Answer, language: Language, lengths: tuple[int, int]) -> str:
    """Right answers on words and non-words of these lengths."""
    words, belongs = language(1000, lengths, 3)
    accepted = [all(s in a for s, a in zip([*word, END], given, strict=True)) for word, given in zip(words, answer(words), strict=True)]
    return f"{100 * np.mean(np.equal(accepted, belongs)):.1f}"


def forces(language: Language, words: Sequence[str]) -> bool:
    """Whether anywhere in these words, but at the start, only one symbol is possible."""
    return any(len(one) == 1 for word in words for one in sets_of(language, word)[1:])


def forced(likeliest: Answer, language: Language, words: Sequence[str]) -> str:
    """Words in which every forced symbol is the likeliest."""
    told = [(sets_of(language, word), guesses) for word, guesses in zip(words, likeliest(words), strict=True)]
    right = [all(len(one) > 1 or one == guess for one, guess in zip(true, guesses, strict=True)) for true, guesses in told]
    return f"{100 * np.mean(right):.1f}"


def writers(words: Sequence[str], options: dict) -> tuple[Answer, Answer]:
    """Train a language model and an n-gram model on words; return what each finds likeliest at every step."""
    model = LanguageModel(Symbols(), **options).fit([list(word) for word in words])
    codec = model.target_
    size = codec.space.n  # "unknown" included; the end is the class behind the last
    counted = KneserNey(6, end=True).fit([codec.encode(list(word)).tolist() for word in words], size)

    def named(best: Sequence[int]) -> list[str]:
        return [END if index == size else str(codec.decode([index])[0]) for index in best]

    def network(asked: Sequence[str]) -> list[Sets]:
        batch = collate([codec.encode(list(word)) for word in asked], codec.space, "many")
        return [named(chances.argmax(-1).tolist()) for chances in model.model_.predict_proba(None, batch)]

    def ngrams(asked: Sequence[str]) -> list[Sets]:
        coded = [codec.encode(list(word)).tolist() for word in asked]
        return [named([int(counted.next(word[:stop]).argmax()) for stop in range(len(word) + 1)]) for word in coded]

    return network, ngrams


def measure(name: str, epochs: int, seed: int) -> None:
    """Learn one language and print its row."""
    language, n = grammars.get(name), LENGTHS.get(name, 50)
    words = language(1000, (0, n), seed + 1, positive=1.0).x
    ranges = [(0, n), (n + 1, 2 * n), (2 * n + 1, 4 * n)]
    tests = [words_of(language, 500, lengths, 2) for lengths in ranges]
    start, worked = time.perf_counter(), time.process_time()
    model, answer = tagger(words, [sets_of(language, word) for word in words], recipe(epochs, seed))
    seconds = f"{time.perf_counter() - start:.0f} s, {time.process_time() - worked:.0f} s of processor"
    baseline = looked_up(words, [sets_of(language, word) for word in words])
    told = told_by_ngrams = "-"
    if forces(language, tests[1]):
        network, ngrams = writers(words, recipe(epochs, seed))
        told = " / ".join(forced(network, language, test) for test in tests)
        told_by_ngrams = forced(ngrams, language, tests[1])
    row(
        task=f"{name}, seed {seed}", n=n, next_sets=" / ".join(right_sets(answer, language, test) for test in tests),
        recognised=recognised(answer, language, ranges[1]), by_ngrams=right_sets(baseline, language, tests[1]),
        forced=told, forced_by_ngrams=told_by_ngrams, published=PUBLISHED.get(name, "-"),
        parameters=model.plan().parameters, seconds=seconds,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="+", default=grammars.names(), choices=grammars.names())
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    columns = ["language", "n", "next sets, to n / 2n / 4n", "recognised at 2n", "n-grams at 2n", "forced, to n / 2n / 4n"]
    print(f"| {' | '.join([*columns, 'n-grams at 2n', 'published', 'parameters', 'time', 'machine'])} |")
    for name in arguments.languages:
        for seed in range(arguments.seeds):
            measure(name, arguments.epochs, seed)


if __name__ == "__main__":
    main()
