"""Random calls for the native kernels' tests, and how to run and compare them."""

from __future__ import annotations

import random

import torch

from elman import cells
from elman.kernels.call import Call, Norms

SIZES = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48, 64, 65)
CELLS = ("elman", "elman_relu", "gru", "lstm")


def draw(rng: random.Random, cell_name: str, options: tuple[str, ...] = (), sizes: tuple[int, ...] = SIZES) -> dict:
    """Everything a float64 call needs, by the names of ``Call`` (``norms`` and ``state`` as plain dict and tuple)."""
    generator = torch.Generator().manual_seed(rng.randrange(1 << 30))

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    cell = cells.get(cell_name)
    gates, inputs, hidden = len(cell.gates), rng.choice(sizes), rng.choice(sizes)
    if "norm" in options:  # the norm of one or two equal numbers has no useful gradient
        inputs, hidden = max(inputs, 5), max(hidden, 5)
    count, longest = rng.choice((0, 1, 2, 3, 5, 8, 13, 17)), rng.choice((0, 1, 2, 3, 7, 12))
    lengths = torch.randint(0, longest + 1, (count,), generator=generator).sort(descending=True).values
    steps = int(lengths.max()) if count else 0
    batch_sizes = torch.tensor([int((lengths > t).sum()) for t in range(steps)], dtype=torch.int64)
    rows = int(batch_sizes.sum())
    gain = 0.5 if cell_name == "elman_relu" else 1.0  # keeps the rectifier from growing without bound
    case = {
        "cell": cell,
        "batch_sizes": batch_sizes,
        "x": normal(rows, inputs),
        "state": tuple(normal(count, hidden) for _ in cell.states),
        "weight_ih": normal(gates * hidden, inputs) * inputs**-0.5,
        "weight_hh": normal(gates * hidden, hidden) * gain * hidden**-0.5,
        "reverse": rng.random() < 0.5,
    }
    if rng.random() < 0.8:
        case |= {"bias_ih": normal(gates * hidden) * 0.3, "bias_hh": normal(gates * hidden) * 0.3}
    if "mask" in options:
        case["recurrent_mask"] = (torch.rand(count, hidden, generator=generator, dtype=torch.float64) > 0.3) / 0.7
    if "zoneout" in options:
        case["zoneout"] = tuple((torch.rand(rows, hidden, generator=generator) > 0.7).double() for _ in cell.states)
    if "zoneout_mean" in options:
        case["zoneout"] = 0.15
    if "norm" in options:
        case["norms"] = {"gain_ih": 1 + normal(gates * hidden) * 0.1, "gain_hh": 1 + normal(gates * hidden) * 0.1}
        if len(cell.states) > 1:
            case["norms"] |= {"gain_c": 1 + normal(hidden) * 0.1, "bias_c": normal(hidden) * 0.1}
    return case


def leaves(case: dict, dtype: torch.dtype, grad: bool = True) -> dict:
    """The same case in a dtype, as fresh leaves."""

    def convert(value):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return value.to(dtype).clone()
        return tuple(convert(v) for v in value) if isinstance(value, tuple) else value

    fresh = {name: convert(value) for name, value in case.items()}
    if "norms" in case:
        fresh["norms"] = {name: convert(value) for name, value in case["norms"].items()}
    for tensor in learned(fresh).values():
        tensor.requires_grad_(grad)
    return fresh


def learned(fresh: dict) -> dict[str, torch.Tensor]:
    """The leaves that have gradients, by name."""
    names = ("x", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    found = {name: fresh[name] for name in names if name in fresh} | fresh.get("norms", {})
    return found | {f"state{i}": tensor for i, tensor in enumerate(fresh["state"])}


def call(fresh: dict) -> Call:
    """The checked call."""
    made = Call(**{name: Norms(**value) if name == "norms" else value for name, value in fresh.items()})
    made.check()
    return made


def values_and_gradients(backend, case: dict, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Outputs and all gradients under fixed random cotangents."""
    fresh = leaves(case, dtype)
    output, states = backend.run(call(fresh))
    results = dict(zip(("y", "h_n", "c_n"), (output, *states), strict=False))
    generator = torch.Generator().manual_seed(5)
    loss = sum((value * torch.randn(value.shape, generator=generator, dtype=torch.float64).to(dtype)).sum() for value in results.values())
    inputs = learned(fresh)
    grads = torch.autograd.grad(loss, list(inputs.values()), allow_unused=True)
    found = {name: torch.zeros_like(inputs[name]) if grad is None else grad for name, grad in zip(inputs, grads, strict=True)}
    return {name: value.detach() for name, value in results.items()} | {f"d_{name}": grad for name, grad in found.items()}


def error(given: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest difference, relative to the largest expected value."""
    if expected.numel() == 0:
        return 0.0
    return float((given.double() - expected).abs().max() / (expected.abs().max() + 1e-2))
