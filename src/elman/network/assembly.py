"""How the parts are put together: stem -> encoder -> one of six decoders -> head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from elman import cells
from elman.codecs.space import Discrete, Pixels, Rectangles
from elman.errors import DataError, SettingError
from elman.network.batch_invariant import Linear
from elman.network.decoders.attention import Attention
from elman.network.decoders.autoregressive import AutoregressiveDecoder, CrossAttention
from elman.network.decoders.boxes import BoxDecoder
from elman.network.decoders.bridge import Bridge
from elman.network.decoders.contiguous_text import Readers, read
from elman.network.decoders.ctc import CTCDecoder, misfits
from elman.network.decoders.feedback import Feedback
from elman.network.decoders.pointer import Pointer
from elman.network.decoders.regularisation import Regularisation
from elman.network.decoders.segments import SegmentDecoder, SegmentStem
from elman.network.decoders.step import StepDecoder
from elman.network.decoders.summary import SummaryDecoder
from elman.network.decoders.wide import MixedOutput, Wide
from elman.network.encoders import choice as body
from elman.network.encoders.encoder import Encoder, recurrent_layers
from elman.network.heads import BernoulliHead, ContinuousHead, make_head
from elman.network.initialisation import initialise
from elman.network.interfaces import Encoded, Loss, State, batch_size, move
from elman.network.planning.checks import check
from elman.network.planning.plan import Plan
from elman.network.pooling import Pooling
from elman.network.stems.grid import CellReader
from elman.network.stems.pyramid import PyramidStem
from elman.network.stems.stem import Stem
from elman.sequences import Ragged

Decoder = SummaryDecoder | StepDecoder | AutoregressiveDecoder | CTCDecoder | SegmentDecoder | BoxDecoder


class SequenceModel(nn.Module):
    """A network that maps collated sources to targets, or continues targets without a source.

    It knows nothing of rows, epochs or files. All states go in and come out; nothing is remembered between calls.

    Parameters
    ----------
    plan : Plan
        What the network is.
    decoder : Decoder
        One of the six.
    stem : Stem, SegmentStem or PyramidStem, optional
        None for a language model.
    encoder : Encoder or CellReader, optional
        None for a language model and for sources that are one vector.
    """

    def __init__(
        self,
        plan: Plan,
        decoder: Decoder,
        stem: Stem | SegmentStem | PyramidStem | None = None,
        encoder: Encoder | CellReader | None = None,
    ) -> None:
        super().__init__()
        self.plan = plan
        self.stem, self.encoder, self.decoder = stem, encoder, decoder

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def encode(self, source: Any, state: State | None = None, *, rows: int | None = None) -> Encoded:
        """Run stem and encoder over a collated source (``rows`` says how many there are without one)."""
        if self.stem is None:
            if source is not None:
                raise SettingError("This model continues sequences and takes no source; pass source=None.")
            return Encoded(size=rows if rows is not None else 1)
        if source is None:
            raise SettingError("This model needs a source; got None. Pass the collated source.")
        source = move(source, self.device)
        vectors = self.stem(self._known(source))
        if self.encoder is None or isinstance(vectors, Tensor):
            return Encoded(size=batch_size(source), vector=vectors if isinstance(vectors, Tensor) else None, source=source)
        sequence, after = self.encoder(vectors, None if state is None else state.recurrent)
        return Encoded(size=batch_size(source), sequence=sequence, vector=self.encoder.last(after), state=after, source=source)

    def _known(self, source: Any) -> Any:
        """Where symbols are copied, those beyond the vocabulary are different words never seen; the stem knows one "unknown"."""
        if not self.plan.copies:
            return source
        beyond = source.data >= len(self.plan.copies)
        return source.with_data(source.data.masked_fill(beyond, 0))

    def on_epoch_start(self, state: Any) -> None:
        """Lower teacher forcing in a line from always to its ratio over the epochs (Bengio 2015, section 2.4); a hook of the loop."""
        if isinstance(self.decoder, AutoregressiveDecoder):
            share = (state.epoch - 1) / max(state.settings.max_epochs - 1, 1)
            self.decoder.teacher_forcing = 1.0 - (1.0 - self.plan.teacher_forcing_ratio) * share

    def loss(self, source: Any, target: Any, state: State | None = None, *, ends: Tensor | None = None) -> Loss:
        """Return the loss of a batch, summed over its units.

        Parameters
        ----------
        source : Ragged or Tensor or dict or None
            Collated source; None for a language model.
        target : Ragged or Tensor or dict
            Collated target.
        state : State, optional
            From the ``Loss`` of the piece before, for truncated backpropagation through time.
        ends : Tensor, optional
            (N,) bool, for language models fed in pieces: the row ends with this piece. All rows do by default.

        Returns
        -------
        Loss
            Sum, units and the state after this piece.
        """
        rows = batch_size(target)
        if source is not None and batch_size(source) != rows:
            raise DataError(f"source has {batch_size(source)} rows and target {rows}; they must be as many. Collate the same rows.")
        encoded, target = self.encode(source, state, rows=rows), move(target, self.device)
        if isinstance(self.decoder, AutoregressiveDecoder):
            return self.decoder.loss(encoded, target, state, ends)
        return self.decoder.loss(encoded, target)

    def losses(self, source: Any, target: Any, tbptt_length: int | None = None) -> Iterator[Loss]:
        """Yield the losses of consecutive pieces with carried, detached state; one piece when nothing is to be cut."""
        if isinstance(target, Readers):
            yield from read(self._autoregressive(), target.to(self.device), tbptt_length)
            return
        if tbptt_length is None or not self.carries_state:
            yield self.loss(source, target)
            return
        state: State | None = None
        lengths = target.lengths
        pieces = list(target.chunks(tbptt_length)) or [target]
        sources = list(source.chunks(tbptt_length)) if source is not None and len(pieces) > 0 else [None] * len(pieces)
        for i, (piece_source, piece) in enumerate(zip(sources or [source], pieces, strict=True)):
            reached = (i + 1) * tbptt_length
            ends = (lengths <= reached) & (lengths > reached - tbptt_length) | ((lengths == 0) & (i == 0))
            found = self.loss(piece_source, piece, state, ends=ends)
            state = None if found.state is None else found.state.detach()
            yield found

    @property
    def carries_state(self) -> bool:
        """Whether sequences may be fed in pieces: language models and aligned models that read one way."""
        if isinstance(self.decoder, StepDecoder):
            return self.encoder is not None and self.encoder.directions == 1 and not self.plan.joined
        return self.stem is None

    @torch.no_grad()
    def row_losses(self, source: Any, target: Any) -> tuple[Tensor, Tensor]:
        """Return each row's own loss in nats (N,) and its units (N,), for perplexity; autoregressive models only."""
        decoder = self._autoregressive()
        with evaluating(self):
            encoded = self.encode(source, rows=batch_size(target))
            each, geometry, _ = decoder.each(encoded, move(target, self.device))
        total = each.new_zeros(len(geometry)).index_add(0, geometry.row_of().to(each.device), each)
        return total, geometry.lengths

    def _autoregressive(self) -> AutoregressiveDecoder:
        if not isinstance(self.decoder, AutoregressiveDecoder):
            raise SettingError(f"This needs a model that gives one element after the other; this one's decoder is {self.plan.decoder!r}.")
        return self.decoder

    @torch.no_grad()
    def predict(self, source: Any, *, search: Any = None, max_length: int | None = None, min_score: float | None = None) -> list[Any]:
        """Return one answer per row, as the target's codec encodes it.

        Parameters
        ----------
        source : Ragged or Tensor or dict
            Collated source.
        search : callable, optional
            How symbols are searched, from :mod:`elman.generation`; the likeliest symbol at every step by default.
        max_length : int, optional
            Longest answer of autoregressive models; by default from the plan and the length of each source.
        min_score : float, optional
            How sure a model that finds boxes must be of each, 0..1; by default nearly all are given, for a curve over scores.

        Returns
        -------
        list
            Arrays, or dicts of arrays for a Product.
        """
        with evaluating(self):
            encoded = self.encode(source)
            if isinstance(self.decoder, AutoregressiveDecoder):
                return self.decoder.predict(encoded, self.limits(encoded, max_length), search)
            if isinstance(self.decoder, CTCDecoder):
                return self.decoder.predict(encoded, search)
            if isinstance(self.decoder, BoxDecoder):
                least = {} if min_score is None else {"min_score": min_score}
                return self.decoder.predict(encoded, self.limits(encoded, max_length), **least)
            if search is not None:
                raise SettingError(f"A {self.plan.decoder} model has nothing to search. Call predict without search.")
            return self.decoder.predict(encoded)

    @torch.no_grad()
    def predict_proba(self, source: Any, target: Any = None) -> list[Any]:
        """Return probabilities per row, (C,) or (T, C); an autoregressive model needs the target whose next elements it judges."""
        with evaluating(self):
            if isinstance(self.decoder, AutoregressiveDecoder):
                if target is None:
                    raise SettingError("The probabilities of a free sequence depend on what was said before: pass target, or use a search.")
                return self.decoder.proba(self.encode(source, rows=batch_size(target)), move(target, self.device))
            return self.decoder.proba(self.encode(source))

    @torch.no_grad()
    def quantiles(self, source: Any, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles of numbers, (N, *shape, Q) for one answer per row."""
        if isinstance(self.decoder, SegmentDecoder):
            with evaluating(self):
                return self.decoder.quantiles(self.encode(source), tuple(levels))
        head = self.decoder.head
        if not isinstance(head, ContinuousHead) or not isinstance(self.decoder, SummaryDecoder):
            raise SettingError("Quantiles are for one answer of numbers per row. Use a target of numbers and a summary model.")
        with evaluating(self):
            return head.quantiles(self.decoder.features(self.encode(source)), tuple(levels))

    def limits(self, encoded: Encoded, max_length: int | None = None) -> Tensor:
        """Return the longest answer allowed for each row, (N,)."""
        if max_length is not None:
            if max_length < 0:
                raise SettingError(f"max_length must be 0 or more; got {max_length}.")
            return torch.full((encoded.size,), max_length, dtype=torch.int64, device="cpu")
        longest = torch.full((encoded.size,), self.plan.max_length, dtype=torch.int64, device="cpu")
        if encoded.sequence is None:
            return longest
        return torch.minimum(longest, (encoded.sequence.lengths * self.plan.length_ratio).ceil().to(torch.int64) + 5)

    @torch.no_grad()
    def misfits(self, source: Any, target: Ragged) -> list[int]:
        """List rows whose target cannot be written in the frames of its source (CTC only); ask before training."""
        if not isinstance(self.decoder, CTCDecoder):
            return []
        lengths = self.encode(source).sequence
        return [] if lengths is None else misfits(lengths.lengths, target)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switch dropout off for a while."""
    was = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was)


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Evaluation mode with gradients of inputs only: weights get none; cuDNN's recurrence has none there and stands aside.

    Parameters
    ----------
    network : nn.Module
        As it was afterwards.
    """
    was = network.training
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    network.eval()
    for weight in weights:
        weight.requires_grad_(False)
    try:
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        for weight in weights:
            weight.requires_grad_(True)
        network.train(was)


def build(plan: Plan) -> SequenceModel:
    """Build the network of a plan, with first weights set.

    Parameters
    ----------
    plan : Plan
        From :func:`elman.network.plan` or a model file.

    Returns
    -------
    SequenceModel
        In training mode, float32, on the CPU. The random state is torch's.
    """
    check(plan)
    with torch.device("cpu"):  # whatever torch's default device is: `Training(device=…)` moves the network
        model = assemble(plan)
        initialise(model)
    return model


def assemble(plan: Plan) -> SequenceModel:
    """Put the parts together without setting first weights."""
    if plan.decoder == "segments":
        return _by_segments(plan)
    if plan.decoder == "boxes":
        return _boxes(plan)
    stem = encoder = None
    features = plan.embedding_size
    if plan.source is not None:
        p = plan
        stem = Stem(
            plan.source.space,
            plan.source.rank,
            p.embedding_size,
            kind=p.stem,
            dropout=p.dropout,
            stride=p.time_stride,
            joined=p.joined,
            word_dropout=p.word_dropout,
            grid=p.grid,
        )
        if stem.backbone is not None and p.stem_frozen:
            stem.backbone.freeze()
        if plan.source.rank == "many" or plan.grid:
            encoder = CellReader(p.embedding_size) if p.grid else _encoder(plan)
            features = encoder.out_features
    return SequenceModel(plan, _DECODERS[plan.decoder](plan, features), stem, encoder)


def _encoder(p: Plan) -> Any:
    if p.body != "recurrent":
        return body.continuing(p) if p.decoder == "segments" else body.encoder(p)
    return Encoder(p.cell, p.embedding_size, p.hidden_size, bidirectional=p.bidirectional, options=_options(p))


def _by_segments(plan: Plan) -> SequenceModel:
    if plan.source is None or plan.horizon is None:
        raise SettingError("A forecast by segments needs a source and a horizon. Give both to plan().")
    encoder = _encoder(plan)
    head = _head(plan, encoder.out_features, horizon=plan.segment)
    layers = encoder.layers if plan.body == "recurrent" else encoder
    decoder = SegmentDecoder(head, layers, plan.source.space, horizon=plan.horizon, size=plan.embedding_size)
    return SequenceModel(plan, decoder, SegmentStem(plan.source.space, plan.embedding_size), encoder)


def _boxes(plan: Plan) -> SequenceModel:
    source, target, size = None if plan.source is None else plan.source.space, plan.target.space, plan.embedding_size
    if not isinstance(source, Pixels) or not isinstance(target, Rectangles):
        raise SettingError("Boxes need a source of whole pictures. Use Image() as the source.")
    layers = recurrent_layers(plan.cell, size, plan.hidden_size, _options(plan))
    bridge = Bridge(2 * size, plan.num_layers, plan.hidden_size, len(cells.get(plan.cell).states))
    decoder = BoxDecoder(size, layers, bridge, kinds=target.n, size=size)
    return SequenceModel(plan, decoder, PyramidStem(source, size, plan.dropout))


def _options(plan: Plan) -> dict[str, Any]:
    between = plan.dropout if plan.num_layers > 1 else 0.0
    names = ("weight_dropout", "recurrent_dropout", "zoneout", "layer_norm", "num_layers", "locked_dropout")
    return {**{name: getattr(plan, name) for name in names}, "dropout": between}


def _head(plan: Plan, features: int, **more: Any) -> Any:
    weights = plan.class_weights or None
    options = {"kind": plan.head, "dropout": plan.dropout, "label_smoothing": plan.label_smoothing, "class_weight": weights}
    return make_head(plan.target.space, features, **{**options, **more})


def _summary(plan: Plan, features: int) -> SummaryDecoder:
    if plan.source is not None and plan.source.rank == "many":
        pooling = Pooling(features, plan.pooling)
        head = _head(plan, pooling.out_features, horizon=plan.horizon)
        return SummaryDecoder(head, pooling, wide=_wide(plan, head) if plan.wide else None)
    middle = nn.Sequential(nn.ReLU(), Linear(features, plan.hidden_size), nn.ReLU())
    return SummaryDecoder(_head(plan, plan.hidden_size, horizon=plan.horizon), None, middle)


def _wide(plan: Plan, head: Any) -> Wide:
    outputs = head.output.linear.out_features
    head.output = MixedOutput(head.output, outputs)
    return Wide(plan.wide, outputs)


def _step(plan: Plan, features: int) -> StepDecoder:
    return StepDecoder(_head(plan, features))


def _ctc(plan: Plan, features: int) -> CTCDecoder:
    return CTCDecoder(features, _classes(plan), dropout=plan.dropout, banned=_banned(plan))


def _autoregressive(plan: Plan, features: int) -> AutoregressiveDecoder:
    hidden, size = plan.hidden_size, plan.embedding_size
    attends = plan.attends
    regular = _regularisation(plan)
    feedback = Feedback(plan.target.space, size, plan.dropout if regular is None else 0.0)
    discrete = isinstance(plan.target.space, Discrete)
    tied = feedback.symbols.weight if plan.tie_weights and feedback.symbols is not None else None
    mixed = size if tied is not None and attends else hidden
    return AutoregressiveDecoder(
        feedback,
        recurrent_layers(plan.cell, size + (mixed if plan.input_feeding else 0), hidden, _options(plan))
        if plan.body == "recurrent"
        else body.continuing(plan),
        _head(plan, mixed, extra=int(discrete), tied=tied, cutoffs=plan.cutoffs, dropout=plan.dropout if regular is None else 0.0),
        end=None if discrete else BernoulliHead(hidden, 1),
        bridge=None if plan.source is None else Bridge(features, plan.num_layers, hidden, len(cells.get(plan.cell).states)),
        context=Linear(features, size) if plan.source is not None and not attends else None,
        sight=_sight(plan, features, mixed) if attends else None,
        input_feeding=plan.input_feeding,
        teacher_forcing=plan.teacher_forcing_ratio,
        banned=_banned(plan),
        regularisation=regular,
    )


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


def _sight(plan: Plan, features: int, mixed: int) -> CrossAttention:
    hidden = plan.hidden_size
    return CrossAttention(
        attention=Attention(hidden, features, plan.attention, coverage=plan.coverage > 0),
        mix=Linear(features + hidden, mixed),
        pointer=Pointer(plan.copies, _classes(plan), features + hidden + plan.embedding_size) if plan.copies else None,
        coverage=plan.coverage,
    )


def _classes(plan: Plan) -> int:
    if not isinstance(plan.target.space, Discrete):
        raise SettingError(f"CTC and copying write symbols; got a target of {plan.target.space}. Use align='attention'.")
    return plan.target.space.n


def _banned(plan: Plan) -> tuple[int, ...]:
    return () if plan.target.unknown is None else (plan.target.unknown,)


_DECODERS = {"summary": _summary, "step": _step, "autoregressive": _autoregressive, "ctc": _ctc}
