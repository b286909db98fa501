"""Next word: the likeliest expressions that follow the beginning of a sentence, as a keyboard suggests them.

Takes Python's language reference, because every Python brings it, or, where ELMAN_DATA names a folder of data sets, 3,522 patent
abstracts. Run: python examples/next_word.py
"""

import os

from elman import LanguageModel, Network, Text, Training
from elman.datasets import load
from elman.ngrams import KneserNey

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    texts, budget = load("patent_abstracts")["all"].x, "8min"
    begun = ["The invention relates to", "A neural network", "The method of claim"]
else:
    import pydoc_data.topics  # the language reference, as plain text

    texts = [paragraph for topic in pydoc_data.topics.topics.values() for paragraph in topic.split("\n\n") if len(paragraph) > 60]
    texts, budget = (texts[:100], "1s") if quick else (texts, "60s")
    begun = ["The expression is", "If the object has", "raises a"]
held_out, known = texts[::10], [text for i, text in enumerate(texts) if i % 10]

# A small network and a few passes learn most in a minute on one core. With more time and text, leave the defaults.
small = len(texts) < 3000
network = Network(hidden_size=128, num_layers=1) if small else None
training = Training(max_epochs=8, learning_rate=0.005, budget=budget) if small else Training(budget=budget)
model = LanguageModel(Text("word", lowercase=True, min_count=3), network=network, training=training).fit(known)
for beginning in begun:
    print(beginning, "…", ", ".join(f"{word} {chance:.0%}" for word, chance in model.next(beginning, k=5)))

# Counting which words follow which is the opponent that has to be beaten.
fitted = model.target_
counted = KneserNey(3).fit([fitted.encode(text).tolist() for text in known], fitted.space.n)
places = [(text.split()[:cut], fitted.encode(" ".join(text.split()[: cut + 1]))) for text in held_out[:100] for cut in (3, 6)]
right = {"network": 0, "trigrams": 0}
for words, codes in places:
    prompt = fitted.encode(" ".join(words))
    wanted = int(codes[len(prompt)]) if len(codes) > len(prompt) else -1
    right["network"] += model.next(" ".join(words), k=1)[0][0] == fitted.decode([wanted]) if wanted > 0 else False
    right["trigrams"] += int(counted.next(prompt.tolist()).argmax()) == wanted
print({name: f"{count / len(places):.1%} of next words right" for name, count in right.items()})
