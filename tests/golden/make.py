"""Make the golden files: one small model of every estimator and relation, with inputs and the answers it gave.

Run once for each version of the format: ``python tests/golden/make.py NAME…`` (all that are missing without a name). Files of
released formats are never made again: they are what people have on their disks.
"""

import json
import sys
from pathlib import Path

import numpy as np

from elman import (
    Boxes,
    Category,
    Forecaster,
    Image,
    LanguageModel,
    Model,
    Network,
    Notes,
    Number,
    Record,
    Series,
    Strokes,
    Symbols,
    Tags,
    Text,
    Training,
    Vector,
)
from elman.codecs import Discrete

HERE = Path(__file__).parent
TINY = Network(hidden_size=4)
QUICK = Training(max_epochs=3, batch_size=8, learning_rate=0.02, verbose=0)
FEW = Symbols(max_vocabulary=2)
WORDS = ["abc", "ba", "cab", "a", "bb", "acca", "bca", "cc"] * 3
TOLD = ["to be or not to be", "not to be"] * 8
REVIEWS = ["The food was good.", "the food was bad", "good wine", "Bad soup", "a good day", "a bad day"] * 4
WAVES = [[round(float(np.sin((0.3 + i % 2) * t + i)), 3) for t in range(4 + i % 5)] for i in range(24)]
TABLE = [{"word": w, "wave": s} for w, s in zip(WORDS, WAVES, strict=True)]


def model(source, target, **options):
    return Model(source, target, network=options.pop("network", TINY), training=QUICK, **options)


CASES = {
    "model-category": lambda: (model(Series(), Category()), WAVES, ["slow", "fast"] * 12),
    "model-words": lambda: (
        model(Text(), Category(), network=Network(hidden_size=4, embedding_size=4, members=2)), REVIEWS, ["good", "bad"] * 12
    ),
    "model-gru-number": lambda: (
        model(Text("char"), Number(), network=Network(cell="gru", hidden_size=4)), WORDS, [float(len(w)) for w in WORDS]
    ),
    "model-tags": lambda: (model(Text("char"), Tags()), WORDS, [sorted(set(w)) for w in WORDS]),
    "model-vector": lambda: (model(Vector(), Vector()), [[i % 3, 1.5, i] for i in range(24)], [[i, -i] for i in range(24)]),
    "model-image": lambda: (
        model(Image(), Category()), [[[0.1 * i, 0.0, 1.0], [0.0, 0.5, 0.0]][:: (-1) ** i] for i in range(24)], [0, 1] * 12
    ),
    "model-boxes": lambda: (
        model(Image(), Boxes(size=(12, 16)), network=Network(hidden_size=4, embedding_size=8)),
        [[[1.0 if i % 4 <= x < i % 4 + 6 and 3 <= y < 9 else 0.0 for x in range(16)] for y in range(12)] for i in range(24)],
        [[{"box": [i % 4, 3, i % 4 + 6, 9], "label": "block"}] for i in range(24)],
    ),
    "model-record": lambda: (model(Record(word=Text("char"), wave=Series()), Category()), TABLE, [w[0] for w in WORDS]),
    "model-one-to-many": lambda: (model(Category(), Text("char")), ["x", "y", "z"] * 8, ["one", "two", "six"] * 8),
    "model-step": lambda: (
        model(Text("char"), Symbols(), align="step", network=Network(cell="elman", hidden_size=4)), WORDS, [list(w.upper()) for w in WORDS]
    ),
    "model-attention": lambda: (model(Text("char"), Text("char"), align="attention"), WORDS, [w[::-1] for w in WORDS]),
    "model-copy": lambda: (
        model(FEW, FEW, align="attention", network=Network(hidden_size=4, copy=True, coverage=0.5)),
        [list(w) for w in WORDS], [list(w[::-1]) for w in WORDS]
    ),
    "model-ctc": lambda: (
        model(Series(), Symbols(), align="ctc"), [list(np.repeat([ord(c) - 98.0 for c in w], 3)) for w in WORDS], [list(w) for w in WORDS]
    ),
    "language-model-char": lambda: (LanguageModel(Text("char"), network=TINY, training=QUICK), [w * 3 for w in WORDS], None),
    "language-model-word": lambda: (LanguageModel(Text("word"), network=TINY, training=QUICK), TOLD, None),
    "language-model-symbols": lambda: (LanguageModel(Symbols(), network=TINY, training=QUICK), [[1, 2, 3] * 3, [2, 1]] * 8, None),
    "language-model-notes": lambda: (
        LanguageModel(Notes(low=60, high=71), network=TINY, training=QUICK), [[[60, 64], [62, 65], [], [64]] * 2, [[71], [60]]] * 8, None
    ),
    "language-model-voices": lambda: (
        LanguageModel(Notes("voices", low=50, high=71), network=TINY, training=QUICK),
        [[[60, 52], [60, 53], [-1, 53], [62, 53]] * 2, [[71, 50]]] * 8, None
    ),
    "language-model-events": lambda: (
        LanguageModel(Notes("events", low=50, high=71, beat=2, velocity_bins=2), network=TINY, training=QUICK),
        [[[0, 1, 60, 100], [1, 0.5, 62, 100], [1, 2, 55, 20]], [[0, 4, 71, 64]]] * 8, None
    ),
    "language-model-strokes": lambda: (
        LanguageModel(Strokes(), network=TINY, training=QUICK), [[[0, 0, 0], [2, 3, 0], [4, 0, 1]], [[1, 1, 0], [3, 4, 1]]] * 8, None
    ),
    "model-print": lambda: (
        model(Image("columns"), Text("char"), align="ctc", network=Network(hidden_size=4, stem="conv2d", time_stride=2)),
        [np.kron([[ord(c) % 3 / 2 for c in w for _ in "12345"]], np.ones((4, 1))).tolist() for w in WORDS], WORDS
    ),
    "forecaster-segments": lambda: (
        Forecaster(3, context=8, season=4, network=Network(hidden_size=4, members=2), training=QUICK),
        [[round(2 + float(np.sin(t / 3 + k)), 3) for t in range(30 + 10 * k)] for k in range(2)],
        None,
    ),
    "forecaster-paths": lambda: (
        Forecaster(3, model="autoregressive", context=8, season=4, network=TINY, training=QUICK),
        [[round(2 + float(np.sin(t / 3 + k)), 3) for t in range(30 + 10 * k)] for k in range(2)],
        None,
    ),
}  # fmt: skip


def plain(value):
    """The value as JSON has it."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def arrays(estimator, rows):
    """Rows as they come out of JSON, as the estimator takes them."""
    return [np.asarray(row) for row in rows] if isinstance(getattr(estimator, "source_", None), Image) else rows


def answers(estimator, rows):
    """Everything an estimator can say about rows, by method."""
    if isinstance(estimator, LanguageModel):
        if not isinstance(estimator.target_.space, Discrete):
            return {"perplexity": estimator.perplexity(rows)}
        said = estimator.generate(rows[:4], max_new_steps=6, random_state=1)
        return {"generate": plain(said), "next": plain(estimator.next(rows[0], k=3)), "perplexity": estimator.perplexity(rows)}
    if isinstance(estimator, Forecaster):
        return {"predict": plain(estimator.predict(rows).values), "own": plain(estimator.predict().values)}
    found = {"predict": plain(estimator.predict(rows))}
    if estimator.plan().decoder in ("summary", "step") and not isinstance(estimator.target_, Number | Vector):
        found["predict_proba"] = plain(estimator.predict_proba(rows))
    return found


def main(names):
    for name in names or [name for name in CASES if not (HERE / f"{name}.elman").exists()]:
        estimator, x, y = CASES[name]()
        if name in ("model-image", "model-print", "model-boxes"):
            x = [np.asarray(picture) for picture in x]
        estimator.fit(x) if y is None else estimator.fit(x, y)
        estimator.save(HERE / f"{name}.elman")
        rows = [plain(row) for row in x[:6]]
        expected = {"rows": rows, "answers": answers(estimator, arrays(estimator, rows))}
        (HERE / f"{name}.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
        print(name, (HERE / f"{name}.elman").stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
