"""The wide part's weights: a regularised linear model on n-grams, fitted by scikit-learn, and its share beside the recurrent network.

Each n-gram is weighed by how unevenly the answers share it, its log-count ratio (Wang & Manning 2012), or, where there are too many
answers to count for or none, by how rare it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy import optimize, sparse
from sklearn.linear_model import LogisticRegression, Ridge

from elman.codecs import Binary, Discrete
from elman.network import Plan, SequenceModel, collate
from elman.network.decoders.wide import MixedOutput, Wide
from elman.network.ngram_features import grams

_MOST = 262_144
"""n-grams kept at most, those in most rows first."""
_ROWS = 256
"""Rows read at a time."""
_FEW = 10
"""Categories up to which n-grams are weighed by their log-count ratio: of many ratios the largest is chance."""
_RATIO_PENALTY = 10.0
"""Inverse strength of the penalty on weights over log-count ratios."""
_RARITY_PENALTY = 2.0
"""The same over rarities."""
_PULL = 5.0
"""Rows that a held-out part must outweigh to move the shares away from one half each."""


def choose(plan: Plan, sources: Sequence[Any]) -> torch.Tensor:
    """Return the keys of the n-grams that are in more than one row (in any, where none does), rising."""
    results = [grams(_batch(plan, sources[at : at + _ROWS])).distinct().keys.numpy() for at in range(0, len(sources), _ROWS)]
    keys, rows = np.unique(np.concatenate(results), return_counts=True)
    mask = rows >= 2 if (rows >= 2).any() else rows >= 1
    keys, rows = keys[mask], rows[mask]
    if len(keys) > _MOST:
        keys = keys[np.argsort(-rows, kind="stable")[:_MOST]]
    return torch.from_numpy(np.sort(keys)) if len(keys) else torch.zeros(1, dtype=torch.int64, device="cpu")


def fit(wide: Wide, plan: Plan, keys: torch.Tensor, sources: Sequence[Any], targets: Sequence[Any]) -> None:
    """Fit the weights of a wide part to rows."""
    wide.keys.copy_(keys)
    x, y = _matrix(wide, plan, sources), np.stack([np.asarray(target) for target in targets])
    space = plan.target.space
    if isinstance(space, Discrete):
        weight, bias = _categories(x, y, space.n, plan.class_weights)
    elif isinstance(space, Binary):
        weight, bias = _tags(x, y)
    else:
        weight, bias = _numbers(x, y)
    with torch.no_grad():
        wide.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        wide.bias.copy_(torch.from_numpy(np.ascontiguousarray(bias)))


def weigh(model: SequenceModel, sources: Sequence[Any], targets: Sequence[Any]) -> None:
    """Set the shares of both parts so that held-out rows are likeliest (all rows of ``sources``); one half each where there are none."""
    output: Any = model.decoder.head.output  # pyright: ignore[reportAttributeAccessIssue]
    output.shares.fill_(0.5)
    if not len(sources):
        return
    deep, wide = _scores(model, output, sources)
    truth = np.stack([np.asarray(target) for target in targets])
    space = model.plan.target.space

    def cost(shares: np.ndarray) -> float:
        """Loss of the rows at these shares, and a pull to one half each."""
        return _loss(shares[0] * deep + shares[1] * wide, truth, space) + _PULL * float(((shares - 0.5) ** 2).sum())

    result = optimize.minimize(cost, np.array([0.5, 0.5]), method="L-BFGS-B", bounds=[(0.0, 5.0)] * 2)
    with torch.no_grad():
        output.shares.copy_(torch.from_numpy(result.x))


def _batch(plan: Plan, rows: Sequence[Any]) -> Any:
    return collate(list(rows), plan.source.space, "many")  # pyright: ignore[reportOptionalMemberAccess]  # a wide part has a source


def _matrix(wide: Wide, plan: Plan, sources: Sequence[Any]) -> sparse.csr_matrix:
    parts = []
    for at in range(0, len(sources), _ROWS):
        batch = _batch(plan, [sources[row] for row in range(at, min(at + _ROWS, len(sources)))])
        places, rows, values = (t.numpy() for t in wide.active(grams(batch).distinct(), len(batch)))
        parts.append(sparse.csr_matrix((values.astype(np.float64), (rows, places)), shape=(len(batch), len(wide.keys))))
    return sparse.csr_matrix(sparse.vstack(parts))


def _categories(x: Any, y: np.ndarray, n: int, class_weights: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    present = np.unique(y)
    weight, bias = np.zeros((x.shape[1], n)), np.full(n, -10.0)
    bias[present] = np.log(np.bincount(y, minlength=n)[present] / len(y))
    if len(present) < 2:
        return weight, bias
    sample = np.asarray(class_weights)[y] if class_weights else None
    if len(present) <= _FEW:
        scale, penalty = np.max([_ratio(x, y == category) for category in present], axis=0), _RATIO_PENALTY
    else:
        scale, penalty = _rarity(x), _RARITY_PENALTY
    fitted = LogisticRegression(C=penalty, max_iter=300).fit(x @ sparse.diags(scale), y, sample)
    coefficients, intercept = fitted.coef_, fitted.intercept_
    if len(present) == 2:
        coefficients, intercept = np.concatenate([-coefficients, coefficients]) / 2, np.concatenate([-intercept, intercept]) / 2
    weight[:, present], bias[present] = (coefficients * scale).T, intercept
    return weight, bias


def _tags(x: Any, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weight, bias = np.zeros((x.shape[1], y.shape[1])), np.zeros(y.shape[1])
    for tag in range(y.shape[1]):
        yes = y[:, tag] > 0.5
        if yes.all() or not yes.any():
            bias[tag] = 5.0 if yes.all() else -5.0
            continue
        scale = _ratio(x, yes)
        fitted = LogisticRegression(C=_RATIO_PENALTY, max_iter=300).fit(x @ sparse.diags(scale), yes)
        weight[:, tag], bias[tag] = fitted.coef_[0] * scale, fitted.intercept_[0]
    return weight, bias


def _numbers(x: Any, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = _rarity(x)
    y = y.reshape(len(y), -1).astype(np.float64)
    fitted = Ridge(alpha=1 / _RARITY_PENALTY, solver="sparse_cg").fit(x @ sparse.diags(scale), y)
    return (np.atleast_2d(fitted.coef_) * scale).T, np.atleast_1d(fitted.intercept_)


def _ratio(x: Any, yes: np.ndarray) -> np.ndarray:
    """How far the log of an n-gram's share among "yes" rows is from that among "no" rows (Wang & Manning 2012, eq. 1)."""
    has = x > 0
    p, q = (1.0 + np.asarray(has[rows].sum(0)).ravel() for rows in (yes, ~yes))
    return np.abs(np.log(p / p.sum()) - np.log(q / q.sum()))


def _rarity(x: Any) -> np.ndarray:
    rows = np.asarray((x > 0).sum(0)).ravel()
    return np.log((1 + x.shape[0]) / (1 + rows)) + 1


def _scores(model: SequenceModel, output: MixedOutput, sources: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    results: list[tuple[torch.Tensor, torch.Tensor]] = []
    model.eval()
    with torch.no_grad():
        for at in range(0, len(sources), _ROWS):
            batch = _batch(model.plan, [sources[row] for row in range(at, min(at + _ROWS, len(sources)))])
            features = model.decoder.features(model.encode(batch))  # type: ignore[union-attr]  # a wide part belongs to a summary
            results.append((output.inner(features[:, : -output.outputs]), features[:, -output.outputs :]))
    deep, wide = (torch.cat(parts).double().cpu().numpy() for parts in zip(*results, strict=True))
    return deep, wide


def _loss(scores: np.ndarray, truth: np.ndarray, space: Any) -> float:
    """Summed loss in nats; a squared error counts in units of the truth's variance, which the codec made about 1."""
    if isinstance(space, Discrete):
        highest = scores.max(1)
        return float((np.log(np.exp(scores - highest[:, None]).sum(1)) + highest - scores[np.arange(len(truth)), truth]).sum())
    if isinstance(space, Binary):
        return float((np.logaddexp(0.0, scores) - scores * truth).sum())
    return float(0.5 * ((scores - truth.reshape(scores.shape)) ** 2).sum())
