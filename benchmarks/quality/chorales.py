"""Bach's chorales (.mat rolls, official split 229 / 76 / 77): nats a frame of LanguageModel(Notes()), and what it composes.

python -m benchmarks.quality.chorales [--form roll|voices] [--seeds 1] [--epochs N] [--out FOLDER]
Published test nats a frame: RNN 8.91, LSTM 8.45, GRU 8.43, TCN 8.10 (Bai 2018, independent notes); RNN-NADE 5.56
(Boulanger-Lewandowski 2012).
As there, the first frame of a piece is read and not counted; ends are not either. Train and validation part together are split anew, 229
pieces to learn from and 76 that choose the epoch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.quality import chorale_voices
from benchmarks.quality.report import row
from elman import LanguageModel, Network, Notes, Training
from elman.datasets import load
from elman.network import collate
from elman.network.assembly import evaluating
from elman.network.decoders.teacher_forcing import shift


def nats_a_frame(model: LanguageModel, pieces: list[np.ndarray]) -> float:
    """Mean nats of the frames after the first of each piece, each given those before it."""
    network, codec = model.model_, model.target_
    nats, frames = 0.0, 0
    with torch.no_grad(), evaluating(network):
        for piece in codec.encode_all(pieces):
            target: Any = collate([np.asarray(piece)], codec.space, "many")
            decoder, encoded = network.decoder, network.encode(None, rows=1)
            looked, _ = decoder.look(target, decoder.begin(encoded), shift(target))
            nats += float(decoder.head.loss(looked.features[1:-1], target.data[1:]).sum())
            frames += len(piece) - 1
    return nats / frames


def frequencies(train: list[np.ndarray], test: list[np.ndarray]) -> float:
    """Nats a frame of notes that only know how often they sound."""
    share = (sum(piece.sum(0) for piece in train) + 0.5) / (sum(map(len, train)) + 1)
    flat = np.concatenate([piece[1:] for piece in test])
    return float(-(flat @ np.log(share) + (1 - flat) @ np.log1p(-share)).mean())


def composed(model: LanguageModel, pieces: list[np.ndarray], folder: Path) -> None:
    """Write ten pieces as MIDI files, and say what of them is copied and whether they go round in circles."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [model.generate(pieces[i][:1], max_new_steps=63, random_state=i) for i in range(10)]
    for number, piece in enumerate(written):
        (folder / f"chorale-{number}.mid").write_bytes(model.target_.midi(piece))
    test = load("jsb_chorales")["test"].x
    print(f"composed\n{model.memorisation(written, training=pieces)}\nBach's own test pieces\n{model.memorisation(test, training=pieces)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--heads", nargs="+", default=["point", "chain"], help="point: independent notes, as published")
    parser.add_argument("--same-key", action="store_true", help="learn from the pieces in their own keys only")
    parser.add_argument("--out", type=Path, default=None, help="folder for MIDI files")
    parser.add_argument("--form", choices=["roll", "voices"], default="roll", help="voices: four of them in sixteenths, as symbols")
    arguments = parser.parse_args()
    if arguments.form == "voices":
        chorale_voices.run(arguments.seeds, arguments.epochs, same_key=arguments.same_key, out=arguments.out)
        return
    data = load("jsb_chorales")
    train, test = list(data["train"].x), list(data["test"].x)
    base = frequencies(train, test)
    for seed in range(arguments.seeds):
        for head in arguments.heads:
            start = time.perf_counter()
            training = Training(max_epochs=arguments.epochs or "auto", validation_fraction=76 / 305, random_state=seed)
            codec = Notes(beat=1, augment=not arguments.same_key)
            model = LanguageModel(codec, network=Network(head=head), training=training).fit([*train, *data["valid"].x])
            name = {"point": "independent notes", "chain": "notes that know each other"}[head]
            row(
                task=f"jsb_chorales, seed {seed}, {name}", metric="nats a frame", elman=f"{nats_a_frame(model, test):.3f}",
                baseline=f"{base:.2f} (how often each note sounds)", published="RNN 8.91, LSTM 8.45, TCN 8.10; RNN-NADE 5.56",
                parameters=model.plan().parameters, seconds=time.perf_counter() - start, rows=len(test),
            )  # fmt: skip
            if arguments.out is not None:
                composed(model, train, arguments.out / head)


if __name__ == "__main__":
    main()
