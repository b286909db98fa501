"""Many-to-one: who is speaking? Nine men speak two Japanese vowels; each recording is 7 to 29 steps of 12 numbers.

Needs the extra "demo" (the recordings come inside aeon). Run: python examples/classify_series.py
"""

import os

import numpy as np
from aeon.datasets import load_japanese_vowels

from elman import Category, Model, Series, Training, load

quick = bool(os.environ.get("ELMAN_QUICK"))  # a small slice, for tests

# Recordings of different lengths are simply a list of arrays, each (steps, channels). Nothing is padded or cut.
(x_train, y_train), (x_test, y_test) = load_japanese_vowels(split="train"), load_japanese_vowels(split="test")
x_train, x_test = [np.ascontiguousarray(x.T) for x in x_train], [np.ascontiguousarray(x.T) for x in x_test]
print(f"{len(x_train)} recordings to learn from, {min(map(len, x_train))} to {max(map(len, x_train))} steps long")

y_train, y_test = y_train.tolist(), y_test.tolist()

model = Model(Series(), Category(), training=Training(budget="2s" if quick else "30s"))
model.fit(x_train, y_train)

print(model.plan())  # every decision, and its reason
print(f"accuracy on {len(x_test)} new recordings: {model.score(x_test, y_test):.3f}")
print("first three:", model.predict(x_test[:3]), "truth:", y_test[:3])
print("how sure:", model.predict_proba(x_test[:3]).max(axis=1).round(3))

if not quick:
    model.save("vowels.elman")  # one file, safe to load
    print("the same after loading:", load("vowels.elman").predict(x_test[:3]))
