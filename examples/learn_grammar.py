"""Grammar: from words of a formal language to its rule, tested on words longer than all that were seen.

The language is aⁿbⁿcⁿ (or another: python examples/learn_grammar.py dyck_1). At every step the network answers which symbols may follow;
n-grams cannot, because the answer depends on a count. Run: python examples/learn_grammar.py
"""

import os
import sys

from elman import Model, Network, Symbols, Training
from elman.datasets import grammars

quick = bool(os.environ.get("ELMAN_QUICK"))
language = grammars.get(sys.argv[1] if len(sys.argv) > 1 else "anbncn")
longest = 12 if quick else 60
epochs = 2 if quick else 40


def steps_of(words):
    """Return the input, "^" and the word, and for each step the symbols that may follow, "$" for the end."""
    read = [["^", *word] for word in words]
    return read, [["".join(sorted(language.next_symbols(word[:i]))) for i in range(len(word) + 1)] for word in words]


words = language(1000, (1, longest), positive=1.0).x

# Dropout on the output of the cell, not on the cell: it must count there, and not learn by heart where known words end.
network = Network(cell="lstm", hidden_size=32, bidirectional=False, dropout=0.0, recurrent_dropout=0.5)
training = Training(max_epochs=epochs, patience=epochs, learning_rate=0.01, weight_decay=0.0, batch_size=32)
model = Model(Symbols(), Symbols(), align="step", network=network, training=training).fit(*steps_of(words))

for name, lengths in (("as long as those seen", (1, longest)), ("up to twice as long", (longest + 1, 2 * longest))):
    new = list(dict.fromkeys(language(300, lengths, random_state=7, positive=1.0).x))
    read, may_follow = steps_of(new)
    right = [answer == true for answer, true in zip(model.predict(read), may_follow, strict=True)]
    print(f"words {name}, {len(new)} different ones, right at every step: {sum(right) / len(right):.1%}")

# A word is accepted if every symbol was expected, and the end after the last.
for word in [words[0], words[0] + words[0][-1], words[0][1:]]:
    expected = model.predict([["^", *word]])[0]
    accepted = all(symbol in allowed for symbol, allowed in zip([*word, "$"], expected, strict=True))
    print(f"{word}: {'accepted' if accepted else 'refused'} (in the language: {language.accepts(word)})")
