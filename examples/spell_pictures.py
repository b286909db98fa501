"""One-to-many: a picture of a digit goes in, its English word comes out letter by letter (the shape of image captioning).

Run: python examples/spell_pictures.py
"""

import os

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from elman import Image, Model, Text, Training

quick = bool(os.environ.get("ELMAN_QUICK"))
names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

pictures, digits = load_digits(return_X_y=True)
pictures = list(pictures.reshape(-1, 8, 8) / 16)
x_train, x_test, y_train, y_test = train_test_split(pictures, [names[d] for d in digits], test_size=0.2, random_state=0)

# The network is never given the length of an answer: it learns to end the word itself.
model = Model(Image(), Text("char"), training=Training(budget="2s" if quick else "30s"))
model.fit(x_train, y_train)

guesses = model.predict(x_test)
print(f"whole words right: {sum(guess == word for guess, word in zip(guesses, y_test, strict=True)) / len(y_test):.3f}")
for picture, guess, word in list(zip(x_test, guesses, y_test, strict=True))[:2]:
    print("\n".join("".join(" .:*#"[int(value * 4)] for value in row) for row in picture))
    print(f"reads {guess!r}, is {word!r}\n")
