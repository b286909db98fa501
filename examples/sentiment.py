"""Sentiment: does a sentence praise or complain?

Takes 600 sentences about restaurants that lie beside this file, or, where ELMAN_DATA names a folder of data sets, the movie reviews of
SST-2 with their official parts. Run: python examples/sentiment.py
"""

import os
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from elman import Category, Model, Text, Training
from elman.datasets import load
from elman.io import tables

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    data, budget = load("sst2"), "3min"
    (texts, labels), (new, truth) = data.train, data.test
else:
    budget = "1s" if quick else "35s"
    table = tables.read(Path(__file__).parent / "data" / "reviews.csv")
    texts, labels = table.column("review")[:500], table.column("verdict")[:500]
    new, truth = table.column("review")[500:], table.column("verdict")[500:]

model = Model(Text("word", lowercase=True), Category(), training=Training(budget=budget)).fit(texts, labels)

# Counting words is hard to beat on little text: never report a network without it.
linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10)).fit(texts, labels)
print(f"right on new sentences: network {model.score(new, truth):.1%}, counted words {linear.score(new, truth):.1%}")

for text in ["Wow... Loved this place.", "Crust is not good.", "The service was not slow, and the food was not bad at all."]:
    chances = dict(zip(model.classes_, model.predict_proba([text])[0], strict=True))
    print(f"{text}  {', '.join(f'{label} {chance:.0%}' for label, chance in chances.items())}")
