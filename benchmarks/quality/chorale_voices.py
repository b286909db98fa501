"""Bach's chorales as four voices in sixteenths (official split 229 / 76 / 77): nats a frame of LanguageModel(Notes("voices")).

Called by benchmarks.quality.chorales --form voices. A frame is four symbols, one for each voice; its nats are their sum. As with rolls
the first frame of a piece is read and not counted, and ends are not; train and validation part together are split anew, 229 pieces to learn
from and 76 that choose the epoch, the shares of the n-grams, and the order of the n-grams that stand alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.report import row
from elman import LanguageModel, Notes, Training
from elman.datasets import load
from elman.ngrams import KneserNey
from elman.training.examples import split_rows

_HELD = 76 / 305
_ORDERS = (9, 13, 17, 21)
_KEYS = range(-5, 7)


def sums(nats: Sequence[np.ndarray], voices: int) -> float:
    """Mean nats of the frames after the first of each piece, from the nats of every symbol and of the end."""
    frames = [piece[voices:-1].reshape(-1, voices).sum(1) for piece in nats]
    return float(np.concatenate(frames).mean())


def kneser_ney(codec: Notes, learned: list[Any], held: list[Any], test: list[Any]) -> tuple[int, float, float]:
    """Order chosen on the held-out pieces, and nats a frame on the test part, learned from pieces in their own keys and in all."""

    def judged_by(order: int, rows: list[np.ndarray], pieces: list[Any]) -> float:
        model = KneserNey(order, end=True).fit(rows, codec.space.n)
        return sums([-nats for nats in model.score([codec.encode(piece) for piece in pieces])], codec.voices_)

    own = [codec.encode(piece) for piece in learned]
    scores = {order: judged_by(order, own, held) for order in _ORDERS}
    print(f"Kneser-Ney on held-out pieces: {', '.join(f'order {order} {score:.3f}' for order, score in scores.items())}")
    best = min(scores, key=lambda order: scores[order])
    return best, judged_by(best, own, test), judged_by(best, [row for piece in learned for row in in_all_keys(codec, piece)], test)


def in_all_keys(codec: Notes, piece: np.ndarray) -> list[np.ndarray]:
    """A piece, and it in other keys."""
    notes = piece[piece >= 0]
    keys = [key for key in _KEYS if notes.min() + key >= codec.low and notes.max() + key <= codec.high]
    return [codec.encode(np.where(piece < 0, piece, piece + key)) for key in keys]


def held_share(codec: Notes, pieces: Sequence[Any]) -> float:
    """Share of the symbols that say a note goes on."""
    said = [codec.symbol(int(index)) for piece in pieces for index in codec.encode(piece)]
    return sum(one.endswith("held") for one in said) / len(said)


def judged(model: LanguageModel, test: list[Any]) -> float:
    """Nats a frame on the test part."""
    return sums([bits * math.log(2) for bits in model.surprisal(test)], model.target_.voices_)


def composed(model: LanguageModel, pieces: list[Any], folder: Path) -> list[Any]:
    """Write ten pieces of 16 bars of four beats as MIDI files, the first frame one of Bach's."""
    steps = model.target_.voices_ * 255
    written = [model.generate(pieces[i][:1], max_new_steps=steps, random_state=i) for i in range(10)]
    for number, piece in enumerate(written):
        (folder / f"voices-{number}.mid").write_bytes(model.target_.midi(piece))
    return written


def run(seeds: int, epochs: int | None, *, same_key: bool, out: Path | None) -> None:
    """Train and print a row a seed, and what stands beside it."""
    data = load("jsb_chorales", form="voices")
    train, test = [*data["train"].x, *data["valid"].x], list(data["test"].x)
    codec = Notes("voices").fit(train, role="target")
    for seed in range(seeds):
        learn, held = split_rows(len(train), _HELD, random_state=seed)
        order, own_keys, all_keys = kneser_ney(codec, [train[i] for i in learn], [train[i] for i in held], test)
        print(f"Kneser-Ney, order {order}: {own_keys:.3f} nats a frame, {all_keys:.3f} learned from all keys", flush=True)
        start = time.perf_counter()
        training = Training(max_epochs=epochs or 40, batch_size=16, learning_rate=3e-3, validation_fraction=_HELD, random_state=seed)
        model = LanguageModel(Notes("voices", augment=not same_key), training=training).fit(train)
        seconds = time.perf_counter() - start
        mixed = judged(model, test)
        mixture, model.mixture_ = model.mixture_, None
        alone = judged(model, test)
        row(
            task=f"jsb_chorales, voices, seed {seed}", metric="nats a sixteenth", elman=f"{mixed:.3f}",
            baseline=f"{min(own_keys, all_keys):.3f} (Kneser-Ney, order {order})", published="-", parameters=model.plan().parameters,
            seconds=seconds, rows=len(test),
        )  # fmt: skip
        print(f"the network without its n-grams: {alone:.3f}; {model.plan().ngram_order}-grams have a share")
        model.mixture_ = mixture
        if out is not None:
            (out / "voices").mkdir(parents=True, exist_ok=True)
            model.save(out / "voices.elman")
            written = composed(model, train, out / "voices")
            print(f"held symbols: {held_share(codec, written):.1%} of its own, {held_share(codec, test):.1%} of the test part's")
            print(model.memorisation(written, training=train))
