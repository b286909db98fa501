"""Checks of the history of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.inspection.diagnosis.finding import Finding

_LESS_IS_BETTER = ("bits", "nats", "scaled error", "loss", "loss per step")
_GAP = 1.5
"""Validation loss over training loss, at the kept epoch, that is called a gap."""
_RISEN = 1.1
"""Validation loss at the end over the best that is called risen."""
_FALLING = 0.01
"""Share by which the loss still fell in the last epoch that is called unfinished."""


def better(metric: str, reached: float, baseline: float) -> bool:
    """Return whether a metric beats a baseline; of some less is better."""
    return reached < baseline if metric in _LESS_IS_BETTER else reached > baseline


def check_training(model: Any) -> list[Finding]:
    """Judge how training went, from its history."""
    history = model.history_
    rows = [row for row in history.rows if row.get("loss") is not None]
    if not rows:
        return [Finding(name="fit", verdict="note", message="the model has no history of its training", next_step="fit it with elman")]
    return [*_against_baseline(history), _fit(history, rows), *_clipping(model, rows)]


def _against_baseline(history: Any) -> list[Finding]:
    best = next((row for row in history.rows if row["epoch"] == history.best_epoch), history.rows[-1])
    reached, baseline = best.get("metric"), history.baseline
    if reached is None or baseline is None:
        return []
    evidence = {"metric": history.metric, "reached": reached, "baseline": baseline}
    if better(history.metric, reached, baseline):
        return [
            Finding(
                name="baseline",
                verdict="fine",
                message=f"{history.metric} {reached:.4g} beats the simplest guess, {baseline:.4g}",
                evidence=evidence,
            )
        ]
    change = "look whether the source tells the target at all (elman.compare), then train longer or with another learning_rate"
    message = f"{history.metric} {reached:.4g} is no better than the simplest guess, {baseline:.4g}: it has learned nothing that holds"
    return [Finding(name="baseline", verdict="problem", message=message, next_step=change, evidence=evidence)]


def _fit(history: Any, rows: list[dict[str, Any]]) -> Finding:
    """Overfit, underfit or neither, by the losses of the training part and of the held-out part."""
    losses = np.array([row["loss"] for row in rows], dtype=np.float64)
    held = np.array([np.nan if row.get("validation_loss") is None else row["validation_loss"] for row in rows], dtype=np.float64)
    evidence: dict[str, Any] = {"epochs": len(rows), "best_epoch": history.best_epoch, "stopped": history.stopped}
    if np.isnan(held).all():
        text = "nothing was held out, so overfitting cannot be seen"
        return Finding(name="fit", verdict="note", message=text, next_step="set validation_fraction", evidence=evidence)
    best = int(np.nanargmin(held))
    evidence |= {"training_loss": losses[best], "validation_loss": held[best], "last_validation_loss": held[-1]}
    verdict, message, change = _unfinished(history, held, best) or _overfit(losses, held, best) or _stuck(losses) or ("fine", "", "")
    message = message or f"held-out loss {held[best]:.4g}, training loss {losses[best]:.4g}, epoch {best + 1} of {len(rows)} kept"
    return Finding(name="fit", verdict=verdict, message=message, next_step=change, evidence=evidence)


def _unfinished(history: Any, held: np.ndarray, best: int) -> tuple[str, str, str] | None:
    if len(held) < 2 or best < len(held) - 1 or history.stopped not in ("max_epochs", "budget", "interrupted", "callback"):
        return None
    fell = (held[-2] - held[-1]) / max(abs(held[-2]), 1e-300)
    if fell <= _FALLING:
        return None
    message = f"underfit: the held-out loss still fell by {fell:.0%} in the last epoch when training ended ({history.stopped})"
    return "warning" if fell > 10 * _FALLING else "note", message, "raise max_epochs or the budget"


def _overfit(losses: np.ndarray, held: np.ndarray, best: int) -> tuple[str, str, str] | None:
    change = "give more data, raise dropout or weight_decay, or take a smaller hidden_size; the best epoch was kept"
    if losses[best] > 0 and held[best] > _GAP * losses[best]:
        return "warning", f"overfit: held-out loss {held[best]:.4g} against {losses[best]:.4g} in training", change
    if held[-1] > 0 and held[-1] > _RISEN * held[best] and losses[-1] < losses[best]:
        return "warning", f"overfit: held-out loss rose from {held[best]:.4g} to {held[-1]:.4g}", change
    return None


def _stuck(losses: np.ndarray) -> tuple[str, str, str] | None:
    if len(losses) < 2 or losses[-1] <= 0.98 * losses[0]:
        return None
    message = f"underfit: the training loss went from {losses[0]:.4g} to {losses[-1]:.4g} only"
    return "warning", message, "try another learning_rate (see the range test), a larger hidden_size, or look at the data"


def _clipping(model: Any, rows: list[dict[str, Any]]) -> list[Finding]:
    norms = np.array([row["grad_norm"] for row in rows if row.get("grad_norm") is not None], dtype=np.float64)
    limit = 1.0 if model.training is None else model.training.max_grad_norm
    if not len(norms) or not limit:
        return []
    evidence = {"grad_norm": norms.tolist(), "max_grad_norm": limit}
    usual = float(np.median(norms))
    if usual > 10 * limit:
        message = f"the gradient's norm was {usual:.3g} in the middle epoch, clipped to {limit:g}: every step had the same length"
        return [
            Finding(
                name="gradient clipping",
                verdict="warning",
                message=message,
                next_step="lower learning_rate or raise max_grad_norm",
                evidence=evidence,
            )
        ]
    return [
        Finding(
            name="gradient clipping",
            verdict="fine",
            message=f"gradient norm {usual:.3g} in the middle epoch, limit {limit:g}",
            evidence=evidence,
        )
    ]
