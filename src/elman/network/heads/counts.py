"""Counts: the negative binomial distribution, whose spread may exceed its mean (Salinas 2020, "DeepAR", section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from elman.kernels import dense
from elman.network.heads.continuous import ContinuousHead


class NegativeBinomialHead(ContinuousHead):
    """Rate and dispersion of each count: mean μ = rate · exposure, variance μ + dispersion · μ².

    A target may come beside its exposure (the length of an interval, the size of a series): the last axis then holds counts and after
    them as many exposures. Alone, a count has exposure 1, and predictions and quantiles are those of exposure 1.
    """

    numbers = 2

    def _rate(self, features: Tensor) -> tuple[Tensor, Tensor]:
        rate, dispersion = self.parameters_of(features)
        return dense.softplus(rate) + 1e-6, dense.softplus(dispersion) + 1e-4

    def loss(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the mean negative log-likelihood over the known counts of each row; counts may come beside exposures."""
        shape = (len(features), *self.shape[:-1], -1)
        target = target.reshape(shape)
        finite = ~torch.isnan(target[..., : self.shape[-1]])
        each = self.each(features, torch.where(torch.isnan(target), torch.ones_like(target), target)) * finite
        axes = tuple(range(1, each.dim()))
        return each.sum(axes) / finite.sum(axes).clamp_min(1)

    def each(self, features: Tensor, target: Tensor) -> Tensor:
        """Return negative log-likelihoods in nats; the last axis of the target holds counts, or counts and exposures."""
        rate, dispersion = self._rate(features)
        d = self.shape[-1]
        count, exposure = target[..., :d], target[..., d:] if target.shape[-1] == 2 * d else torch.ones_like(target)
        mean, size = rate * exposure, 1 / dispersion
        log_p = torch.lgamma(count + size) - torch.lgamma(size) - torch.lgamma(count + 1)
        log_p = log_p + size * torch.log(size / (size + mean)) + count * torch.log(mean / (size + mean))
        return -log_p

    def predict(self, features: Tensor) -> Tensor:
        """Return the rate: the mean of exposure 1."""
        return self._rate(features)[0]

    def quantiles(self, features: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles of exposure 1 (scipy's ``nbdtrik``, rounded up)."""
        return torch.stack(
            [self.at(features, torch.full((len(features), *self.shape), level, dtype=torch.float64, device="cpu")) for level in levels], -1
        )

    def at(self, features: Tensor, level: Tensor, exposure: Tensor | None = None) -> Tensor:
        """Return the quantile of each count at a level of its own, (M, *shape), for given exposures."""
        from scipy.stats import nbinom

        rate, dispersion = self._rate(features)
        mean = (rate if exposure is None else rate * exposure).detach().cpu().double().numpy()
        size = 1 / dispersion.detach().cpu().double().numpy()
        counts = nbinom.ppf(level.cpu().numpy(), size, size / (size + mean))
        return torch.as_tensor(counts, device="cpu").to(rate)
