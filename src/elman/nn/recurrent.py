"""Base of nn.RNN, nn.GRU and nn.LSTM: torch's constructor and results, more kinds of input, more options, our kernels."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence

from elman import cells
from elman.cells import Cell
from elman.errors import ElmanWarning, SettingError
from elman.kernels import dispatch
from elman.kernels.recording import in_one_operator, is_recording
from elman.kernels.stack import Spec, States, call_of, zero_states
from elman.nn import _border, _copies, _dynamo, _symbolic, stack
from elman.nn._layer import Route
from elman.nn._options import Options
from elman.nn.stream import Stream
from elman.sequences import Ragged

_CELL_OF_MODE = {"RNN_TANH": "elman", "RNN_RELU": "elman_relu", "GRU": "gru", "LSTM": "lstm"}


class Recurrent(nn.RNNBase):
    """Base of our layers, between them and torch's: ``class LSTM(Recurrent, torch.nn.LSTM)``."""

    options: Options = Options()
    weight_ih_l0: Tensor

    def __init__(
        self,
        *args: Any,
        weight_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        layer_norm: bool = False,
        forget_bias: float | None = None,
        locked_dropout: bool = False,
        recompute: bool = False,
        **kwargs: Any,
    ) -> None:
        _torchs_constructor(super().__init__, args, kwargs)  # pyright: ignore[reportUnknownMemberType]  # torch's own signature is open
        self.options = Options(
            weight_dropout=weight_dropout,
            recurrent_dropout=recurrent_dropout,
            zoneout=zoneout,
            layer_norm=layer_norm,
            forget_bias=forget_bias,
            locked_dropout=locked_dropout,
            recompute=recompute,
        )
        self.options.check(self.cell, self.bias)
        if layer_norm:
            self._add_norms()
        self._reset_extras()

    @property
    def cell(self) -> Cell:
        """The layer's cell, as data."""
        return cells.get(_CELL_OF_MODE[self.mode])

    @property
    def directions(self) -> int:
        """D: 2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    def _add_norms(self) -> None:
        """Add the norms' parameters after torch's own, so that a plain state_dict keeps its order."""
        like = self.weight_ih_l0
        gates, hidden = len(self.cell.gates) * self.hidden_size, self.hidden_size
        for end in stack.suffixes(self):
            sizes = {"norm_ih": gates, "norm_hh": gates}
            if len(self.cell.states) > 1:
                sizes |= {"norm_c": hidden, "norm_c_bias": hidden}
            for name, size in sizes.items():
                self.register_parameter(name + end, nn.Parameter(torch.empty(size, dtype=like.dtype, device=like.device)))

    def reset_parameters(self) -> None:
        """Draw torch's initialisation, then set norms and the forget gate's bias."""
        super().reset_parameters()
        self._reset_extras()

    @torch.no_grad()
    def _reset_extras(self) -> None:
        for name, parameter in self.named_parameters(recurse=False):
            if name.startswith("norm_"):
                parameter.fill_(0.0 if name.startswith("norm_c_bias") else 1.0)
            elif self.options.forget_bias is not None and name.startswith("bias_"):
                gate = self.cell.gates.index("f")
                value = self.options.forget_bias if name.startswith("bias_ih") else 0.0
                parameter[gate * self.hidden_size : (gate + 1) * self.hidden_size] = value

    def forward(self, input: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, Any]:  # noqa: A002  # torch's word
        """Run the layer.

        Parameters
        ----------
        input : Tensor, PackedSequence or Ragged
            To read; the output comes back in the same kind.
        hx : Tensor or tuple of Tensor, optional
            Initial state, zeros if left out.
        lengths : Tensor or sequence of int, optional
            Real steps of each padded row, 0 allowed; the output is zero beyond them.

        Returns
        -------
        tuple
            ``(output, h_n)``, for an LSTM ``(output, (h_n, c_n))``: the state after each sequence's own last step.
        """
        if isinstance(input, Proxy):
            return _symbolic.record(self, input, hx, lengths=lengths)
        like = stack.weight(self, "weight_ih_l0")
        recording = is_recording(like)
        if recording and self._is_one_operator(input, lengths):
            return super().forward(input, hx)  # type: ignore[misc]  # torch.nn.LSTM is next in the order of bases
        incoming = _border.read(input, lengths, like=like, input_size=self.input_size, batch_first=self.batch_first)
        batch, states = incoming.batch, None if hx is None else self._read_state(hx, incoming, like)
        spec, tensors = stack.parts(self, batch.n, batch.rows, training=self.training)
        route = self._route(incoming, spec, states, tensors, recording=recording)
        match route:
            case Route.TORCH:
                output, last = self._run_torch(incoming, zero_states(spec, batch, incoming.x, tensors) if states is None else states)
            case Route.STACK | Route.PARTS:
                output, last = stack.run(self, spec, batch, incoming.x, states, tensors, whole=route is Route.STACK)
        return self._shape_output(output, incoming), self._shape_state(last, incoming)

    def _route(
        self, incoming: _border.Incoming, spec: Spec, states: States | None, tensors: tuple[Tensor, ...], *, recording: bool
    ) -> Route:
        """Return the way of a call; the quick answer first, since a step of a small layer takes microseconds."""
        if not recording and dispatch.can_run_stack(spec, incoming.x, states, tensors):
            return Route.STACK
        stack.check_weights(self)
        return Route.TORCH if self._is_torchs(incoming, spec, states, tensors) else Route.PARTS

    def _read_state(self, hx: Any, incoming: _border.Incoming, like: Tensor) -> tuple[Tensor, ...]:
        layers, n = self.num_layers * self.directions, incoming.batch.n
        shapes = [(layers, n, self.proj_size or self.hidden_size), (layers, n, self.hidden_size)][: len(self.cell.states)]
        return _border.read_state(hx, self.cell.states, shapes, like=like, single=incoming.kind == "single")

    def _is_one_operator(self, value: Any, lengths: Any) -> bool:
        """Whether a recorded plain call shall be torch's one recurrent operator: where ours would not be understood, or cannot run."""
        if not self._plain_now() or lengths is not None or isinstance(value, Ragged):
            return False
        return in_one_operator() or isinstance(value, PackedSequence) or self._against_operator() is not None

    def _against_operator(self) -> str | None:
        return dispatch.reason_against_operator(self.weight_ih_l0, projected=bool(self.proj_size))

    def _plain_now(self) -> bool:
        options = self.options if self.training else replace(self.options, weight_dropout=0.0, recurrent_dropout=0.0)
        return options.plain

    def _is_torchs(self, incoming: _border.Incoming, spec: Spec, states: States | None, tensors: tuple[Tensor, ...]) -> bool:
        """Whether torch runs the layer: then all layers and directions go to it in one call, as cuDNN is fastest."""
        batch = incoming.batch
        if is_recording(incoming.x) or not self._plain_now() or batch.rows == 0:
            return False
        usual = dispatch.wanted() is None and dispatch.has_native() and not torch.is_autocast_enabled("cpu")
        if usual and self._against_operator() is None:
            return False  # found out cheaply: the compiled kernels run it, or under a functional transform the reference
        starts = tuple(s[0] for s in (zero_states(spec, batch, incoming.x, tensors) if states is None else states))
        return dispatch.choose(call_of(spec, 0, batch.pack(incoming.x), batch.batch_sizes(), starts, tensors)) == "aten"

    def _run_torch(self, incoming: _border.Incoming, states: States) -> tuple[Tensor, States]:
        batch = incoming.batch
        rows, sizes, starts = batch.pack(incoming.x), batch.batch_sizes(), batch.sort(states)
        first = int(sizes[0])
        parts = tuple(s[:, :first].contiguous() for s in starts)
        hx = parts if len(parts) > 1 else next(iter(parts))
        if int(sizes[-1]) == first:  # full: torch's dense operators are much faster than its packed ones
            dense = rows.view(len(sizes), first, -1)
            dense = dense.transpose(0, 1) if self.batch_first else dense
            output, last = super().forward(dense, hx)  # type: ignore[misc]
            output = (output.transpose(0, 1) if self.batch_first else output).reshape(len(rows), -1)
        else:
            packed, last = super().forward(PackedSequence(rows, sizes), hx)  # type: ignore[misc]
            output = packed.data
        after = cast("tuple[Tensor, ...]", last if isinstance(last, tuple) else (last,))
        # Empty sequences never reach torch, which has none: their state stays as it is.
        ends = tuple(torch.cat([new, old[:, first:]], 1) if first < batch.n else new for new, old in zip(after, starts, strict=True))
        return batch.unpack(output), batch.unsort(ends)

    def _shape_output(self, output: Tensor, incoming: _border.Incoming) -> Any:
        source = incoming.source
        if incoming.kind == "single":
            return output.squeeze(1)
        if isinstance(source, PackedSequence):
            return PackedSequence(output, source.batch_sizes, source.sorted_indices, source.unsorted_indices)
        if source is not None:
            return source.with_data(output)
        if incoming.places is None:
            return output
        padded = output.index_select(0, incoming.places).view(incoming.batch.steps, incoming.batch.n, output.shape[1])
        return padded.transpose(0, 1) if self.batch_first else padded

    def _shape_state(self, states: States, incoming: _border.Incoming) -> Any:
        if incoming.kind == "single":
            states = tuple(s.squeeze(1) for s in states)
        return states if len(states) > 1 else next(iter(states))

    def extra_repr(self) -> str:
        """Show torch's arguments and the options that are on."""
        return ", ".join(filter(None, [super().extra_repr(), self.options.described()]))

    def stream(self, batch: int = 1) -> Stream:
        """Return a stream: the same layer, read step by step, with its state kept between steps.

        Parameters
        ----------
        batch : int, default 1
            How many sequences are read side by side.

        Returns
        -------
        Stream
            Starting from zero states.
        """
        return Stream(self, batch)

    def twin(self) -> nn.RNNBase:
        """Return torch's own layer over the same parameters.

        Returns
        -------
        torch.nn.RNNBase
            A ``torch.nn.RNN``, ``GRU`` or ``LSTM`` sharing every parameter.
        """
        if not self.options.plain:
            raise SettingError(
                f"torch has no layer with {self.options.described()}. Only a layer without these options can become torch's own."
            )
        other: Any = copy.copy(self)
        original = other.__dict__.pop(_copies.MARK, None)
        other.__class__ = original or next(base for base in type(self).__mro__ if base.__module__ == "torch.nn.modules.rnn")
        return other

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a layer; an accelerated one as torch's own, so that a file of the model needs no elman."""
        return _copies.reduced(self, super().__reduce_ex__(protocol))

    def __copy__(self) -> nn.RNNBase:
        """Copy a layer in its class, accelerated or not."""
        return _copies.copied(self, None)

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.RNNBase:
        """Copy a layer and its parameters in its class, accelerated or not."""
        return _copies.copied(self, memo)

    def __prepare_scriptable__(self) -> nn.RNNBase:
        """Give ``torch.jit.script`` torch's own layer: TorchScript cannot hold our kernels.

        Torch puts the twin into the model that is being scripted, too; hence the warning.
        """
        twin = self.twin()
        warnings.warn(
            f"torch.jit.script turns elman's {type(self).__name__} into torch's own, over the same parameters.", ElmanWarning, stacklevel=2
        )
        return twin


def _torchs_constructor(init: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Run torch's own checks and raise their errors as ours."""
    try:
        init(*args, **kwargs)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise SettingError(f"The layer cannot be built from {args} {kwargs}: {error}") from error


_dynamo.open_to(Recurrent)
