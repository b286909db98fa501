"""Call centre: the intent of the caller at this moment, and whether the call will end in a booking.

Takes 80 calls that lie beside this file, or, where ELMAN_DATA names a folder of data sets, 3,197 of schema-guided dialogues.
Run: python examples/call_centre.py
"""

import os
from pathlib import Path

from elman import Category, Model, Training
from elman.codecs import Dialogue
from elman.datasets import load
from elman.io import tables

quick = bool(os.environ.get("ELMAN_QUICK"))
whole = bool(os.environ.get("ELMAN_DATA")) and not quick


def calls(part):
    """Return for each call its turns (speaker, text), the intent after each turn, and whether something was booked."""
    if whole:
        data = load("sgd_dialogues", unit="dialogue")[part]
        rows = zip(data.x, data.extra["intents"], data.extra["acts"], strict=True)
    else:
        found = tables.read(Path(__file__).parent / "data" / "dialogues.jsonl").column("turns")
        found = found[:60] if part == "train" else found[60:]
        rows = [([turn[:2] for turn in turns], [turn[2] for turn in turns], [turn[3] for turn in turns]) for turns in found]
    return [(turns, intents, any("NOTIFY_SUCCESS" in act for act in acts)) for turns, intents, acts in rows]


def moments(part):
    """Return the dialogue until each turn of the caller, its last four turns, and the intent of the caller then."""
    found = [(turns[max(0, i - 3) : i + 1], wants[i][0]) for turns, wants, _ in calls(part) for i in range(0, len(turns), 2) if wants[i]]
    return [dialogues for dialogues, _ in found], [want for _, want in found]


training = Training(budget="1s" if quick else "4min" if whole else "25s")
dialogues, wants = moments("train")
intent = Model(Dialogue(lowercase=True), Category(), training=training).fit(dialogues, wants)
new, truth = moments("dev")
seen = [(x, y) for x, y in zip(new, truth, strict=True) if y in intent.classes_]
print(f"intents of new calls right: {intent.score(*zip(*seen, strict=True)):.1%}; always the commonest: {intent.baseline_:.1%}")

# The outcome must be predicted early to be of use: from the first half of a call.
outcome = Model(Dialogue(lowercase=True), Category(), training=training)
outcome.fit(*zip(*[(turns[: len(turns) // 2], booked) for turns, _, booked in calls("train")], strict=True))
half, booked = zip(*[(turns[: len(turns) // 2], booked) for turns, _, booked in calls("dev")], strict=True)
print(f"outcomes predicted from the first half: {outcome.score(half, booked):.1%}; always the commonest: {outcome.baseline_:.1%}")

call = [("U", "Hello, I need a table for two."), ("S", "In which city?"), ("U", "In Oakland, at seven in the evening please.")]
print(call[-1][1], "->", intent.predict([call])[0])
