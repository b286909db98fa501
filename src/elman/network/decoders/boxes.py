"""Box decoder: a recurrent reader of a grid that gives one box after the other until there are no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from elman import cells
from elman.codecs.space import Pixels, Rectangles
from elman.errors import SettingError
from elman.kernels import dense
from elman.network.batch_invariant import Conv2d, Linear
from elman.network.decoders.box_targets import Wanted, centres, hits, overlaps
from elman.network.decoders.bridge import Bridge
from elman.network.decoders.decoder import AnswerOptions, Decoder
from elman.network.decoders.plan_parts import options_of
from elman.network.encoders.encoder import recurrent_layers
from elman.network.interfaces import Encoded, Loss, Recurrent, State
from elman.network.stems.pyramid import PyramidStem, block
from elman.sequences import Ragged

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan

LEAST = 0.02
"""Least score of a box by default."""
_RARE = -4.0
"""Where the score of a cell starts: most cells hold nothing."""
_USUAL = 3.0
"""Sides of a usual box in cells."""
_LARGEST = 4.0
"""Bound of a cell's numbers for its box: offsets in cells, natural logarithms of sides."""
_KNOTS = (0.0, 0.25, 0.5, 0.75)
"""Overlaps from which a box given before weighs more on the score of a cell."""
_COVER = (-1.0, -8.0, -8.0, 0.0)
"""Where these weights start: half covered is mostly the same thing."""
_KEY = 32
"""Numbers by which a cell is asked for."""
_LEARNED = 16
"""Boxes of a picture that one pass of training goes through."""
_WANDER = 0.1
"""Share of training steps that may give any box."""
_OUT = -1e4


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Predictions of N grids of S cells before any box is given.

    Notes
    -----
    Shapes:

        vectors  (N, S, C)    keys  (N, S, K)    heat  (N, S) a thing is here    score  (N, S) the same for the reader
        raw      (N, S, 4) boxes in cells        boxes  (N, S, 4) as shares of the picture    kinds  (N, S, n)
    """

    vectors: Tensor
    keys: Tensor
    heat: Tensor
    score: Tensor
    raw: Tensor
    boxes: Tensor
    kinds: Tensor
    shape: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Where a reader follows some boxes: its state, its last input (N, E), the cells given and how far each is covered (N, S)."""

    recurrent: Recurrent
    last: Tensor
    given: Tensor
    covered: Tensor


class BoxDecoder(Decoder):
    """A pointer network over cells (Vinyals 2015): at every step one cell, whose box is given, or "no more".

    Every cell predicts a box and its score. A recurrent network that remembers what was given asks for the next: its scores over
    cells are those of the grid, a product of the asking vector with each cell's key, and a learned function of how far the cell's box is
    covered by boxes given before (Hosang 2017). It learns whichever true box comes next in its own order, as oracle policies for
    multisets do (Welleck 2018, eq. 5): a step is right if it finds any true box that was not given yet. How sure it is of a
    box is the chance of that box against "no more", so that the likeliest answer gives boxes down to one half.

    Parameters
    ----------
    features : int
        Size of a cell's vector.
    layers : nn.Module
        Recurrent layers of ``elman.nn``, one direction.
    bridge : Bridge
        First state from the whole picture.
    kinds : int
        Kinds of things.
    size : int
        Input size of the recurrence.

    References
    ----------
    Stewart 2016, "End-to-end people detection in crowded scenes"; Zhou 2019, "Objects as points", for the heat of cells.
    """

    name = "boxes"
    finds_places = True

    def __init__(self, features: int, layers: nn.Module, bridge: Bridge, *, kinds: int, size: int) -> None:
        super().__init__()
        hidden = int(layers.hidden_size)  # pyright: ignore[reportArgumentType]
        self.kinds, self.layers, self.bridge = kinds, layers, bridge
        self.tower = block(features, features)
        self.say = Conv2d(features, 6 + kinds, 1)
        self.keys = Conv2d(features, _KEY, 1)
        self.read = Linear(features + 4 + kinds, size)
        self.start = nn.Parameter(torch.zeros(size))
        self.ask = Linear(hidden, _KEY)
        self.stop = Linear(hidden, 1)
        self.cover = nn.Parameter(torch.tensor(_COVER))

    # -- predictions of the grid ------------------------------------------------------------------------------------------------

    @classmethod
    def assemble(cls, plan: Plan) -> tuple[nn.Module | None, nn.Module | None, Decoder]:
        """Return stem and decoder: cells of a picture, one after the other."""
        source, target, size = None if plan.source is None else plan.source.space, plan.target.space, plan.embedding_size
        if not isinstance(source, Pixels) or not isinstance(target, Rectangles):
            raise SettingError("Boxes need a source of whole pictures. Use Image() as the source.")
        layers = recurrent_layers(plan.cell, size, plan.hidden_size, options_of(plan))
        bridge = Bridge(2 * size, plan.num_layers, plan.hidden_size, len(cells.get(plan.cell).states))
        return PyramidStem(source, size, plan.dropout), None, cls(size, layers, bridge, kinds=target.n, size=size)

    def look(self, grid: Tensor) -> Cells:
        """Read a grid (N, C, h, w)."""
        height, width = grid.shape[2:]
        answer = self.say(self.tower(grid)).flatten(2).transpose(1, 2)
        raw = answer[..., 2:6].clamp(-_LARGEST, _LARGEST)
        cell = torch.tensor([1 / width, 1 / height], device=grid.device, dtype=answer.dtype)
        middle = centres(height, width, answer) + raw[..., :2] * cell
        half = torch.exp(raw[..., 2:]) * (_USUAL / 2) * cell
        heat = answer[..., 0] + _RARE
        return Cells(
            vectors=grid.flatten(2).transpose(1, 2),
            keys=self.keys(grid).flatten(2).transpose(1, 2),
            heat=heat,
            score=heat + answer[..., 1],
            raw=raw,
            boxes=torch.cat([middle - half, middle + half], 2),
            kinds=answer[..., 6:],
            shape=(int(height), int(width)),
        )

    # -- one box after the other -------------------------------------------------------------------------------------------

    def begin(self, cells: Cells) -> Reading:
        """Return the reader before the first box."""
        whole = torch.cat([cells.vectors.mean(1), cells.vectors.amax(1)], 1)
        nothing = torch.zeros_like(cells.heat)
        last = self.start.expand(len(whole), -1)
        return Reading(recurrent=self.bridge(whole), last=last, given=nothing.bool(), covered=nothing)

    def ask_next(self, cells: Cells, reading: Reading) -> tuple[Tensor, Reading]:
        """Return the scores of all cells, "no more" behind, (N, S + 1), and the reader after asking."""
        x = Ragged.from_lengths(reading.last, torch.ones(len(reading.last), dtype=torch.int64, device="cpu"))
        out, recurrent = self.layers(x, reading.recurrent)
        query = self.ask(out.data)
        fits = (cells.keys * query[:, None]).sum(2) / query.shape[1] ** 0.5
        knots = torch.tensor(_KNOTS, device=query.device, dtype=query.dtype)
        covered = (functional.relu(reading.covered[..., None] - knots) * self.cover).sum(2)
        scores = (cells.score + fits + covered).masked_fill(reading.given, _OUT)
        return torch.cat([scores, self.stop(out.data)], 1), replace(reading, recurrent=recurrent)

    def give(self, cells: Cells, reading: Reading, chosen: Tensor) -> Reading:
        """Return the reader after the boxes of some cells (N,) were given."""
        rows = torch.arange(len(chosen), device=chosen.device)
        box = cells.boxes[rows, chosen].detach()
        kinds = torch.softmax(cells.kinds[rows, chosen], 1)
        last = dense.tanh(self.read(torch.cat([cells.vectors[rows, chosen], box, kinds], 1)))
        covered = torch.maximum(reading.covered, overlaps(cells.boxes.detach(), box[:, None])[0])
        given = reading.given.scatter(1, chosen[:, None], True)
        return replace(reading, last=last, given=given, covered=covered)

    # -- learning ----------------------------------------------------------------------------------------------------------

    def loss(self, encoded: Encoded, target: Ragged, state: State | None = None, ends: Tensor | None = None) -> Loss:  # noqa: ARG002  # one signature for all decoders
        """Return the loss of a batch: of the steps of the reader, and of the cells; a unit is a step."""
        cells = self.look(_grid(encoded))
        true, mask = target.to_padded()
        expected = Wanted.of(true[..., :4], mask, *cells.shape)
        steps, units = self._steps(cells, true, mask, expected)
        return Loss(total=steps + self._grid_loss(cells, true, expected), units=units)

    def _steps(self, cells: Cells, true: Tensor, mask: Tensor, wanted: Wanted) -> tuple[Tensor, int]:
        """Negative log-likelihood of a right box, or of "no more", at every step, summed."""
        with torch.no_grad():
            result = hits(cells.boxes, true[..., :4], mask, wanted.middle)
        left, reading = mask.clone(), self.begin(cells)
        going = torch.ones(len(mask), dtype=torch.bool, device=mask.device)
        total, units = cells.score.new_zeros(()), 0
        for _ in range(min(int(mask.sum(1).max()) if mask.numel() else 0, _LEARNED) + 1):
            scores, reading = self.ask_next(cells, reading)
            right = ((result * left[:, None]).amax(2) > 0) & ~reading.given if mask.shape[1] else torch.zeros_like(reading.given)
            over = ~right.any(1)
            answers = torch.cat([right, over[:, None]], 1)
            nats = torch.logsumexp(scores, 1) - torch.logsumexp(scores.masked_fill(~answers, -torch.inf), 1)
            total, units = total + (nats * going).sum(), units + int(going.sum())
            going = going & ~over
            if not bool(going.any()):
                break
            chosen = self._choose(scores[:, :-1].detach(), right)
            reading = self.give(cells, reading, chosen)
            left = _without(left, result, chosen)
        return total, units

    def _choose(self, scores: Tensor, right: Tensor) -> Tensor:
        """Draw a cell that is right, by the reader's own chances; now and then any cell, so that a mistake is not the end."""
        strays = (
            torch.rand(len(scores), 1, dtype=torch.float32, device=scores.device) < _WANDER
            if self.training
            else torch.zeros_like(right[:, :1])
        )
        allowed = right | strays | ~right.any(1, keepdim=True)
        chances = torch.softmax(scores.masked_fill(~allowed, -torch.inf), 1)
        return torch.multinomial(chances, 1)[:, 0] if self.training else chances.argmax(1)

    def _grid_loss(self, cells: Cells, true: Tensor, wanted: Wanted) -> Tensor:
        """Focal loss of the heat (Zhou 2019, eq. 1), distance of boxes (Rezatofighi 2019) and cross-entropy of kinds, summed over boxes."""
        chance = torch.sigmoid(cells.heat)
        here = wanted.heat >= 1
        yes = (1 - chance) ** 2 * functional.softplus(-cells.heat)
        no = (1 - wanted.heat) ** 4 * chance**2 * functional.softplus(cells.heat)
        total = torch.where(here, yes, no).sum()
        rows, places = torch.nonzero(wanted.owner >= 0, as_tuple=True)
        if not len(rows):
            return total
        share, box = wanted.share[rows, places], true[rows, wanted.owner[rows, places]]
        answer = cells.boxes[rows, places]
        overlap, hull = overlaps(answer, box[:, :4])
        sides = (box[:, 2:4] - box[:, :2]).clamp(min=1e-3).repeat(1, 2)
        apart = functional.smooth_l1_loss(answer / sides, box[:, :4] / sides, reduction="none", beta=0.1).sum(1)
        total = total + (share * (2 * (1 - overlap + hull) + 0.2 * apart)).sum()
        if self.kinds > 1:
            named = functional.cross_entropy(cells.kinds[rows, places], box[:, 4].long(), reduction="none")
            total = total + (share * named).sum()
        return total

    # -- answers -----------------------------------------------------------------------------------------------------------

    def predict(self, encoded: Encoded, limits: Tensor, *, min_score: float = LEAST) -> list[np.ndarray]:
        """Return the boxes of each row in the order they are given, (K, 6): corners, kind, how sure.

        A row ends where the best box left is less sure than ``min_score``, or at its limit.
        """
        cells = self.look(_grid(encoded))
        reading = self.begin(cells)
        lengths, taken = limits.clone(), []
        for t in range(min(int(limits.max()), cells.heat.shape[1]) if len(limits) else 0):
            scores, reading = self.ask_next(cells, reading)
            best, chosen = scores[:, :-1].max(1)
            sure = dense.sigmoid(best - scores[:, -1])
            over = (sure < min_score).cpu() & (lengths > t)
            lengths = torch.where(over, torch.full_like(lengths, t), lengths)
            if bool((lengths <= t).all()):
                break
            taken.append(self._answer(cells, chosen, sure))
            reading = self.give(cells, reading, chosen)
        rows = torch.stack(taken, 1) if taken else cells.boxes.new_zeros(len(limits), 0, 6)
        return [row[:n].cpu().numpy() for row, n in zip(rows, lengths.tolist(), strict=True)]

    def answer(self, encoded: Encoded, options: AnswerOptions) -> list[np.ndarray]:
        """Return the boxes of each row; without a least score nearly all are given, for a curve over scores."""
        return self.predict(encoded, options.limits(), min_score=LEAST if options.min_score is None else options.min_score)

    def _answer(self, cells: Cells, chosen: Tensor, sure: Tensor) -> Tensor:
        rows = torch.arange(len(chosen), device=chosen.device)
        kinds = cells.kinds[rows, chosen].argmax(1).to(sure.dtype)
        return torch.cat([cells.boxes[rows, chosen].clamp(0, 1), kinds[:, None], sure[:, None]], 1)

    def proba(self, encoded: Encoded, target: Any = None) -> list[Any]:  # noqa: ARG002  # one signature for all decoders
        """Raise SettingError: how sure each box is is beside it."""
        raise SettingError("Boxes have no classes to give probabilities of; each box of predict comes with its score. Call predict.")


def _grid(encoded: Encoded) -> Tensor:
    if encoded.vector is None or encoded.vector.dim() != 4:
        raise SettingError("Boxes need a grid of cells. Use Image() as the source.")
    return encoded.vector


def _without(left: Tensor, found: Tensor, chosen: Tensor) -> Tensor:
    """Strike out of the boxes left (N, T) the one that the chosen cell finds best, if any."""
    rows = torch.arange(len(chosen), device=chosen.device)
    marks = found[rows, chosen] * left
    best, place = marks.max(1)
    return left.scatter(1, place[:, None], left.gather(1, place[:, None]) & (best <= 0)[:, None])
