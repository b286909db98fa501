"""Notes and strokes in a language model: elements without classes in the place of symbols, learned, judged and drawn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from elman.codecs import Binary, Codec
from elman.codecs.capabilities import augmentation_of
from elman.errors import DataError, SettingError
from elman.fitting.inference import batches_by_length
from elman.fitting.learning import Learned
from elman.language.scoring import Judged
from elman.network import Plan, SequenceModel, Sizes, build, collate
from elman.network.assembly import evaluating
from elman.network.heads.pen import NARROWEST
from elman.network.settings import Network
from elman.training.examples import Examples, split_rows
from elman.training.loop import fit
from elman.training.randomness import seeded_build
from elman.training.resolve import resolve
from elman.training.settings import Training

_FEW = 2_000
_BOLD: dict[str, Any] = {"max_epochs": 150, "batch_size": 8, "learning_rate": 4e-3}
_STEPS = 4_096
"""Frames judged at once."""


def without_classes(codec: Any) -> bool:
    """Return whether a codec's elements have no classes: rolls of notes and strokes, but not voices and events, which are symbols."""
    return not codec.is_symbolic


@dataclass(frozen=True, kw_only=True)
class Nats:
    """The task of a model of notes or strokes: nats a step, ends of pieces included, which is the validation loss."""

    baseline: float | None
    metric: str = "nats"
    higher_is_better: bool = False

    def from_loss(self, loss: float) -> float:
        """Return the loss itself."""
        return loss

    def evaluate(self, model: Any, examples: Examples) -> float:
        """Return the nats a frame of a network on rows (the loop asks :meth:`from_loss`)."""
        with torch.no_grad():
            losses = [model.loss(*examples.collate([row])) for row in range(len(examples))]
        return sum(float(loss.total) for loss in losses) / max(sum(loss.units for loss in losses), 1)


def pieces_of(codec: Codec, pieces: Any) -> list[np.ndarray]:
    """Encode pieces of music, or drawings.

    Parameters
    ----------
    codec : Notes or Strokes
        Fitted.
    pieces : list
        One piece a row.

    Returns
    -------
    list of ndarray
        float32 (T, notes) or (T, 3).
    """
    return [np.asarray(piece, dtype=np.float32) for piece in codec.encode_all(pieces)]


def measure(rows: Sequence[np.ndarray]) -> Sizes:
    """Sum pieces up for the plan."""
    lengths = [len(row) for row in rows]
    if sum(lengths) < 2:
        raise DataError("The pieces hold fewer than 2 frames; there is nothing to continue. Give more of them.")
    return Sizes(rows=len(rows), target_mean=float(np.mean(lengths)), target_max=max(lengths))


def network_of(codec: Codec, network: Network) -> Network:
    """Return the settings with the head that suits, where it was left open."""
    if isinstance(codec.space, Binary) or network.head != "auto":
        return network
    adapted: Any = clone(network)
    return adapted.set_params(head="pen")


def learn_elements(plan: Plan, rows: list[np.ndarray], training: Training, codec: Codec) -> Learned:
    """Train a language model on encoded pieces.

    Parameters
    ----------
    plan : Plan
        Plan of the network.
    rows : list of ndarray
        (T, notes) each.
    training : Training
        How to learn.
    codec : Codec
        Codec of the pieces; it augments them.

    Returns
    -------
    Learned
        The network with its best weights, in evaluation mode.
    """
    training = _recipe(training, len(rows)) if isinstance(plan.target.space, Binary) else training
    examples = Examples(None, rows, target_space=plan.target.space)
    fraction = resolve(training, len(rows), 1.0).validation_fraction
    train, held = split_rows(len(rows), fraction, random_state=training.random_state)
    learn, check = examples.subset(train), examples.subset(held)
    learn.augment_encoded = augmentation_of(codec)
    blind = frequencies if isinstance(plan.target.space, Binary) else one_gaussian
    baseline = blind([rows[i] for i in train], [rows[i] for i in (held if len(held) else train)])
    with seeded_build(training.random_state):
        model: SequenceModel = build(plan)
    if isinstance(plan.target.space, Binary):
        _begin_with(model, *_shares([rows[i] for i in train]))
    history = fit(model, learn, check if len(held) else None, training, Nats(baseline=baseline))
    return Learned(plan=plan, model=model.eval(), history=history, baseline=baseline)


def _recipe(training: Training, pieces: int) -> Training:
    """Fill in settings left at "auto": few pieces, each in many keys, want many small, bold steps."""
    if pieces > _FEW:
        return training
    adapted: Any = clone(training)
    return adapted.set_params(**{name: value for name, value in _BOLD.items() if getattr(training, name) == "auto"})


def frequencies(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> float:
    """Return the nats a frame, ends included, of a model that knows how often each note sounds and how often a piece ends.

    Parameters
    ----------
    train : sequence of ndarray
        (T, notes) each.
    test : sequence of ndarray
        (T, notes) each.

    Returns
    -------
    float
        Nats.
    """
    share, end = _shares(train)
    nats = sum(-float((row @ np.log(share) + (1 - row) @ np.log1p(-share)).sum()) for row in test)
    count = sum(map(len, test))
    nats -= len(test) * math.log(end) + count * math.log1p(-end)
    return nats / (count + len(test))


def one_gaussian(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> float:
    """Return the nats a step, ends included, of one Gaussian over all steps of a pen and of how often it is lifted and a drawing ends.

    Parameters
    ----------
    train : sequence of ndarray
        (T, 3) each.
    test : sequence of ndarray
        (T, 3) each.

    Returns
    -------
    float
        Nats.
    """
    share, end = _shares(train)
    steps = np.concatenate([np.zeros((0, 3)), *train])
    covariance = np.cov(steps[:, :2].T) + np.eye(2) * NARROWEST**2 if len(steps) > 1 else np.eye(2)
    away = np.concatenate([np.zeros((0, 3)), *test]) - [*steps[:, :2].mean(0), 0]
    square = (away[:, :2] @ np.linalg.inv(covariance) * away[:, :2]).sum()
    lifted = float(away[:, 2].sum())
    nats = 0.5 * square + len(away) * (0.5 * np.linalg.slogdet(covariance)[1] + math.log(2 * math.pi))
    nats -= lifted * math.log(share[2]) + (len(away) - lifted) * math.log1p(-share[2])
    nats -= len(test) * math.log(end) + len(away) * math.log1p(-end)
    return float(nats / (len(away) + len(test)))


def _shares(train: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """How often each note sounds in a frame, (notes,), and how often a piece ends after one."""
    frames = sum(map(len, train))
    sounding = np.sum([row.sum(0, dtype=np.float64) for row in train], axis=0)
    return (sounding + 0.5) / (frames + 1), len(train) / (frames + len(train))


@torch.no_grad()
def _begin_with(model: SequenceModel, share: np.ndarray, end: float) -> None:
    """Initialise biases with the frequencies of the data: most notes are silent, and few frames are the last."""
    decoder = model._autoregressive()
    heads: Any = ((decoder.head, share), (decoder.end, np.array([end])))
    for head, chance in heads:
        head.output.linear.bias.copy_(torch.from_numpy(np.log(chance) - np.log1p(-chance)))


@torch.no_grad()
def judge(model: SequenceModel, rows: Sequence[np.ndarray]) -> Judged:
    """Judge encoded pieces.

    Parameters
    ----------
    model : SequenceModel
        A language model over notes.
    rows : sequence of ndarray
        (T, notes) each.

    Returns
    -------
    Judged
        Sums over all frames and the ends of the pieces; hits are not counted.
    """
    nats, units = 0.0, 0
    for batch in batches_by_length([len(row) + 1 for row in rows]):
        for part in np.array_split(batch, -(-sum(len(rows[i]) + 1 for i in batch) // _STEPS)):
            if len(part):
                total, count = model.row_losses(None, collate([rows[i] for i in part], model.plan.target.space, "many"))
                nats, units = nats + float(total.double().sum()), units + int(count.sum())
    return Judged(nats=nats, hits=0, units=units)


@torch.no_grad()
def compose(
    model: SequenceModel, prompts: Sequence[np.ndarray], *, max_new_steps: int, temperature: float, random_state: int | None
) -> list[np.ndarray]:
    """Continue encoded pieces, each the same alone and in any batch; the same prompt twice is continued in two ways.

    Parameters
    ----------
    model : SequenceModel
        A language model over notes.
    prompts : sequence of ndarray
        (T, notes) each; T may be 0.
    max_new_steps : int
        Frames to add at most.
    temperature : float
        0 always takes the likeliest.
    random_state : int or None
        Seed.

    Returns
    -------
    list of ndarray
        New steps, (T', notes) each.
    """
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if random_state is None else random_state
    seen: Counter[bytes] = Counter()
    written = []
    for prompt in prompts:
        key = prompt.tobytes()
        stream = np.random.SeedSequence([seed, seen[key]]).generate_state(1, np.uint64)[0]
        seen[key] += 1
        generator = torch.Generator().manual_seed(int(stream >> 1))
        written.append(_continued(model, prompt, max_new_steps, temperature, generator))
    return written


def _continued(model: SequenceModel, prompt: np.ndarray, most: int, temperature: float, generator: torch.Generator) -> np.ndarray:
    decoder = model._autoregressive()
    limits = torch.tensor([most], device="cpu")

    def draw(head: Any, features: torch.Tensor) -> torch.Tensor:
        return head.sample(features, generator, temperature=temperature) if temperature else head.predict(features)

    with evaluating(model):
        batch: Any = collate([prompt], model.plan.target.space, "many")
        state = decoder.prime(model.encode(None, rows=1), batch.to(model.device))
        return decoder.roll(state, limits, draw=draw)[0]


def check_options(**options: Any) -> None:
    """Refuse options for symbols only."""
    options_set = sorted(name for name, value in options.items() if value)
    if options_set:
        raise SettingError(f"{options_set} are for symbols; notes and strokes are drawn by temperature alone. Leave them out.")


def as_symbols(rows: Sequence[np.ndarray], *others: Sequence[np.ndarray]) -> tuple[list[list[np.ndarray]], np.ndarray]:
    """Give every different frame a number, the same in all groups of pieces.

    Parameters
    ----------
    rows : sequence of ndarray
        (T, notes) each.
    *others : sequence of ndarray
        Further groups.

    Returns
    -------
    tuple
        Each group as pieces of numbers, and the frame of each number (V, notes).
    """
    groups = (rows, *others)
    width = next((row.shape[1] for group in groups for row in group), 0)
    flat = np.concatenate([np.zeros((0, width), np.float32), *(row for group in groups for row in group)])
    frames, numbers = np.unique(flat > 0.5, axis=0, return_inverse=True)
    numbers, done = numbers.reshape(-1), 0
    results: list[list[np.ndarray]] = []
    for group in groups:
        results.append([])
        for row in group:
            results[-1].append(numbers[done : done + len(row)].astype(np.int64))
            done += len(row)
    return results, frames.astype(np.float32)
