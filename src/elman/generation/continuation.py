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
from elman.generation.greedy import Greedy
from elman.generation.hypothesis import Hypothesis
from elman.generation.sampling import Sampling
from elman.network.assembly import SequenceModel, evaluating
from elman.network.autoregressive import AutoregressiveDecoder, DecoderState
from elman.network.inputs import collate
from elman.network.search import Search


def _decoder(model: SequenceModel) -> AutoregressiveDecoder:
    if not isinstance(model.decoder, AutoregressiveDecoder):
        raise SettingError(f"Only models that give one element after the other can go on; this one's decoder is {model.plan.decoder!r}.")
    return model.decoder


@torch.no_grad()
def read_prompts(model: SequenceModel, prompts: Sequence[np.ndarray]) -> DecoderState:
    """Return the state of a language model after encoded prompts, one row each; an empty prompt stands at the start."""
    decoder, target = _decoder(model), model.plan.target
    with evaluating(model):
        batch: Any = collate(list(prompts), target.space, "many")
        return decoder.prime(model.encode(None, rows=len(prompts)), batch.to(model.device))


@torch.no_grad()
def continue_prompts(
    model: SequenceModel, prompts: Sequence[np.ndarray], *, max_new_steps: int = 100, search: Search | None = None
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
        Sampling by default; Greedy and Beam also work. Sampling says the same after a prompt alone and in any batch; the second
        row of the same prompt is another draw.

    Returns
    -------
    list of np.ndarray
        The new symbols of each row, without the prompt.
    """
    state = read_prompts(model, prompts)
    search = search or Sampling()
    if isinstance(search, Sampling) and search.streams is None:
        search = replace(search, streams=_occurrences(prompts))
    with evaluating(model):
        found = search(_decoder(model).steps(), state, _limits(len(prompts), max_new_steps))
        return list(found)


@torch.no_grad()
def stream_prompt(model: SequenceModel, prompt: np.ndarray, *, max_new_steps: int = 100, sampling: Sampling | None = None) -> Iterator[int]:
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

    Yields
    ------
    int
        The newest symbol.
    """
    model.eval()
    state = read_prompts(model, [prompt])
    for drawn in (sampling or Sampling()).stream(_decoder(model).steps(), state, _limits(1, max_new_steps)):
        yield drawn[0]


@torch.no_grad()
def next_probabilities(model: SequenceModel, prompts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the probabilities of the next symbol after each encoded prompt, (N, n + 1), the end last."""
    state = read_prompts(model, prompts)
    with evaluating(model):
        log_probs, _, _ = _decoder(model).steps().advance(state, None)
    return log_probs.exp().cpu().numpy()


@torch.no_grad()
def best_answers(
    model: SequenceModel, source: Any, search: Beam | Greedy | None = None, *, max_length: int | None = None
) -> list[list[Hypothesis]]:
    """Return several answers per row, best first, with scores and attention.

    Parameters
    ----------
    model : SequenceModel
        A model with a source that gives symbols one after the other.
    source : Ragged or Tensor or dict
        Collated source.
    search : Beam or Greedy, optional
        Size and rules; a greedy search gives one answer a row.
    max_length : int, optional
        Longest answer; from the plan by default.

    Returns
    -------
    list of list of Hypothesis
        One list a row.
    """
    decoder = _decoder(model)
    if not isinstance(model.plan.target.space, Discrete):
        raise SettingError(f"n-best answers are for symbols; this model gives {model.plan.target.space}. Call predict.")
    with evaluating(model):
        encoded = model.encode(source)
        begin, limits = decoder.begin(encoded), model.limits(encoded, max_length)
        if isinstance(search, Greedy):
            return [[answer] for answer in search.answers(decoder.steps(), begin, limits)]
        return (search or Beam()).n_best(decoder.steps(), begin, limits)


def _occurrences(prompts: Sequence[np.ndarray]) -> tuple[int, ...]:
    """How often the same prompt stands before each one."""
    seen: Counter[bytes] = Counter()
    counts = []
    for prompt in prompts:
        key = np.asarray(prompt, dtype=np.int64).tobytes()
        counts.append(seen[key])
        seen[key] += 1
    return tuple(counts)


def _limits(rows: int, max_new_steps: int) -> Tensor:
    if isinstance(max_new_steps, bool) or not isinstance(max_new_steps, int) or max_new_steps < 0:
        raise SettingError(f"max_new_steps must be a whole number of 0 or more; got {max_new_steps!r}.")
    return torch.full((rows,), max_new_steps, dtype=torch.int64)
