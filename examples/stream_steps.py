"""Streams: read a sequence as it arrives, one step at a time, with exactly the bits of reading it whole.

Run: python examples/stream_steps.py
"""

import time

import numpy as np
import torch

from elman import nn

torch.manual_seed(0)
layer = nn.LSTM(input_size=8, hidden_size=64, num_layers=2, batch_first=True).eval()
samples = np.random.default_rng(0).normal(size=(1, 200, 8)).astype(np.float32)  # (batch, steps, features)

# Step by step: NumPy in, NumPy out, no gradient recorded.
stream = layer.stream(batch=1)
began = time.perf_counter()
steps = [stream.step(samples[:, t]) for t in range(200)]
took = (time.perf_counter() - began) / 200
print(f"{took * 1e6:.0f} microseconds a step")

# The whole at once gives the same numbers.
with torch.inference_mode():
    whole, _ = layer(torch.from_numpy(samples))
print("largest difference to the whole:", float(np.abs(np.stack(steps, axis=1) - whole.numpy()).max()))

# The memory of a stream can be saved, sent elsewhere and continued.
saved = stream.state.save()  # bytes
later = layer.stream(batch=1)
later.state.load(saved)
step = samples[:, 0]
print(f"{len(saved)} bytes of memory; goes on alike: {np.array_equal(stream.step(step), later.step(step))}")
