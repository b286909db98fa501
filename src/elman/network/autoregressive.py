"""Autoregressive decoder: each element from those before it; with a source a translator, without one a language model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from elman.codecs.space import Discrete
from elman.errors import SettingError
from elman.network.attention import Attention
from elman.network.bridge import Bridge
from elman.network.contract import Encoded, Loss, Recurrent, State, map_tensors
from elman.network.feedback import Feedback
from elman.network.heads import BernoulliHead, Head, SymbolHead
from elman.network.regularisation import Regularisation
from elman.network.rows import as_sequences, to_rows
from elman.network.search import Search, Steps, follow
from elman.network.shift import Shifted, join, shift, take
from elman.sequences import Ragged

_AT_ONCE = 2_048
"""Features whose classes are scored together in evaluation: bounds memory where the vocabulary is large."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """An encoded source for attention: values (N, S, M), keys (N, S, Q), mask (N, S)."""

    values: Tensor
    keys: Tensor
    mask: Tensor


@dataclass(frozen=True, kw_only=True)
class DecoderState:
    """Where M answers stand. Everything a step needs is in here; nothing is kept in the module.

    Notes
    -----
    Shapes:

        recurrent  h or (h, c), each (L, M, H)    last  newest elements (M, *)    feed  (M, F) attentional vector of input feeding
        memory     the source, M rows              context  (M, E) vector of a source of rank "one"
    """

    recurrent: Recurrent | None
    last: Any
    feed: Tensor | None = None
    memory: Memory | None = None
    context: Tensor | None = None

    def reorder(self, rows: Tensor) -> DecoderState:
        """Let each row go on from another row of the same source."""
        return replace(
            self,
            recurrent=map_tensors(lambda t: t.index_select(1, rows.to(t.device)), self.recurrent),
            last=map_tensors(lambda t: t.index_select(0, rows.to(t.device)), self.last),
            feed=map_tensors(lambda t: t.index_select(0, rows.to(t.device)), self.feed),
        )

    def select(self, rows: Tensor) -> DecoderState:
        """Keep these rows only, sources included."""
        m = self.memory
        pick = {} if m is None else {name: getattr(m, name).index_select(0, rows.to(m.mask.device)) for name in ("values", "keys", "mask")}
        context = None if self.context is None else self.context.index_select(0, rows.to(self.context.device))
        return replace(self.reorder(rows), memory=None if m is None else Memory(**pick), context=context)

    def expand(self, times: int) -> DecoderState:
        """Repeat each row ``times`` times, copies side by side."""
        size = len(self.last) if isinstance(self.last, Tensor) else len(next(iter(self.last.values())))
        return self.select(torch.arange(size).repeat_interleave(times))


class AutoregressiveDecoder(nn.Module):
    """Recurrent layers over the target shifted by one, optional attention after them, a head.

    Attention stands after the recurrence (Luong 2015, section 3.1), so that a teacher-forced batch runs through the kernel in one piece;
    with ``input_feeding`` the attentional vector enters the next step (section 3.3) and training goes step by step.

    Parameters
    ----------
    feedback : Feedback
        Reads the last element.
    layers : nn.Module
        Recurrent layers of ``elman.nn`` over vectors, one direction.
    head : Head
        Distribution over an element; for Discrete it has the class "end" last.
    end : BernoulliHead, optional
        Whether the sequence ends here, for spaces without classes.
    bridge : Bridge, optional
        First state from a source.
    context : nn.Module, optional
        Maps a single element's vector to one that is added to every input.
    attention : Attention, optional
        Over a source of sequences.
    mix : nn.Module, optional
        From hidden state and attention's context to features.
    input_feeding : bool
        Feed the attentional vector back.
    banned : tuple of int
        Symbols never given out.
    regularisation : Regularisation, optional
        What a language model drops and pays for while it learns; feedback and head then drop nothing themselves.
    """

    def __init__(
        self,
        feedback: Feedback,
        layers: nn.Module,
        head: Head,
        *,
        end: BernoulliHead | None = None,
        bridge: Bridge | None = None,
        context: nn.Module | None = None,
        attention: Attention | None = None,
        mix: nn.Module | None = None,
        input_feeding: bool = False,
        banned: tuple[int, ...] = (),
        regularisation: Regularisation | None = None,
    ) -> None:
        super().__init__()
        self.feedback, self.layers, self.head, self.end = feedback, layers, head, end
        self.bridge, self.context, self.attention, self.mix = bridge, context, attention, mix
        self.input_feeding, self.banned = input_feeding, tuple(banned)
        self.regularisation = regularisation

    # -- where an answer starts ------------------------------------------------------------------------------------------

    def begin(self, encoded: Encoded, state: State | None = None) -> DecoderState:
        """Return the state before the first element, or after what ``state`` remembers."""
        last = self.feedback.start(encoded.size) if state is None or state.last is None else state.last
        recurrent = None if state is None else state.recurrent
        if encoded.vector is not None and self.bridge is not None and recurrent is None:
            recurrent = self.bridge(encoded.vector)
        context = self.context(encoded.vector) if self.context is not None else None
        memory = self._memory(encoded)
        feed = memory.values.new_zeros(encoded.size, self._feed_size()) if self.input_feeding and memory is not None else None
        return DecoderState(recurrent=recurrent, last=last, feed=feed, memory=memory, context=context)

    def _feed_size(self) -> int:
        return int(self.layers.hidden_size)  # pyright: ignore[reportArgumentType]

    def _memory(self, encoded: Encoded) -> Memory | None:
        if self.attention is None or encoded.sequence is None:
            return None
        values, mask = encoded.sequence.to_padded()
        if not values.shape[1]:  # every row is empty: one masked step keeps the shapes
            values, mask = values.new_zeros(len(values), 1, values.shape[2]), mask.new_zeros(len(mask), 1)
        return Memory(values=values, keys=self.attention.keys(values), mask=mask)

    # -- whole sequences ---------------------------------------------------------------------------------------------------

    def features(self, target: Any, state: DecoderState, shifted: Shifted) -> tuple[Tensor, State]:
        """Run teacher-forced over a target; return features (ΣT', F) in packed order and the state after it."""
        data = {n: p.data for n, p in target.items()} if isinstance(target, dict) else target.data
        fed = join(state.last, data)
        elements = take(fed, shifted.inputs)
        x = self._vectors(shifted.geometry, elements)
        if state.context is not None:
            x = x.with_data(x.data + state.context[x.row_of().to(x.data.device)])
        last = take(fed, shifted.last)
        if self.input_feeding:
            return self._step_by_step(x, state), State(recurrent=None, last=last)
        out, recurrent = self.layers(x, state.recurrent)
        return self._attend(out, state.memory), State(recurrent=recurrent, last=last)

    def _vectors(self, steps: Ragged, elements: Any) -> Ragged:
        x = steps.with_data(self.feedback(elements))
        regular, space = self.regularisation, self.feedback.space
        if not self.training or regular is None or not isinstance(space, Discrete):
            return x
        return regular.read(x, elements, space.n + 1)

    def _attend(self, out: Ragged, memory: Memory | None) -> Tensor:
        if self.attention is None or self.mix is None or memory is None or not len(out.data):
            return out.data
        queries, _ = out.to_padded()
        context, _ = self.attention(queries, memory.keys, memory.values, memory.mask)
        place = out.row_of() * context.shape[1] + out.step_of()
        packed = context.flatten(0, 1).index_select(0, place.to(context.device))
        return torch.tanh(self.mix(torch.cat([packed, out.data], 1)))

    def _step_by_step(self, x: Ragged, state: DecoderState) -> Tensor:
        state = state.select(x.sorted_indices)
        features, at = [x.data.new_zeros(0, self._feed_size())], 0
        for active in x.batch_sizes.tolist():
            if active < len(state.feed if state.feed is not None else x):
                state = state.select(torch.arange(active))
            step, state, _ = self._one(x.data[at : at + active], state)
            features.append(step)
            at += active
        return torch.cat(features)

    # -- one step ----------------------------------------------------------------------------------------------------------

    def _one(self, vectors: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState, Tensor | None]:
        if state.feed is not None:
            vectors = torch.cat([vectors, state.feed], 1)
        x = Ragged.from_lengths(vectors, torch.ones(len(vectors), dtype=torch.int64))
        out, recurrent = self.layers(x, state.recurrent)
        hidden, weights = out.data, None
        if self.attention is not None and self.mix is not None and state.memory is not None:
            m = state.memory
            context, all_weights = self.attention(hidden[:, None], m.keys, m.values, m.mask)
            hidden, weights = torch.tanh(self.mix(torch.cat([context[:, 0], hidden], 1))), all_weights[:, 0]
        return hidden, replace(state, recurrent=recurrent, feed=hidden if state.feed is not None else None), weights

    def advance(self, state: DecoderState, values: Any = None) -> tuple[Tensor, DecoderState, Tensor | None]:
        """Read one element per row (the state's own last one when None); return features (M, F), state, attention weights."""
        state = state if values is None else replace(state, last=values)
        vectors = self.feedback(state.last)
        return self._one(vectors if state.context is None else vectors + state.context, state)

    # -- what the model asks for ----------------------------------------------------------------------------------------------

    def each(self, encoded: Encoded, target: Any, state: State | None = None, ends: Tensor | None = None) -> tuple[Tensor, Ragged, State]:
        """Return the loss of each step (ΣT',), its geometry and the state after the target."""
        each, _, geometry, after = self._judge(encoded, target, state, ends)
        return each, geometry, after

    def _judge(
        self, encoded: Encoded, target: Any, state: State | None, ends: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Ragged, State]:
        """Return the loss of each step, the penalty, the geometry and the state after."""
        shape = next(iter(target.values())) if isinstance(target, dict) else target
        shifted = shift(shape, ends)
        features, after = self.features(target, self.begin(encoded, state), shifted)
        features, penalty = self._regular(features, shifted.geometry)
        is_end = (shifted.outputs == len(shape.data)).to(features.device)
        if isinstance(self.head, SymbolHead) and isinstance(self.feedback.space, Discrete):
            wanted = torch.cat([shape.data, shape.data.new_full((1,), self.feedback.space.n)])
            return self.head.loss(features, take(wanted, shifted.outputs)), penalty, shifted.geometry, after
        each = self.end.loss(features, is_end[:, None]) if self.end is not None else features.new_zeros(len(features))
        data = {n: p.data for n, p in target.items()} if isinstance(target, dict) else shape.data
        inside = torch.nonzero(~is_end).flatten()
        if len(inside):
            each = each.index_add(0, inside, self.head.loss(features[inside], take(data, shifted.outputs[inside.cpu()])).to(each.dtype))
        return each, penalty, shifted.geometry, after

    def _regular(self, features: Tensor, steps: Ragged) -> tuple[Tensor, Tensor | None]:
        """What the head sees, and what the activations cost."""
        if not self.training or self.regularisation is None:
            return features, None
        dropped = self.regularisation.write(features, steps)
        return dropped, self.regularisation.penalty(features, dropped, steps)

    def loss(self, encoded: Encoded, target: Any, state: State | None = None, ends: Tensor | None = None) -> Loss:
        """Return the teacher-forced loss summed over steps, ends included."""
        each, penalty, _, after = self._judge(encoded, target, state, ends)
        return Loss(total=each.sum(), units=len(each), state=after, penalty=penalty)

    def read_on(self, symbols: Ragged, wanted: Tensor, recurrent: Recurrent | None) -> Loss:
        """Return the loss of running text: symbols that are read, those that follow each (ΣT,), and the state the rows begin with."""
        out, after = self.layers(self._vectors(symbols, symbols.data), recurrent)
        features, penalty = self._regular(out.data, symbols)
        each = self.head.loss(features, wanted)
        return Loss(total=each.sum(), units=len(each), state=State(recurrent=after), penalty=penalty)

    def judge_on(self, symbols: Ragged, wanted: Tensor, recurrent: Recurrent | None, *, hits: bool) -> tuple[Tensor, int, Recurrent]:
        """Return the nats of what follows each symbol (ΣT,), how often the likeliest one does, and the state after; for evaluation."""
        out, after = self.layers(self._vectors(symbols, symbols.data), recurrent)
        nats, right = [], 0
        for features, truth in zip(out.data.split(_AT_ONCE), wanted.split(_AT_ONCE), strict=True):
            nats.append(self.head.loss(features, truth))
            if hits:  # "unknown" is nothing that could be guessed right
                known = ~torch.isin(truth, torch.tensor(self.banned, device=truth.device))
                right += int(((self.head.predict(features) == truth) & known).sum())
        return torch.cat(nats), right, after

    def steps(self) -> Steps:
        """Return one step over symbols for a search; only for Discrete targets."""
        head, space = self.head, self.feedback.space
        if not isinstance(head, SymbolHead) or not isinstance(space, Discrete):
            raise SettingError(f"A search goes over symbols; this model gives {space}. Call predict without search.")

        def advance(state: DecoderState, symbols: Tensor | None) -> tuple[Tensor, DecoderState, Tensor | None]:
            features, state, weights = self.advance(state, symbols)
            return head.log_proba(features), state, weights

        return Steps(advance=advance, end=space.n, banned=self.banned)

    def predict(self, encoded: Encoded, limits: Tensor, search: Search | None = None, state: DecoderState | None = None) -> list[Any]:
        """Return the elements of each row: the likeliest at every step, or what ``search`` finds."""
        state = self.begin(encoded) if state is None else state
        if isinstance(self.feedback.space, Discrete) or search is not None:
            return list((search or follow)(self.steps(), state, limits))
        return self.roll(state, limits)

    def roll(self, state: DecoderState, limits: Tensor, *, generator: torch.Generator | None = None, sample: bool = False) -> list[Any]:
        """Generate elements without classes: the centre, or draws, fed back until "end" is likelier than not."""
        taken: list[Any] = []
        lengths = limits.clone()
        for t in range(int(limits.max()) if len(limits) else 0):
            features, state, _ = self.advance(state)
            if self.end is not None:
                over = self.end.predict(features)[:, 0].cpu() > 0
                lengths = torch.where(over & (lengths > t), torch.full_like(lengths, t), lengths)
            if bool((lengths <= t).all()):
                break
            values = self.head.sample(features, generator) if sample else self.head.predict(features)
            taken.append(values)
            state = replace(state, last=values)
        return _cut(taken, lengths, self.feedback.start(len(limits)))

    def proba(self, encoded: Encoded, target: Any) -> list[Any]:
        """Return the probabilities of every next element given those before it, (T+1, V+1) per row, "end" last."""
        shape = next(iter(target.values())) if isinstance(target, dict) else target
        shifted = shift(shape)
        features, _ = self.features(target, self.begin(encoded), shifted)
        return to_rows(as_sequences(self.head.proba(features), shifted.geometry))

    def prime(self, encoded: Encoded, prompt: Any, state: State | None = None) -> DecoderState:
        """Read a prompt; the state then stands before the element that follows it."""
        shape = next(iter(prompt.values())) if isinstance(prompt, dict) else prompt
        begin = self.begin(encoded, state)
        _, after = self.features(prompt, begin, shift(shape, torch.zeros(len(shape), dtype=torch.bool)))
        return replace(begin, recurrent=after.recurrent, last=after.last)


def _cut(taken: list[Any], lengths: Tensor, empty: Any) -> list[Any]:
    """Stack steps and cut each row at its length."""
    if isinstance(empty, dict):
        parts = {name: _cut([step[name] for step in taken], lengths, part) for name, part in empty.items()}
        return [{name: rows[i] for name, rows in parts.items()} for i in range(len(lengths))]
    rows = torch.stack(taken, 1) if taken else empty[:, None][:, :0]
    return [row[:n].detach().cpu().numpy() for row, n in zip(rows, lengths.tolist(), strict=True)]
