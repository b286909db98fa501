"""Only the layers: a plain torch loop over sequences of different lengths, without padding and without sorting.

The task: a sequence of random numbers, some of them marked; the answer is the sum of the marked ones.
Run: python examples/own_training_loop.py
"""

import os

import torch
from torch.nn import functional

from elman import nn
from elman.sequences import Ragged

torch.manual_seed(0)
steps = 20 if os.environ.get("ELMAN_QUICK") else 600


class Adder(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 32, forget_bias=1.0)
        self.head = torch.nn.Linear(32, 1)

    def forward(self, batch: Ragged) -> torch.Tensor:
        _, (h_n, _) = self.lstm(batch)  # a Ragged goes in as it is; h_n is after each sequence's own last step
        return self.head(h_n[-1]).squeeze(-1)  # in the order the sequences were given


def draw(count: int) -> tuple[Ragged, torch.Tensor]:
    """Draw sequences of 1 to 30 steps of (number, mark) and their sums."""
    rows = [torch.rand(int(n), 2) for n in torch.randint(1, 31, (count,))]
    rows = [torch.stack([row[:, 0], (row[:, 1] < 0.2).float()], dim=1) for row in rows]
    return Ragged.from_list(rows), torch.stack([(row[:, 0] * row[:, 1]).sum() for row in rows])


model = Adder()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for step in range(steps):
    batch, sums = draw(64)
    loss = functional.mse_loss(model(batch), sums)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step:4}  squared error {loss.item():.4f}")

batch, sums = draw(500)
with torch.inference_mode():
    print(f"on new sequences {functional.mse_loss(model(batch), sums).item():.4f}; always saying the mean: {sums.var().item():.4f}")
