"""Heads over real numbers: a point, a Gaussian, a Student-t. NaN in a target is left out of the loss."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from elman.kernels import dense
from elman.network.heads._base import Head, OutputLayer


class ContinuousHead(Head):
    """Base of distributions over an element of ``shape`` real numbers.

    Parameters
    ----------
    in_features : int
        Size of the features.
    shape : tuple of int
        Shape of one element: (d,), or (horizon, d) for a forecast in one go.
    dropout : float
        Dropout on the features.

    Notes
    -----
    Shapes:

        features  (M, F)     target  (M, *shape)     quantiles  (M, *shape, Q)
    """

    numbers = 1
    """Parameters of the distribution of one number."""

    def __init__(self, in_features: int, shape: tuple[int, ...], *, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.output = OutputLayer(in_features, math.prod(self.shape) * self.numbers, dropout)

    def parameters_of(self, features: Tensor) -> tuple[Tensor, ...]:
        """Return the raw parameters of the distribution, each (M, *shape)."""
        return self.output(features).reshape(len(features), *self.shape, self.numbers).unbind(-1)

    @abstractmethod
    def each(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each number, (M, *shape)."""

    @abstractmethod
    def quantiles(self, features: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles (M, *shape, Q) at levels between 0 and 1."""

    @abstractmethod
    def at(self, features: Tensor, level: Tensor) -> Tensor:
        """Return the quantile of each number at a level of its own, (M, *shape) both: with uniform levels, draws."""

    def sample(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw numbers by inverting the distribution at uniform ones."""
        shape, device = (len(features), *self.shape), "cpu" if generator is None else generator.device
        uniform = torch.rand(shape, generator=generator, dtype=torch.float64, device=device)
        return self.at(features, uniform.cpu().clamp(1e-9, 1 - 1e-9))

    def loss(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss over the known numbers of each row (0 where none is known)."""
        target = target.reshape(len(features), *self.shape)
        finite = ~torch.isnan(target)
        # NaN is replaced before the arithmetic: a NaN times zero would still poison the gradient.
        each = self.each(features, torch.where(finite, target, torch.zeros_like(target))) * finite
        axes = tuple(range(1, each.dim()))
        return each.sum(axes) / finite.sum(axes).clamp_min(1)

    def predict(self, features: Tensor) -> Tensor:
        """Return the centre of the distribution, (M, *shape)."""
        return self.parameters_of(features)[0]

    def proba(self, features: Tensor) -> Tensor:
        """Return the centre: numbers have no classes."""
        return self.predict(features)


class PointHead(ContinuousHead):
    """One number, trained with the squared error; as a distribution, a Gaussian of unit variance."""

    def each(self, features: Tensor, target: Tensor) -> Tensor:
        """Return squared errors."""
        return (self.parameters_of(features)[0] - target) ** 2

    def quantiles(self, features: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Return the point itself at every level: a point knows no spread."""
        return torch.stack([self.predict(features)] * len(levels), -1)

    def at(self, features: Tensor, level: Tensor) -> Tensor:  # noqa: ARG002
        """Return the point itself."""
        return self.predict(features)


class MedianHead(PointHead):
    """One number, trained with the absolute error: the median, which outliers do not pull."""

    def each(self, features: Tensor, target: Tensor) -> Tensor:
        """Return absolute errors."""
        return (self.parameters_of(features)[0] - target).abs()


class GaussianHead(ContinuousHead):
    """Mean and standard deviation of each number, trained with the negative log-likelihood."""

    numbers = 2

    def _moments(self, features: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = self.parameters_of(features)
        return mean, dense.softplus(spread) + 1e-3

    def each(self, features: Tensor, target: Tensor) -> Tensor:
        """Return negative log-likelihoods in nats."""
        mean, std = self._moments(features)
        return 0.5 * ((target - mean) / std) ** 2 + std.log() + 0.5 * math.log(2 * math.pi)

    def quantiles(self, features: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Return Gaussian quantiles."""
        mean, std = self._moments(features)
        z = torch.special.ndtri(torch.tensor(levels, dtype=torch.float64, device="cpu")).to(mean)
        return mean[..., None] + std[..., None] * z

    def at(self, features: Tensor, level: Tensor) -> Tensor:
        """Return Gaussian quantiles, each at its own level."""
        mean, std = self._moments(features)
        return mean + std * torch.special.ndtri(level.double()).to(mean)

    def sample(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw numbers."""
        mean, std = self._moments(features)
        noise = torch.randn(
            mean.shape, generator=generator, dtype=mean.dtype, device=mean.device if generator is None else generator.device
        )
        return mean + std * noise.to(mean.device)


class StudentTHead(ContinuousHead):
    """Centre, scale and degrees of freedom (above 2) of each number: heavy tails for prices and counts (DeepAR's choice)."""

    numbers = 3

    def _distribution(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        centre, scale, freedom = self.parameters_of(features)
        return centre, dense.softplus(scale) + 1e-3, 2.0 + dense.softplus(freedom) + 1e-2

    def each(self, features: Tensor, target: Tensor) -> Tensor:
        """Return negative log-likelihoods in nats."""
        centre, scale, freedom = self._distribution(features)
        return -torch.distributions.StudentT(freedom, centre, scale, validate_args=False).log_prob(target)

    def quantiles(self, features: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Return exact Student-t quantiles (scipy's ``stdtrit``: torch has no inverse)."""
        from scipy.special import stdtrit

        centre, scale, freedom = self._distribution(features)
        degrees = freedom.detach().cpu().double().numpy()[..., None]
        z = torch.from_numpy(stdtrit(degrees, list(levels))).to(centre)
        return centre[..., None] + scale[..., None] * z

    def at(self, features: Tensor, level: Tensor) -> Tensor:
        """Return Student-t quantiles, each at its own level."""
        from scipy.special import stdtrit

        centre, scale, freedom = self._distribution(features)
        z = stdtrit(freedom.detach().cpu().double().numpy(), level.cpu().double().numpy())
        return centre + scale * torch.as_tensor(z, device="cpu").to(centre)
