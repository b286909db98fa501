"""One of several processes of test_distributed.py: train on uneven rows and write what came out."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from toys import Accuracy, Classifier, bits, make_rows, timeless

from elman.training.loop import fit
from elman.training.settings import Training

torch.set_num_threads(1)
mode, out = sys.argv[1], Path(sys.argv[2])
rows = make_rows(7).subset(np.arange(int(sys.argv[3])))
settings = Training(
    max_epochs=3, batch_size=3, average_weights=0, learning_rate=0.01, verbose=1, device="cpu", max_grad_norm=0.5,
    checkpoint_dir=str(out / "checkpoints") if mode == "save" else None, checkpoint_every=0,
)  # fmt: skip
model = Classifier(dropout=0.0 if mode == "plain" else 0.2, seed=int(__import__("os").environ.get("RANK", 0)) if mode == "plain" else 0)
history = fit(model, rows, make_rows(5, seed=1), settings, Accuracy())
rank = __import__("os").environ.get("RANK", "alone")
result = {"weights": {name: value.hex() for name, value in bits(model).items()}, "history": timeless(history)}
(out / f"result-{rank}.json").write_text(json.dumps(result))
