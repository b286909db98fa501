"""The loop: how a network learns. Epochs, batches, gradients, validation, and everything that may end or interrupt them."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.errors import CheckpointError, ElmanWarning, TrainingError
from elman.training import distributed, passes, randomness
from elman.training.averages import Averages
from elman.training.batches import plan_epoch
from elman.training.best import Best
from elman.training.checkpoint import Checkpoints, Saved
from elman.training.examples import Examples
from elman.training.history import History
from elman.training.interrupts import Interrupts
from elman.training.optim import Schedule, adamw, clip_and_scale
from elman.training.progress import Progress
from elman.training.resolve import ResolvedTraining, resolve
from elman.training.settings import Training
from elman.training.task import LossOnly, Task

_NOT_PART_OF_A_RUN = ("verbose", "checkpoint_dir", "checkpoint_every", "num_workers", "budget", "reasons", "device")
_GPU_LOOK = 32
"""Steps between two looks at the losses on a GPU: each look waits for it."""


def fit(
    model: nn.Module,
    examples: Examples,
    validation: Examples | None,
    settings: Training | ResolvedTraining | None = None,
    task: Task | None = None,
) -> History:
    """Train a network in place and leave its best weights in it.

    Parameters
    ----------
    model : Module
        With ``loss(source, target) -> Loss(total, units, state)``, the total a sum over units; for ``tbptt_length`` also
        ``losses(source, target, length)``, which yields one loss a chunk, and ``carries_state``. A method ``hear_progress(share)`` hears
        before each epoch how far training is, from 0 to 1.
    examples : Examples
        Rows to learn from.
    validation : Examples or None
        Held-out rows that decide which epoch is best; None keeps the last epoch.
    settings : Training or ResolvedTraining, optional
        How to learn; what is "auto" is resolved here.
    task : Task, optional
        Metric and baseline; without one the validation loss decides.

    Returns
    -------
    History
        One row an epoch.
    """
    if len(examples) == 0:
        raise TrainingError("there are no rows to learn from. Give at least one.")
    if not any(p.requires_grad for p in model.parameters()):
        raise TrainingError("the network has no weights that can learn. Set requires_grad on some.")
    if not isinstance(settings, ResolvedTraining):
        size = sum(p.numel() for p in model.parameters() if p.requires_grad)
        mean, longest = float(examples.lengths.mean()), int(examples.lengths.max())
        settings = resolve(settings or Training(), len(examples), mean, longest=longest, parameters=size, readers=examples.readers)
    passes.check_truncation(model, settings.tbptt_length)
    if validation is not None and len(validation) == 0:
        validation = None
    with (
        distributed.joined(settings.device) as (group, device),
        Interrupts() as interrupts,
        randomness.seeded(settings.random_state + group.rank),
    ):
        return _Run(model, examples, validation, settings, task or LossOnly(), group, device, interrupts).go()


class _Run:
    """One training run: what changes over time is here, and goes through a checkpoint and back."""

    def __init__(
        self,
        model: nn.Module,
        examples: Examples,
        validation: Examples | None,
        settings: ResolvedTraining,
        task: Task,
        group: distributed.Group,
        device: str,
        interrupts: Interrupts,
    ) -> None:
        self.model, self.examples, self.validation, self.task = model.to(device), examples, validation, task
        self.group, self.device, self.interrupts = group, device, interrupts
        self.epoch, self.position, self.step = 0, 0, 0
        self.loss_sum, self.units, self.norm_sum, self.norms = 0.0, 0.0, 0.0, 0
        self.rate = 0.0
        self.first_loss: float | None = None
        self.waiting = 0.0
        self.elapsed, self.started = 0.0, time.monotonic()
        self.saved_at = self.started
        self.pending_units, self.pending_batches = 0, 0
        self.unseen: list[tuple[Tensor, str]] = []
        self.plan = self._plan(settings)
        self.settings = replace(settings, **self._steps(settings))
        self.weights = [p for p in model.parameters() if p.requires_grad]
        group.attach(model)
        self.optimizer = adamw(model, self.settings)
        self.schedule = Schedule(self.settings)
        self.averages = Averages(model, self.settings.average_weights)
        self.best = Best(task.higher_is_better)
        self.history = History(metric=task.metric, baseline=task.baseline, reasons=list(settings.reasons))
        verbose = self.settings.verbose if group.leads else 0
        self.progress = Progress(verbose=verbose, max_epochs=settings.max_epochs, metric=task.metric, baseline=task.baseline)
        self.checkpoints = self._open_checkpoints()

    def _plan(self, settings: ResolvedTraining) -> list[np.ndarray]:
        self.examples.deal(settings.random_state, self.epoch)
        sizes = {"batch_size": settings.batch_size, "batch_tokens": settings.batch_tokens}
        return plan_epoch(self.examples.lengths, seed=settings.random_state, epoch=self.epoch, **sizes)

    def _chunks(self, rows: np.ndarray) -> int:
        return passes.count_chunks(self.examples.steps[rows], self.settings.tbptt_length)

    def _steps(self, settings: ResolvedTraining) -> dict[str, int]:
        """Count the optimizer's steps for the schedule, now that the batches are known."""
        length = settings.tbptt_length
        micro = sum(passes.count_chunks(self.examples.steps[rows], length) for rows in self.plan)
        total = settings.max_epochs * -(-micro // settings.gradient_accumulation)
        return {"total_steps": total, "warmup_steps": min(max(total // 20, 1), 500)}

    # The course of a run

    def go(self) -> History:
        """Train to the end, whichever it is, and leave the best weights in the model."""
        self._resume()
        try:
            while not self.history.stopped:
                self._train_epoch()
        except KeyboardInterrupt:
            self.history.stopped = "interrupted"
            self.progress.say("stopped at once; the best model so far is kept.")
        finally:
            self.progress.close()
        if not self.best.weights:
            self._offer(None, None)
        self.best.put_into(self.model)
        self.model.eval()
        self.history.best_epoch = self.best.epoch
        return self.history

    def _train_epoch(self) -> None:
        self.plan = self._plan(self.settings)
        self.progress.start_epoch(self.epoch + 1, len(self.plan), self.position)
        self.model.train()
        passes.tell(self.model, self.epoch / max(self.settings.max_epochs - 1, 1))
        begun, first_step = time.monotonic(), self.step
        ahead = self.plan[self.position :]
        shares = [self.group.share(rows) for rows in ahead]
        with closing(self.examples.batches([rows for rows in shares if len(rows)], self.settings.num_workers)) as ready:
            for rows, share in zip(ahead, shares, strict=True):
                source, target = self._next(ready) if len(share) else (None, None)
                votes = self._train_batch(source, target, self._chunks(rows), empty=len(share) == 0)
                self.position += 1
                self.progress.advance()
                if self._after_batch(votes):
                    break
        self._end_epoch((self.step - first_step) / max(time.monotonic() - begun, 1e-9))

    def _next(self, ready: Iterator[Any]) -> Any:
        asked = time.monotonic()
        batch = next(ready)
        self.waiting += time.monotonic() - asked
        return batch

    def _train_batch(self, source: Any, target: Any, chunks: int, *, empty: bool) -> list[float]:
        """Learn from one batch, in chunks with the state carried on; return the votes of all processes."""
        source, target = passes.to_device(source, self.device), passes.to_device(target, self.device)
        losses = None if empty else passes.losses(self.model, source, target, self.settings.tbptt_length)
        votes = [0.0, 0.0, 0.0]
        for chunk in range(chunks):
            if losses is not None:
                self._backward(losses)
            self.pending_batches += 1
            last = self.position + 1 == len(self.plan) and chunk + 1 == chunks
            if self.pending_batches >= self.settings.gradient_accumulation or last:
                votes = self._update()
            if votes[0] and self.checkpoints is None:
                break  # a long text is one batch of many chunks; a checkpoint stands between batches only
        return votes

    def _backward(self, losses: Iterator[Any]) -> None:
        """Add the gradient of the next loss, if there is one more: another process may have longer rows."""
        with passes.autocast(self.device, self.settings.precision):
            loss = next(losses, None)
        if loss is None:
            return
        if loss.units and loss.total.requires_grad:
            with self.group.alone():
                passes.objective(loss).backward()
        self.pending_units += loss.units
        self.unseen.append((loss.total.detach(), _LOSS))

    def _update(self) -> list[float]:
        """Make one step of the optimizer from the gradients summed since the last."""
        self.group.sum_gradients()
        units, *votes = self.group.sum([float(self.pending_units), *self._votes()])
        self.pending_units, self.pending_batches = 0, 0
        gradients = [p.grad for p in self.weights if p.grad is not None]
        if units and gradients:
            norm = clip_and_scale(gradients, units / self.group.world, self.settings.max_grad_norm)
            self.unseen.append((norm, _NORM))
            self.units += units
            if self.device == "cpu" or self.step % _GPU_LOOK == 0:
                self._look()
            self.rate = self.schedule.rate(self.step, self._progress_of_budget())
            for parameters in self.optimizer.param_groups:
                parameters["lr"] = self.rate
            self.optimizer.step()
            self.averages.update()
            self.step += 1
        for weight in self.weights:
            weight.grad = None
        return votes

    def _look(self) -> None:
        """Take what was computed since the last look into the sums, number by number: looking often or rarely gives the same bits."""
        if not self.unseen:
            return
        numbers = torch.stack([value.to(torch.float64) for value, _ in self.unseen]).tolist()
        for number, (_, kind) in zip(numbers, self.unseen, strict=True):
            if kind == _NORM:
                self.norm_sum, self.norms = self.norm_sum + number, self.norms + 1
            else:
                self.loss_sum += number
        self.unseen.clear()
        if not math.isfinite(self.loss_sum):
            self._fail("the loss is not finite any more")
        if not math.isfinite(self.norm_sum):
            self._fail("the gradient is not finite any more")
        if self.first_loss is None and self.units:
            self.first_loss = self.loss_sum / self.units * self.group.world

    # Votes: what any process may ask all of them to do after a batch

    def _votes(self) -> list[float]:
        now = time.monotonic()
        over = self.settings.budget is not None and self.elapsed + now - self.started >= self.settings.budget
        due = self.checkpoints is not None and now - self.saved_at >= self.settings.checkpoint_every
        leads = self.group.leads
        return [float(self.interrupts.stop) + 1e-3 * (over and leads), float(self.interrupts.terminate), float(due and leads)]

    def _after_batch(self, votes: list[float]) -> bool:
        """Do what was voted for; return whether the epoch ends here."""
        stop, terminate, save = votes
        if self.pending_batches:
            return False
        if terminate or save or (stop and self.checkpoints is not None):
            self._save()
        if terminate:
            self.progress.say("terminated; the checkpoint is written." if self.checkpoints is not None else "terminated.")
            raise SystemExit(143)
        if stop:
            self.history.stopped = "interrupted" if stop >= 1 else "budget"
        return bool(stop)

    def _progress_of_budget(self) -> float:
        if self.settings.budget is None:
            return 0.0
        spent = (self.elapsed + time.monotonic() - self.started) / max(self.settings.budget, 1e-9)
        return self.group.from_first(spent)

    # The end of an epoch

    def _end_epoch(self, steps_per_second: float) -> None:
        self._look()
        loss_sum, units = self.group.sum([self.loss_sum, self.units / self.group.world])
        loss = loss_sum / units if units else float("nan")
        if not units:
            self._fail("no row of the training part has anything to learn from")
        if self.first_loss is not None and loss > self.first_loss + 10 * (abs(self.first_loss) + 1):
            self._fail(f"the loss diverges: it began at {self.first_loss:.4g} and is {loss:.4g} now")
        validation_loss, metric, kept = self._validate()
        complete = not self.history.stopped
        row = {
            "epoch": self.epoch + 1,
            "step": self.step,
            "loss": loss,
            "validation_loss": _finite(validation_loss),
            "metric": _finite(metric),
            "learning_rate": self.rate,
            "grad_norm": self.norm_sum / max(self.norms, 1),
            "best": kept,
            "seconds": round(self._now(), 3),
            "waiting": round(self.waiting, 3),
        }
        self.history.rows.append(row)
        self.schedule.after_epoch(kept)
        self._go_to_next_epoch()
        if complete:
            self._maybe_stop()
            self._save()
        left = (self.settings.max_epochs - self.epoch) * self._now() / max(self.epoch, 1)
        self.progress.end_epoch(row, steps_per_second=steps_per_second, seconds_left=None if self.history.stopped else self._left(left))
        if self.history.stopped in ("interrupted", "budget", "patience"):
            self.progress.say(_ENDINGS[self.history.stopped].format(epoch=self.best.epoch))
        if (on_epoch := getattr(self.task, "on_epoch", None)) is not None:
            on_epoch(row)

    def _validate(self) -> tuple[float | None, float | None, bool]:
        self.model.eval()
        with self.averages.in_place(), randomness.seeded(self.settings.random_state), torch.no_grad():
            if self.validation is None:
                return None, None, self._offer(None, None)
            loss = passes.mean_loss(self.model, self.validation, self.settings, self.device, self.group)
            metric = self._metric(loss, self.validation) if self.group.leads and self.task.metric else 0.0
            metric = self.group.from_first(float(metric))
            kept = self._offer(loss, metric)
        return loss, metric if self.task.metric else None, kept

    def _metric(self, loss: float, validation: Examples) -> float:
        from_loss = getattr(self.task, "from_loss", None)
        return self.task.evaluate(self.model, validation) if from_loss is None else from_loss(loss)

    def _offer(self, loss: float | None, metric: float | None) -> bool:
        return self.best.offer(self.model, self.epoch + 1, loss, metric)

    def _go_to_next_epoch(self) -> None:
        self.epoch, self.position = self.epoch + 1, 0
        self.loss_sum, self.units, self.norm_sum, self.norms, self.waiting = 0.0, 0.0, 0.0, 0, 0.0

    def _maybe_stop(self) -> None:
        if self.epoch >= self.settings.max_epochs:
            self.history.stopped = "max_epochs"
        elif self.validation is not None and self.best.waited >= self.settings.patience:
            self.history.stopped = "patience"

    def _now(self) -> float:
        return self.elapsed + time.monotonic() - self.started

    def _left(self, estimate: float) -> float:
        return estimate if self.settings.budget is None else min(estimate, max(self.settings.budget - self._now(), 0.0))

    def _fail(self, what: str) -> None:
        """Put the best weights back and raise, naming the last good epoch and what to try."""
        self.best.put_into(self.model)
        self.model.eval()
        self.progress.close()
        self.history.best_epoch = self.best.epoch
        kept = (
            "No epoch was finished before."
            if self.best.epoch is None
            else f"The model keeps its best weights, those of epoch {self.best.epoch}."
        )
        error = TrainingError(
            f"{what} (epoch {self.epoch + 1}, step {self.step + 1}). {kept} Try learning_rate={self.settings.learning_rate / 10:.2g},"
            f" max_grad_norm=0.25, and look for huge or constant values in the data."
        )
        error.history = self.history  # type: ignore[attr-defined]
        raise error

    # Checkpoints

    def _open_checkpoints(self) -> Checkpoints | None:
        if self.settings.checkpoint_dir is None:
            return None
        shapes = {name: [str(p.dtype), *p.shape] for name, p in self.model.state_dict().items()}
        kept = {k: v for k, v in vars(self.settings).items() if k not in _NOT_PART_OF_A_RUN}
        data = {
            "training_rows": self.examples.fingerprint(),
            "validation_rows": None if self.validation is None else self.validation.fingerprint(),
        }
        return Checkpoints(self.settings.checkpoint_dir, {**kept, **data, "network": json.dumps(shapes), "processes": self.group.world})

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        self._look()
        states = self.group.gather_text(json.dumps([randomness.capture(), self.loss_sum]))
        if self.group.leads:
            try:
                self.checkpoints.save(self._tensors(), self._optimizer_tensors(), self._state(states))
            except CheckpointError as problem:  # a full disk is no reason to lose hours of training: say so and go on
                warnings.warn(f"{problem} Training goes on without this checkpoint.", ElmanWarning, stacklevel=2)
        self.group.sum([0.0])  # nobody goes on before it is written
        self.saved_at = time.monotonic()

    def _tensors(self) -> dict[str, Tensor]:
        parts = {"model": self.model.state_dict(), "average": self.averages.tensors(), "best": self.best.weights}
        return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}

    def _optimizer_tensors(self) -> dict[str, Tensor]:
        state = self.optimizer.state_dict()["state"]
        return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}

    def _state(self, states: Sequence[str]) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _COUNTERS},
            "elapsed": self._now(),
            "average_steps": self.averages.steps,
            "schedule": self.schedule.state(),
            "best": self.best.state(),
            "history": self.history.to_dict(),
            "processes": [json.loads(text) for text in states],
        }

    def _resume(self) -> None:
        if self.checkpoints is None:
            return
        if self.group.leads:
            self.checkpoints.prepare()
        saved = self.checkpoints.load()
        if saved is None:
            return
        self._take_up(saved)
        self.progress.say(f"going on from {saved.name}: epoch {self.epoch + 1}, {self.position} batches done.")

    def _take_up(self, saved: Saved) -> None:
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "best": {}}
        for name, tensor in saved.weights.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        self.model.load_state_dict(parts["model"])
        state = saved.state
        self.averages.load(parts["average"], state["average_steps"])
        self.best.load(state["best"], {name: tensor.to(self.device) for name, tensor in parts["best"].items()})
        by_index: dict[int, dict[str, Tensor]] = {}
        for name, tensor in saved.optimizer.items():
            index, _, key = name.partition(".")
            by_index.setdefault(int(index), {})[key] = tensor
        self.optimizer.load_state_dict({"state": by_index, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.schedule.load(state["schedule"])
        self.history = History.from_dict(state["history"])
        for name in (*_COUNTERS, "elapsed"):
            setattr(self, name, state[name])
        self.started = self.saved_at = time.monotonic()
        random_states, self.loss_sum = state["processes"][self.group.rank]
        randomness.restore(random_states)


_COUNTERS = ("epoch", "position", "step", "units", "norm_sum", "norms", "first_loss", "rate")
_LOSS, _NORM = "loss", "norm"
_ENDINGS = {
    "interrupted": "stopped by you; the best weights so far (epoch {epoch}) are kept.",
    "budget": "the time budget is used up; the best weights (epoch {epoch}) are kept.",
    "patience": "no better epoch for a while; the best weights (epoch {epoch}) are kept.",
}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
