"""How the parts are put together: stem -> encoder -> one of six decoders -> head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from elman.errors import DataError, SettingError
from elman.network.decoders import registry
from elman.network.decoders.autoregressive import AutoregressiveDecoder
from elman.network.decoders.contiguous_text import Readers, read
from elman.network.decoders.decoder import AnswerOptions, Decoder
from elman.network.decoders.plan_parts import encoder_of
from elman.network.initialisation import initialise
from elman.network.interfaces import Encoded, Loss, State, batch_size, move
from elman.network.planning.checks import check
from elman.network.planning.plan import Plan
from elman.network.stems.grid import CellReader
from elman.network.stems.stem import Stem


class SequenceModel(nn.Module):
    """A network that maps collated sources to targets, or continues targets without a source.

    It knows nothing of rows, epochs or files. All states go in and come out; nothing is remembered between calls.

    Parameters
    ----------
    plan : Plan
        Plan of the network.
    decoder : Decoder
        One of :mod:`elman.network.decoders`.
    stem : nn.Module, optional
        None for a language model.
    encoder : nn.Module, optional
        None for a language model and for sources that are one vector.
    """

    def __init__(
        self,
        plan: Plan,
        decoder: Decoder,
        stem: Any = None,
        encoder: Any = None,
    ) -> None:
        super().__init__()
        self.plan = plan
        self.stem, self.encoder, self.decoder = stem, encoder, decoder

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def encode(self, source: Any, state: State | None = None, *, rows: int | None = None) -> Encoded:
        """Run stem and encoder over a collated source (``rows`` is their number without one)."""
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
        """Adapt the decoder to the share of training that is done; a hook of the loop."""
        self.decoder.on_epoch_start((state.epoch - 1) / max(state.settings.max_epochs - 1, 1))

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
        return self.decoder.loss(encoded, target, state, ends)

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
            result = self.loss(piece_source, piece, state, ends=ends)
            state = None if result.state is None else result.state.detach()
            yield result

    @property
    def carries_state(self) -> bool:
        """Whether sequences may be fed in pieces: language models and aligned models that read one way."""
        return self.decoder.carries_state(self)

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
        if not self.decoder.writes_symbols:
            raise SettingError(f"This needs a model that gives one element after the other; this one's decoder is {self.plan.decoder!r}.")
        decoder: Any = self.decoder
        return decoder

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
            options = AnswerOptions(search=search, limits=lambda: self.limits(encoded, max_length), min_score=min_score)
            return self.decoder.answer(encoded, options)

    @torch.no_grad()
    def predict_proba(self, source: Any, target: Any = None) -> list[Any]:
        """Return probabilities per row, (C,) or (T, C); an autoregressive model needs the target whose next elements it judges."""
        with evaluating(self):
            rows = None if target is None else batch_size(target)
            return self.decoder.proba(self.encode(source, rows=rows), None if target is None else move(target, self.device))

    @torch.no_grad()
    def quantiles(self, source: Any, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles of numbers, (N, *shape, Q) for one answer per row."""
        with evaluating(self):
            return self.decoder.quantiles(self.encode(source), tuple(levels))

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
    """Evaluation mode with gradients of inputs only: weights get none; cuDNN's recurrence has none there and steps aside."""
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
    with float32_on("cpu"):  # `Training(device=…)` moves the network
        model = assemble(plan)
        initialise(model)
    return model


@contextmanager
def float32_on(device: str) -> Iterator[None]:
    """Make float32 tensors on a device, outside of inference mode, whatever torch's defaults are."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.device(device):
            yield
    finally:
        torch.set_default_dtype(usual)


def assemble(plan: Plan) -> SequenceModel:
    """Put the parts together without setting first weights."""
    decoder = registry.get(plan.decoder)
    parts = decoder.assemble(plan)
    if parts is not None:
        stem, encoder, built = parts
        return SequenceModel(plan, built, stem, encoder)
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
            encoder = CellReader(p.embedding_size) if p.grid else encoder_of(plan)
            features = encoder.out_features
    return SequenceModel(plan, decoder.build(plan, features), stem, encoder)
