"""Many-to-one: the classic question of a recurrent network beside a convolutional one, on one restaurant review.

Both learn from the same labelled sentences, with the same words, loop and head; then each judges the review, and the
recurrent one which words moved it. With film reviews on disk (ELMAN_DATA, set "sst2") they learn from those, else from a few toy sentences.
Run: python examples/restaurant_review.py
"""

import os

from elman import Category, Model, Network, Text, Training, datasets
from elman.baselines import BagOfWords, ConvNet

quick = bool(os.environ.get("ELMAN_QUICK"))
REVIEW = "The service has been incredibly slow, and I am pretty much disappointed with this restaurant. The food quality was also mediocre."


def sentences() -> tuple[list[str], list[str]]:
    """Labelled sentences: real film reviews where they are, else toys."""
    if os.environ.get("ELMAN_DATA") and not quick:
        part = datasets.load("sst2")["train"]
        return part.x, ["good" if label else "bad" for label in part.y]
    subjects = ["the food", "the service", "the waiter", "the room", "dinner", "this restaurant"]
    good = ["{} was wonderful", "{} is really good", "{} made us happy", "we loved {}", "{} was incredibly quick"]
    bad = ["{} was mediocre", "{} is really slow", "{} made us angry", "i am disappointed with {}", "{} was incredibly bad"]
    texts = [verdict.format(subject) for subject in subjects for verdict in good + bad]
    return texts, [label for _ in subjects for label in ["good"] * len(good) + ["bad"] * len(bad)]


texts, labels = sentences()
training = Training(verbose=0, **({"max_epochs": 3} if quick else {}))
models = {
    "recurrent": Model(Text(), Category(), network=Network(wide=False), training=training),  # the default has n-grams beside it
    "convolutional": ConvNet(training=training),
    "n-grams, linear": BagOfWords(),
}
print(f"learned from {len(texts)} sentences; of {REVIEW!r}")
for name, model in models.items():
    model.fit(texts, labels)
    chances = dict(zip(model.classes_, model.predict_proba([REVIEW])[0], strict=True))
    print(f"{name:16} answers {model.predict([REVIEW])[0]}, {chances['bad']:.0%} sure that it is bad")

print("\nwhat moved the recurrent network:")
for word, score in models["recurrent"].attribute(REVIEW, "bad").top(6):
    print(f"  {word:14} {score:+.2f}")
