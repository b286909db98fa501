"""Summarisation: the title of a patent from its abstract, by saying of each word whether it is kept (Filippova 2015).

To keep or drop is learnt from little text; writing a summary freely, Model(Text(), Text()), needs far more. Takes 160 patents that lie
beside this file, or, where ELMAN_DATA names a folder of data sets, all 3,522. Run: python examples/summarise.py
"""

import os
import re
from pathlib import Path

from elman import Model, Symbols, Training
from elman.datasets import load
from elman.io import tables

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    data = load("patent_abstracts")["all"]
    abstracts, titles = data.x, data.extra["title"]
else:
    table = tables.read(Path(__file__).parent / "data" / "patents.jsonl")
    abstracts, titles = table.column("abstract"), table.column("title")


def words(text):
    """The words of a text in small letters, the first 60."""
    return re.findall(r"[a-z0-9-]+", text.lower())[:60]


def overlap(given, title):
    """F1 of the words shared with the title (ROUGE-1 without stemming)."""
    shared = sum(min(given.count(word), title.count(word)) for word in set(given))
    return 2 * shared / max(1, len(given) + len(title))


x, wanted = [words(text) for text in abstracts], [words(text) for text in titles]
# A word is kept where the title has it, the first time it comes.
y = [
    ["keep" if word in title and word not in text[:i] else "drop" for i, word in enumerate(text)]
    for text, title in zip(x, wanted, strict=True)
]
cut = len(x) * 9 // 10
training = Training(budget="1s" if quick else "35s")
keeper = Model(Symbols(min_count=2), Symbols(), align="step", training=training).fit(x[:cut], y[:cut])
keep = keeper.target_.encode(["keep"])[0]


def summary(text, chances):
    """The eight words likeliest to be kept, in their order, none twice."""
    best = sorted(dict.fromkeys(text), key=lambda word: -chances[text.index(word), keep])[:8]
    return sorted(best, key=text.index)


new, truth = x[cut:], wanted[cut:]
kept = [summary(text, chances) for text, chances in zip(new, keeper.predict_proba(new), strict=True)]
for name, answers in (("the eight words kept", kept), ("the first eight words", [text[:8] for text in new])):
    print(f"shared with the title, {name}: {sum(map(overlap, answers, truth)) / len(new):.3f}")
for title, answer in list(zip(truth, kept, strict=True))[:3]:
    print(f"title: {' '.join(title)}\n kept: {' '.join(answer)}")
