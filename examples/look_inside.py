"""Look into a network's memory: train one to know whether a quotation is open, look into it, and write a report.

Run: python examples/look_inside.py
"""

import os

import numpy as np

import elman
from elman import Model, Network, Symbols, Training

QUICK = bool(os.environ.get("ELMAN_QUICK"))
rng = np.random.default_rng(0)


def sentence() -> list[str]:
    """Letters with quotation marks here and there; every second mark closes the one before it."""
    return rng.choice(list('abcdefg "'), 40, p=[0.12] * 7 + [0.06, 0.1]).tolist()


def inside(letters: list[str]) -> list[str]:
    """Return for each letter whether it is inside a quotation."""
    return np.where(np.cumsum([letter == '"' for letter in letters]) % 2, "in", "out").tolist()


sentences = [sentence() for _ in range(80 if QUICK else 500)]
model = Model(
    Symbols(),
    Symbols(),
    align="step",
    network=Network(cell="gru", hidden_size=16, bidirectional=False, dropout=0.0),
    training=Training(max_epochs=6 if QUICK else 30, learning_rate=0.02, batch_size=32, verbose=0),
)
model.fit(sentences, [inside(one) for one in sentences])
new = [sentence() for _ in range(50)]
print(f"accuracy: {model.score(new, [inside(one) for one in new]):.3f}")

trace = elman.trace(model, new[0])
print(trace)
print(trace.units_following("quote depth", top=3))
print(elman.memory(model, new, [inside(one) for one in new]))
print(model.diagnose(new, [inside(one) for one in new]))
if not QUICK:
    print("wrote", model.report("look_inside.html", new, [inside(one) for one in new]))
