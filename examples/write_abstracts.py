"""Writing: learn from patent abstracts about neural networks and write new ones, in the manner of the old.

Takes 160 abstracts that lie beside this file, or, where ELMAN_DATA names a folder of data sets, all 3,522.
Run: python examples/write_abstracts.py
"""

import os
from pathlib import Path

from elman import LanguageModel, Network, Text, Training
from elman.datasets import load
from elman.io import tables

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    abstracts, budget = load("patent_abstracts")["all"].x, "10min"
else:
    abstracts = tables.read(Path(__file__).parent / "data" / "patents.jsonl").column("abstract")
    abstracts, budget = (abstracts[:30], "1s") if quick else (abstracts, "60s")
cut = len(abstracts) * 9 // 10

# Words need much text; letters learn to spell from little. "bpe", pieces of words, lies between.
small = len(abstracts) < 1000
network = Network(hidden_size=128, num_layers=1, dropout=0.0) if small else None
training = Training(budget=budget, tbptt_length=50, learning_rate=0.01) if small else Training(budget=budget)
model = LanguageModel(Text("char" if small else "word"), network=network, training=training).fit(abstracts[:cut])
print(f"bits per symbol on new abstracts: {model.score(abstracts[cut:]):.2f}; by frequencies alone: {model.baseline_:.2f}")

steps = 40 if quick else 300
print("\nAs it is drawn: ", end="")
for piece in model.generate("A neural network ", temperature=0.7, max_new_steps=steps, stream=True):
    print(piece, end="", flush=True)
print("\n")
written = model.generate(["The invention ", "A method of "], temperature=0.7, top_p=0.95, max_new_steps=steps, random_state=1)

# Is it new, or copied? The share of its sequences of five words that are in the training text.
known = {tuple(words[i : i + 5]) for text in abstracts[:cut] for words in [text.split()] for i in range(len(words) - 4)}
for text in written:
    words = text.split()
    made = [tuple(words[i : i + 5]) for i in range(len(words) - 4)]
    print(f"{text}\n(copied runs of five words: {sum(five in known for five in made) / max(1, len(made)):.0%})\n")
