"""A detector without recurrence, the honest opponent of the reader of boxes: every cell says a box, overlapping ones are struck out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman import Boxes, Image, Network, Training
from elman.fitting.inference import predict_rows
from elman.fitting.learning import learn
from elman.metrics.average_precision import overlap
from elman.metrics.by_target import scoring_of
from elman.network import Plan, SequenceModel, Sizes, build, plan
from elman.network.decoders.box_targets import Wanted
from elman.network.decoders.boxes import LEAST, BoxDecoder
from elman.network.interfaces import Encoded, Loss
from elman.sequences import Ragged

_MOST = 300
"""Cells looked at, surest first."""
OVERLAP = 0.4
"""Overlap from which the less sure of two boxes is struck out (chosen on the development part)."""


class PerCell(BoxDecoder):
    """The cells of a :class:`~elman.network.decoders.boxes.BoxDecoder`, learned and answered without its reader."""

    def loss(self, encoded: Encoded, target: Ragged) -> Loss:
        """Return the loss of what the cells say; a unit is a box or a picture."""
        cells = self.look(encoded.vector)  # type: ignore[arg-type]
        true, mask = target.to_padded()
        total = self._grid_loss(cells, true, Wanted.of(true[..., :4], mask, *cells.shape))
        return Loss(total=total, units=int(mask.sum()) + len(mask))

    def predict(self, encoded: Encoded, limits: Tensor, *, min_score: float = LEAST) -> list[np.ndarray]:
        """Return the boxes of the surest cells that no surer one overlaps, (K, 6)."""
        return suppressed(self, encoded, limits, min_score)


def suppressed(decoder: BoxDecoder, encoded: Encoded, limits: Tensor, min_score: float = LEAST) -> list[np.ndarray]:
    """Answer by what the cells of a decoder say alone, greedily without overlaps."""
    cells = decoder.look(encoded.vector)  # type: ignore[arg-type]
    sure = torch.sigmoid(cells.heat)[..., None]
    rows = torch.cat([cells.boxes.clamp(0, 1), cells.kinds.argmax(2, keepdim=True).to(sure.dtype), sure], 2).cpu().numpy()
    return [_strike(row[row[:, 5] >= min_score], int(limit)) for row, limit in zip(rows, limits, strict=True)]


def _strike(boxes: np.ndarray, limit: int) -> np.ndarray:
    boxes = boxes[np.argsort(-boxes[:, 5], kind="stable")][:_MOST]
    across = overlap(boxes, boxes)
    kept: list[int] = []
    for place in range(len(boxes)):
        if not kept or across[place, kept].max() < OVERLAP:
            kept.append(place)
    return boxes[kept[:limit]]


def fit(images: Any, boxes: Any, size: int, network: Network, training: Training) -> tuple[SequenceModel, Image]:
    """Train the detector on pictures and boxes in pixels as a Model would train its reader."""
    source, target = Image().fit(images), Boxes(size=size, outside="clip").fit(boxes, role="target")
    xs, ys = source.encode_all(images), target.encode_all(boxes)
    planned = plan(source, target, network, examples=Sizes.measure(source, target, xs, ys))
    learned = learn(planned, xs, ys, training, scoring_of(target, False), build=_without_reader, augment_pair=target.augment_pair)
    return learned.model, source


def _without_reader(planned: Plan) -> SequenceModel:
    model = build(planned)
    reader, size = model.decoder, planned.embedding_size
    if not isinstance(reader, BoxDecoder):
        raise TypeError(f"expected a model that finds boxes; got decoder {planned.decoder!r}")
    model.decoder = PerCell(size, reader.layers, reader.bridge, kinds=reader.kinds, size=size)
    model.decoder.load_state_dict(reader.state_dict())  # the same first values
    return model


def answers(model: SequenceModel, source: Image, images: Any) -> list[np.ndarray]:
    """Return the boxes of pictures as shares of them, (K, 6) each."""
    return predict_rows(model, source.encode_all(images), source)
