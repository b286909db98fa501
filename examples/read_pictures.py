"""One-to-one: which digit is on a picture? And many-to-one: the same picture read row by row, or pixel by pixel, as a sequence.

Run: python examples/read_pictures.py
"""

import os

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from elman import Category, Image, Model, Training

quick = bool(os.environ.get("ELMAN_QUICK"))

pictures, digits = load_digits(return_X_y=True)
pictures = pictures.reshape(-1, 8, 8) / 16  # grey values from 0 to 1
x_train, x_test, y_train, y_test = train_test_split(pictures, digits, test_size=0.2, random_state=0)

for read in ("whole", "rows", "pixels"):  # one thing (through convolutions), or a sequence of 8 rows or of 64 pixels
    model = Model(Image(read), Category(), training=Training(budget="1s" if quick else "15s"))
    model.fit(list(x_train), y_train.tolist())
    print(f'Image("{read}"): accuracy {model.score(list(x_test), y_test.tolist()):.3f}; parameters {model.plan().parameters:,}')
