"""Somebody's PyTorch model, on elman's kernels in one line, and back.

Run: python examples/accelerate_torch.py
"""

import time

import torch
from torch import nn

import elman


class Tagger(nn.Module):
    """Plain PyTorch; knows nothing of elman."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True, bidirectional=True)
        self.head = nn.Linear(256, 10)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embedding(words))[0])


def seconds(model: nn.Module, words: torch.Tensor) -> float:
    """Time of the fastest of five passes, forward and backward."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        model(words).sum().backward()
        times.append(time.perf_counter() - began)
    return min(times)


torch.manual_seed(0)
model, words = Tagger(), torch.randint(100, (16, 60))
before, slow, weights = model(words).detach(), seconds(model, words), list(model.state_dict())

elman.accelerate(model)  # in place: the same parameters, hooks and optimizer references
after, fast = model(words).detach(), seconds(model, words)

print("same names of weights:", weights == list(model.state_dict()))
print(f"largest difference of the answers: {float((before - after).abs().max()):.1e}")
print(f"forward and backward: torch {slow * 1e3:.1f} ms, elman {fast * 1e3:.1f} ms")

elman.restore(model)
print("restored:", type(model.lstm).__module__)
