"""A language model: learn how a text goes on, letter by letter, and write in its manner.

The text is Python's language reference, because every Python brings it; give a file of your own: python examples/generate_text.py my.txt
"""

import os
import sys
from pathlib import Path

from elman import LanguageModel, Network, Text, Training

quick = bool(os.environ.get("ELMAN_QUICK"))

if len(sys.argv) > 1:
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
else:
    import pydoc_data.topics  # the language reference, as plain text

    text = "\n".join(pydoc_data.topics.topics.values())
text = text[: 20_000 if quick else 300_000]
cut = len(text) * 9 // 10

# A small network and short reaches of gradient learn most in half a minute on one core. With more time, leave the defaults.
network = Network(hidden_size=128, num_layers=1, dropout=0.0)
training = Training(budget="2s" if quick else "35s", tbptt_length=50, learning_rate=0.01)
model = LanguageModel(Text("char"), network=network, training=training).fit(text[:cut])

print(f"bits per letter on the last tenth: {model.score(text[cut:]):.2f}; knowing only how frequent each letter is: {model.baseline_:.2f}")
print("after 'The s' come:", model.next("The s", k=3))
print(model.generate("The ", temperature=0.7, max_new_steps=300, random_state=1))

print("\nAs it is drawn: ", end="")
for piece in model.generate("If ", temperature=0.5, max_new_steps=100, stream=True):
    print(piece, end="", flush=True)
print()
