"""Segment decoder: the horizon in pieces, each one step from the last state, all at once (Lin 2023, "SegRNN", section 3).

A window is cut into segments, each read as one step. After the last, the same recurrent layers take one more step for every segment of the
horizon, all from the same state: they differ by a vector for the place and, where given, the future covariates.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.codecs.space import Continuous, Product, Space
from elman.errors import DataError, SettingError
from elman.network.batch_invariant import Linear
from elman.network.decoders.decoder import Decoder
from elman.network.decoders.plan_parts import encoder_of, head_of
from elman.network.heads import ContinuousHead
from elman.network.interfaces import Encoded, Loss, State, map_tensors
from elman.network.stems.stem import element_stem
from elman.network.unbatch import to_rows
from elman.nn.dropouts import Dropout
from elman.sequences import Ragged

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan

WINDOW, FUTURE, VALUES = "window", "future", "values"
"""Parts of the source: segments of the past and of the future covariates, and the values of the window for a linear map; every
other part is about the whole."""


class Wholes(nn.Module):
    """The sum of the vectors of the parts that are about the whole window: numbers and categories of the series.

    Parameters
    ----------
    space : Product
        The source's space.
    size : int
        Size of a vector.
    """

    def __init__(self, space: Product, size: int) -> None:
        super().__init__()
        self.names = [name for name in space.parts if name not in (WINDOW, FUTURE, VALUES)]
        self.parts = nn.ModuleList(element_stem(space.parts[name], size) for name in self.names)

    def forward(self, source: dict[str, Any]) -> Tensor | None:
        """Return (N, size), or None where there is no such part."""
        vectors = [part(source[name]) for name, part in zip(self.names, self.parts, strict=True)]
        return reduce(torch.add, vectors) if vectors else None


class SegmentStem(nn.Module):
    """Segments of the window to vectors: a projection, static covariates added, and a rectifier (SegRNN, eq. 3).

    Parameters
    ----------
    space : Space
        A Product with a part "window".
    size : int
        Size of a vector.
    dropout : float
        Dropout on the vectors.
    """

    def __init__(self, space: Space, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        parts = segmented(space)
        self.names = list(parts.parts)
        self.window = Linear(parts.parts[WINDOW].d, size)  # type: ignore[attr-defined]  # segmented() saw to it
        self.wholes = Wholes(parts, size)
        self.dropout = Dropout(dropout)

    def forward(self, source: dict[str, Any]) -> Ragged:
        """Map {"window": Ragged (ΣK, w·c), …} to Ragged (ΣK, size)."""
        window: Ragged = source[WINDOW]
        vectors = self.window(window.data.to(self.window.weight.dtype))
        whole = self.wholes(source)
        if whole is not None:
            vectors = vectors + whole[window.row_of().to(whole.device)]
        return window.with_data(self.dropout(functional.relu(vectors)))


class SegmentDecoder(Decoder):
    """One step of the encoder's own layers for every segment of the horizon, then a head on each; perhaps beside a linear map.

    Parameters
    ----------
    head : ContinuousHead
        Distribution over (segment, 1) numbers.
    layers : nn.Module
        The encoder's recurrent layers; they are shared, and are parameters of the encoder.
    space : Space
        The source's space.
    horizon : int
        Steps to answer.
    size : int
        Input size of the layers.
    """

    name = "segments"
    averages = True

    def __init__(self, head: ContinuousHead, layers: nn.Module, space: Space, *, horizon: int, size: int) -> None:
        super().__init__()
        parts = segmented(space)
        self.head, self.horizon, self.segment = head, horizon, head.shape[0]
        self._shared = (layers,)  # in a tuple: the encoder owns the weights
        self.places = nn.Embedding(-(-horizon // self.segment), size)
        self.future = Linear(parts.parts[FUTURE].d, size) if FUTURE in parts.parts else None  # type: ignore[attr-defined]
        self.wholes = Wholes(parts, size)
        self.linear = Linear(parts.parts[VALUES].d, horizon) if VALUES in parts.parts else None  # type: ignore[attr-defined]

    @classmethod
    def assemble(cls, plan: Plan) -> tuple[nn.Module | None, nn.Module | None, Decoder]:
        """Return stem, encoder and decoder: the decoder steps on with the encoder's own layers."""
        if plan.source is None or plan.horizon is None:
            raise SettingError("A forecast by segments needs a source and a horizon. Give both to plan().")
        encoder = encoder_of(plan)
        head = head_of(plan, encoder.out_features, horizon=plan.segment)
        layers = encoder.layers if plan.body == "recurrent" else encoder
        decoder = cls(head, layers, plan.source.space, horizon=plan.horizon, size=plan.embedding_size)
        return SegmentStem(plan.source.space, plan.embedding_size), encoder, decoder

    def simple(self, encoded: Encoded) -> Tensor | float:
        """Return the output of the linear map, (N, horizon); the head models the difference of the truth from it."""
        return 0.0 if self.linear is None else self.linear(encoded.source[VALUES].to(self.linear.weight.dtype))

    def features(self, encoded: Encoded) -> Tensor:
        """Return the input of the head for each segment of each row, (N·M, F)."""
        if encoded.state is None:
            raise SettingError("A forecast by segments needs the windows it goes on from. Pass the source to loss or predict.")
        count = self.places.num_embeddings
        x = self.places.weight[None].expand(encoded.size, -1, -1)
        whole = self.wholes(encoded.source)
        if whole is not None:
            x = x + whole[:, None]
        if self.future is not None:
            future = encoded.source[FUTURE].to_padded()[0]
            if future.shape[:2] != (encoded.size, count):
                raise DataError(
                    f"the future must be known in {count} segments for each row; got {future.shape[1]}. Give the whole horizon."
                )
            x = x + self.future(future.to(self.future.weight.dtype))
        state = map_tensors(lambda t: t.repeat_interleave(count, 1), encoded.state)
        steps = Ragged.from_lengths(x.flatten(0, 1), torch.ones(encoded.size * count, dtype=torch.int64, device="cpu"))
        return self._shared[0](steps, state)[0].data

    def loss(self, encoded: Encoded, target: Tensor, state: State | None = None, ends: Tensor | None = None) -> Loss:  # noqa: ARG002  # one signature for all decoders
        """Return the loss summed over rows: of each the mean over the steps that are known (not NaN).

        Parameters
        ----------
        encoded : Encoded
            The windows.
        target : Tensor
            (N, horizon, 1), or (N, horizon, 2) where the head takes counts and exposures.
        state : State, optional
            Not used.
        ends : Tensor, optional
            Not used.

        Returns
        -------
        Loss
            One unit a row.
        """
        count, rows, simple = self.places.num_embeddings, len(target), self.simple(encoded)
        target = target - simple[:, :, None] if isinstance(simple, Tensor) else target
        padded = functional.pad(target, (0, 0, 0, count * self.segment - target.shape[1]), value=float("nan"))
        cut = padded.reshape(rows * count, self.segment, target.shape[2])
        finite = ~torch.isnan(cut[..., :1])
        # NaN is replaced before the arithmetic: a NaN times zero would still poison the gradient.
        each = self.head.each(self.features(encoded), torch.where(torch.isnan(cut), torch.ones_like(cut), cut)) * finite
        total = each.reshape(rows, -1).sum(1) / finite.reshape(rows, -1).sum(1).clamp_min(1)
        return Loss(total=total.sum(), units=rows, state=State(recurrent=encoded.state))

    def _whole_horizon(self, values: Tensor, rows: int) -> Tensor:
        """Lay segments (N·M, w, 1, *) end to end, (N, horizon, *)."""
        return values.reshape(rows, -1, *values.shape[3:])[:, : self.horizon]

    def predict(self, encoded: Encoded) -> list[Any]:
        """Return the centre of each row's distribution, (horizon,)."""
        return to_rows(self._whole_horizon(self.head.predict(self.features(encoded)), encoded.size) + self.simple(encoded))

    def proba(self, encoded: Encoded, target: Any = None) -> list[Any]:  # noqa: ARG002  # one signature for all decoders
        """Return the centre: numbers have no classes."""
        return self.predict(encoded)

    def quantiles(self, encoded: Encoded, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles (N, horizon, Q)."""
        simple = self.simple(encoded)
        result = self._whole_horizon(self.head.quantiles(self.features(encoded), levels), encoded.size)
        return result + (simple[:, :, None] if isinstance(simple, Tensor) else simple)


def segmented(space: Space) -> Product:
    """Return the space if it is a Product with a part "window" of numbers."""
    if not isinstance(space, Product) or not isinstance(space.parts.get(WINDOW), Continuous):
        raise SettingError(f"A forecast by segments reads a Product with a part {WINDOW!r} of numbers; got {space}.")
    return space
