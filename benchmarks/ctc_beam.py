"""CTC prefix beam search: the compiled one against its plain Python twin, in turns, on the same frames.

python -m benchmarks.ctc_beam [--size 16] [--frames 300] [--classes 30] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.quality.report import machine
from elman.generation import CTCBeam
from elman.ngrams import KneserNey


def frames_like_speech(count: int, classes: int, seed: int = 0) -> np.ndarray:
    """Return log-probabilities (count, classes) as a trained network gives them: blanks, now and then a symbol and a rival."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(count, classes))
    scores[:, -1] += 7
    for frame in range(0, count, 6):
        first, second = random.integers(0, classes - 1, 2)
        scores[frame : frame + 2, first] += 9
        scores[frame : frame + 2, second] += 8
    return scores - np.logaddexp.reduce(scores, -1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("size", 16), ("frames", 300), ("classes", 30), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    rows, blank = frames_like_speech(arguments.frames, arguments.classes), arguments.classes - 1
    texts = np.random.default_rng(1).integers(0, blank, (200, 50))
    prior = KneserNey(3).fit(list(texts), blank)
    print(f"{arguments.frames} frames, {arguments.classes} classes, beam {arguments.size}; {machine()}")
    for name, ours, plain in (("no prior", None, lambda *_: 0.0), ("3-gram prior", prior, prior.prior())):
        searches = [CTCBeam(size=arguments.size, prior=p) for p in (ours, plain)]  # a function as a prior is asked in Python
        times: list[list[float]] = [[], []]
        answers: list[tuple[int, ...]] = [(), ()]
        for _ in range(arguments.rounds):
            for which, search in enumerate(searches):
                begun = time.perf_counter()
                answers[which] = search(rows, blank)
                times[which].append(time.perf_counter() - begun)
        fast, slow = (min(each) for each in times)
        agree = "same answer" if answers[0] == answers[1] else "OTHER ANSWER"
        print(f"{name}: {1e6 * fast / len(rows):.1f} µs a frame, plain Python {1e6 * slow / len(rows):.0f}; {slow / fast:.0f} x; {agree}")


if __name__ == "__main__":
    main()
