"""\"A CNN is about five times faster than an RNN\": torch's and elman's RNN and LSTM against dilated convolutions of as many weights.

The convolutions are :class:`elman.network.encoders.convolution.Dilated`, the candidate ``cnn`` of ``elman.compare``: residual layers of
three taps, 1, 2, 4, … steps apart, causal, as many layers as it takes to see half of the sequence (six at most). Channels are as many as
the weights of the recurrence allow.
"""

from __future__ import annotations

import torch

from benchmarks.speed.layers import PASSES, Shape, first, on_threads, passes, twins
from benchmarks.speed.race import best, race, ratio
from benchmarks.speed.report import Table
from elman.network.encoders.convolution import Dilated

LENGTHS = (100, 200, 400, 800)
NOTE = "B = 32, I = 128; ms, best of 1 and 2 threads; over conv: the time of the recurrence over that of the convolutions."


class Convolutions(torch.nn.Module):
    """A causal dilated stack over (N, T, I), as nearly of ``weights`` weights as whole channels allow."""

    def __init__(self, inputs: int, outputs: int, steps: int, weights: int) -> None:
        super().__init__()
        levels = next((n for n in range(1, 6) if 2 ** (n + 1) - 1 >= steps / 2), 6)
        channels = next(c for c in range(4, 4096) if Dilated.weights(inputs, c + 1, levels, outputs) > weights)
        self.before = 2 ** (levels + 1) - 2
        self.stack = Dilated(inputs, channels, levels, outputs, causal=True)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, None]:
        return self.stack(torch.nn.functional.pad(x, (0, 0, self.before, 0))), None


def run(quick: bool) -> list[Table]:
    """RNN and LSTM, forward and training, T = 100 … 800; everyone in turn."""
    tables = []
    for cell in ("RNN", "LSTM"):
        table = Table(title=f"{cell} of 128 units against dilated convolutions of as many weights", note=NOTE)
        for steps in (20,) if quick else LENGTHS:
            theirs, ours = twins(cell, Shape(steps, 32, 128, 128))
            conv = Convolutions(128, 128, steps, _weights(ours))
            x, across = torch.randn(steps, 32, 128), torch.randn(32, steps, 128)
            for which in PASSES:
                calls = on_threads("torch", passes(which, first(theirs), x, theirs))
                calls += on_threads("elman", passes(which, first(ours), x, ours))
                calls += on_threads("conv", passes(which, first(conv), across, conv))
                found = race(calls, quick=quick)
                row = {name: best(found, name) * 1e3 for name in ("torch", "elman", "conv")}
                over = {f"{name} over conv": ratio(found, name, "conv") for name in ("torch", "elman")}
                table.add(T=steps, which=which, **row, **over, **{"conv weights, share": _weights(conv) / _weights(ours)})
        tables.append(table)
    return tables


def _weights(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())
