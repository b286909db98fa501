"""Picking decoder: rectangles of a picture one at a time, until "no more"; a recurrent network points at cells of a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.errors import SettingError
from elman.kernels import dense
from elman.network.bridge import Bridge
from elman.network.contract import Encoded, Loss, Recurrent
from elman.network.detection_loss import Truth, box_loss, objectness_loss
from elman.network.rectangles import overlap, placed
from elman.network.steady import Linear
from elman.sequences import Ragged

_STEPS = 24
"""Steps unrolled while learning at most."""
_GUIDED = 0.5
"""Share of steps in training that point at what is still missing, whatever the network would have said."""
_MATCH = 0.5
"""Overlap from which a rectangle counts as found."""
_RARE = -4.6
"""Logit at which cells begin: one in a hundred holds a middle."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What a picture's cells say before anything was picked.

    Notes
    -----
    Shapes:

        vectors  (N, S, E)     keys  (N, S, H)     objectness  (N, S)     boxes  (N, S, 4)     kinds  (N, S, K)
    """

    vectors: Tensor
    keys: Tensor
    objectness: Tensor
    boxes: Tensor
    kinds: Tensor


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where N pictures stand after some picks.

    Notes
    -----
    Shapes:

        recurrent  as torch's     output  (N, H)     given  (N, S) largest overlap of each cell's rectangle with those picked
    """

    recurrent: Recurrent
    output: Tensor
    given: Tensor


class PickingDecoder(nn.Module):
    """Point at one cell after the other (Vinyals 2015, "Pointer networks"), each with the rectangle it names.

    Every cell says how likely a rectangle's middle lies in it, and how the rectangle lies. A step of the recurrence scores all cells and
    "no more": by what the cells say, by what it remembers, and by how much a cell's rectangle overlaps those given before. What was
    picked is read before the next step.

    Parameters
    ----------
    features : int
        Size E of a cell's vector.
    grid : tuple of int
        Rows and columns of cells.
    kinds : int
        Kinds K of rectangles.
    layers : nn.Module
        Recurrent layers that read E numbers a step.
    bridge : Bridge
        From the mean of all cells to the first state.
    hidden_size : int
        Units H of the recurrence.

    Notes
    -----
    Boxes one at a time: Stewart 2016, "End-to-end people detection in crowded scenes"; a map of what was given before: Ren & Zemel 2017,
    "End-to-end instance segmentation with recurrent attention". The order is the network's own: any rectangle that is still missing is
    right (Welleck 2018, "Loss functions for multiset prediction").
    """

    def __init__(self, features: int, grid: tuple[int, int], kinds: int, layers: nn.Module, bridge: Bridge, hidden_size: int) -> None:
        super().__init__()
        self.grid, self.layers, self.bridge = grid, layers, bridge
        self.objectness, self.box, self.kind = Linear(features, 1), Linear(features, 4), Linear(features, kinds)
        self.key, self.query = Linear(features, hidden_size, bias=False), Linear(hidden_size, hidden_size)
        self.stop, self.read = Linear(hidden_size, 1), Linear(5, features)
        self.first = nn.Parameter(torch.zeros(features))
        self.strength, self.sharpness, self.tolerance = (nn.Parameter(torch.tensor(v)) for v in (8.0, 12.0, 0.45))
        self.reset()

    def reset(self) -> None:
        """Let cells begin as mostly empty, so that the few full ones are heard."""
        nn.init.constant_(self.objectness.bias, _RARE)
        nn.init.constant_(self.stop.bias, _RARE / 2)

    def cells(self, vectors: Tensor) -> Cells:
        """Ask all cells."""
        return Cells(
            vectors=vectors,
            keys=self.key(vectors),
            objectness=self.objectness(vectors)[..., 0],
            boxes=placed(self.box(vectors), self.grid),
            kinds=self.kind(vectors),
        )

    def begin(self, cells: Cells) -> Standing:
        """Return where pictures stand before the first pick."""
        vector = cells.vectors.mean(1)
        start = Standing(recurrent=self.bridge(vector), output=vector, given=torch.zeros_like(cells.objectness))
        return self._step(start, self.first.expand(len(vector), -1))

    def scores(self, cells: Cells, standing: Standing) -> tuple[Tensor, Tensor]:
        """Return logits of every cell (N, S), and of "no more" (N, 1)."""
        query = self.query(standing.output)
        remembered = (cells.keys * query[:, None]).sum(-1) / query.shape[1] ** 0.5
        said = self.strength * dense.sigmoid(self.sharpness * (standing.given - self.tolerance))
        return cells.objectness + remembered - said, self.stop(standing.output)

    def pick(self, cells: Cells, standing: Standing, places: Tensor) -> Standing:
        """Go on after the rectangles of these cells (N,) were given."""
        rows = torch.arange(len(places), device=places.device)
        box = cells.boxes[rows, places].detach()
        with torch.no_grad():
            given = torch.maximum(standing.given, overlap(cells.boxes, box[:, None]))
        seen = torch.cat([box, cells.objectness[rows, places].detach()[:, None]], 1)
        return self._step(replace(standing, given=given), cells.vectors[rows, places] + self.read(seen))

    def _step(self, standing: Standing, vector: Tensor) -> Standing:
        output, recurrent = self.layers(vector[:, None], standing.recurrent)
        return replace(standing, recurrent=recurrent, output=output[:, 0])

    def loss(self, encoded: Encoded, target: Ragged) -> Loss:
        """Return the loss summed over rectangles and "no more"s: of what cells say, and of each step's choice."""
        cells, truth = self.cells(_vectors(encoded)), Truth.of(target, self.grid)
        said = objectness_loss(cells.objectness, truth) + box_loss(cells.boxes, cells.kinds, truth)
        return Loss(total=said + self._choices(cells, truth), units=len(target.data) + len(target))

    def _choices(self, cells: Cells, truth: Truth) -> Tensor:
        """Unroll the steps; where something is missing any of it is right, else "no more"."""
        missing, alive = truth.real, torch.ones(len(truth.real), dtype=torch.bool, device=truth.real.device)
        standing, total = self.begin(cells), cells.objectness.sum() * 0
        for _ in range(min(_STEPS, missing.shape[1] + 2)):
            scores, stop = self.scores(cells, standing)
            wanted = _marked(missing, truth.cells, scores)
            right = torch.where(wanted, scores, -torch.inf)
            right = torch.cat([right, torch.where(missing.any(1, keepdim=True), -torch.inf, stop)], 1)
            each = torch.logsumexp(torch.cat([scores, stop], 1), 1) - torch.logsumexp(right, 1)
            total = total + (each * alive).sum()
            alive = alive & missing.any(1)
            if not bool(alive.any()):
                break
            places = self._choose(scores.detach(), wanted)
            missing = self._without(missing, cells, truth, places)
            standing = self.pick(cells, standing, places)
        return total

    def _choose(self, scores: Tensor, wanted: Tensor) -> Tensor:
        """The likeliest cell, or, in training now and then, the likeliest of those still missing."""
        own = scores.argmax(1)
        if not self.training:
            return own
        best = torch.where(wanted, scores, -torch.inf).argmax(1)
        guided = (torch.rand(len(own), device=own.device) < _GUIDED) & wanted.any(1)
        return torch.where(guided, best, own)

    def _without(self, missing: Tensor, cells: Cells, truth: Truth, places: Tensor) -> Tensor:
        """Strike the missing rectangle that a pick found: the one whose middle lies in the cell, or that it overlaps most."""
        rows = torch.arange(len(places), device=places.device)
        fit = overlap(truth.boxes, cells.boxes[rows, places].detach()[:, None])
        fit = torch.where(truth.cells == places[:, None], fit + 1, fit) * missing
        best, which = fit.max(1)
        struck = functional.one_hot(which, missing.shape[1]).bool() & (best >= _MATCH)[:, None]
        return missing & ~struck

    def predict(self, encoded: Encoded, limits: Tensor, least: float = 0.05) -> list[Any]:
        """Pick until "no more".

        Parameters
        ----------
        encoded : Encoded
            Vectors of the cells.
        limits : Tensor
            (N,) most rectangles of each picture.
        least : float
            "No more" is believed where a pick's confidence is below this.

        Returns
        -------
        list of ndarray
            float32 (T, 6) a row: corners in shares of the picture, kind, confidence.
        """
        cells = self.cells(_vectors(encoded))
        standing, rows = self.begin(cells), torch.arange(len(limits), device=limits.device)
        alive, found = limits > 0, []
        while bool(alive.any()):
            scores, stop = self.scores(cells, standing)
            best, places = scores.max(1)
            sure = dense.sigmoid(best - stop[:, 0])
            alive = alive & (sure >= least) & (len(found) < limits)
            kinds = cells.kinds[rows, places].argmax(1)
            found.append((torch.cat([cells.boxes[rows, places], kinds[:, None], sure[:, None]], 1), alive))
            standing = self.pick(cells, standing, places)
        return _laid(found, len(limits))


def _vectors(encoded: Encoded) -> Tensor:
    if encoded.vector is None or encoded.vector.dim() != 3:
        raise SettingError("Boxes are picked from the cells of a picture. Use Image() as the source.")
    return encoded.vector


def _marked(missing: Tensor, cells: Tensor, scores: Tensor) -> Tensor:
    """Whether the middle of something missing lies in each cell, (N, S)."""
    return torch.zeros_like(scores).scatter_add(1, cells, missing.to(scores.dtype)) > 0


def _laid(found: list[tuple[Tensor, Tensor]], count: int) -> list[np.ndarray]:
    answers: list[list[np.ndarray]] = [[] for _ in range(count)]
    for boxes, alive in found:
        for row in alive.nonzero()[:, 0].tolist():
            answers[row].append(boxes[row].float().cpu().numpy())
    return [np.stack(rows) if rows else np.zeros((0, 6), np.float32) for rows in answers]
