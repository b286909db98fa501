"""A whole network read piece by piece: its answers have the bits of those over everything at once."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from elman.errors import DataError, SettingError, ShapeError
from elman.network.assembly import SequenceModel, evaluating
from elman.network.ensemble import Ensemble
from elman.network.stems.plane import PlaneStem
from elman.network.stems.stem import TimeStem
from elman.network.unbatch import as_sequences, to_rows
from elman.sequences import Ragged


def unsupported_reason(model: SequenceModel | Ensemble) -> str | None:
    """Return the reason why a model cannot be streamed, or None."""
    if isinstance(model, Ensemble):
        return f"it is {len(model.members)} networks whose answers are averaged; fit it with Network(members=1)"
    if model.stem is None or model.encoder is None:
        return "it does not read a sequence"
    if not (model.plan.answers_steps or model.plan.answers_whole):
        return model.decoder.unstreamable_reason()
    if model.plan.body != "recurrent":
        return f"its body {model.plan.body!r} has no memory to carry on; fit it with Network(body='recurrent')"
    if model.encoder.directions > 1:
        return "it reads both ways, and the second begins at the end; fit it with Network(bidirectional=False)"
    if model.plan.joined or model.stem.names:
        return "its source has several parts"
    if any(isinstance(part, TimeStem | PlaneStem) for part in model.stem.modules()):
        return "its stem looks ahead; fit it with Network(stem='linear')"
    return model.decoder.unstreamable_reason()


class SequenceStream:
    """One sequence on its way through a network; made anew for each sequence.

    Parameters
    ----------
    model : SequenceModel or Ensemble
        An aligned or a summary model that reads one way. Its weights are packed now.
    """

    def __init__(self, model: SequenceModel | Ensemble) -> None:
        reason = unsupported_reason(model)
        if reason is not None or isinstance(model, Ensemble) or model.encoder is None:
            raise SettingError(f"This model cannot be streamed: {reason}.")
        self.model = model
        self._layers: Any = model.encoder.layers.stream(1)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
        self._pool = self._empty()

    def _empty(self) -> dict[str, Tensor]:
        like = next(self.model.parameters()).detach()
        zeros = like.new_zeros(1, self._layers.layer.hidden_size)
        lowest = torch.full_like(zeros, torch.finfo(like.dtype).min)
        return {"total": zeros, "highest": lowest, "last": zeros.clone(), "count": torch.zeros((), dtype=torch.int64, device="cpu")}

    @torch.inference_mode()
    def feed(self, source: Any, *, proba: bool = False) -> Any:
        """Read a piece.

        Parameters
        ----------
        source : Ragged
            One collated row of any length from 0.
        proba : bool, default False
            Give probabilities instead of the best answer.

        Returns
        -------
        ndarray or dict of ndarray
            Of an aligned model the answers to the piece, (T, *); of a summary the answer to everything read so far.
        """
        if len(source) != 1:
            raise DataError(f"A stream reads one sequence; got {len(source)} rows. Make a stream for each.")
        with evaluating(self.model) if self.model.training else nullcontext():
            vectors: Any = self.model.stem(source)  # pyright: ignore[reportOptionalCall]
            states = self._layers.feed(vectors.data[None])[0]
            if self.model.plan.answers_whole:
                return self._answer(self._pooled(states), proba)
            head: Any = self.model.decoder.head  # pyright: ignore[reportAttributeAccessIssue]
            values = head.proba(states) if proba else head.predict(states)  # pyright: ignore[reportCallIssue]
            return to_rows(as_sequences(values, Ragged.from_lengths(states, torch.tensor([len(states)], device="cpu"))))[0]

    def _pooled(self, states: Tensor) -> Tensor:
        pool = self._pool
        if len(states):
            place = torch.zeros(len(states), dtype=torch.int64, device=states.device)
            pool["total"] = pool["total"].index_add(0, place, states)  # step after step, as over whole sequences
            pool["highest"] = torch.maximum(pool["highest"], states.max(0, keepdim=True).values)
            pool["last"], pool["count"] = states[-1:].clone(), pool["count"] + len(states)
        kind: Any = self.model.decoder.pooling.kind  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        mean = pool["total"] / pool["count"].clamp_min(1).to(states)
        highest = pool["highest"] * (pool["count"] > 0)
        chosen = {"last": [pool["last"]], "mean": [mean], "max": [highest], "concat": [mean, highest, pool["last"]]}[kind]
        return torch.cat(chosen, 1)

    def _answer(self, features: Tensor, proba: bool) -> Any:
        features = self.model.decoder.middle(features)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
        head: Any = self.model.decoder.head  # pyright: ignore[reportAttributeAccessIssue]
        return to_rows(head.proba(features) if proba else head.predict(features))[0]  # pyright: ignore[reportCallIssue]

    def reset(self) -> None:
        """Begin a new sequence."""
        self._layers.reset()
        self._pool = self._empty()

    def copy(self) -> SequenceStream:
        """Return a fork: the same model, a state of its own."""
        fork = SequenceStream(self.model)
        fork._layers.state = self._layers.state
        fork._pool = {name: tensor.clone() for name, tensor in self._pool.items()}
        return fork

    def save(self) -> bytes:
        """Return the state as the bytes of a safetensors file."""
        state = self._layers.state
        layers = {f"layers.{name}": t.detach().cpu().clone() for name, t in zip(state.names, state.tensors, strict=True)}
        return safetensors.torch.save(layers | {name: t.cpu().clone() for name, t in self._pool.items()})

    def load(self, data: bytes) -> None:
        """Go on from the result of :meth:`save`.

        Parameters
        ----------
        data : bytes
            A state of the same model.
        """
        try:
            content = safetensors.torch.load(data)
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"This is not a saved state ({error}). Give what save() returned.") from error
        state = self._layers.state
        expected = {f"layers.{name}": t for name, t in zip(state.names, state.tensors, strict=True)} | self._pool
        shapes = [{name: (tuple(t.shape), t.dtype) for name, t in tensors.items()} for tensors in (content, expected)]
        if shapes[0] != shapes[1]:
            raise ShapeError(f"The saved state holds {shapes[0]}, this stream's is {shapes[1]}. Load it into a stream of the same model.")
        device = self._pool["total"].device
        state.tensors = tuple(content[f"layers.{name}"].to(device) for name in state.names)
        self._pool = {name: content[name].to(t.device) for name, t in self._pool.items()}
