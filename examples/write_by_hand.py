"""Handwriting: learn how a hand moves, and let it go on writing. The drawing is saved as an SVG that any browser shows.

Takes 800 digits that lie beside this file, or, where ELMAN_DATA names a folder of data sets, all of pendigits.
Run: python examples/write_by_hand.py
"""

import csv
import os
from pathlib import Path

import numpy as np

from elman import LanguageModel, Strokes, Training
from elman.datasets import load

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    data = load("pendigits")
    (x, y), (unseen, _), budget = data["train"], data["test"], "4min"
else:
    with (Path(__file__).parent / "data" / "pen.csv").open() as file:
        rows = [[*map(int, row[:17]), row[17]] for row in list(csv.reader(file))[1:]]
    x, unseen = ([np.array(r[:16], dtype=float).reshape(8, 2) for r in rows if r[17] == part] for part in ("train", "test"))
    y, budget = [r[16] for r in rows if r[17] == "train"], "1s" if quick else "60s"

threes = [points for points, digit in zip(x, y, strict=True) if int(digit) == 3]
hand = LanguageModel(Strokes(), training=Training(budget=budget)).fit(threes)  # one digit only, so that it can be recognised
print(f"bits a point, of a density: {hand.score(unseen[:50]):.2f} for any digit of other writers, {hand.score(threes[:50]):.2f} for threes")

drawings = [hand.generate([], temperature=0.6, max_new_steps=12, random_state=seed) for seed in range(6)]
print("the first one goes", " ".join(f"({px:.0f} {py:.0f})" for px, py in drawings[0][:5]), "…")
lines = []
for place, points in enumerate(drawings):
    way = " ".join(f"{120 * place + px + 10:.1f},{110 - py:.1f}" for px, py in points)
    lines.append(f'<polyline points="{way}" fill="none" stroke="black" stroke-width="3" stroke-linecap="round"/>')
picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {120 * len(drawings)} 120">{"".join(lines)}</svg>'
if not quick:
    Path("threes.svg").write_text(picture)
print(f"{len(picture)} bytes of SVG, {sum(map(len, drawings))} points in {len(drawings)} drawings")
