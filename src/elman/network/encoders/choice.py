"""Bodies without a memory, built in the place of the recurrence that they are compared with."""

from __future__ import annotations

from typing import Any

from torch import nn

from elman import cells
from elman.network.encoders.convolution import Dilated, Fixed, Patch
from elman.network.encoders.untied import Untied, UntiedWindow
from elman.network.encoders.window import Window


def encoder(plan: Any) -> Any:
    """Build the body of a plan that reads a source: called as an :class:`~elman.network.encoders.encoder.Encoder` is.

    Parameters
    ----------
    plan : Plan
        Its body is not the recurrence.

    Returns
    -------
    nn.Module
        With as many answers a step, and about as many weights, as the recurrence would have; an untied one has as many for each step.
    """
    size, both = plan.embedding_size, plan.bidirectional
    features = plan.hidden_size * (2 if both else 1)
    if plan.body == "untied":
        return Untied(size, plan.hidden_size, plan.reach, bidirectional=both)
    if plan.body == "fixed":
        channels = _channels(lambda c: Fixed.weights(size, c, plan.reach, features), _recurrent_weights(plan))
        return Fixed(size, channels, plan.reach, features)
    return _dilated(plan, features, centred=both)


def continuing(plan: Any) -> nn.Module:
    """Build the body of a language model: called as recurrent layers are, with the last symbols as its state.

    Parameters
    ----------
    plan : Plan
        Its body is not the recurrence.

    Returns
    -------
    nn.Module
        See :class:`~elman.network.encoders.window.Window`.
    """
    size, hidden = plan.embedding_size, plan.hidden_size
    if plan.body == "dilated":
        return _dilated(plan, hidden, centred=False)
    network = UntiedWindow(size, hidden, plan.reach) if plan.body == "untied" else Patch(size, hidden, plan.reach)
    return Window(network, size, hidden, before=plan.reach - 1)


def _dilated(plan: Any, features: int, *, centred: bool) -> Window:
    size, levels, others = plan.embedding_size, (plan.reach + 1).bit_length() - 2, plan.reach - 1
    channels = _channels(lambda c: Dilated.weights(size, c, levels, features), _recurrent_weights(plan))
    before, after = (others // 2, others // 2) if centred else (others, 0)
    return Window(Dilated(size, channels, levels, features, causal=not centred), size, features, before=before, after=after)


def _channels(weights: Any, wanted: int) -> int:
    """Return the largest number of channels, 4 at least, with no more weights than wanted."""
    low, high = 4, 8192
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if weights(middle) <= wanted else (low, middle - 1)
    return low


def _recurrent_weights(plan: Any) -> int:
    """Count the weights of the recurrence that a body replaces."""
    directions = 2 if plan.bidirectional else 1
    gates, hidden, total, size = len(cells.get(plan.cell).gates), plan.hidden_size, 0, plan.embedding_size
    for _ in range(plan.num_layers):
        total += directions * gates * hidden * (size + hidden + 2)
        size = directions * hidden
    return total
