"""Kill training at random moments, start it again, and compare with a run that nobody disturbed.

Started by test_kill.py as a program of its own: it forks children that train (torch is loaded once) and kills them.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch._dynamo  # optimizers import it at their first step; here once instead of in each child
from toys import Accuracy, Classifier, Counter, bits, make_rows, timeless

from elman.training.loop import fit
from elman.training.settings import Training

KILLS = 20


def train(folder, out):
    torch.set_num_threads(1)
    model, counter = Classifier(hidden_size=4, dropout=0.3), Counter()
    settings = Training(
        max_epochs=4, batch_size=6, gradient_accumulation=2, learning_rate=0.01, patience=9, verbose=0, device="cpu",
        checkpoint_dir=folder, checkpoint_every=0, callbacks=[counter],
    )  # fmt: skip
    history = fit(model, make_rows(48), make_rows(12, seed=1), settings, Accuracy())
    weights = {name: value.hex() for name, value in bits(model).items()}
    manifest = json.loads((max(Path(folder).glob("run-*/checkpoint-*")) / "MANIFEST").read_text())
    Path(out).write_text(json.dumps([weights, timeless(history), manifest["optimizer.safetensors"], counter.content()], sort_keys=True))


def child(folder, out, slow):
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if slow:  # most of the time is then spent inside saves
            for name in ("write", "fsync", "replace"):
                real = getattr(os, name)
                setattr(os, name, lambda *a, _real=real, **k: (time.sleep(0.001), _real(*a, **k))[1])
        train(folder, out)
        code = 0
    finally:
        os._exit(code)


def run_to_end(slow, chance, kill):
    """Train in one folder until it is finished; return the result and how often it was killed."""
    with tempfile.TemporaryDirectory() as folder:
        out, kills, started = Path(folder) / "out", 0, time.monotonic()
        while True:
            begun = time.monotonic()
            pid = child(str(Path(folder) / "c"), str(out), slow)
            if kill:
                time.sleep(chance.uniform(0, kill))
                os.kill(pid, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if status == 0:
                return out.read_text(), kills, time.monotonic() - begun
            if status != -signal.SIGKILL or time.monotonic() - started > 240:
                raise SystemExit(f"child ended with {status} after {kills} kills")
            kills += 1


def main():
    chance = random.Random(int(sys.argv[1]))
    reference, _, _ = run_to_end(slow=False, chance=chance, kill=0)
    counts = []
    for slow in (False, True):
        _, _, wall = run_to_end(slow, chance, kill=0)
        kills = 0
        while kills < KILLS // 2:
            result, more, _ = run_to_end(slow, chance, kill=wall)
            if result != reference:
                raise SystemExit(f"different after {more} kills (slow={slow})\n{reference[:300]}\n{result[:300]}")
            kills += more
        counts.append(kills)
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
