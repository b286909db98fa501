"""Attribution: contribution of each piece of a value to the answer (integrated gradients)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.codecs import Codec
from elman.codecs.capabilities import LabelsSteps
from elman.errors import SettingError
from elman.network import SequenceModel, collate
from elman.network.assembly import frozen
from elman.network.decoders.wide import MixedOutput
from elman.network.ensemble import members_of
from elman.network.interfaces import move
from elman.network.ngram_features import grams
from elman.sequences import Ragged

METHODS = ("integrated", "gradient")


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Scores of the pieces of one value, for one answer.

    Attributes
    ----------
    labels : list
        The pieces: words, characters, symbols, or numbers of steps.
    scores : ndarray
        (T,) contribution of each to the answer's score; a negative one is against it.
    answer : object
        The answer that is explained.
    base, reached : float
        The answer's score for nothing, and for the value. With integrated gradients ``scores`` sum to their difference.

    Notes
    -----
    The score of a category is its logit minus the mean of all; of a tag its logit; of a number the number as the network gives it
    (standardised). With several members it is the mean of theirs.
    """

    labels: list[Any]
    scores: np.ndarray
    answer: Any
    base: float
    reached: float

    def __iter__(self) -> Iterator[tuple[Any, float]]:
        """Yield each piece with its score, in order."""
        return zip(self.labels, self.scores.tolist(), strict=True)

    def __len__(self) -> int:
        """Number of pieces."""
        return len(self.labels)

    def top(self, count: int = 5) -> list[tuple[Any, float]]:
        """Return the pieces that contributed most, for or against.

        Parameters
        ----------
        count : int, default 5
            Number of pieces.

        Returns
        -------
        list of tuple
            Piece and score, the strongest first.
        """
        return sorted(self, key=lambda pair: -abs(pair[1]))[:count]

    def __str__(self) -> str:
        """Show one piece a line with a bar."""
        widest, longest = max((len(str(label)) for label in self.labels), default=0), np.abs(self.scores).max(initial=1e-12)
        lines = [f"{self.answer}: {self.base:+.3f} -> {self.reached:+.3f}"]
        for label, score in self:
            bar = ("+" if score > 0 else "-") * round(20 * abs(score) / longest)
            lines.append(f"{label!s:<{widest}}  {score:+.3f}  {bar}".rstrip())
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Question:
    """Settings of an attribution: one encoded value, the index of the output that is explained, the method and its steps."""

    encoded: Any
    output: int
    method: str
    steps: int


def attribute(model: Any, codec: Codec, value: Any, question: Question, answer: Any) -> Attribution:
    """Explain one answer of a model with a summary decoder."""
    members = members_of(model)
    scores_of, bases, reaches = zip(*(_explain(member, codec, question) for member in members), strict=True)
    scores, base, reached = np.mean(scores_of, axis=0), float(np.mean(bases)), float(np.mean(reaches))
    return Attribution(labels=labels_of(codec, value, len(scores)), scores=scores, answer=answer, base=base, reached=reached)


def labels_of(codec: Codec, value: Any, count: int) -> list[Any]:
    """Return a label for each step of a value: that of the codec, or its number."""
    labels = list(codec.step_labels(value)) if isinstance(codec, LabelsSteps) else []
    return labels if len(labels) == count else list(range(count))


def check(plan: Any, method: str, steps: Any) -> None:
    """Refuse answers that cannot be explained, with the reason."""
    if method not in METHODS:
        raise SettingError(f"method must be one of {METHODS}; got {method!r}.")
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or not 1 <= steps <= 10_000:
        raise SettingError(f"steps must be a whole number in 1..10000; got {steps!r}.")
    if not plan.answers_whole or plan.source is None or plan.source.rank != "many":
        raise SettingError(
            f"attribute explains one answer about a sequence (text, symbols, series, rows of a picture); this model is {plan.relation!r}."
        )


def _explain(model: SequenceModel, codec: Codec, question: Question) -> tuple[np.ndarray, float, float]:
    source: Any = move(collate([question.encoded], codec.space, codec.rank), model.device)
    with frozen(model):
        with torch.no_grad():
            vectors: Any = model.stem(source)  # pyright: ignore[reportOptionalCall]  # a summary has a source
        shares = (
            torch.ones(1, device="cpu")
            if question.method == "gradient"
            else (torch.arange(question.steps, device="cpu") + 0.5) / question.steps
        )
        slopes = _slopes(model, vectors, shares.to(vectors.data), question.output)
        deep = (slopes * vectors.data).sum(1).cpu().double().numpy()
        base, reached = (_deep_score(model, vectors.with_data(vectors.data * share), question.output) for share in (0.0, 1.0))
    wide, wide_base = _wide_scores(model, source, question.output, len(deep))
    return deep + wide, base + wide_base, reached + wide_base + float(wide.sum())


def _slopes(model: SequenceModel, vectors: Ragged, shares: Tensor, output: int) -> Tensor:
    """Return the mean gradient of the score on the path from zero to the vectors, (T, E)."""
    total = torch.zeros_like(vectors.data)
    for part in shares.split(16):  # a few points of the path at a time bound the memory
        way = vectors.select([0] * len(part))
        rows = way.row_of().to(part.device)
        data = (way.data * part[rows][:, None]).detach().requires_grad_()
        score = _output(model, way.with_data(data), output).sum()
        slope = torch.autograd.grad(score, data)[0]
        total += torch.stack([t.to(total) for t in way.with_data(slope).to_list()]).sum(0)
    return total / len(shares)


def _deep_score(model: SequenceModel, vectors: Ragged, output: int) -> float:
    with torch.no_grad():
        return float(_output(model, vectors, output)[0])


def _output(model: SequenceModel, vectors: Ragged, output: int) -> Tensor:
    """Centred score of the recurrent part for an output, (N,), weighted where there is a linear part too."""
    encoder: Any = model.encoder
    decoder: Any = model.decoder
    sequence, after = encoder(vectors)
    vector = decoder.middle(decoder.pooling(sequence, encoder.last(after)))
    layer: Any = decoder.head.output
    scores = layer.shares[0] * layer.inner(vector) if isinstance(layer, MixedOutput) else layer(vector)
    return _centred(model, scores, output)


def _centred(model: SequenceModel, scores: Tensor, output: int) -> Tensor:
    one_of_many = hasattr(model.decoder.head, "log_proba")
    return scores[..., output] - scores.mean(-1) if one_of_many else scores[..., output]


def _wide_scores(model: SequenceModel, source: Ragged, output: int, count: int) -> tuple[np.ndarray, float]:
    """Score of each step's n-grams in the linear part (an n-gram of several words is shared by them), and of nothing read."""
    decoder: Any = model.decoder
    layer, scores = decoder.head.output, np.zeros(count)
    if not isinstance(layer, MixedOutput):
        return scores, 0.0
    wide: Any = decoder.wide
    share = float(layer.shares[1])
    base = share * float(_centred(model, wide.bias, output))
    every = grams(source)
    places, _, values = wide.active(every.distinct(), 1)
    with torch.no_grad():
        weights = share * values * _centred(model, wide.weight[places], output)
    worth = dict(zip(wide.keys[places].tolist(), weights.tolist(), strict=True))
    times: dict[int, int] = {}
    for key in every.keys.tolist():
        times[key] = times.get(key, 0) + 1
    for key, end, size in zip(every.keys.tolist(), every.ends.tolist(), every.sizes.tolist(), strict=True):
        scores[end - size + 1 : end + 1] += worth.get(key, 0.0) / times[key] / size
    return scores, base


def index_of(classes: Sequence[Any], answer: Any) -> int:
    """Return the index of an answer among the outputs, or raise an error that lists them."""
    if answer not in list(classes):
        raise SettingError(f"answer must be one of {list(classes)[:20]}; got {answer!r}.")
    return list(classes).index(answer)
