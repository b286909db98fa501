"""Many-to-one: is a restaurant review good or bad?

A few dozen sentences are a toy, but the steps are those of a real set: give your own two lists instead.
Run: python examples/classify_text.py
"""

import os

from elman import Category, Model, Text, Training

quick = bool(os.environ.get("ELMAN_QUICK"))

subjects = ["the food", "the soup", "the waiter", "the room", "the wine", "dinner"]
good = ["{} was wonderful", "{} is really good", "{} made us happy", "we loved {}", "wow, {} was a delight"]
bad = ["{} was terrible", "{} is not good", "{} made us angry", "we hated {}", "sadly, {} was a disappointment"]
reviews = [verdict.format(subject) for subject in subjects for verdict in good + bad]
labels = [label for _ in subjects for label in ["good"] * 5 + ["bad"] * 5]

# Name the input and the output. Everything else has a default.
model = Model(Text(lowercase=True), Category(), training=Training(budget="2s" if quick else "20s"))
model.fit(reviews, labels)

new = [
    "Wow... Loved this place.",  # words never seen do no harm
    "Crust is not good.",
    "We waited an hour, the waiter made us angry, and the soup was terrible.",
    "",  # neither does an empty text
]
for text, label, chances in zip(new, model.predict(new), model.predict_proba(new), strict=True):
    print(f"{label:5} {max(chances):.0%}  {text!r}")

best = model.history_[model.history_.best_epoch - 1]
print(f"held-out reviews right: {best['metric']:.0%}; always saying the same: {model.baseline_:.0%}")
