"""Remembering: measure how far a model looks back, by gradients and by cutting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from elman.errors import DataError, SettingError
from elman.fitting.inference import batches_by_length
from elman.inspection.batches import Rows, rows_for
from elman.inspection.hooks import recurrent_parts, replacing, watching
from elman.inspection.memory.memory import EXPLODED, Memory, fading, rate_of, reach_of, search
from elman.inspection.memory.truncation import Cut, average
from elman.inspection.networks import networks_of
from elman.network import SequenceModel
from elman.network.assembly import evaluating, frozen
from elman.network.interfaces import move

_FURTHEST = 256
"""Lag that is looked at by default at most."""
_WORK = 1e10
"""Multiplications for one cut at most: rows are left out beyond it."""
_ROWS = 512
_PROBES = 4
"""Random directions of h whose gradients are taken for each row."""
_GRADED = 64
"""Rows whose gradients are taken at most."""


def memory(
    model: Any, values: Any, answers: Any = None, *, max_lag: int | None = None, share: float = 0.05, random_state: int = 0
) -> Memory:
    """Measure how far a model looks back, in two ways: gradients by lag, and the loss when everything older is cut.

    Cutting leaves every state of the recurrence only its own last k steps (in a model that reads both ways, k to either side); the
    horizon is the smallest k from which on that costs no more than ``share`` of the information in the states.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        Fitted. Of one that writes from a source, the memory of the source is measured.
    values : list, array or column
        Values of the source; texts for a language model, series for a forecaster.
    answers : list, array or column, optional
        True answers of a ``Model``; without them its own are taken, and the loss is how far it leaves them.
    max_lag : int, optional
        The largest lag to look at; by default the longest value, at most 256 steps.
    share : float, default 0.05
        Share of the information in the states that may be lost.
    random_state : int, default 0
        Which rows are taken where there are too many, and the random directions of the gradients.

    Returns
    -------
    Memory
        The horizon with its evidence, and warnings with advice.

    Examples
    --------
    >>> import elman
    >>> from elman import Model, Network, Symbols, Training
    >>> words = [["a", "b", "c"][n % 3 :] + ["c", "a"] for n in range(60)]
    >>> model = Model(Symbols(), Symbols(), align="step", network=Network(bidirectional=False), training=Training(max_epochs=90, verbose=0))
    >>> model = model.fit(words, [[letter.upper() for letter in word] for word in words])
    >>> elman.memory(model, words).horizon  # each answer needs its own letter only
    0
    """
    networks = networks_of(model, "memory")
    _check(max_lag, share)
    rows = rows_for(model, values, answers)
    longest = int(rows.lengths.max(initial=0))
    if longest < 1:
        raise DataError("memory needs values of at least one step; all of them are empty. Give longer ones.")
    most = min(longest - 1, _FURTHEST if max_lag is None else max_lag)
    rows = _some(rows, networks[0], most, np.random.default_rng(random_state))
    loss_at = _cut_losses(networks, rows)
    loss, blind = loss_at(None), loss_at(average)
    horizon, beyond, losses = search(loss_at, most, loss + share * max(blind - loss, 0.0) + 1e-9 * abs(loss))
    gradient = gradient_by_lag(networks[0], rows, random_state)
    beyond = beyond and most < longest - 1
    return Memory(
        horizon=horizon,
        beyond=beyond,
        lags=np.array(list(losses)),
        losses=np.array(list(losses.values())),
        loss=loss,
        blind=blind,
        share=share,
        gradient=gradient,
        gradient_horizon=reach_of(gradient, share),
        rate=rate_of(gradient),
        steps=longest,
        warnings=_warnings(model, gradient, horizon, beyond, longest),
    )


def _check(max_lag: Any, share: Any) -> None:
    if max_lag is not None and (isinstance(max_lag, bool) or not isinstance(max_lag, int | np.integer) or max_lag < 1):
        raise SettingError(f"max_lag must be a whole number from 1; got {max_lag!r}.")
    if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 < share < 1:
        raise SettingError(f"share must be in 0 < share < 1; got {share!r}.")


def _some(rows: Rows, network: SequenceModel, most: int, generator: np.random.Generator) -> Rows:
    """As many rows as one cut has time for; long texts in pieces."""
    layer = next(iter(recurrent_parts(network).values()))
    per_step = 2 * sum(weight.numel() for weight in layer.parameters()) * network.plan.members * layer.directions
    if rows.sources is None:
        rows = rows.in_pieces(max(2 * most, 64))
    windows = rows.lengths if not _reads_ends_only(network) else np.minimum(rows.lengths, 1)
    work = np.cumsum(generator.permutation(windows * np.minimum(rows.lengths, most + 1)) * float(per_step))
    count = int(np.clip(np.searchsorted(work, _WORK), 1, 4 * _ROWS))
    return rows if count >= len(rows) else rows.take(np.sort(generator.permutation(len(rows))[:count]).tolist())


def _reads_ends_only(network: SequenceModel) -> bool:
    return network.decoder.reads_last_only


def _cut_losses(networks: list[SequenceModel], rows: Rows) -> Callable[[Any], float]:
    """Return the mean loss per unit as a function of a lag, of something that replaces states, or of None: as it is."""

    def loss_at(how: Any) -> float:
        total = units = 0.0
        for network in networks:
            layer = next(iter(recurrent_parts(network).values()))
            replace = Cut(lag=how, ends_only=_reads_ends_only(network)) if isinstance(how, int) else how
            with torch.no_grad(), evaluating(network), replacing([layer] if replace else [], replace):
                for some in batches_by_length(rows.lengths.tolist()):
                    source, target = rows.batch(some.tolist())
                    loss = network.loss(move(source, network.device), move(target, network.device))
                    total, units = total + float(loss.total), units + loss.units
        return total / max(units, 1)

    return loss_at


def gradient_by_lag(network: SequenceModel, rows: Rows, random_state: int = 0) -> np.ndarray:
    """Return the norm of ∂h_t/∂x_{t-k} for every lag k, t the last step of a row; root mean square over rows.

    Random directions v of h give E‖vᵀ·J‖² = ‖J‖² (Frobenius; Hutchinson 1989), so that a few backward passes see all lags. Of a stack
    that reads both ways the half that reads forwards is looked at.

    Parameters
    ----------
    network : SequenceModel
        The network.
    rows : Rows
        Rows to read.
    random_state : int, default 0
        Seed of the directions.

    Returns
    -------
    ndarray
        (L,), L the longest row.
    """
    order = np.argsort(-rows.lengths, kind="stable")[:_GRADED]
    some = [int(row) for row in order if rows.lengths[row]]
    source, target = rows.batch(some)
    with torch.no_grad(), evaluating(network), watching(network) as seen:
        network.loss(move(source, network.device), move(target, network.device))
    first = next(one for one in seen if one.inputs)
    x = first.inputs[0].select(torch.arange(len(first.inputs[0]), device="cpu").repeat_interleave(_PROBES))
    size = first.layer.proj_size or first.layer.hidden_size
    generator = torch.Generator().manual_seed(random_state)
    with frozen(network):
        data = x.data.detach().clone().requires_grad_()
        out, _ = first.layer.forward(x.with_data(data))
        directions = torch.randn(len(x), size, generator=generator, device="cpu").to(data)
        (slope,) = torch.autograd.grad((out.last()[:, :size] * directions).sum(), data)
    lags = (x.lengths[x.row_of()] - 1 - x.step_of()).numpy()
    squares = slope.double().square().sum(1).cpu().numpy()
    return np.sqrt(np.bincount(lags, squares) / np.maximum(np.bincount(lags), 1))


def gradient_warnings(model: Any, gradient: np.ndarray, longest: int) -> list[str]:
    """Return warnings of vanishing or exploding gradients, with advice.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        For its cell.
    gradient : ndarray
        (L,) norms by lag.
    longest : int
        Steps of the longest value.

    Returns
    -------
    list of str
        Evidence and advice.
    """
    results, gated = [], model.plan_.cell in ("gru", "lstm")
    faded = fading(gradient)
    if faded is not None and faded < longest / 2:
        change = (
            "let every step be seen directly (pooling='attention' or 'max'), read fewer steps (stem='conv' with time_stride, words for"
            " characters), or try layer_norm=True"
            if gated
            else "use cell='lstm' or 'gru', whose gates carry gradients further"
        )
        results.append(
            f"vanishing gradient: {faded} steps back it is below a thousandth of its largest, so older steps hardly teach; {change}"
        )
    if len(gradient) and (not np.isfinite(gradient).all() or gradient.max() > EXPLODED * max(float(gradient[0]), 1e-300)):
        change = (
            "lower max_grad_norm and learning_rate, or try layer_norm=True" if gated else "use cell='gru' or 'lstm', or lower max_grad_norm"
        )
        results.append(
            f"exploding gradient: {gradient.max() / max(float(gradient[0]), 1e-300):.3g} times that of the newest step; {change}"
        )
    return results


def _warnings(model: Any, gradient: np.ndarray, horizon: int, beyond: bool, longest: int) -> list[str]:
    """Warnings, each with advice."""
    result = gradient_warnings(model, gradient, longest)
    length = None if model.training is None else model.training.tbptt_length
    if length is not None and horizon >= 0.8 * length:
        result.append(f"training cut the gradient after {length} steps, and the horizon is {horizon}; raise tbptt_length")
    if beyond:
        result.append(f"the horizon is {horizon} or further; raise max_lag to see how far")
    return result
