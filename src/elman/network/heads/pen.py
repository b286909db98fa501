"""Pen: where a pen goes next, as a mixture of two-dimensional Gaussians, and whether it is lifted."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from elman.network.heads._base import Head, OutputLayer

COMPONENTS = 20
NARROWEST = 0.05
"""Smallest deviation of a component, in units of the mean step: points lie on a grid, and a density on a grid has no bound."""
_WIDEST = 20.0


class PenHead(Head):
    """Mixture density over (dx, dy), and a yes or no for the pen.

    Parameters
    ----------
    in_features : int
        Size of the features.
    dropout : float
        Dropout on the features.

    Notes
    -----
    Graves 2013, "Generating sequences with recurrent neural networks", equations 18 to 26.

    Shapes:

        features  (M, F)     target  (M, 3): dx, dy, pen     loss  (M,) nats
    """

    def __init__(self, in_features: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.output = OutputLayer(in_features, 6 * COMPONENTS + 1, dropout)

    def parts(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return logits of the components (M, K), means and deviations (M, K, 2), correlations (M, K) and the pen's logit (M,)."""
        raw = self.output(features)
        weights, correlation, means, deviations = raw[:, :-1].split([COMPONENTS, COMPONENTS, 2 * COMPONENTS, 2 * COMPONENTS], 1)
        scale = deviations.clamp(math.log(NARROWEST), math.log(_WIDEST)).exp()
        return weights, means.unflatten(1, (-1, 2)), scale.unflatten(1, (-1, 2)), 0.99 * torch.tanh(correlation), raw[:, -1]

    def loss(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the nats of each step."""
        weights, means, scale, correlation, pen = self.parts(features)
        target = target.to(means.dtype)
        z = (target[:, None, :2] - means) / scale
        rest = 1 - correlation.square()
        square = z.square().sum(2) - 2 * correlation * z.prod(2)
        log_density = -0.5 * square / rest - scale.log().sum(2) - 0.5 * rest.log() - math.log(2 * math.pi)
        moved = torch.logsumexp(functional.log_softmax(weights, 1) + log_density, 1)
        return functional.binary_cross_entropy_with_logits(pen, (target[:, 2] > 0.5).to(pen.dtype), reduction="none") - moved

    def predict(self, features: Tensor) -> Tensor:
        """Return the middle of the likeliest component, and whether the pen is rather lifted than not, (M, 3)."""
        weights, means, _, _, pen = self.parts(features)
        middle = means[torch.arange(len(means), device="cpu"), weights.argmax(1)]
        return torch.cat([middle, (pen > 0).to(middle.dtype)[:, None]], 1)

    def proba(self, features: Tensor) -> Tensor:
        """Return the mean step and the chance that the pen is lifted, (M, 3)."""
        weights, means, _, _, pen = self.parts(features)
        mean = (functional.softmax(weights, 1)[..., None] * means).sum(1)
        return torch.cat([mean, torch.sigmoid(pen)[:, None]], 1)

    def sample(self, features: Tensor, generator: torch.Generator | None = None, *, temperature: float = 1.0) -> Tensor:
        """Draw a step of each row, (M, 3); a temperature below 1 writes more neatly."""
        weights, means, scale, correlation, pen = self.parts(features)
        which = torch.multinomial(functional.softmax(weights / temperature, 1), 1, generator=generator)[:, 0]
        rows = torch.arange(len(which), device="cpu")
        middle, spread, together = means[rows, which], scale[rows, which] * math.sqrt(temperature), correlation[rows, which]
        noise = torch.randn(len(which), 2, generator=generator, dtype=means.dtype, device="cpu")
        second = together * noise[:, 0] + (1 - together.square()).sqrt() * noise[:, 1]
        lifted = torch.bernoulli(torch.sigmoid(pen / temperature), generator=generator)
        return torch.cat([middle + spread * torch.stack([noise[:, 0], second], 1), lifted[:, None]], 1)
