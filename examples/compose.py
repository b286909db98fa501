"""Music: learn from Bach's chorales, go on from a first chord, and write a MIDI file that plays.

Takes 60 chorales that lie beside this file, or, where ELMAN_DATA names a folder of data sets, all of jsb_chorales.
Run: python examples/compose.py
"""

import json
import os
from pathlib import Path

from elman import LanguageModel, Notes, Training
from elman.datasets import load

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    data = load("jsb_chorales", form="notes")
    pieces, unseen, budget = data["train"].x, data["test"].x, "3min"
else:
    found = json.loads((Path(__file__).parent / "data" / "chorales.json").read_text())
    pieces, unseen, budget = found[:50], found[50:], "1s" if quick else "40s"

model = LanguageModel(Notes(beat=1), training=Training(budget=budget)).fit(pieces)
print(f"bits a frame on chorales not learned from: {model.score(unseen):.2f}, by how often each note sounds {model.baseline_ / 0.6931:.2f}")

chorale = model.generate(unseen[0][:1], max_new_steps=8 if quick else 64, temperature=0.8)
print("it begins", chorale[:4])
held = model.target_.midi(chorale, tempo=80)
if not quick:
    Path("chorale.mid").write_bytes(held)  # any player plays it
print(model.memorisation([chorale], training=pieces))  # copied stretches, and repetitions

# the highest voice alone, as notes with their times: (start, duration, pitch) in beats
melodies = [[(float(beat), 1.0, max(chord)) for beat, chord in enumerate(piece) if chord] for piece in pieces]
singer = LanguageModel(Notes("events", beat=1), training=Training(max_epochs=1 if quick else 10)).fit(melodies)
print("a soprano goes on", singer.generate(melodies[0][:4], max_new_steps=12)[4:])
