"""Generation, batch 1: ``LanguageModel.generate`` against the same weights stepped with torch's LSTMCell, head and sampling included.

Run with ``python -m benchmarks.generation_speed``; prints one Markdown row a case. Both write the same number of symbols from the same
prompt at temperature 0.8, in turn in one process on one thread; times are of the quickest of several rounds, a symbol each. The last
columns are of the same network with n-grams beside it, as language models of little text have them by default.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
import torch

from benchmarks.quality.report import machine
from elman.codecs import Discrete
from elman.generation import Sampling, stream_prompt
from elman.network import Network, Sizes, build, plan
from elman.network.assembly import SequenceModel
from elman.network.planning.side import Side
from elman.ngrams import KneserNey, Mixture

CASES = [(hidden, symbols) for hidden in (128, 256, 512) for symbols in (65, 8000)]


def language_model(hidden: int, symbols: int) -> SequenceModel:
    """Build a one-layer LSTM with a plain softmax over a vocabulary of this size, with a head that never ends a document."""
    torch.manual_seed(0)
    side = Side("many", Discrete(symbols))
    made = build(
        plan(
            None, side, Network(hidden_size=hidden, num_layers=1, softmax="full"), examples=Sizes(rows=1, target_mean=1e6, target_max=10**6)
        )
    ).eval()
    with torch.no_grad():
        made.decoder.head.output.linear.bias[-1] = -1e4
    return made


@torch.inference_mode()
def with_cells(model: SequenceModel, prompt: np.ndarray, steps: int) -> list[int]:
    """Write with torch's own parts: Embedding, LSTMCell, Linear, softmax, multinomial."""
    layers, head = model.decoder.layers, model.decoder.head
    cell = torch.nn.LSTMCell(layers.input_size, layers.hidden_size)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    cell.load_state_dict({name: getattr(layers, f"{name}_l0") for name in names})
    embedding, output = model.decoder.feedback.symbols, head.output
    state = tuple(torch.zeros(1, layers.hidden_size) for _ in range(2))
    said, symbol = [], torch.tensor([len(embedding.weight) - 1])
    for given in prompt:
        state = cell(embedding(symbol), state)
        symbol = torch.tensor([given])
    for _ in range(steps):
        state = cell(embedding(symbol), state)
        features = state[0] if output.projection is None else output.projection(state[0])
        symbol = torch.multinomial(torch.softmax(output.linear(features) / 0.8, -1), 1)[0]
        said.append(symbol.item())
    return said


def with_elman(model: SequenceModel, prompt: np.ndarray, steps: int) -> list[int]:
    """Write as ``generate`` does."""
    return list(stream_prompt(model, prompt, max_new_steps=steps, sampling=Sampling(temperature=0.8)))


def ngrams(symbols: int) -> Mixture:
    """Return n-grams of 300,000 symbols, some frequent and most rare, of the order that is usual for so large a vocabulary."""
    text = np.random.default_rng(0).zipf(1.3, 300_000) % symbols
    return Mixture(KneserNey(7 if symbols < 1_000 else 5, end=True).fit([text], symbols))


def with_ngrams(mixture: Mixture, model: SequenceModel, prompt: np.ndarray, steps: int) -> list[int]:
    """Write as ``generate`` does, n-grams beside the network."""
    return list(stream_prompt(model, prompt, max_new_steps=steps, sampling=Sampling(temperature=0.8), mixture=mixture))


def quickest(name: str, write, model: SequenceModel, steps: int, seen: dict[str, float]) -> None:
    """Take the time of one more round."""
    prompt = np.array([1, 2, 3])
    begun = time.perf_counter()
    assert len(write(model, prompt, steps)) == steps
    spent = (time.perf_counter() - begun) / steps * 1e6
    seen[name] = min(spent, seen.get(name, float("inf")))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{machine()}\n\n| hidden | symbols | elman, µs a symbol | torch LSTMCell, µs | ratio | elman with n-grams, µs | ratio |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for hidden, symbols in CASES:
        model, seen = language_model(hidden, symbols), {}
        sides = {"torch": with_cells, "elman": with_elman, "n-grams": partial(with_ngrams, ngrams(symbols))}
        for _ in range(chosen.rounds):
            for name, write in sides.items():
                quickest(name, write, model, chosen.steps, seen)
        theirs, ours, both = seen.values()
        ratios = f"{ours:.1f} | {theirs:.1f} | {theirs / ours:.2f} | {both:.1f} | {theirs / both:.2f}"
        print(f"| {hidden} | {symbols:,} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
