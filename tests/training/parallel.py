"""One of several processes of test_distributed.py: train on uneven rows and write what came out."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from toys import Accuracy, Classifier, bits, make_rows, timeless

from elman.training.loop import fit
from elman.training.settings import Training


class StopInTheSecond:
    """Ask to stop in the second process alone, after two epochs."""

    def on_epoch_end(self, state):
        return not state.leads and state.epoch == 2


def main(mode, out, count):
    torch.set_num_threads(1)
    rank = os.environ.get("RANK", "alone")
    folder = str(out / "checkpoints") if mode == "save" else None
    fixed = {"max_epochs": 3, "batch_size": 3, "average_weights": 0, "learning_rate": 0.01, "max_grad_norm": 0.5, "device": "cpu"}
    callbacks = [StopInTheSecond()] if mode == "stop" else []
    settings = Training(**fixed, checkpoint_dir=folder, checkpoint_every=0, callbacks=callbacks)
    if mode == "plain":  # processes that begin with different weights must still end with rank 0's course
        model = Classifier(dropout=0.0, seed=int(os.environ.get("RANK", 0)))
    else:
        model = Classifier(dropout=0.2)
    history = fit(model, make_rows(7).subset(np.arange(count)), make_rows(5, seed=1), settings, Accuracy())
    result = {
        "stopped": history.stopped,
        "weights": {name: value.hex() for name, value in bits(model).items()},
        "history": timeless(history),
    }
    (out / f"result-{rank}.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
