"""Small networks with the interface the loop expects."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.sequences import Ragged
from elman.training.examples import Examples


@dataclass
class Loss:
    total: Tensor
    units: int
    state: Any = None


def collate(values, space, rank):
    return Ragged.from_list(values) if rank == "many" else torch.as_tensor(np.array(values))


class Classifier(nn.Module):
    """A tanh network over packed rows and a softmax on its last state, with dropout."""

    def __init__(self, hidden_size=8, dropout=0.2, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.rnn = nn.RNN(2, hidden_size)
            self.dropout = nn.Dropout(dropout)
            self.head = nn.Linear(hidden_size, 2)

    def scores(self, source):
        return self.head(self.dropout(self.rnn(source.to_packed())[1][0]))

    def loss(self, source, target, state=None):
        total = nn.functional.cross_entropy(self.scores(source), target, reduction="sum")
        return Loss(total, len(target))


class Accuracy:
    metric = "accuracy"
    higher_is_better = True
    baseline = 0.5

    def evaluate(self, model, examples):
        source, target = examples.collate(np.arange(len(examples)))
        return float((model.scores(source).argmax(1) == target).double().mean())


def make_rows(count=48, seed=0):
    """Rows of 2 to 6 steps; the class is the sign of the sum of the first column."""
    random = np.random.default_rng(seed)
    source = [random.normal(size=(int(random.integers(2, 7)), 2)).astype(np.float32) for _ in range(count)]
    target = [np.int64(row[:, 0].sum() > 0) for row in source]
    return Examples(source, target, target_rank="one", collate=collate)


def bits(model):
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def timeless(history):
    """Rows of a history without the clock."""
    return [{k: v for k, v in row.items() if k not in ("seconds", "waiting")} for row in history.rows]


class Counter:
    """A stateful callback whose every number depends on all the calls before, and on random numbers."""

    def __init__(self):
        self.on_train_start(None)

    def on_train_start(self, state):
        self.batches, self.epochs, self.trace, self.total = 0, 0, [], torch.zeros(2)

    def on_epoch_start(self, state):
        self.epochs += 1
        self.trace.append(float(torch.rand(1)) + self.batches)

    def on_batch_end(self, state):
        self.batches += 1
        self.total += torch.rand(2) * (state.loss or 1.0)

    def state_dict(self):
        return {"batches": self.batches, "epochs": self.epochs, "trace": self.trace, "total": self.total}

    def load_state_dict(self, state):
        self.batches, self.epochs, self.trace, self.total = (state[name] for name in ("batches", "epochs", "trace", "total"))

    def content(self):
        return self.batches, self.epochs, self.trace, self.total.tolist()
