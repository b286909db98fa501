"""Unit checks: dead and saturated units, gates that never move, gradients by layer and by lag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from elman.inspection.batches import Rows
from elman.inspection.diagnosis.finding import Finding
from elman.inspection.hooks import recurrent_parts, watching
from elman.inspection.memory.measuring import gradient_by_lag, gradient_warnings
from elman.inspection.trace.gates import open_stack
from elman.network import SequenceModel
from elman.network.assembly import evaluating
from elman.network.interfaces import move

_STILL = 1e-3
"""Standard deviation of a state over all steps below which a unit is dead."""
_STUCK = 0.98
_MOST = 0.95
"""A unit beyond ±0.98 in more than 95 % of the steps is saturated."""
_SQUASHED = {"i", "f", "o", "r", "z"}


def check_units(network: SequenceModel, rows: Rows) -> list[Finding]:
    """Look at the units of every recurrent layer while it reads rows."""
    source, target = rows.batch(range(len(rows)))
    with torch.no_grad(), evaluating(network), watching(network) as seen:
        network.loss(move(source, network.device), move(target, network.device))
    findings: list[Finding] = []
    for one in seen:
        if not one.inputs or not len(one.inputs[0].data):
            continue
        for part in open_stack(one.layer, one.inputs[0], one.states[0]):
            name = f"{one.name} {part.depth + 1}" + (" backwards" if part.reverse else "")
            gates = {gate: tensor.cpu().double().numpy() for gate, tensor in part.gates.items() if gate not in part.states}
            findings += _states(name, next(iter(part.states.values())).cpu().double().numpy())
            findings += _gates(name, gates)
    return findings


def _states(name: str, hidden: np.ndarray) -> list[Finding]:
    dead = np.flatnonzero(hidden.std(0) < _STILL)
    stuck = np.flatnonzero((np.abs(hidden) > _STUCK).mean(0) > _MOST)
    evidence: dict[str, Any] = {"layer": name, "units": hidden.shape[1], "steps": len(hidden)}
    findings = []
    for what, units, change in (
        ("dead units", dead, "take a smaller hidden_size, a lower learning_rate, or cell='gru' in the place of 'elman_relu'"),
        ("saturated units", stuck, "lower learning_rate, raise weight_decay, scale the inputs, or try layer_norm=True"),
    ):
        share = len(units) / hidden.shape[1]
        verdict = "fine" if share <= 0.05 else "note" if share <= 0.25 else "warning" if share <= 0.75 else "problem"
        message = f"{len(units)} of {hidden.shape[1]} units of {name} over {len(hidden):,} steps"
        then = change if verdict != "fine" else ""
        findings.append(
            Finding(name=what, verdict=verdict, message=message, next_step=then, evidence={**evidence, "which": units.tolist()})
        )
    return findings


def _gates(name: str, gates: dict[str, np.ndarray]) -> list[Finding]:
    """Mean, share closed and share open of each gate; a forget gate that is shut, an update that never comes."""
    if not gates:
        return []
    summary = {
        gate: {"mean": float(v.mean()), "closed": float((v < 0.05).mean()), "open": float((v > 0.95).mean())}
        for gate, v in gates.items()
        if gate in _SQUASHED
    }
    shown = ", ".join(f"{gate} {seen['mean']:.2f} ({seen['closed']:.0%} closed, {seen['open']:.0%} open)" for gate, seen in summary.items())
    verdict, change = "fine", ""
    if summary.get("f", {}).get("closed", 0.0) > 0.5:
        verdict, change = (
            "warning",
            "the memory is thrown away at most steps: start from a higher forget bias, or shorten what must be remembered",
        )
    if summary.get("z", {}).get("open", 0.0) > 0.9:
        verdict, change = "warning", "the state hardly ever takes in what is read: raise learning_rate or scale the inputs"
    return [
        Finding(name="gates", verdict=verdict, message=f"{name}: {shown}", next_step=change, evidence={"layer": name, "gates": summary})
    ]


def check_gradients(model: Any, network: SequenceModel, rows: Rows) -> list[Finding]:
    """Look at gradients by layer and by lag."""
    return [_by_layer(network, rows), *(_by_lag(model, network, rows) if recurrent_parts(network) else [])]


def _by_layer(network: SequenceModel, rows: Rows) -> Finding:
    """Norm of the gradient over that of the weights, by part of the network."""
    source, target = rows.batch(range(len(rows)))
    with torch.enable_grad(), evaluating(network), torch.backends.cudnn.flags(enabled=False):
        weights = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
        loss = network.loss(move(source, network.device), move(target, network.device))
        slopes = torch.autograd.grad(loss.total / max(loss.units, 1), [weight for _, weight in weights], allow_unused=True)
    sums: dict[str, list[float]] = {}
    for (name, weight), slope in zip(weights, slopes, strict=True):
        squares = sums.setdefault(_part(name), [0.0, 0.0])
        squares[0] += 0.0 if slope is None else float(slope.double().square().sum())
        squares[1] += float(weight.detach().double().square().sum())
    ratios = {name: float(np.sqrt(slope / max(size, 1e-300))) for name, (slope, size) in sums.items()}
    shown = ", ".join(f"{name} {ratio:.2g}" for name, ratio in ratios.items())
    learned = {name: ratio for name, ratio in ratios.items() if not name.startswith("decoder.wide")}
    low, high = min(learned.values(), default=0.0), max(learned.values(), default=0.0)
    evidence = {"gradient over weight": ratios}
    if not np.isfinite(high):
        return Finding(
            name="gradient by layer",
            verdict="problem",
            message=f"not finite: {shown}",
            next_step="lower learning_rate and max_grad_norm",
            evidence=evidence,
        )
    if high > 0 and low < 1e-4 * high:
        weak = min(learned, key=lambda name: learned[name])
        change = "fewer layers, layer_norm=True, or a higher learning_rate"
        message = f"{weak} gets a ten-thousandth of the strongest part's gradient: {shown}"
        return Finding(name="gradient by layer", verdict="warning", message=message, next_step=change, evidence=evidence)
    return Finding(
        name="gradient by layer", verdict="fine", message=f"norm of the gradient over that of the weights: {shown}", evidence=evidence
    )


def _part(name: str) -> str:
    """The part of the network that a weight belongs to: "stem", "encoder layer 1", "decoder.head", …"""
    head, _, end = name.rpartition("_l")
    if head and end.partition("_")[0].isdigit():
        return f"{name.split('.')[0]} layer {int(end.partition('_')[0]) + 1}"
    return ".".join(name.split(".")[: 2 if name.startswith("decoder") else 1])


def _by_lag(model: Any, network: SequenceModel, rows: Rows) -> list[Finding]:
    gradient = gradient_by_lag(network, rows)
    if len(gradient) < 2:
        return []
    evidence = {"gradient": gradient.tolist()}
    warned = gradient_warnings(model, gradient, len(gradient))
    if not warned:
        message = f"from {gradient[0]:.3g} at the newest step to {gradient[-1]:.3g} at the oldest, {len(gradient) - 1} steps back"
        return [Finding(name="gradient by lag", verdict="fine", message=message, evidence=evidence)]
    return [
        Finding(name="gradient by lag", verdict="warning", message=message, next_step=change, evidence=evidence)
        for message, _, change in (warning.partition("; ") for warning in warned)
    ]


def some_rows(rows: Rows, count: int, steps: int, seed: int) -> Rows:
    """Return a few rows at random, of a bounded number of steps."""
    order = np.random.default_rng(seed).permutation(len(rows))[:count]
    sample = rows.take(_with_steps(rows, order))
    return sample if sample.sources is not None else sample.in_pieces(steps).take(range(min(count, len(sample))))


def _with_steps(rows: Rows, order: np.ndarray) -> Sequence[int]:
    filled = [int(row) for row in order if rows.lengths[row]]
    return filled or [int(row) for row in order[:1]]
