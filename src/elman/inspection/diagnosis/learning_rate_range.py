"""Rate range: which learning rates a fresh network of the same plan can learn with (Smith 2017, "Cyclical learning rates", section 3.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from elman.inspection.batches import Rows
from elman.inspection.diagnosis.finding import Finding
from elman.network import build

_STEPS, _LOW, _HIGH = 72, 1e-5, 10.0
_BATCH = 32
_SMOOTH = 0.8
_OVER = 1.5
"""Times its lowest value that a smoothed loss must reach to be called diverging."""


def check_rate(model: Any, rows: Rows, seed: int = 0) -> list[Finding]:
    """Raise the learning rate step by step and see where the loss falls fastest and where it breaks away."""
    rates, losses = range_test(model.plan_, rows, seed)
    if len(rates) < 10:
        return [
            Finding(
                name="learning rate",
                verdict="note",
                message="the loss broke away at once; no rate could be judged",
                next_step="scale the data",
            )
        ]
    fastest, diverges = _read(rates, losses)
    used = max((row.get("learning_rate") or 0.0 for row in model.history_.rows), default=0.0)
    evidence = {"rates": rates.tolist(), "losses": losses.tolist(), "used": used, "fastest": fastest, "diverges": diverges}
    seen = f"the loss of a fresh network falls fastest at {fastest:.1e}" + (f" and breaks away at {diverges:.1e}" if diverges else "")
    if used and diverges and used > diverges / 2:
        return [
            Finding(
                name="learning rate",
                verdict="warning",
                message=f"{seen}; {used:.1e} was used, too close to the edge",
                next_step=f"set learning_rate={diverges / 5:.1g}",
                evidence=evidence,
            )
        ]
    if used and used < fastest / 30:
        return [
            Finding(
                name="learning rate",
                verdict="warning",
                message=f"{seen}; {used:.1e} was used, which is timid",
                next_step=f"set learning_rate={fastest / 3:.1g}",
                evidence=evidence,
            )
        ]
    return [Finding(name="learning rate", verdict="fine", message=f"{seen}; {used:.1e} was used", evidence=evidence)]


def range_test(plan: Any, rows: Rows, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Train a fresh network with a rate that grows from 1e-5 to 10 over 72 batches.

    Parameters
    ----------
    plan : Plan
        Plan of the network.
    rows : Rows
        Rows with answers.
    seed : int, default 0
        Seed of weights and batches.

    Returns
    -------
    tuple of ndarray
        Rates and the smoothed loss per unit at each, up to where it is four times its lowest.
    """
    generator = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(replace(plan, members=1)).train()
        optimizer = torch.optim.AdamW([weight for weight in network.parameters() if weight.requires_grad], lr=_LOW)
        rates, losses, mean = np.geomspace(_LOW, _HIGH, _STEPS), [], 0.0
        for step, rate in enumerate(rates.tolist()):
            some = generator.choice(len(rows), min(_BATCH, len(rows)), replace=False).tolist()
            loss = network.loss(*rows.batch(some))
            value = loss.total / max(loss.units, 1)
            mean = _SMOOTH * mean + (1 - _SMOOTH) * float(value.detach())
            smooth = mean / (1 - _SMOOTH ** (step + 1))
            if not np.isfinite(smooth) or (losses and smooth > 4 * abs(min(losses)) + 1e-9):
                break
            losses.append(smooth)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
    return rates[: len(losses)], np.array(losses)


def _read(rates: np.ndarray, losses: np.ndarray) -> tuple[float, float | None]:
    """The rate of the steepest fall, and the rate from which on the loss is half above its lowest (None: never)."""
    lowest = int(np.argmin(losses))
    fall = np.gradient(losses, np.log(rates))
    fastest = float(rates[int(np.argmin(fall[: lowest + 1]))])
    above = np.flatnonzero(losses[lowest:] > losses[lowest] + (_OVER - 1) * abs(losses[lowest]))
    broke = len(rates) < _STEPS
    at = lowest + int(above[0]) if len(above) else len(rates) - 1
    return fastest, float(rates[at]) if len(above) or broke else None
