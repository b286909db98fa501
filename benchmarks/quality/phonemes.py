"""Word -> phonemes on the CMU dictionary: phoneme and word error rate on a held-out 10 % of words.

python -m benchmarks.quality.phonemes [--epochs 7] [--beam 5]

Words of letters only; a fixed shuffle; stress marks dropped; a word with several pronunciations counts against the nearest.
Published for LSTM encoder-decoders on (differently split) CMUdict: PER 5.5-6 %, WER 24-28 %.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.quality.report import row
from elman import Model, Symbols, Text, Training
from elman.cli import demo_data
from elman.cli.demo_tasks import letter_baseline, phoneme_error_rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--rows", type=int, default=None, help="held-out words to score (all by default)")
    parser.add_argument("--out", default=None, help="where to save the model")
    arguments = parser.parse_args()
    split, start, worked = demo_data.phonemes(), time.perf_counter(), time.process_time()
    x, truth = split.x_test[: arguments.rows], split.y_test[: arguments.rows]
    training = Training(max_epochs=arguments.epochs, random_state=0)
    model = Model(Text("char"), Symbols(), align="attention", training=training)
    model.fit(split.x_train, split.y_train)
    seconds = f"{time.perf_counter() - start:.0f} s, {time.process_time() - worked:.0f} s of processor"
    print(model.plan())
    if arguments.out:
        model.save(arguments.out)
    baseline = letter_baseline(split)
    for name, options in (("greedy", {"beam_size": 1}), (f"beam {arguments.beam}", {"beam_size": arguments.beam})):
        predicted = model.predict(x, **options)
        per = phoneme_error_rate(predicted, truth)
        wer = 1 - sum(p in t for p, t in zip(predicted, truth, strict=True)) / len(truth)
        row(
            task=f"cmudict word -> phonemes, {name}", metric="PER / WER %", elman=f"{100 * per:.2f} / {100 * wer:.1f}",
            baseline=f"{100 * phoneme_error_rate(baseline(x), truth):.1f} (usual phoneme of each letter)", published="5.5-6 / 24-28 (LSTM)",
            parameters=model.plan().parameters, seconds=seconds, rows=len(truth),
        )  # fmt: skip


if __name__ == "__main__":
    main()
