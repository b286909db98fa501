"""Sampling: the state of series and networks at their cutoffs, and sample paths from there (Salinas 2020, "DeepAR", section 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.forecasting.autoregressive.inputs import SeriesState, StepInputs
from elman.forecasting.grouped import GroupedSeries
from elman.network.assembly import SequenceModel
from elman.network.heads.counts import NegativeBinomialHead
from elman.sequences import Ragged

_SEED_VALUES = 16
"""Values at the end of a series that seed its paths."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ForecastState:
    """State of N series, and the recurrent state of every member of the ensemble after reading them.

    Notes
    -----
    Shapes:

        recurrent  one tuple of tensors (L, N, H) per member
    """

    series: SeriesState
    recurrent: list[tuple[Tensor, ...]]

    def select(self, index: np.ndarray) -> ForecastState:
        """Return some series; indices may repeat."""
        rows = torch.from_numpy(index)
        recurrent = [tuple(t.index_select(1, rows) for t in state) for state in self.recurrent]
        return ForecastState(series=self.series.select(index), recurrent=recurrent)

    @classmethod
    def concatenate(cls, parts: list[ForecastState]) -> ForecastState:
        """Concatenate the series of several states."""
        recurrent = [
            tuple(torch.cat([part.recurrent[member][i] for part in parts], 1) for i in range(len(state)))
            for member, state in enumerate(parts[0].recurrent)
        ]
        return cls(series=SeriesState.concatenate([part.series for part in parts]), recurrent=recurrent)

    def put(self, index: np.ndarray, other: ForecastState) -> ForecastState:
        """Return a copy in which the series at ``index`` are those of another state."""
        rows, pairs = torch.from_numpy(index), zip(self.recurrent, other.recurrent, strict=True)
        recurrent = [tuple(a.index_copy(1, rows, b) for a, b in zip(old, new, strict=True)) for old, new in pairs]
        return ForecastState(series=self.series.put(index, other.series), recurrent=recurrent)


@torch.inference_mode()
def encode_history(
    members: list[SequenceModel], inputs: StepInputs, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray
) -> ForecastState:
    """Run the networks over the history before each cutoff."""
    if len(np.unique(index)) < len(index):  # several cutoffs of one series share their history
        return _encode_shared_history(members, inputs, series, index, cutoffs)
    features, _, state = inputs.unroll(series, index, cutoffs)
    batch = Ragged.from_list(features)
    recurrent = []
    for member in members:
        tensors: Any = member.encode(batch).state
        recurrent.append(tuple(tensors) if isinstance(tensors, tuple) else (tensors,))
    return ForecastState(series=state, recurrent=recurrent)


def _encode_shared_history(
    members: list[SequenceModel], inputs: StepInputs, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray
) -> ForecastState:
    """Run over each series once, step by step, and copy the state at each of its cutoffs."""
    rows, place = np.unique(index, return_inverse=True)
    last = np.zeros(len(rows), dtype=np.int64)
    np.maximum.at(last, place, cutoffs)
    start = _start(members, inputs, len(rows))
    static, parts, order = inputs.static_covariates(series, rows), [], []
    streams = [_stream(member, state) for member, state in zip(members, start.recurrent, strict=True)]
    state, by_cutoff = start.series, np.argsort(cutoffs, kind="stable")
    at = int(np.searchsorted(cutoffs[by_cutoff], 1))
    for t in range(int(last.max(initial=0))):
        positions = series.starts[rows] + np.minimum(t, series.lengths[rows] - 1)
        x = torch.from_numpy(state.features(series.future[positions], static))
        for member, stream in zip(members, streams, strict=True):
            stream.step(_embed(member, x))
        state = state.step(inputs.transform.apply(series.values[positions]), series.past[positions], last > t)
        stop = int(np.searchsorted(cutoffs[by_cutoff], t + 1, side="right"))
        if stop > at:
            recurrent = [tuple(part.clone() for part in stream.state.tensors) for stream in streams]
            parts.append(ForecastState(series=state, recurrent=recurrent).select(place[by_cutoff[at:stop]]))
            order.append(by_cutoff[at:stop])
            at = stop
    return ForecastState.concatenate(parts).select(np.argsort(np.concatenate(order), kind="stable"))


def _start(members: list[SequenceModel], inputs: StepInputs, count: int) -> ForecastState:
    recurrent = []
    for member in members:
        layers: Any = member.encoder.layers  # pyright: ignore[reportOptionalMemberAccess]
        recurrent.append(tuple(part.clone() for part in layers.stream(count).state.tensors))
    return ForecastState(series=inputs.start(count), recurrent=recurrent)


@dataclass(frozen=True, kw_only=True, eq=False)
class NewPoints:
    """Next point of N series: transformed values (N,), future, past and static covariates (N, F) each."""

    values: np.ndarray
    future: np.ndarray
    past: np.ndarray
    static: np.ndarray


@torch.inference_mode()
def advance(members: list[SequenceModel], state: ForecastState, points: NewPoints) -> ForecastState:
    """Return the state after one more point of each series: one step of the compiled stream."""
    x = torch.from_numpy(state.series.features(points.future, points.static))
    recurrent = []
    for member, tensors in zip(members, state.recurrent, strict=True):
        stream = _stream(member, tensors)
        stream.step(_embed(member, x))
        recurrent.append(tuple(t.clone() for t in stream.state.tensors))
    return ForecastState(series=state.series.step(points.values, points.past), recurrent=recurrent)


@torch.inference_mode()
def sample_paths(
    members: list[SequenceModel], state: ForecastState, future: np.ndarray, static: np.ndarray, uniform: np.ndarray
) -> np.ndarray:
    """Draw sample paths, each value from the distribution given the values before it.

    Parameters
    ----------
    members : list of SequenceModel
        Networks; each draws a share of the paths.
    state : ForecastState
        State of N series at their cutoffs.
    future : array
        Future covariates, (N, horizon, F).
    static : array
        Static covariates, (N, W).
    uniform : array
        Uniform numbers, (N, S, horizon).

    Returns
    -------
    array
        Paths in transformed units, (N, S, horizon).
    """
    n, count, horizon = uniform.shape
    shares = np.array_split(np.arange(count), len(members))
    paths = np.empty(uniform.shape)
    for member, tensors, share in zip(members, state.recurrent, shares, strict=True):
        if not len(share):
            continue
        rows = np.repeat(np.arange(n), len(share))
        stream = _stream(member, tuple(t.repeat_interleave(len(share), 1) for t in tensors))
        series, levels = state.series.select(rows), uniform[:, share].reshape(-1, horizon)
        for t in range(horizon):
            x = _embed(member, torch.from_numpy(series.features(future[rows, t], static[rows])))
            values = _quantile(member, stream.step(x), series, torch.from_numpy(levels[:, t : t + 1]))
            paths[:, share, t] = values.reshape(n, len(share))
            series = series.step(values, series.past)
    return paths


def _quantile(member: SequenceModel, features: Tensor, state: SeriesState, level: Tensor) -> np.ndarray:
    """Return the quantile of the next value of each series at its level, in transformed units, (R,)."""
    head: Any = member.decoder.head
    scaler = state.scaler
    if isinstance(head, NegativeBinomialHead):
        return head.at(features, level, torch.from_numpy(scaler.spread)[:, None])[:, 0].double().cpu().numpy()
    return scaler.level + head.at(features, level)[:, 0].double().cpu().numpy() * scaler.spread


def _embed(member: SequenceModel, x: Tensor) -> Tensor:
    stem: Any = member.stem
    return stem(x.to(member.device))


def _stream(member: SequenceModel, state: tuple[Tensor, ...]) -> Any:
    layers: Any = member.encoder.layers  # pyright: ignore[reportOptionalMemberAccess]
    stream = layers.stream(state[0].shape[1])
    stream.state.tensors = tuple(t.contiguous() for t in state)
    return stream


def uniforms(state: SeriesState, count: int, horizon: int, random_state: int) -> np.ndarray:
    """Return uniform numbers (N, S, horizon) that depend on the seed and the last values of each series, not on the rest of the batch."""
    numbers = np.empty((len(state.lengths), count, horizon))
    tail = np.round(state.recent[:, -_SEED_VALUES:], 9) + 0.0  # one zero, not two
    for row, values in enumerate(tail):
        digest = hashlib.blake2b(values.tobytes() + int(state.lengths[row]).to_bytes(8, "little"), digest_size=8).digest()
        random = np.random.default_rng([random_state, int.from_bytes(digest, "little")])
        # one draw in each of S equal slices, permuted for every step: quantiles converge with fewer paths
        slices = random.permuted(np.repeat(np.arange(count)[None], horizon, 0), axis=1).T
        numbers[row] = (slices + random.random((count, horizon))) / count
    return np.clip(numbers, 1e-9, 1 - 1e-9)
