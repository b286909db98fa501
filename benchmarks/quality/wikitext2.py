"""WikiText-2, words: the training part is not at hand, so the model learns from ``valid`` (217,646 tokens) and is tested on ``test``.

``python -m benchmarks.quality.wikitext2 [--epochs 12]``. Published figures (LSTM of 650 units 86.9, AWD-LSTM 65.6) are of the training part
with ten times the text and cannot be compared. Tokens are the file's own, a line end is one; the documents are its articles. Words of
``test`` that ``valid`` has not are taken as the file's own ``<unk>``; how many is printed: this makes the task easier, for n-grams too.
"""

from __future__ import annotations

import argparse
import re
import time

from benchmarks.quality import opponents
from benchmarks.quality.report import machine, with_and_without
from elman import LanguageModel, Symbols, Training, datasets

_TITLE = re.compile(r"= [^=].*[^=] =")


def articles(lines: list[str]) -> list[list[str]]:
    """One list of tokens an article; a title line between empty ones begins a new one."""
    found: list[list[str]] = [[]]
    for line in lines:
        if _TITLE.fullmatch(line.strip()) and found[-1]:
            found.append([])
        found[-1] += [*line.split(), "<eos>"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--opponents", action="store_true")
    chosen = parser.parse_args()
    data = datasets.load("wikitext2_valid_test")
    train, raw = articles(data["valid"].x), articles(data["test"].x)
    known = {word for article in train for word in article}
    test = [[word if word in known else "<unk>" for word in article] for article in raw]
    words = [word for article in raw for word in article]
    missing, marked = sum(word not in known for word in words), words.count("<unk>")
    sizes = f"{len(train)} articles of {sum(map(len, train)):,} tokens to learn from, {len(test)} of {len(words):,} to test on"
    new = f"{missing:,} tokens of the test part ({missing / len(words):.1%}) are new and taken as <unk>, {marked:,} were"
    print(f"{machine()}\n{sizes}\n{len(known):,} words; {new}")
    print("\n| model | perplexity | accuracy | parameters | CPU |\n|---|--:|--:|--:|--:|", flush=True)
    if chosen.opponents:
        codec = Symbols().fit(train, role="target")
        opponents.rows(codec.encode_all(train), codec.encode_all(test), codec.space.n, sample=8)
        return
    begun = time.process_time()
    model = LanguageModel(Symbols(), training=Training(max_epochs=chosen.epochs)).fit(train)
    spent = time.process_time() - begun
    for name, judged in with_and_without(model, "elman, defaults"):
        bits = judged.score(test)
        print(f"| {name} | {2**bits:.1f} | {judged.accuracy(test):.2%} | {model.plan().parameters:,} | {spent:.0f} s |", flush=True)
    print(f"bits a word {bits:.3f}\n{model.plan()}")


if __name__ == "__main__":
    main()
