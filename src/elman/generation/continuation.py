"""Continue prompts with a language model, n-best answers of a translator, and the likeliest next symbols."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.codecs.space import Discrete
from elman.errors import SettingError
from elman.generation.beam import Beam
from elman.generation.ctc_beam import CTCBeam
from elman.generation.frames import written_answers
from elman.generation.greedy import Greedy
from elman.generation.hypothesis import Hypothesis
from elman.generation.mixing import MixedWriter, begin, mixed
from elman.generation.native_sampling import Writer, can_write, uniform, write
from elman.generation.rules import Rules
from elman.generation.sampling import Sampling
from elman.kernels import dense
from elman.network.assembly import SequenceModel, evaluating
from elman.network.collation import collate
from elman.network.decoders.autoregressive import AutoregressiveDecoder, DecoderState
from elman.network.decoders.search import Search, Steps
from elman.ngrams import Mixture


def _decoder(model: SequenceModel) -> AutoregressiveDecoder:
    if not model.plan.writes_symbols:
        raise SettingError(f"Only models that give one element after the other can go on; this one's decoder is {model.plan.decoder!r}.")
    decoder: Any = model.decoder
    return decoder


@torch.no_grad()
def read_prompts(model: SequenceModel, prompts: Sequence[np.ndarray]) -> DecoderState:
    """Return the state of a language model after encoded prompts, one row each; an empty prompt is at the start."""
    decoder, target = _decoder(model), model.plan.target
    with evaluating(model):
        batch: Any = collate(list(prompts), target.space, "many")
        return decoder.prime(model.encode(None, rows=len(prompts)), batch.to(model.device))


@torch.no_grad()
def continue_prompts(
    model: SequenceModel,
    prompts: Sequence[np.ndarray],
    *,
    max_new_steps: int = 100,
    search: Search | None = None,
    mixture: Mixture | None = None,
) -> list[np.ndarray]:
    """Continue encoded prompts.

    Parameters
    ----------
    model : SequenceModel
        A language model over symbols.
    prompts : sequence of np.ndarray
        (T,) int64 each; T may be 0.
    max_new_steps : int
        Longest continuation.
    search : callable, optional
        Sampling by default; Greedy and Beam also work. Sampling draws the same after a prompt alone and in any batch; the second
        row of the same prompt is another draw.
    mixture : Mixture, optional
        n-grams that have a share in every probability.

    Returns
    -------
    list of np.ndarray
        The new symbols of each row, without the prompt.
    """
    state = read_prompts(model, prompts)
    search = search or Sampling()
    if isinstance(search, Sampling) and search.streams is None:
        search = replace(search, streams=_occurrences(prompts))
    limits = _limits(len(prompts), max_new_steps)
    with evaluating(model):
        if isinstance(search, Sampling) and _writes(model, search, state):
            writer = _writer(model, state, search, mixture, prompts)
            if len(prompts) == 1:
                return [np.fromiter(writer.alone(uniform(search.generators(1)[0]), max_new_steps), np.int64)]
            rows: list[list[int]] = [[] for _ in prompts]
            for drawn in write(writer, search.generators(len(prompts)), limits.tolist()):
                for row, symbol in drawn.items():
                    rows[row].append(symbol)
            return [np.array(row, dtype=np.int64) for row in rows]
        return list(search(*_steps(model, state, mixture, prompts), limits))


@torch.no_grad()
def stream_prompt(
    model: SequenceModel,
    prompt: np.ndarray,
    *,
    max_new_steps: int = 100,
    sampling: Sampling | None = None,
    mixture: Mixture | None = None,
) -> Iterator[int]:
    """Yield new symbols one by one after an encoded prompt.

    Parameters
    ----------
    model : SequenceModel
        A language model over symbols.
    prompt : np.ndarray
        (T,) int64.
    max_new_steps : int
        Longest continuation.
    sampling : Sampling, optional
        How symbols are drawn.
    mixture : Mixture, optional
        n-grams that have a share in every probability.

    Yields
    ------
    int
        The newest symbol.
    """
    model.eval()
    state = read_prompts(model, [prompt])
    sampling, limits = sampling or Sampling(), _limits(1, max_new_steps)
    if _writes(model, sampling, state):
        yield from _writer(model, state, sampling, mixture, [prompt]).alone(uniform(sampling.generators(1)[0]), max_new_steps)
        return
    for newest in sampling.stream(*_steps(model, state, mixture, [prompt]), limits):
        yield newest[0]


@torch.no_grad()
def next_probabilities(model: SequenceModel, prompts: Sequence[np.ndarray], mixture: Mixture | None = None) -> np.ndarray:
    """Return the probabilities of the next symbol after each encoded prompt, (N, n + 1), the end last."""
    steps, state = _steps(model, read_prompts(model, prompts), mixture, prompts)
    with evaluating(model):
        log_probs, _, _ = steps.advance(state, None)
    return dense.exp(log_probs).cpu().numpy()


@torch.no_grad()
def best_answers(
    model: SequenceModel, source: Any, search: Beam | Greedy | CTCBeam | None = None, *, max_length: int | None = None
) -> list[list[Hypothesis]]:
    """Return several answers per row, best first, with scores and attention.

    Parameters
    ----------
    model : SequenceModel
        A model with a source that gives symbols one after the other, or writes them in frames.
    source : Ragged or Tensor or dict
        Collated source.
    search : Beam or Greedy or CTCBeam, optional
        Size and rules; a greedy search gives one answer a row.
    max_length : int, optional
        Longest answer; from the plan by default.

    Returns
    -------
    list of list of Hypothesis
        One list a row.
    """
    if model.plan.writes_frames:
        frames: Any = model.decoder
        return written_answers(model, frames, source, search if isinstance(search, CTCBeam) else None)
    decoder = _decoder(model)
    if not isinstance(model.plan.target.space, Discrete):
        raise SettingError(f"n-best answers are for symbols; this model gives {model.plan.target.space}. Call predict.")
    with evaluating(model):
        encoded = model.encode(source)
        begin, limits = decoder.begin(encoded), model.limits(encoded, max_length)
        if isinstance(search, Greedy):
            return [[answer] for answer in search.answers(decoder.steps(), begin, limits)]
        result = (search if isinstance(search, Beam) else Beam()).n_best(decoder.steps(), begin, limits)
    if encoded.sequence is None:
        return result
    lengths = encoded.sequence.lengths.tolist()
    return [[_own_attention(answer, length) for answer in row] for row, length in zip(result, lengths, strict=True)]


def _own_attention(answer: Hypothesis, length: int) -> Hypothesis:
    """Cut attention to the steps of the row's own source: the padding of a batch is no part of it."""
    return answer if answer.attention is None else replace(answer, attention=answer.attention[:, :length])


def _writes(model: SequenceModel, sampling: Sampling, state: DecoderState) -> bool:
    """Whether a plain language model is sampled without rules: then no search is needed."""
    return sampling.rules == Rules() and can_write(_decoder(model), state)


def _writer(
    model: SequenceModel, state: DecoderState, sampling: Sampling, mixture: Mixture | None, prompts: Sequence[np.ndarray]
) -> Writer:
    if mixture is None:
        return Writer(_decoder(model), state, sampling)
    return MixedWriter(_decoder(model), state, sampling, mixture, begin(mixture, state, list(prompts)).contexts)


def _steps(model: SequenceModel, state: DecoderState, mixture: Mixture | None, prompts: Sequence[np.ndarray]) -> tuple[Steps, Any]:
    """One step of the model, and where it follows the prompts."""
    steps = _decoder(model).steps()
    return (steps, state) if mixture is None else (mixed(steps, mixture), begin(mixture, state, list(prompts)))


def _occurrences(prompts: Sequence[np.ndarray]) -> tuple[int, ...]:
    """How often the same prompt precedes each one."""
    seen: Counter[bytes] = Counter()
    counts = []
    for prompt in prompts:
        key = np.asarray(prompt, dtype=np.int64).tobytes()
        counts.append(seen[key])
        seen[key] += 1
    return tuple(counts)


def _limits(rows: int, max_new_steps: int) -> Tensor:
    if isinstance(max_new_steps, bool) or not isinstance(max_new_steps, int | np.integer) or max_new_steps < 0:
        raise SettingError(f"max_new_steps must be a whole number of 0 or more; got {max_new_steps!r}.")
    return torch.full((rows,), max_new_steps, dtype=torch.int64, device="cpu")
