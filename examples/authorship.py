"""Authorship: who wrote this sentence, Poe, Lovecraft or Mary Shelley?

Takes 750 sentences that lie beside this file, or, where ELMAN_DATA names a folder of data sets, all 19,579 of "spooky authors".
Run: python examples/authorship.py
"""

import os
from pathlib import Path

from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split

from elman import Category, Model, Text, Training
from elman.datasets import load
from elman.io import tables

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    (texts, authors), budget = load("spooky_authors").train, "4min"
else:
    budget = "1s" if quick else "35s"
    table = tables.read(Path(__file__).parent / "data" / "authors.csv")
    texts, authors = table.column("text"), table.column("author")
known, new, by, truth = train_test_split(texts, authors, test_size=0.1, random_state=0, stratify=authors)

model = Model(Text("word", lowercase=True), Category(), training=Training(budget=budget)).fit(known, by)

chances = model.predict_proba(new)
print(f"right on new sentences: {model.score(new, truth):.1%}; always naming the same author: {model.baseline_:.1%}")
print(f"log loss: {log_loss(truth, chances, labels=model.classes_):.3f}; knowing nothing: {log_loss(truth, [[1 / 3] * 3] * len(new)):.3f}")
print("who is taken for whom (rows: the author):", model.classes_)
print(confusion_matrix(truth, model.predict(new), labels=model.classes_))

line = "It was the eyes of the old house that watched us, vacant and nameless, beneath the moon."
print(line, dict(zip(model.classes_, model.predict_proba([line])[0].round(2).tolist(), strict=True)))
