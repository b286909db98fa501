"""Reading: how a language model goes through its corpus: short documents whole, everything else as running text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from elman.fitting.learning import Learned
from elman.io.tokens import Tokens
from elman.network import Plan, SequenceModel, Sizes, build
from elman.training.contiguous import LONGEST, Stream, examples_of, hold_out
from elman.training.examples import Augment, Examples, split_rows
from elman.training.loop import fit
from elman.training.randomness import seeded_build
from elman.training.resolve import resolve
from elman.training.settings import Training

_SHORT = 256
"""Symbols up to which a document is read whole, with the gradient through all of it."""
_REACH = 64
"""Steps that the gradient goes back in running text; the state is carried on."""
_CHECKED = 40_000
"""Symbols of running text to check on: a tenth of a small corpus, a hundredth of a large one."""
_READERS = ((300_000, 4), (1_500_000, 8), (5_000_000, 16), (20_000_000, 32))
"""Readers side by side, by symbols: many small steps learn little text faster than few large ones."""
_EPOCHS = ((300_000, 40), (1_500_000, 15), (5_000_000, 8), (20_000_000, 4))


@dataclass(frozen=True, kw_only=True)
class Bits:
    """The task of a language model: bits per symbol, which is the validation loss."""

    baseline: float | None
    metric: str = "bits"
    higher_is_better: bool = False

    def from_loss(self, loss: float) -> float:
        """Return nats as bits."""
        return loss / math.log(2)

    def evaluate(self, model: Any, examples: Examples) -> float:
        """Return the bits per symbol of a network on rows (the loop asks :meth:`from_loss`)."""
        with torch.no_grad():
            losses = [piece for rows in range(len(examples)) for piece in model.losses(*examples.collate([rows]), _REACH)]
        return self.from_loss(sum(float(piece.total) for piece in losses) / max(sum(piece.units for piece in losses), 1))


def measure(tokens: Tokens) -> Sizes:
    """Sum a corpus up for the plan, without reading it."""
    lengths = tokens.lengths
    return Sizes(rows=len(lengths), target_mean=float(lengths.mean()), target_max=int(lengths.max()))


def learn_to_read(plan: Plan, tokens: Tokens, training: Training, augment_encoded: Augment | None = None) -> Learned:
    """Train a language model on a corpus.

    Parameters
    ----------
    plan : Plan
        Plan of the network.
    tokens : Tokens
        The encoded corpus.
    training : Training
        How to learn.
    augment_encoded : callable, optional
        Makes one more document of an encoded one, as long: music in another key. Each is varied anew in each epoch.

    Returns
    -------
    Learned
        The network with its best weights, in evaluation mode.
    """
    running = _is_running(training, tokens)
    settings = _running(training, tokens) if running else training
    learn, check = (_streams if running else _documents)(plan, tokens, settings, augment_encoded)
    baseline = _frequencies(tokens, check)
    with seeded_build(training.random_state):
        model: SequenceModel = build(plan)
    history = fit(model, learn, check, settings, Bits(baseline=baseline))
    return Learned(plan=plan, model=model.eval(), history=history, baseline=baseline)


def parts(tokens: Tokens, training: Training) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the documents, or pieces of them, that :func:`learn_to_read` learns from, and those it checks on."""
    if not _is_running(training, tokens):
        rows = split_rows(len(tokens), resolve(training, len(tokens), 1.0).validation_fraction, random_state=training.random_state)
        learn, check = ([np.asarray(tokens[int(row)]) for row in part] for part in rows)
        return learn, check
    settings = _running(training, tokens)
    spans = hold_out(tokens.starts, resolve(settings, 1, 1.0).validation_fraction, settings.random_state)
    learn, check = ([piece for span in part for piece in _documents_in(tokens, *span.tolist())] for part in spans)
    return learn, check


def _documents_in(tokens: Tokens, begin: int, end: int) -> list[np.ndarray]:
    """Cut a span where documents end; a part of one at either edge counts as one."""
    span = np.asarray(tokens.flat[begin:end])
    ends = np.flatnonzero(span == tokens.end)
    pieces = [piece[:-1] for piece in np.split(span, ends + 1)[: len(ends)]]
    rest = span[ends[-1] + 1 :] if len(ends) else span
    return [*pieces, rest] if len(rest) else pieces


def _is_running(training: Training, tokens: Tokens) -> bool:
    return training.tbptt_length is not None or int(tokens.lengths.max()) > _SHORT


def _running(training: Training, tokens: Tokens) -> Training:
    """Fill in settings left at "auto" for running text."""
    total = len(tokens.flat)
    readers = _by_size(_READERS, total, 64) if training.batch_size == "auto" else training.batch_size
    reach = training.tbptt_length or _REACH
    if isinstance(readers, int) and isinstance(reach, int) and not isinstance(readers, bool) and readers > 0 and reach > 0:
        readers = max(1, min(readers, total // (4 * reach)))
    fresh: Any = clone(training)
    return fresh.set_params(
        batch_size=readers,
        tbptt_length=reach,
        batch_tokens=2**40 if training.batch_tokens == "auto" else training.batch_tokens,
        max_epochs=_by_size(_EPOCHS, total, 2) if training.max_epochs == "auto" else training.max_epochs,
        validation_fraction=_held(total) if training.validation_fraction == "auto" else training.validation_fraction,
    )


def _held(total: int) -> float:
    return min(0.1, max(0.01, _CHECKED / total))


def _by_size(table: tuple[tuple[int, int], ...], size: int, beyond: int) -> int:
    return next((value for limit, value in table if size <= limit), beyond)


def _streams(_: Plan, tokens: Tokens, settings: Training, augment_encoded: Augment | None) -> tuple[Examples, Examples | None]:
    resolved = resolve(settings, 1, 1.0)  # also checks the user's settings
    learn, check = hold_out(tokens.starts, resolved.validation_fraction, settings.random_state)
    readers, longest = resolved.batch_size, max(LONGEST, resolved.tbptt_length or 0)
    held = examples_of(Stream(tokens, check, readers=readers, longest=longest)) if len(check) else None
    return examples_of(Stream(tokens, learn, readers=readers, longest=longest, augment_encoded=augment_encoded)), held


def _documents(plan: Plan, tokens: Tokens, settings: Training, augment_encoded: Augment | None) -> tuple[Examples, Examples | None]:
    lengths = tokens.lengths
    target: Any = tokens if isinstance(tokens.flat, np.memmap) else [tokens[row] for row in range(len(tokens))]
    rows = Examples(None, target, target_space=plan.target.space, lengths=lengths, steps=lengths)
    fraction = resolve(settings, len(rows), 1.0).validation_fraction
    learn, check = split_rows(len(rows), fraction, random_state=settings.random_state)
    seen = rows.subset(learn)
    seen.augment_encoded = augment_encoded
    return seen, rows.subset(check) if len(check) else None


def _frequencies(tokens: Tokens, check: Examples | None) -> float:
    """Return the bits per symbol, on the held-out part, of a model of the symbol frequencies of the rest."""
    held = tokens.counts() if check is None else _counts(check, tokens.end)
    counts = (tokens.counts() if check is None else tokens.counts() - held) + 0.5
    return float(-(held * np.log2(counts / counts.sum())).sum() / max(held.sum(), 1))


def _counts(rows: Examples, end: int) -> np.ndarray:
    total = np.zeros(end + 1, np.int64)
    for row in range(len(rows)):
        value = rows.target[row]
        symbols = value.outputs if hasattr(value, "outputs") else np.append(value, end)
        total += np.bincount(symbols, minlength=end + 1)
    return total
