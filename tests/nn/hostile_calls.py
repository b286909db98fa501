"""A child process that calls layers, steps, streams and kernels with random nonsense; run by test_hostile.py.

``python hostile_calls.py SEED COUNT`` ends with 0 and one line of counts if every call worked or raised an error of elman.errors.
Anything else (another exception, a crash) is for the parent to see.
"""

from __future__ import annotations

import random
import sys
import traceback
import warnings

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence

from elman import kernels, nn
from elman.errors import ElmanError
from elman.kernels import dense
from elman.sequences import Ragged

SIZES = (0, 1, 2, 3, 4, 5, 7, 64)
DTYPES = (torch.float32,) * 8 + (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool, torch.complex64)
NONSENSE = (None, 3, -1, "x", [], (), [[1.0]], object(), float("nan"), np.zeros((2, 3)), {"a": 1}, 2**70)


def some_tensor(rng, *likely):
    """Mostly the likely shape; else another rank, size, dtype, stride, storage or layout."""
    shape = list(likely)
    if rng.random() < 0.25 and shape:
        shape[rng.randrange(len(shape))] = rng.choice(SIZES)
    if rng.random() < 0.1:
        shape = [rng.choice(SIZES) for _ in range(rng.randrange(5))]
    dtype = rng.choice(DTYPES)
    tensor = torch.zeros(shape, dtype=dtype)
    if dtype.is_floating_point and tensor.numel():
        tensor.uniform_(-1, 1)
        if rng.random() < 0.1:
            tensor.view(-1)[rng.randrange(tensor.numel())] = rng.choice([float("nan"), float("inf"), -float("inf"), 1e38])
    way = rng.random()
    if way < 0.05:
        return tensor.to("meta")
    if way < 0.08:
        return tensor.to_sparse()
    if way < 0.2 and tensor.dim() > 1:
        return tensor.transpose(0, -1).contiguous().transpose(0, -1)
    if way < 0.25 and tensor.dim():
        return tensor[:1].expand(tensor.shape) if tensor.shape[0] else tensor
    if way < 0.3 and tensor.dim():
        return torch.cat([tensor, tensor], -1)[..., ::2]
    return tensor.requires_grad_() if dtype.is_floating_point and way < 0.4 else tensor


def some_weight(rng, shape):
    """A weight of another size or precision."""
    sizes = [size if rng.random() < 0.7 else rng.choice(SIZES) for size in shape]
    return torch.zeros(sizes, dtype=rng.choice([torch.float32] * 3 + [torch.float64]))


def some_int(rng, likely):
    return likely if rng.random() < 0.85 else rng.choice([-(2**62), -1, 0, 1, 2, 9, 2**31, 2**62])


def some_sizes(rng, rows, n):
    """Batch sizes that fit, or nearly, or not at all."""
    sizes, left = [], rows
    while left > 0:
        size = min(left, sizes[-1] if sizes else n)
        if size < 1:
            break
        size = rng.randint(1, size)
        sizes.append(size)
        left -= size
    if rng.random() < 0.3 and sizes:
        sizes[rng.randrange(len(sizes))] = some_int(rng, 1)
    made = torch.tensor(sizes, dtype=torch.int64)
    return made if rng.random() < 0.9 else some_tensor(rng, len(sizes))


def layer_call(rng):
    kind = rng.choice(["elman", "elman_relu", "gru", "lstm"])
    extra = {"zoneout": 0.2} if rng.random() < 0.1 else {"layer_norm": True} if rng.random() < 0.1 else {}
    width, hidden = rng.choice([1, 3, 4]), rng.choice([1, 4, 5])
    layer = nn.layer(kind)(width, hidden, rng.choice([1, 2]), bidirectional=rng.random() < 0.5, batch_first=rng.random() < 0.5, **extra)
    if rng.random() < 0.1:
        name = rng.choice([n for n, _ in layer.named_parameters()])
        getattr(layer, name).data = some_weight(rng, getattr(layer, name).shape)
    n, steps = rng.choice([0, 1, 2, 3]), rng.choice([0, 1, 4])
    depth = layer.num_layers * layer.directions
    states = tuple(some_tensor(rng, depth, n, hidden) for _ in range(rng.choice([1, 2, 2, 2])))
    hx = rng.choice([None, None, states, states[0], rng.choice(NONSENSE)])
    form = rng.random()
    lengths = None
    if form < 0.5:
        value = some_tensor(rng, *((n, steps) if layer.batch_first else (steps, n)), width)
        if rng.random() < 0.5:
            lengths = [some_int(rng, rng.randint(0, max(steps, 1))) for _ in range(n)]
            lengths = rng.choice([lengths, torch.tensor(lengths), some_tensor(rng, n), rng.choice(NONSENSE)])
    elif form < 0.95:
        rows = n * steps
        sizes = some_sizes(rng, rows, max(n, 1))
        if sizes.is_meta or sizes.is_sparse or sizes.dim() != 1 or not len(sizes):
            value = some_tensor(rng, rows, width)
        elif form < 0.7:
            order = torch.tensor([some_int(rng, i) for i in range(n)], dtype=torch.int64) if rng.random() < 0.5 else None
            value = PackedSequence(some_tensor(rng, rows, width), sizes, order, order)
        else:
            order = torch.tensor([some_int(rng, i) for i in range(n)], dtype=torch.int64)
            value = Ragged(
                data=some_tensor(rng, rows, width),
                batch_sizes=sizes,
                sorted_indices=order,
                unsorted_indices=order,
                lengths=torch.tensor([some_int(rng, rng.randint(0, 4)) for _ in range(n)], dtype=torch.int64),
            )
    else:
        value = rng.choice(NONSENSE)
    output, _ = layer(value, hx, lengths=lengths)
    output = output if isinstance(output, torch.Tensor) else output.data
    if output.requires_grad and not output.is_meta:
        output.sum().backward()


def cell_call(rng):
    kind = rng.choice(["RNNCell", "GRUCell", "LSTMCell"])
    cell = getattr(nn, kind)(3, 4)
    if rng.random() < 0.1:
        cell.weight_hh.data = some_weight(rng, cell.weight_hh.shape)
    n = rng.choice([0, 1, 2])
    states = tuple(some_tensor(rng, n, 4) for _ in range(rng.choice([1, 2, 2])))
    cell(rng.choice([some_tensor(rng, n, 3)] * 9 + [rng.choice(NONSENSE)]), rng.choice([None, states, states[0], rng.choice(NONSENSE)]))


def stream_call(rng):
    layer = nn.layer(rng.choice(["elman", "gru", "lstm"]))(3, 4, rng.choice([1, 2]))
    stream = layer.stream(rng.choice([1, 2, 2, rng.choice(NONSENSE)]))
    stream.step(rng.choice([some_tensor(rng, stream.batch, 3), np.zeros((stream.batch, rng.choice([3, 3, 2]))), rng.choice(NONSENSE)]))
    stream.feed(some_tensor(rng, stream.batch, rng.choice([0, 1, 5]), 3))
    data = bytearray(stream.state.save())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    stream.state.load(bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.5 else data))
    pool = nn.StreamPool(layer)
    ids = pool.join(rng.choice([0, 1, 5]))
    if rng.random() < 0.5:
        saved = bytearray(pool.save())
        saved[rng.randrange(len(saved))] ^= 1 << rng.randrange(8) if rng.random() < 0.7 else 0
        ids = pool.load(bytes(saved))
    pool.set_state(some_int(rng, 0), rng.choice([pool.state(ids[0]) if ids else None, stream.state, rng.choice(NONSENSE)]))
    pool.step([some_int(rng, i) for i in ids], some_tensor(rng, len(ids), 3))


def dense_call(rng):
    """Products, functions and softmax; where torch's own take over, torch's errors are torch's business."""
    n, rows, depth, columns = (rng.choice(SIZES[:-1]) for _ in range(4))
    x, weight, bias = some_tensor(rng, n, rows, depth), some_tensor(rng, columns, depth), rng.choice([None, some_tensor(rng, columns)])
    lengths = rng.choice([None, torch.tensor([some_int(rng, rng.randint(0, 4)) for _ in range(n)]), some_tensor(rng, n)])
    other = some_tensor(rng, n, depth, columns)
    with torch.no_grad():
        if dense.runs(x, weight, bias):
            dense.linear(x, weight, bias)
        if dense.runs(x, other):
            dense.matmul(x, other, lengths, transposed=rng.random() < 0.3)
        if dense.runs(x):
            for function in (dense.tanh, dense.sigmoid, dense.exp, dense.softplus, dense.log_softmax):
                assert function(x).shape == x.shape
            dense.softmax(x, lengths)


def kernel_call(rng):
    from dataclasses import fields, replace

    from elman import cells
    from elman.testing._calls import OPTIONS, make_call

    call = make_call(cells.get(rng.choice(cells.names()[:4])), option=rng.choice(OPTIONS), dtype=rng.choice([torch.float32, torch.float64]))
    for _ in range(rng.randint(0, 2)):
        name = rng.choice([f.name for f in fields(call) if f.name not in ("cell", "norms", "reverse")])
        old = getattr(call, name)
        if name == "batch_sizes":
            new = some_sizes(rng, len(call.x), 6)
        elif isinstance(old, torch.Tensor):
            new = some_tensor(rng, *old.shape)
        elif isinstance(old, tuple):
            new = tuple(some_tensor(rng, *part.shape) for part in old)
        else:
            new = rng.choice([None, 0.5, 2.0]) if name != "zoneout" else rng.choice([0.5, 2.0])
        if name in ("weight_hr", "bias_ih", "bias_hh", "recurrent_mask") and isinstance(new, float):
            new = some_tensor(rng, 2, 5)
        if name in ("x", "batch_sizes", "state", "weight_ih", "weight_hh") and new is None:
            continue
        call = replace(call, **{name: new})
    kernels.run(call, rng.choice([None, None, *kernels.names()]))


def main(seed: int, count: int) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    worked = refused = 0
    for number in range(seed, seed + count):
        rng = random.Random(number)
        torch.manual_seed(number)
        call = rng.choices([layer_call, cell_call, stream_call, kernel_call, dense_call], weights=[5, 2, 1, 3, 1])[0]
        try:
            call(rng)
            worked += 1
        except ElmanError:
            refused += 1
        except BaseException:  # noqa: BLE001  # whatever it is, the parent must see it
            traceback.print_exc()
            print(f"call {number} ({call.__name__}) raised something else")
            raise SystemExit(1) from None
    print(f"worked={worked} refused={refused}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
