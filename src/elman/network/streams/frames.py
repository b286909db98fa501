"""A network that writes in frames (CTC), read piece by piece: its frames have the bits of those of everything at once."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from elman.errors import SettingError
from elman.kernels import dense
from elman.network.assembly import SequenceModel, evaluating
from elman.network.ensemble import Ensemble
from elman.network.stems.plane import PlaneStem
from elman.network.stems.stem import TimeStem


def unsupported_reason(model: SequenceModel | Ensemble) -> str | None:
    """Return the reason why the frames of a model cannot be had piece by piece, or None."""
    if isinstance(model, Ensemble) or not model.plan.writes_frames:
        return f"its decoder {model.plan.decoder!r} does not write in frames (CTC)"
    if model.encoder is None or model.stem is None or model.plan.joined or model.stem.names:
        return "its source has several parts"
    parts: Any = model.stem.parts
    if any(isinstance(part, PlaneStem) for part in parts):
        return "its stem looks ahead in two dimensions; fit it with Network(stem='conv')"
    if model.encoder.directions > 1:
        return "it reads both ways, and the second begins at the end; fit it with Network(bidirectional=False)"
    return None


class FrameStream:
    """One sequence on its way through a network that writes in frames.

    Parameters
    ----------
    model : SequenceModel or Ensemble
        It must read one way. Its weights are packed now.
    """

    def __init__(self, model: SequenceModel | Ensemble) -> None:
        reason = unsupported_reason(model)
        if reason is not None or isinstance(model, Ensemble):
            raise SettingError(f"This model cannot be streamed: {reason}.")
        self._model: Any = model
        self._layers = self._model.encoder.layers.stream(1)
        part = self._model.stem.parts[0]
        self._stem = _TimeStream(part) if isinstance(part, TimeStem) else _EachStep(part, self._layers.layer.input_size)

    @torch.inference_mode()
    def feed(self, values: Tensor) -> Any:
        """Read a piece.

        Parameters
        ----------
        values : Tensor
            (T, *) encoded steps.

        Returns
        -------
        ndarray
            (T', V + 1) log-probabilities of the frames that are known now.
        """
        with self._evaluating():
            return self._frames(self._stem.feed(values))

    @torch.inference_mode()
    def close(self) -> Any:
        """Return the frames that waited for later steps, (T', V + 1)."""
        with self._evaluating():
            return self._frames(self._stem.close())

    def _evaluating(self) -> Any:
        return evaluating(self._model) if self._model.training else nullcontext()

    def _frames(self, vectors: Tensor) -> Any:
        decoder = self._model.decoder
        states = self._layers.feed(vectors[None])[0]
        return decoder.forbid(decoder.head.log_proba(states)).cpu().numpy()


class _EachStep:
    """A stem that reads every step by itself."""

    def __init__(self, part: Any, size: int) -> None:
        self._part, self._size = part, size

    def feed(self, values: Tensor) -> Tensor:
        return self._part(values.to(next(self._part.parameters()).device))

    def close(self) -> Tensor:
        return next(self._part.parameters()).new_zeros(0, self._size)


class _TimeStream:
    """A convolution over time: an output waits for the steps behind it."""

    def __init__(self, stem: TimeStem) -> None:
        self._stem, self._convolution = stem, stem.convolution
        self._around = int(self._convolution.padding[0])
        self._held = self._convolution.weight.new_zeros(self._around, self._convolution.in_channels)

    def feed(self, values: Tensor) -> Tensor:
        self._held = torch.cat([self._held, self._stem.inner(values.to(self._held.device))])
        return self._outputs()

    def close(self) -> Tensor:
        self._held = functional.pad(self._held, (0, 0, 0, self._around))
        return self._outputs()

    def _outputs(self) -> Tensor:
        (size,), stride = self._convolution.kernel_size, self._stem.stride
        count = max(0, (len(self._held) - size) // stride + 1)
        if not count:
            return self._held.new_zeros(0, self._convolution.out_channels)
        windows = self._held.unfold(0, size, stride)[:count].transpose(1, 2).flatten(1)
        self._held = self._held[count * stride :].clone()
        weight = self._convolution.weight.transpose(1, 2).flatten(1)
        return functional.relu(dense.linear(windows, weight, self._convolution.bias))
