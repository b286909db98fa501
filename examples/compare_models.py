"""Is a recurrent network worth it here? Who wrote a sentence: a guess, Markov chains, a bag of words, convolutions, networks.

Takes 750 sentences that lie beside this file, or, where ELMAN_DATA names a folder of data sets, 5,000 of "spooky authors".
Run: python examples/compare_models.py
"""

import os
from pathlib import Path

from elman import Category, Model, Network, Text, Training, compare
from elman.datasets import load
from elman.io import tables

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    texts, authors = load("spooky_authors").train.head(5000)
else:
    table = tables.read(Path(__file__).parent / "data" / "authors.csv")
    texts, authors = table.column("text"), table.column("author")
if quick:
    texts, authors = texts[:150], authors[:150]

model = Model(Text(), Category(), network=Network(members=1), training=Training(max_epochs=1 if quick else 6))
board = compare(
    model, texts, authors,
    candidates=["frequency", "markov", "bag_of_words", "elman"] if quick else "auto",
    shuffled=not quick,
    verbose=0 if quick else 1,
)  # fmt: skip
print(board)

print("\nbeside the Markov chain (difference, and the interval that holds it in 19 of 20 cases):")
for name, (difference, low, high) in board.against("markov").items():
    print(f"  {name:<14} {difference:+.3f} ({low:+.3f} to {high:+.3f})")

print("\nby the number of words:")
for lengths, scores in board.by_length().items():
    print(f"  {lengths:<10} " + ", ".join(f"{name} {score:.2f}" for name, score in scores.items()))
