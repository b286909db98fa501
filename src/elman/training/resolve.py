"""Resolution of settings: every "auto" of Training becomes a number with a reason, here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.errors import SettingError, did_you_mean
from elman.training.callback import Callback
from elman.training.settings import Training, seconds

FEW_ROWS = 20
"""Fewest rows of which some are held out: a validation part of three rows would only add noise."""
MAX_HELD_OUT = 5000
"""Rows held out at most when the fraction is "auto"."""
_EPOCHS = ((500, 100), (2_000, 60), (10_000, 40), (50_000, 20), (200_000, 10), (1_000_000, 5))
_BATCHES = ((400, 16), (2_000, 32), (20_000, 64))


@dataclass(frozen=True, kw_only=True)
class ResolvedTraining:
    """Training settings without "auto"; ``reasons`` has one line for each value that was decided here."""

    max_epochs: int
    budget: float | None
    learning_rate: float
    batch_size: int
    batch_tokens: int
    schedule: str
    warmup_steps: int
    total_steps: int
    weight_decay: float
    max_grad_norm: float
    patience: int
    validation_fraction: float
    average_weights: float
    tbptt_length: int | None
    gradient_accumulation: int
    random_state: int
    precision: str
    device: str
    num_workers: int
    checkpoint_dir: str | None
    checkpoint_every: float
    verbose: int
    callbacks: Sequence[Callback] = ()
    reasons: list[str] = field(default_factory=list)


def resolve(
    settings: Training, rows: int, mean_length: float, *, longest: int = 0, parameters: int = 0, readers: int = 0
) -> ResolvedTraining:
    """Replace each "auto" by a number, and check all other settings.

    Parameters
    ----------
    settings : Training
        Settings of the user.
    rows : int
        Number of training rows.
    mean_length : float
        Mean steps of a row, source and target together.
    longest : int, default 0
        Steps of the longest row.
    parameters : int, default 0
        Number of weights; 0 before the network is built.
    readers : int, default 0
        Number of threads that suits rows which are read from files, or varied, with their batch.

    Returns
    -------
    ResolvedTraining
        The same settings, all of them resolved, with ``reasons``.

    Examples
    --------
    >>> settings = resolve(Training(), 270, 16.0)
    >>> settings.batch_size, settings.max_epochs, settings.learning_rate
    (16, 100, 0.002)
    """
    check(settings)
    reasons: list[str] = []
    batch_size, batch_tokens = _batch(settings, rows, mean_length, longest, reasons)
    max_epochs = _pick(settings.max_epochs, _by_rows(_EPOCHS, rows, 3), reasons, "max_epochs", f"{rows} rows")
    per_batch = min(batch_size, max(batch_tokens / max(mean_length, 1.0), 1.0))
    chunks = math.ceil(mean_length / settings.tbptt_length) if settings.tbptt_length else 1
    steps_per_epoch = max(math.ceil(rows / per_batch) * chunks // settings.gradient_accumulation, 1)
    total = max_epochs * steps_per_epoch
    decay = 1 - 1 / min(max(steps_per_epoch, 10), 1000)
    fraction = _validation_fraction(rows)
    return ResolvedTraining(
        max_epochs=max_epochs,
        budget=None if settings.budget is None else seconds(settings.budget),
        learning_rate=_learning_rate(settings, parameters, reasons),
        batch_size=batch_size,
        batch_tokens=batch_tokens,
        schedule=_pick(settings.schedule, "cosine", reasons, "schedule", "warm-up, then down to 2 % of the peak at the last epoch"),
        warmup_steps=min(max(total // 20, 1), 500),
        total_steps=total,
        weight_decay=_pick(settings.weight_decay, 0.01, reasons, "weight_decay", "matrices only, not biases, gains or embeddings"),
        max_grad_norm=settings.max_grad_norm,
        patience=_pick(settings.patience, max(3, max_epochs // 4), reasons, "patience", "a quarter of the epochs"),
        validation_fraction=_pick(settings.validation_fraction, fraction, reasons, "validation_fraction", f"{rows} rows"),
        average_weights=_pick(
            settings.average_weights, round(decay, 4), reasons, "average_weights", "an average over about one epoch of steps"
        ),
        tbptt_length=settings.tbptt_length,
        gradient_accumulation=settings.gradient_accumulation,
        random_state=settings.random_state,
        precision=settings.precision,
        device=_device(settings.device),
        num_workers=_readers(settings, readers, reasons),
        checkpoint_dir=settings.checkpoint_dir,
        checkpoint_every=seconds(settings.checkpoint_every, "checkpoint_every"),
        verbose=settings.verbose,
        callbacks=settings.callbacks,
        reasons=reasons,
    )


def _readers(settings: Training, readers: int, reasons: list[str]) -> int:
    if not readers:
        return 0 if settings.num_workers == "auto" else settings.num_workers
    why = "reading files ahead of the network" if readers > 1 else "varying rows ahead of the network"
    return _pick(settings.num_workers, readers, reasons, "num_workers", why)


def _batch(settings: Training, rows: int, mean_length: float, longest: int, reasons: list[str]) -> tuple[int, int]:
    size = _pick(
        settings.batch_size, _by_rows(_BATCHES, rows, 128), reasons, "batch_size", f"{rows} rows of {mean_length:.0f} steps on average"
    )
    tokens = max(16_384, longest)
    return size, _pick(settings.batch_tokens, tokens, reasons, "batch_tokens", "bounds the memory of a batch of long rows")


def _learning_rate(settings: Training, parameters: int, reasons: list[str]) -> float:
    """Return 2e-3, which suits AdamW on small recurrent networks; past a million weights the rate falls with their fourth root."""
    rate = 2e-3 * min(1.0, (1e6 / max(parameters, 1)) ** 0.25)
    return _pick(settings.learning_rate, float(f"{rate:.2g}"), reasons, "learning_rate", "AdamW on a recurrent network of this size")


def _validation_fraction(rows: int) -> float:
    if rows < FEW_ROWS:
        return 0.0
    share = 0.2 if rows < 200 else 0.15 if rows < 2000 else 0.1
    return min(share, MAX_HELD_OUT / rows)


def _by_rows(table: tuple[tuple[int, int], ...], rows: int, beyond: int) -> int:
    return next((value for limit, value in table if rows <= limit), beyond)


def _pick(value: Any, automatic: Any, reasons: list[str], name: str, why: str) -> Any:
    if value != "auto":
        return value
    reasons.append(f"{name}={automatic}: {why}")
    return automatic


def _device(name: str) -> str:
    import torch  # settings are read without torch; here it is needed

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise SettingError(f"device={name!r} was asked for, but torch sees no GPU here. Use device='cpu' or 'auto'.")
    try:
        torch.device(name)
    except RuntimeError as cause:
        raise SettingError(f"device must be 'auto', 'cpu', 'cuda' or 'cuda:1'; got {name!r}.") from cause
    return name


_RANGES: dict[str, tuple[type | tuple[type, ...], float, float]] = {
    "max_epochs": (int, 1, math.inf),
    "learning_rate": ((int, float), 1e-12, 1e3),
    "batch_size": (int, 1, math.inf),
    "batch_tokens": (int, 1, math.inf),
    "weight_decay": ((int, float), 0, 10),
    "max_grad_norm": ((int, float), 0, math.inf),
    "patience": (int, 1, math.inf),
    "validation_fraction": ((int, float), 0, 0.95),
    "average_weights": ((int, float), 0, 0.999999),
    "tbptt_length": (int, 1, math.inf),
    "gradient_accumulation": (int, 1, math.inf),
    "random_state": (int, 0, 2**63 - 1),
    "num_workers": (int, 0, 256),
    "verbose": (int, 0, math.inf),
}
_CHOICES = {"schedule": ("auto", "cosine", "constant", "plateau"), "precision": ("float32", "bfloat16")}
_OPTIONAL = ("tbptt_length",)


def check(settings: Training) -> None:
    """Raise SettingError for the first setting out of its range."""
    for name, (kinds, low, high) in _RANGES.items():
        value: Any = getattr(settings, name)
        if (value == "auto" and isinstance(value, str) and _may_be_auto(name)) or (value is None and name in _OPTIONAL):
            continue
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= float(value) <= high:  # pyright: ignore[reportArgumentType]
            auto = ", or 'auto'" if _may_be_auto(name) else ""
            kind = "a whole number" if kinds is int else "a number"
            raise SettingError(f"{name} must be {kind} from {low:g} to {high:g}{auto}; got {value!r}.")
    for name, choices in _CHOICES.items():
        value = getattr(settings, name)
        if value not in choices:
            raise SettingError(f"{name} must be one of {list(choices)}; got {value!r}.{did_you_mean(str(value), choices)}")


def _may_be_auto(name: str) -> bool:
    return Training.__dataclass_fields__[name].default == "auto"
