"""The training loop: epochs, batches, gradients, validation, and everything that may end or interrupt them."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np
import torch
from torch import nn

from elman.errors import CheckpointError, ElmanWarning, TrainingError
from elman.kernels.masks import RandomStream
from elman.sequences.threads import reproducible
from elman.training import distributed, passes, randomness
from elman.training.averages import Averages
from elman.training.batches import plan_epoch
from elman.training.best import Best
from elman.training.callback import TrainingState
from elman.training.checkpoint import Checkpoints, RunState, find_abandoned, fingerprint, folder_of
from elman.training.checkpoint_schema import check_values, refusing
from elman.training.examples import Examples
from elman.training.history import History
from elman.training.hooks import Hooks
from elman.training.interrupts import Interrupts
from elman.training.optim import Schedule, adamw, clip_and_scale
from elman.training.progress import Progress
from elman.training.resolve import ResolvedTraining, resolve
from elman.training.settings import Training
from elman.training.sums import EpochSums
from elman.training.task import LossOnly, Task

_GPU_READ = 32
"""Steps between two reads of the losses on a GPU: each of them waits for it."""


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
        Network with ``loss(source, target) -> Loss(total, units, state)``, the total a sum over units; for ``tbptt_length`` also
        ``losses(source, target, length)``, which yields one loss a chunk, and ``carries_state``. Hooks of a
        :class:`~elman.training.callback.Callback` that the network has are called too, before the user's.
    examples : Examples
        Training rows.
    validation : Examples or None
        Held-out rows that decide which epoch is best; None keeps the last epoch.
    settings : Training or ResolvedTraining, optional
        Settings; those that are "auto" are resolved here.
    task : Task, optional
        Metric and baseline; without one the validation loss decides.

    Returns
    -------
    History
        One row for each epoch.
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
        reproducible(),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        return _Run(model, examples, validation, settings, task or LossOnly(), group, device, interrupts).go()


class _Run:
    """One training run: the steps of its course. Its changing state is a :class:`RunState`."""

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
        self.pending_units, self.pending_batches = 0, 0
        self.masks = RandomStream(settings.random_state + group.rank)
        self.plan = self._plan(settings, 0)
        self.settings = replace(settings, **self._steps(settings))
        self.weights = [p for p in model.parameters() if p.requires_grad]
        group.attach(model)
        self.state = state = RunState(
            model=model,
            optimizer=adamw(model, self.settings),
            averages=Averages(model, settings.average_weights),
            schedule=Schedule(self.settings),
            best=Best(task.higher_is_better),
            history=History(metric=task.metric, baseline=task.baseline, reasons=list(settings.reasons)),
            sums=EpochSums(group.world),
        )
        self.sums, self.best, self.history = state.sums, state.best, state.history
        verbose = settings.verbose if group.leads else 0
        progress = Progress(verbose=verbose, max_epochs=settings.max_epochs, metric=task.metric, baseline=task.baseline)
        self.hooks = Hooks([state.history, model, progress], settings.callbacks)
        self.checkpoints, self.checkpoint = self._open_checkpoints(), None
        self.saved_at = state.started

    def _plan(self, settings: ResolvedTraining, epoch: int) -> list[np.ndarray]:
        self.examples.shuffle(settings.random_state, epoch)
        sizes = {"batch_size": settings.batch_size, "batch_tokens": settings.batch_tokens}
        return plan_epoch(self.examples.lengths, seed=settings.random_state, epoch=epoch, **sizes)

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
            try:
                self._start()
                with self.masks.active():
                    self._train()
            finally:
                self._finish()
        except Exception as error:
            with suppress(AttributeError):  # an exception may refuse attributes
                error.history = self.history  # type: ignore[attr-defined]
            raise
        return self.history

    def _start(self) -> None:
        # A resumed run has had its start: random numbers that callbacks draw, and states that they reset, are the checkpoint's again.
        with nullcontext() if self.checkpoint is None else randomness.preserved():
            self.hooks.call("on_train_start", self._now())
        if self.checkpoint is not None:
            self.hooks.load(self.state.callbacks)
        elif self.checkpoints is not None:
            self.hooks.states()  # a state that cannot be stored is refused now, not after the first epoch

    def _train(self) -> None:
        try:
            while not self.history.stopped:
                self._train_epoch()
        except KeyboardInterrupt:
            self.history.stopped = "interrupted"
        if not self.best.weights:
            self._offer(None, None)

    def _finish(self) -> None:
        self.best.put_into(self.model)
        self.model.eval()
        self.history.best_epoch = self.best.epoch
        self.hooks.finish(self._now())

    def _train_epoch(self) -> None:
        self.plan = self._plan(self.settings, self.state.epoch)
        self.model.train()
        self._start_epoch()
        remaining = self.plan[self.state.position :]
        shares = [self.group.share(rows) for rows in remaining]
        with closing(self.examples.batches([rows for rows in shares if len(rows)], self.settings.num_workers)) as batches:
            for rows, share in zip(remaining, shares, strict=True):
                source, target = self._next(batches) if len(share) else (None, None)
                votes = self._train_batch(source, target, self._chunks(rows), empty=len(share) == 0)
                self.state.position += 1
                self.hooks.call("on_batch_end", self._now())
                if self._after_batch(votes):
                    break
        self._end_epoch()

    def _start_epoch(self) -> None:
        if not self.state.position:
            self.hooks.call("on_epoch_start", self._now())
            return
        # Resumed inside the epoch: the hook has been called before the checkpoint, so its effects on states and random numbers are undone.
        states = self.hooks.states()
        with randomness.preserved():
            self.hooks.call("on_epoch_start", self._now())
        self.hooks.load(states)

    def _now(self, row: Mapping[str, Any] | None = None) -> TrainingState:
        state = self.state
        epoch, batch = state.epoch + 1, state.position
        if self.history.stopped and not batch and row is None:  # after the last epoch the counters are those of the next
            epoch, batch = max(state.epoch, 1), len(self.plan)
        return TrainingState(
            model=self.model,
            settings=self.settings,
            history=self.history,
            epoch=epoch,
            batch=batch,
            batches=len(self.plan),
            step=state.step,
            loss=self.sums.mean_loss,
            learning_rate=state.rate,
            seconds=state.seconds,
            row=row,
            checkpoint=self.checkpoint,
            leads=self.group.leads,
        )

    def _next(self, batches: Iterator[Any]) -> Any:
        start = time.monotonic()
        batch = next(batches)
        self.sums.waiting += time.monotonic() - start
        return batch

    def _train_batch(self, source: Any, target: Any, chunks: int, *, empty: bool) -> list[float]:
        """Learn from one batch, in chunks with the state carried on; return the votes of all processes."""
        self.masks.start_step(self.state.epoch << 32 | self.state.position)
        source, target = passes.to_device(source, self.device), passes.to_device(target, self.device)
        losses = None if empty else passes.losses(self.model, source, target, self.settings.tbptt_length)
        votes = [0.0, 0.0, 0.0]
        for chunk in range(chunks):
            if losses is not None:
                self._backward(losses)
            self.pending_batches += 1
            last = self.state.position + 1 == len(self.plan) and chunk + 1 == chunks
            if self.pending_batches >= self.settings.gradient_accumulation or last:
                votes = self._update()
            if votes[0] and self.checkpoints is None:
                break  # a long text is one batch of many chunks; with checkpoints the whole batch is done, for they lie between batches
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
        self.sums.add_loss(loss.total)

    def _update(self) -> list[float]:
        """Make one step of the optimizer from the gradients summed since the last."""
        self.group.sum_gradients()
        units, *votes = self.group.sum([float(self.pending_units), *self._votes()])
        self.pending_units, self.pending_batches = 0, 0
        gradients = [p.grad for p in self.weights if p.grad is not None]
        if units and gradients:
            state = self.state
            self.sums.add_step(clip_and_scale(gradients, units / self.group.world, self.settings.max_grad_norm), units)
            if self.device == "cpu" or state.step % _GPU_READ == 0:
                self._read_sums()
            state.rate = state.schedule.rate(state.step, self._share_of_budget())
            for parameters in state.optimizer.param_groups:
                parameters["lr"] = state.rate
            state.optimizer.step()
            state.averages.update()
            state.step += 1
        for weight in self.weights:
            weight.grad = None
        return votes

    def _read_sums(self) -> None:
        problem = self.sums.read()
        if problem is not None:
            self._fail(problem)

    # Votes: requests of any process to all of them after a batch

    def _votes(self) -> list[float]:
        over = self.settings.budget is not None and self.state.seconds >= self.settings.budget
        due = self.checkpoints is not None and time.monotonic() - self.saved_at >= self.settings.checkpoint_every
        leads = self.group.leads
        return [float(self.interrupts.stop) + 1e-3 * (over and leads), float(self.interrupts.terminate), float(due and leads)]

    def _after_batch(self, votes: list[float]) -> bool:
        """Carry out the votes; return whether the epoch ends here."""
        stop, terminate, save = votes
        if self.pending_batches:
            return False
        if terminate or save or (stop and self.checkpoints is not None):
            self._save()
        if terminate:
            self.history.stopped = "terminated"  # after the save: the resumed run goes on
            raise SystemExit(143)
        if stop:
            self.history.stopped = "interrupted" if stop >= 1 else "budget"
        return bool(stop)

    def _share_of_budget(self) -> float:
        if self.settings.budget is None:
            return 0.0
        return self.group.from_first(self.state.seconds / max(self.settings.budget, 1e-9))

    # The end of an epoch

    def _end_epoch(self) -> None:
        loss = self._epoch_loss()
        validation_loss, metric, best = self._validate()
        complete = not self.history.stopped
        row = {
            "epoch": self.state.epoch + 1,
            "step": self.state.step,
            "loss": loss,
            "validation_loss": _finite(validation_loss),
            "metric": _finite(metric),
            "learning_rate": self.state.rate,
            "grad_norm": self.sums.norm / max(self.sums.norms, 1),
            "best": best,
            "seconds": round(self.state.seconds, 3),
            "waiting": round(self.sums.waiting, 3),
        }
        self.state.schedule.after_epoch(best)
        if complete:
            self._check_endings()
        vote = self.hooks.call("on_epoch_end", self._now(MappingProxyType(row)))
        if self.group.sum([float(vote)])[0] and not self.history.stopped:
            self.history.stopped = "callback"
        if complete:  # a cut epoch has its checkpoint where it was cut, so that a resumed run does the rest of it
            self.state.start_next_epoch()
            self._save()

    def _epoch_loss(self) -> float:
        self._read_sums()
        total, units = self.group.sum([self.sums.loss, self.sums.units / self.group.world])
        if not units:
            self._fail("no row of the training part has anything to learn from")
        loss, first = total / units, self.sums.first_loss
        if first is not None and loss > first + 10 * (abs(first) + 1):
            self._fail(f"the loss diverges: it began at {first:.4g} and is {loss:.4g} now")
        return loss

    def _validate(self) -> tuple[float | None, float | None, bool]:
        self.model.eval()
        with self.state.averages.in_place(), randomness.seeded(self.settings.random_state), torch.no_grad():
            if self.validation is None:
                return None, None, self._offer(None, None)
            loss = passes.mean_loss(self.model, self.validation, self.settings, self.device, self.group)
            metric = self._metric(loss, self.validation) if self.group.leads and self.task.metric else 0.0
            metric = self.group.from_first(float(metric))
            best = self._offer(loss, metric)
        return loss, metric if self.task.metric else None, best

    def _metric(self, loss: float, validation: Examples) -> float:
        from_loss = getattr(self.task, "from_loss", None)
        return self.task.evaluate(self.model, validation) if from_loss is None else from_loss(loss)

    def _offer(self, loss: float | None, metric: float | None) -> bool:
        return self.best.offer(self.model, self.state.epoch + 1, loss, metric)

    def _check_endings(self) -> None:
        if self.state.epoch + 1 >= self.settings.max_epochs:
            self.history.stopped = "max_epochs"
        elif self.validation is not None and self.best.waited >= self.settings.patience:
            self.history.stopped = "patience"

    def _fail(self, problem: str) -> NoReturn:
        """Raise TrainingError with the last good epoch and a remedy; :meth:`go` puts the best weights back."""
        outcome = (
            "No epoch was finished before."
            if self.best.epoch is None
            else f"The model keeps its best weights, those of epoch {self.best.epoch}."
        )
        raise TrainingError(
            f"{problem} (epoch {self.state.epoch + 1}, step {self.state.step + 1}). {outcome}"
            f" Try learning_rate={self.settings.learning_rate / 10:.2g},"
            f" max_grad_norm=0.25, and look for huge or constant values in the data."
        )

    # Checkpoints

    def _open_checkpoints(self) -> Checkpoints | None:
        if self.settings.checkpoint_dir is None:
            return None
        identity = fingerprint(
            self.model, self.settings, self.examples, self.validation, processes=self.group.world, callbacks=self.hooks.stateful
        )
        return Checkpoints(folder_of(self.settings.checkpoint_dir, identity), identity)

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        self._read_sums()
        processes = self.group.gather_text(json.dumps([randomness.capture(), self.sums.loss]))
        if self.group.leads:
            state = self.state
            state.callbacks = self.hooks.states()
            values = state.values([json.loads(text) for text in processes])
            try:
                self.checkpoints.save(state.tensors(), state.optimizer_tensors(), values)
            except CheckpointError as problem:  # a full disk is no reason to lose hours of training
                warnings.warn(f"{problem} Training goes on without this checkpoint.", ElmanWarning, stacklevel=2)
        self.group.sum([0.0])  # no process goes on before the checkpoint is written
        self.saved_at = time.monotonic()

    def _resume(self) -> None:
        """Load the newest checkpoint, if there is one."""
        if self.checkpoints is None:
            return
        if self.group.leads:
            self._warn_of_abandoned(self.checkpoints)
            self.checkpoints.prepare()
        checkpoint = self.checkpoints.load()
        if checkpoint is None:
            return
        with refusing(checkpoint):
            check_values(checkpoint, processes=self.group.world, callbacks=len(self.hooks.stateful))
            random_states, loss = checkpoint.state["processes"][self.group.rank]
            self.state.load(checkpoint, loss=loss, device=self.device)
            randomness.restore(random_states)
        self.checkpoint, self.saved_at = checkpoint.name, self.state.started

    def _warn_of_abandoned(self, checkpoints: Checkpoints) -> None:
        """Warn when a run begins beside an unfinished one of the same data: a setting may have been changed by mistake."""
        root = checkpoints.folder.parent
        abandoned = None if checkpoints.names() else find_abandoned(root, checkpoints.fingerprint)
        if abandoned is not None:
            folder, differences = abandoned
            warnings.warn(
                f"{folder} holds an unfinished run with other settings: {differences}. This run starts anew beside it;"
                " to resume that one, give its settings.",
                ElmanWarning,
                stacklevel=2,
            )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
