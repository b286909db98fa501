"""Translation: from one language to another, word by word, with attention.

Takes 2,400 short sentences, English to German, that lie beside this file, or, where ELMAN_DATA names a folder of data sets, the
29,000 captions of Multi30k, German to English. Run: python examples/translate_sentences.py
"""

import os
from pathlib import Path

from elman import Model, Text, Training
from elman.datasets import load
from elman.io import tables

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    data = load("multi30k", source="de", target="en")
    (source, target), (new, truth) = data.train, data.test.head(200)
    budget = "30min"
else:
    table = tables.read(Path(__file__).parent / "data" / "german.tsv")
    source, target = table.column("english"), table.column("german")
    if quick:
        source, target = source[:300], target[:300]
    cut = len(source) * 9 // 10
    source, new, target, truth = source[:cut], source[cut:], target[:cut], target[cut:]
    budget = "1s" if quick else "2min"

model = Model(Text("word"), Text("word"), align="attention", training=Training(budget=budget)).fit(source, target)

# The likeliest word at each step is quick; a beam keeps several beginnings alive and finds likelier sentences.
answers = model.predict(new, beam_size=2 if quick else 5, max_length=20 if quick else None)
same = sum(answer == wanted for answer, wanted in zip(answers, truth, strict=True)) / len(truth)
print(f"word for word as translated: {same:.1%}; 1 - edits per word: {model.score(new, truth):.2f}; simplest guess: {model.baseline_:.2f}")
for sentence, wanted, answer in list(zip(new, truth, answers, strict=True))[:5]:
    print(f"{sentence}\n  {answer}\n  (given: {wanted})")
print("three answers to one sentence:", model.predict(new[:1], n_best=3, max_length=20)[0])
