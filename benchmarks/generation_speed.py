"""Generation, batch 1: ``LanguageModel.generate`` against the same weights stepped with torch's LSTMCell, head and sampling included.

Run with ``python -m benchmarks.generation_speed``; prints one Markdown row a case. Both write the same number of symbols from the same
prompt at temperature 0.8, in turn in one process on one thread; times are of the quickest of several rounds, a symbol each.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from benchmarks.quality.report import machine
from elman.codecs import Discrete
from elman.generation import Sampling, stream_prompt
from elman.network import Network, Sizes, build, plan
from elman.network.assembly import SequenceModel
from elman.network.spaces import Side

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


def quickest(write, model: SequenceModel, steps: int, rounds: int, seen: dict[str, float]) -> None:
    """Take the time of one more round."""
    prompt = np.array([1, 2, 3])
    for _ in range(rounds):
        begun = time.perf_counter()
        assert len(write(model, prompt, steps)) == steps
        spent = (time.perf_counter() - begun) / steps * 1e6
        seen[write.__name__] = min(spent, seen.get(write.__name__, float("inf")))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{machine()}\n\n| hidden | symbols | elman, µs a symbol | torch LSTMCell, µs | ratio |\n|--:|--:|--:|--:|--:|")
    for hidden, symbols in CASES:
        model, seen = language_model(hidden, symbols), {}
        for _ in range(chosen.rounds):
            for write in (with_cells, with_elman):
                quickest(write, model, chosen.steps, 1, seen)
        ours, theirs = seen["with_elman"], seen["with_cells"]
        print(f"| {hidden} | {symbols:,} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.2f} |", flush=True)


if __name__ == "__main__":
    main()
