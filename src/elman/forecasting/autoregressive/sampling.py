"""Paths: sample paths drawn value after value from where series stand (Salinas 2020, "DeepAR", section 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.forecasting.autoregressive.inputs import SeriesState, StepInputs
from elman.network.assembly import SequenceModel
from elman.network.heads.counts import NegativeBinomialHead
from elman.sequences import Ragged

_TAIL = 16
"""Values at the end of a series that seed its paths."""

States = list[tuple[Tensor, ...]]
"""Recurrent state of every member, each tensor (L, N, H)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Live:
    """Where series stand, and what the networks remember of them."""

    standing: SeriesState
    states: States

    def select(self, rows: np.ndarray) -> Live:
        """Return some series; one may be asked for several times."""
        index = torch.from_numpy(rows)
        return Live(standing=self.standing.select(rows), states=[tuple(t.index_select(1, index) for t in state) for state in self.states])

    @classmethod
    def joined(cls, parts: list[Live]) -> Live:
        """Lay series side by side."""
        states = [
            tuple(torch.cat([part.states[member][i] for part in parts], 1) for i in range(len(state)))
            for member, state in enumerate(parts[0].states)
        ]
        return cls(standing=SeriesState.joined([part.standing for part in parts]), states=states)

    def join(self, other: Live, rows: np.ndarray) -> Live:
        """Put other series in the places of these ``rows``."""
        index, pairs = torch.from_numpy(rows), zip(self.states, other.states, strict=True)
        states = [tuple(a.index_copy(1, index, b) for a, b in zip(mine, theirs, strict=True)) for mine, theirs in pairs]
        return Live(standing=self.standing.join(other.standing, rows), states=states)


@torch.inference_mode()
def read(members: list[SequenceModel], reading: StepInputs, tape: Any, rows: np.ndarray, ends: np.ndarray) -> Live:
    """Read series up to their ends; the networks then remember everything before.

    Parameters
    ----------
    members : list of SequenceModel
        Networks.
    reading : Reading
        What is read.
    tape : Tape
        The series.
    rows : array of int
        Which, (m,).
    ends : array of int
        How far, (m,).

    Returns
    -------
    Live
        Where they stand.
    """
    if len(np.unique(rows)) < len(rows):
        return _read_once(members, reading, tape, rows, ends)
    inputs, _, standing = reading.read_all(tape, rows, ends)
    batch = Ragged.from_list(inputs)
    states = []
    for member in members:
        state: Any = member.encode(batch).state
        states.append(tuple(state) if isinstance(state, tuple) else (state,))
    return Live(standing=standing, states=states)


def _read_once(members: list[SequenceModel], reading: StepInputs, tape: Any, rows: np.ndarray, ends: np.ndarray) -> Live:
    """Read each series once, step by step, and keep where it is at each of its ends."""
    series, place = np.unique(rows, return_inverse=True)
    last = np.zeros(len(series), dtype=np.int64)
    np.maximum.at(last, place, ends)
    live = _begin(members, reading, len(series))
    whole, kept, order = reading.whole_of(tape, series), [], []
    streams = [_stream(member, state) for member, state in zip(members, live.states, strict=True)]
    standing, wanted = live.standing, np.argsort(ends, kind="stable")
    at = int(np.searchsorted(ends[wanted], 1))
    for t in range(int(last.max(initial=0))):
        places = tape.starts[series] + np.minimum(t, tape.lengths[series] - 1)
        x = torch.from_numpy(standing.inputs(tape.future[places], whole))
        for member, stream in zip(members, streams, strict=True):
            stream.step(_vectors(member, x))
        standing = standing.step(reading.powers.apply(tape.values[places]), tape.past[places], last > t)
        stop = int(np.searchsorted(ends[wanted], t + 1, side="right"))
        if stop > at:
            states = [tuple(part.clone() for part in stream.state.tensors) for stream in streams]
            kept.append(Live(standing=standing, states=states).select(place[wanted[at:stop]]))
            order.append(wanted[at:stop])
            at = stop
    return Live.joined(kept).select(np.argsort(np.concatenate(order), kind="stable"))


def _begin(members: list[SequenceModel], reading: StepInputs, rows: int) -> Live:
    states = []
    for member in members:
        layers: Any = member.encoder.layers  # pyright: ignore[reportOptionalMemberAccess]
        states.append(tuple(part.clone() for part in layers.stream(rows).state.tensors))
    return Live(standing=reading.start(rows), states=states)


@dataclass(frozen=True, kw_only=True, eq=False)
class Coming:
    """The next point of N series: transformed values (N,), covariates of the step (N, F), and what is said of each as a whole (N, W)."""

    values: np.ndarray
    future: np.ndarray
    past: np.ndarray
    whole: np.ndarray


@torch.inference_mode()
def advance(members: list[SequenceModel], live: Live, new: Coming) -> Live:
    """Take in one more value of each series: one step of the compiled stream.

    Parameters
    ----------
    members : list of SequenceModel
        Networks.
    live : Live
        Where the series stand.
    new : Coming
        The new points.

    Returns
    -------
    Live
        Where they stand then.
    """
    x = torch.from_numpy(live.standing.inputs(new.future, new.whole))
    states = []
    for member, state in zip(members, live.states, strict=True):
        stream = _stream(member, state)
        stream.step(_vectors(member, x))
        states.append(tuple(t.clone() for t in stream.state.tensors))
    return Live(standing=live.standing.step(new.values, new.past), states=states)


@torch.inference_mode()
def draw(members: list[SequenceModel], live: Live, ahead: np.ndarray, whole: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Draw sample paths, each step from the distribution that the steps before it lead to.

    Parameters
    ----------
    members : list of SequenceModel
        Networks; each draws a share of the paths.
    live : Live
        Where N series stand.
    ahead : array
        Covariates known of the future, (N, horizon, F).
    whole : array
        About the series as wholes, (N, W).
    uniform : array
        Uniform numbers, (N, S, horizon).

    Returns
    -------
    array
        Paths in transformed units, (N, S, horizon).
    """
    n, count, horizon = uniform.shape
    shares = np.array_split(np.arange(count), len(members))
    found = np.empty(uniform.shape)
    for member, state, share in zip(members, live.states, shares, strict=True):
        if not len(share):
            continue
        rows = np.repeat(np.arange(n), len(share))
        stream = _stream(member, tuple(t.repeat_interleave(len(share), 1) for t in state))
        standing, mine = live.standing.select(rows), uniform[:, share].reshape(-1, horizon)
        for t in range(horizon):
            x = _vectors(member, torch.from_numpy(standing.inputs(ahead[rows, t], whole[rows])))
            values = _said(member, stream.step(x), standing, torch.from_numpy(mine[:, t : t + 1]))
            found[:, share, t] = values.reshape(n, len(share))
            standing = standing.step(values, standing.past)
    return found


def _said(member: SequenceModel, features: Tensor, standing: SeriesState, level: Tensor) -> np.ndarray:
    """Return the quantile of the next value at a level of its own, in transformed units, (R,)."""
    head: Any = member.decoder.head
    running = standing.running
    if isinstance(head, NegativeBinomialHead):
        return head.at(features, level, torch.from_numpy(running.spread)[:, None])[:, 0].double().cpu().numpy()
    return running.level + head.at(features, level)[:, 0].double().cpu().numpy() * running.spread


def _vectors(member: SequenceModel, x: Tensor) -> Tensor:
    stem: Any = member.stem
    return stem(x.to(member.device))


def _stream(member: SequenceModel, state: tuple[Tensor, ...]) -> Any:
    layers: Any = member.encoder.layers  # pyright: ignore[reportOptionalMemberAccess]
    stream = layers.stream(state[0].shape[1])
    stream.state.tensors = tuple(t.contiguous() for t in state)
    return stream


def uniforms(standing: SeriesState, count: int, horizon: int, random_state: int) -> np.ndarray:
    """Return uniform numbers (N, S, horizon) that depend on the seed and on each series' own last values, not on its neighbours."""
    found = np.empty((len(standing.seen), count, horizon))
    tail = np.round(standing.recent[:, -_TAIL:], 9) + 0.0  # one zero, not two
    for row, values in enumerate(tail):
        digest = hashlib.blake2b(values.tobytes() + int(standing.seen[row]).to_bytes(8, "little"), digest_size=8).digest()
        random = np.random.default_rng([random_state, int.from_bytes(digest, "little")])
        # one draw in each of S equal slices, in an order of its own for every step: quantiles settle with fewer paths
        slices = random.permuted(np.repeat(np.arange(count)[None], horizon, 0), axis=1).T
        found[row] = (slices + random.random((count, horizon))) / count
    return np.clip(found, 1e-9, 1 - 1e-9)
