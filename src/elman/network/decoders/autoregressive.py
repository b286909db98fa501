"""Autoregressive decoder: each element from those before it; with a source a translator, without one a language model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from elman import cells
from elman.codecs.space import Discrete
from elman.errors import SettingError
from elman.kernels import dense
from elman.network.batch_invariant import Linear
from elman.network.decoders.attention import Attention
from elman.network.decoders.bridge import Bridge
from elman.network.decoders.decoder import AnswerOptions, Decoder
from elman.network.decoders.feedback import Feedback
from elman.network.decoders.plan_parts import banned_of, classes_of, head_of, options_of
from elman.network.decoders.pointer import Pointer
from elman.network.decoders.regularisation import Regularisation
from elman.network.decoders.search import Search, Steps, follow
from elman.network.decoders.state import DecoderState, Looked, Memory
from elman.network.decoders.teacher_forcing import Shifted, join, shift, take
from elman.network.encoders import choice as body
from elman.network.encoders.encoder import recurrent_layers
from elman.network.heads import BernoulliHead, Head, SymbolHead
from elman.network.interfaces import Encoded, Loss, Recurrent, State, map_tensors
from elman.network.unbatch import as_sequences, to_rows
from elman.sequences import Ragged

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan

Draw = Callable[[Any, Tensor], Any]
"""From a head and features to one element a row."""
_AT_ONCE = 2_048
"""Features whose classes are scored together in evaluation: bounds memory where the vocabulary is large."""

Mix = Callable[[Tensor, slice], Tensor]
"""From the probabilities (M, C) of some steps, and which steps these are, to other probabilities (M, C)."""


@dataclass(frozen=True, kw_only=True)
class CrossAttention:
    """How a decoder looks at a source.

    Attributes
    ----------
    attention : Attention
        Over the steps of the source.
    mix : nn.Module
        From attention's context and the hidden state to features.
    pointer : Pointer, optional
        Copies symbols of the source.
    coverage : float
        Weight of the loss for looking at the same step twice (See 2017, eq. 12).
    """

    attention: Attention
    mix: nn.Linear
    pointer: Pointer | None = None
    coverage: float = 0.0


class AutoregressiveDecoder(Decoder):
    """Recurrent layers over the target shifted by one, optional attention after them, a head.

    Attention follows the recurrence (Luong 2015, section 3.1), so that a teacher-forced batch runs through the kernel in one piece;
    with ``input_feeding`` the attentional vector enters the next step (section 3.3) and training goes step by step, and so it does
    while the decoder reads its own guesses (``teacher_forcing`` below 1: Bengio 2015, "Scheduled sampling", section 2.4).

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
    sight : Sight, optional
        For a source of sequences.
    input_feeding : bool
        Feed the attentional vector back.
    teacher_forcing : float
        Chance that a step of training reads the true element before it rather than the decoder's own guess.
    banned : tuple of int
        Symbols never given out.
    regularisation : Regularisation, optional
        Dropouts and activation penalties of a language model; feedback and head then have no dropout of their own.
    """

    name = "autoregressive"
    writes_symbols = True

    def __init__(
        self,
        feedback: Feedback,
        layers: nn.Module,
        head: Head,
        *,
        end: BernoulliHead | None = None,
        bridge: Bridge | None = None,
        context: nn.Module | None = None,
        sight: CrossAttention | None = None,
        input_feeding: bool = False,
        teacher_forcing: float = 1.0,
        banned: tuple[int, ...] = (),
        regularisation: Regularisation | None = None,
    ) -> None:
        super().__init__()
        self.feedback, self.layers, self.head, self.end = feedback, layers, head, end
        self.bridge, self.context = bridge, context
        self.attention, self.mix = (None, None) if sight is None else (sight.attention, sight.mix)
        self.pointer, self.coverage = (None, 0.0) if sight is None else (sight.pointer, sight.coverage)
        self.input_feeding, self.teacher_forcing, self.banned = input_feeding, teacher_forcing, tuple(banned)
        self.regularisation, self.teacher_forcing_ratio = regularisation, teacher_forcing

    # -- where an answer starts ------------------------------------------------------------------------------------------

    @classmethod
    def build(cls, plan: Plan, features: int) -> Self:
        """Return the decoder of a plan."""
        hidden, size = plan.hidden_size, plan.embedding_size
        attends = plan.attends
        regular = _regularisation(plan)
        feedback = Feedback(plan.target.space, size, plan.dropout if regular is None else 0.0)
        discrete = isinstance(plan.target.space, Discrete)
        tied = feedback.symbols.weight if plan.tie_weights and feedback.symbols is not None else None
        mixed = size if tied is not None and attends else hidden
        return cls(
            feedback,
            recurrent_layers(plan.cell, size + (mixed if plan.input_feeding else 0), hidden, options_of(plan))
            if plan.body == "recurrent"
            else body.continuing(plan),
            head_of(plan, mixed, extra=int(discrete), tied=tied, cutoffs=plan.cutoffs, dropout=plan.dropout if regular is None else 0.0),
            end=None if discrete else BernoulliHead(hidden, 1),
            bridge=None if plan.source is None else Bridge(features, plan.num_layers, hidden, len(cells.get(plan.cell).states)),
            context=Linear(features, size) if plan.source is not None and not attends else None,
            sight=_cross_attention(plan, features, mixed) if attends else None,
            input_feeding=plan.input_feeding,
            teacher_forcing=plan.teacher_forcing_ratio,
            banned=banned_of(plan),
            regularisation=regular,
        )

    def begin(self, encoded: Encoded, state: State | None = None) -> DecoderState:
        """Return the state before the first element, or that after ``state``."""
        last = self.feedback.start(encoded.size) if state is None or state.last is None else state.last
        recurrent = None if state is None else state.recurrent
        if encoded.vector is not None and self.bridge is not None and recurrent is None:
            recurrent = self.bridge(encoded.vector)
        context = self.context(encoded.vector) if self.context is not None else None
        memory = self._memory(encoded)
        feed = memory.values.new_zeros(encoded.size, self._feed_size()) if self.input_feeding and memory is not None else None
        covered = torch.zeros_like(memory.mask, dtype=memory.values.dtype) if memory is not None and self.coverage else None
        return DecoderState(recurrent=recurrent, last=last, feed=feed, memory=memory, context=context, covered=covered)

    def _feed_size(self) -> int:
        return int(self.layers.hidden_size if self.mix is None else self.mix.out_features)  # pyright: ignore[reportArgumentType]

    def _memory(self, encoded: Encoded) -> Memory | None:
        if self.attention is None or encoded.sequence is None:
            return None
        values, mask = encoded.sequence.to_padded()
        if not values.shape[1]:  # every row is empty: one masked step keeps the shapes
            values, mask = values.new_zeros(len(values), 1, values.shape[2]), mask.new_zeros(len(mask), 1)
        classes = None
        if self.pointer is not None:
            symbols, _ = encoded.source.to_padded()
            classes = self.pointer.classes(symbols) if symbols.shape[1] else mask.to(torch.int64)
        return Memory(values=values, keys=self.attention.keys(values), mask=mask, classes=classes)

    # -- whole sequences ---------------------------------------------------------------------------------------------------

    def features(self, target: Any, state: DecoderState, shifted: Shifted) -> tuple[Tensor, State]:
        """Run teacher-forced over a target; return features (ΣT', F) in packed order and the state after it."""
        looked, after = self.look(target, state, shifted)
        return looked.features, after

    def look(self, target: Any, state: DecoderState, shifted: Shifted) -> tuple[Looked, State]:
        """Run over a target; return the outputs of all steps in packed order, and the state after it."""
        data = {n: p.data for n, p in target.items()} if isinstance(target, dict) else target.data
        fed = join(state.last, data)
        x = self._vectors(shifted.geometry, take(fed, shifted.inputs))
        if state.context is not None:
            x = x.with_data(x.data + state.context[x.row_of().to(x.data.device)])
        last = take(fed, shifted.last)
        if self.input_feeding or (self.training and self.teacher_forcing < 1):
            return self._step_by_step(x, state), State(recurrent=None, last=last)
        out, recurrent = self.layers(x, state.recurrent)
        return self._attend(x.data, out, state), State(recurrent=recurrent, last=last)

    def _vectors(self, steps: Ragged, elements: Any) -> Ragged:
        x = steps.with_data(self._read(elements))
        regular, space = self.regularisation, self.feedback.space
        if not self.training or regular is None or not isinstance(space, Discrete):
            return x
        return regular.read(x, elements, space.n + 1)

    def _read(self, values: Any) -> Tensor:
        """Return the vectors of elements; copied symbols beyond the vocabulary are read as unknown."""
        space = self.feedback.space
        if self.pointer is not None and isinstance(space, Discrete):
            values = torch.where(values > space.n, torch.zeros_like(values), values)
        return self.feedback(values)

    def _attend(self, vectors: Tensor, out: Ragged, state: DecoderState) -> Looked:
        m = state.memory
        if self.attention is None or m is None or not len(out.data):
            return Looked(features=out.data)
        queries, _ = out.to_padded()
        if state.covered is None:
            context, weights = self._attention(queries, m, None)
            penalty = None
        else:
            context, weights, penalty = self._cover(queries, m, state.covered)
        place = (out.row_of() * context.shape[1] + out.step_of()).to(context.device)
        packed, shown = (t.flatten(0, 1).index_select(0, place) for t in (context, weights))
        twice = None if penalty is None else penalty.flatten().index_select(0, place)
        return self._mix(vectors, out.data, packed, shown, twice)

    def _cover(self, queries: Tensor, m: Memory, covered: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Attend step after step, each given the attention so far; also return the repeated attention (coverage loss), (N, T)."""
        results: list[tuple[Tensor, Tensor, Tensor]] = []
        for t in range(queries.shape[1]):
            context, weights = self._attention(queries[:, t : t + 1], m, covered[:, None])
            results.append((context, weights, torch.minimum(weights, covered[:, None]).sum(2)))
            covered = covered + weights[:, 0]
        contexts, weights, penalties = zip(*results, strict=True)
        return torch.cat(contexts, 1), torch.cat(weights, 1), torch.cat(penalties, 1)

    def _attention(self, queries: Tensor, m: Memory, covered: Tensor | None) -> tuple[Tensor, Tensor]:
        return self.attention(queries, m.keys, m.values, m.mask, covered)  # pyright: ignore[reportOptionalCall]

    def _mix(self, vectors: Tensor, hidden: Tensor, context: Tensor, weights: Tensor, penalty: Tensor | None = None) -> Looked:
        features = dense.tanh(self.mix(torch.cat([context, hidden], 1)))  # pyright: ignore[reportOptionalCall]
        gate = None if self.pointer is None else self.pointer.gate(context, hidden, vectors, weights)
        return Looked(features=features, weights=weights, gate=gate, penalty=penalty)

    def _step_by_step(self, x: Ragged, state: DecoderState) -> Looked:
        state = state.select(x.sorted_indices)
        results: list[Looked] = []
        guess, at = None, 0
        for active in x.batch_sizes.tolist():
            if active < state.rows:
                state = state.select(torch.arange(active, device="cpu"))
            vectors = x.data[at : at + active]
            if guess is not None:
                vectors = self._sometimes(map_tensors(lambda t, k=active: t[:k], guess), vectors, state)
            looked, state = self._one(vectors, state)
            guess = self._guess(looked, state) if self.training and self.teacher_forcing < 1 else None
            results.append(looked)
            at += active
        return Looked.in_one(results) if results else Looked(features=x.data.new_zeros(0, self._feed_size()))

    @torch.no_grad()
    def _guess(self, looked: Looked, state: DecoderState) -> Any:
        discrete = isinstance(self.head, SymbolHead) and isinstance(self.feedback.space, Discrete)
        return self._log_proba(looked, state.classes).argmax(1) if discrete else self.head.predict(looked.features)

    def _sometimes(self, own: Any, vectors: Tensor, state: DecoderState) -> Tensor:
        """Replace true elements by the decoder's guesses, each with the same chance; a guessed end is no element."""
        chosen = torch.rand(len(vectors), dtype=torch.float32, device=vectors.device) >= self.teacher_forcing
        space = self.feedback.space
        if isinstance(space, Discrete):
            chosen &= own != space.n
        guessed = self._read(own)
        guessed = guessed if state.context is None else guessed + state.context
        return torch.where(chosen[:, None], guessed, vectors)

    # -- one step ----------------------------------------------------------------------------------------------------------

    def _one(self, vectors: Tensor, state: DecoderState) -> tuple[Looked, DecoderState]:
        fed = vectors if state.feed is None else torch.cat([vectors, state.feed], 1)
        x = Ragged.from_lengths(fed, torch.ones(len(fed), dtype=torch.int64, device="cpu"))
        out, recurrent = self.layers(x, state.recurrent)
        m, penalty = state.memory, None
        if self.attention is None or m is None:
            return Looked(features=out.data), replace(state, recurrent=recurrent)
        group = (len(m.mask), state.width)
        covered = None if state.covered is None else state.covered.unflatten(0, group)
        context, weights = (t.flatten(0, 1) for t in self._attention(out.data.unflatten(0, group), m, covered))
        if state.covered is not None:
            penalty = torch.minimum(weights, state.covered).sum(1)
        looked = self._mix(vectors, out.data, context, weights, penalty)
        covered = None if state.covered is None else state.covered + weights
        feed = looked.features if state.feed is not None else None
        return looked, replace(state, recurrent=recurrent, feed=feed, covered=covered)

    def advance(self, state: DecoderState, values: Any = None) -> tuple[Looked, DecoderState]:
        """Read one element per row (the state's own last one when None); return its output, and the state."""
        state = state if values is None else replace(state, last=values)
        vectors = self._read(state.last)
        return self._one(vectors if state.context is None else vectors + state.context, state)

    def _log_proba(self, looked: Looked, classes: Tensor | None) -> Tensor:
        head: Any = self.head
        if self.pointer is None or looked.gate is None or looked.weights is None or classes is None:
            return head.log_proba(looked.features)
        return self.pointer.log_proba(head, looked.features, looked.gate, looked.weights, classes)

    # -- for the model -------------------------------------------------------------------------------------------------------

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
        begin = self.begin(encoded, state)
        looked, after = self.look(target, begin, shifted)
        features, penalty = self._regular(looked.features, shifted.geometry)
        is_end = (shifted.outputs == len(shape.data)).to(features.device)
        if isinstance(self.head, SymbolHead) and isinstance(self.feedback.space, Discrete):
            expected = torch.cat([shape.data, shape.data.new_full((1,), self.feedback.space.n)])
            each = self._symbol_loss(replace(looked, features=features), begin, take(expected, shifted.outputs), shifted.geometry)
            return each, penalty, shifted.geometry, after
        each = self.end.loss(features, is_end[:, None]) if self.end is not None else features.new_zeros(len(features))
        data = {n: p.data for n, p in target.items()} if isinstance(target, dict) else shape.data
        inside = torch.nonzero(~is_end).flatten()
        if len(inside):
            each = each.index_add(0, inside, self.head.loss(features[inside], take(data, shifted.outputs[inside.cpu()])).to(each.dtype))
        return each, penalty, shifted.geometry, after

    def _regular(self, features: Tensor, steps: Ragged) -> tuple[Tensor, Tensor | None]:
        """Input of the head, and the penalty of the activations."""
        if not self.training or self.regularisation is None:
            return features, None
        dropped = self.regularisation.write(features, steps)
        return dropped, self.regularisation.penalty(features, dropped, steps)

    def _symbol_loss(self, looked: Looked, begin: DecoderState, wanted: Tensor, geometry: Ragged) -> Tensor:
        head: Any = self.head
        classes = begin.classes_of(geometry)
        if self.pointer is None or looked.gate is None or looked.weights is None or classes is None:
            each = head.loss(looked.features, wanted)
        else:
            copied = (looked.weights * (classes == wanted[:, None])).sum(1)
            each = self.pointer.loss(head, looked.features, looked.gate, copied, wanted)
        return each if looked.penalty is None or not self.training else each + self.coverage * looked.penalty

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

    def judge_on(
        self, symbols: Ragged, wanted: Tensor, recurrent: Recurrent | None, *, hits: bool, mix: Mix | None = None
    ) -> tuple[Tensor, int, Recurrent]:
        """Return the nats of the symbol after each (ΣT,), the hits of the likeliest, and the state after; for evaluation.

        ``mix`` changes the probabilities (M, C) of some steps, named by their slice, before they are judged.
        """
        out, after = self.layers(self._vectors(symbols, symbols.data), recurrent)
        nats, right = [], 0
        together = _AT_ONCE if mix is None else _AT_ONCE // 4
        for at in range(0, len(wanted), together):
            steps = slice(at, at + together)
            features, truth = out.data[steps], wanted[steps]
            chances = None if mix is None else mix(self.head.proba(features), steps)
            nats.append(self.head.loss(features, truth) if chances is None else -chances.gather(1, truth[:, None])[:, 0].log())
            if hits:  # "unknown" is nothing that could be guessed right
                predictable = ~torch.isin(truth, torch.tensor(self.banned, device=truth.device))
                best = self.head.predict(features) if chances is None else chances.argmax(1)
                right += int(((best == truth) & predictable).sum())
        return torch.cat(nats), right, after

    def steps(self) -> Steps:
        """Return one step over symbols for a search; only for Discrete targets."""
        space = self.feedback.space
        if not isinstance(self.head, SymbolHead) or not isinstance(space, Discrete):
            raise SettingError(f"A search goes over symbols; this model gives {space}. Call predict without search.")

        def advance(state: DecoderState, symbols: Tensor | None) -> tuple[Tensor, DecoderState, Tensor | None]:
            looked, state = self.advance(state, symbols)
            return self._log_proba(looked, state.classes), state, looked.weights

        return Steps(advance=advance, end=space.n, banned=self.banned)

    def predict(self, encoded: Encoded, limits: Tensor, search: Search | None = None, state: DecoderState | None = None) -> list[Any]:
        """Return the elements of each row: the likeliest at every step, or those that ``search`` finds."""
        state = self.begin(encoded) if state is None else state
        if isinstance(self.feedback.space, Discrete) or search is not None:
            return list((search or follow)(self.steps(), state, limits))
        return self.roll(state, limits)

    def answer(self, encoded: Encoded, options: AnswerOptions) -> list[Any]:
        """Return the elements of each row."""
        return self.predict(encoded, options.limits(), options.search)

    def carries_state(self, network: Any) -> bool:
        """Whether nothing but the text itself is read: a language model."""
        return network.stem is None

    def on_epoch_start(self, share: float) -> None:
        """Lower teacher forcing in a line from always to its ratio over the epochs (Bengio 2015, section 2.4)."""
        self.teacher_forcing = 1.0 - (1.0 - self.teacher_forcing_ratio) * share

    def roll(self, state: DecoderState, limits: Tensor, *, draw: Draw | None = None) -> list[Any]:
        """Generate elements without classes, fed back until the end: the likeliest, or draws of ``draw(head, features)``."""
        draw = draw or (lambda head, features: head.predict(features))
        taken: list[Any] = []
        lengths = limits.clone()
        for t in range(int(limits.max()) if len(limits) else 0):
            looked, state = self.advance(state)
            features = looked.features
            if self.end is not None:
                over = draw(self.end, features)[:, 0].cpu() > 0
                lengths = torch.where(over & (lengths > t), torch.full_like(lengths, t), lengths)
            if bool((lengths <= t).all()):
                break
            values = draw(self.head, features)
            taken.append(values)
            state = replace(state, last=values)
        return _cut(taken, lengths, self.feedback.start(len(limits)))

    def proba(self, encoded: Encoded, target: Any = None) -> list[Any]:
        """Return the probabilities of every next element given those before it, (T+1, V+1) per row, "end" last."""
        if target is None:
            raise SettingError("The probabilities of a free sequence depend on the elements before: pass target, or use a search.")
        shape = next(iter(target.values())) if isinstance(target, dict) else target
        shifted, begin = shift(shape), self.begin(encoded)
        looked, _ = self.look(target, begin, shifted)
        if looked.gate is None:
            return to_rows(as_sequences(self.head.proba(looked.features), shifted.geometry))
        return to_rows(as_sequences(dense.exp(self._log_proba(looked, begin.classes_of(shifted.geometry))), shifted.geometry))

    def prime(self, encoded: Encoded, prompt: Any, state: State | None = None) -> DecoderState:
        """Read a prompt; the state then precedes the element that follows it."""
        shape = next(iter(prompt.values())) if isinstance(prompt, dict) else prompt
        begin = self.begin(encoded, state)
        _, after = self.features(prompt, begin, shift(shape, torch.zeros(len(shape), dtype=torch.bool, device="cpu")))
        return replace(begin, recurrent=after.recurrent, last=after.last)


def _cut(taken: list[Any], lengths: Tensor, empty: Any) -> list[Any]:
    """Stack steps and cut each row at its length."""
    if isinstance(empty, dict):
        parts = {name: _cut([step[name] for step in taken], lengths, part) for name, part in empty.items()}
        return [{name: rows[i] for name, rows in parts.items()} for i in range(len(lengths))]
    rows = torch.stack(taken, 1) if taken else empty[:, None][:, :0]
    return [row[:n].detach().cpu().numpy() for row, n in zip(rows, lengths.tolist(), strict=True)]


def _regularisation(plan: Plan) -> Regularisation | None:
    """A language model over symbols has its own; older ones drop step by step instead."""
    if not plan.locked_dropout:
        return None
    return Regularisation(
        input_dropout=plan.input_dropout,
        output_dropout=plan.dropout,
        embedding_dropout=plan.embedding_dropout,
        activation=plan.activation_penalty,
        temporal_activation=plan.temporal_activation_penalty,
    )


def _cross_attention(plan: Plan, features: int, mixed: int) -> CrossAttention:
    hidden = plan.hidden_size
    return CrossAttention(
        attention=Attention(hidden, features, plan.attention, coverage=plan.coverage > 0),
        mix=Linear(features + hidden, mixed),
        pointer=Pointer(plan.copies, classes_of(plan), features + hidden + plan.embedding_size) if plan.copies else None,
        coverage=plan.coverage,
    )
