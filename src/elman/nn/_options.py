"""Options of our layers beyond torch's, checked once, and the masks they draw in each forward pass."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import cast

from torch import Tensor

from elman.cells import Cell
from elman.errors import SettingError
from elman.kernels import masks


@dataclass(frozen=True, kw_only=True)
class Options:
    """Keyword-only options of ``nn.RNN``, ``nn.GRU`` and ``nn.LSTM``.

    Parameters
    ----------
    weight_dropout : float, default 0.0
        Chance that an element of ``weight_hh`` is dropped for a whole forward pass (Merity et al. 2018, "Regularizing and
        optimizing LSTM language models", section 2).
    recurrent_dropout : float, default 0.0
        Chance that a unit of h_{t-1} is dropped before W_hh, one mask per sequence (Gal and Ghahramani 2016).
    zoneout : float, default 0.0
        Chance that a unit keeps its last state (Krueger et al. 2017); its expectation in evaluation.
    layer_norm : bool, default False
        Normalise both products and the inner state (Ba et al. 2016, eq. 20–22).
    forget_bias : float, optional
        Initial bias of the forget gate (Jozefowicz et al. 2015 advise 1.0); None keeps torch's initialisation.
    locked_dropout : bool, default False
        The dropout between layers draws one mask per sequence, not one per step (Gal and Ghahramani 2016, "variational").
    recompute : bool, default False
        Work the gates out again in the compiled backward pass instead of keeping them: less memory, the same gradients bit for bit,
        more time. Graphs of ``torch.compile`` and ``torch.export`` keep them all the same. Not with ``layer_norm``.
    """

    weight_dropout: float = 0.0
    recurrent_dropout: float = 0.0
    zoneout: float = 0.0
    layer_norm: bool = False
    forget_bias: float | None = None
    locked_dropout: bool = False
    recompute: bool = False

    def check(self, cell: Cell, bias: bool) -> None:
        """Raise SettingError for a value that cannot be used.

        Parameters
        ----------
        cell : Cell
            The layer's cell.
        bias : bool
            Whether the layer has biases.
        """
        for name in ("weight_dropout", "recurrent_dropout", "zoneout"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise SettingError(f"{name} must be a probability in 0..1; got {value!r}.")
        for name in ("layer_norm", "locked_dropout", "recompute"):
            if not isinstance(getattr(self, name), bool):
                raise SettingError(f"{name} must be True or False; got {getattr(self, name)!r}.")
        if self.recompute and self.layer_norm:
            raise SettingError("recompute=True cannot go with layer_norm=True, which needs more than the gates. Leave one out.")
        if self.forget_bias is None:
            return
        if "f" not in cell.gates or not bias:
            raise SettingError(
                f"forget_bias needs a cell with a forget gate and biases; got cell {cell.name!r}, bias={bias}. Leave it out."
            )
        value = cast(object, self.forget_bias)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingError(f"forget_bias must be a number or None; got {self.forget_bias!r}.")

    @property
    def plain(self) -> bool:
        """Whether a forward pass is torch's own."""
        return not (self.weight_dropout or self.recurrent_dropout or self.zoneout or self.layer_norm or self.locked_dropout)

    def described(self) -> str:
        """Return the options that differ from the defaults, as ``zoneout=0.1, layer_norm=True``."""
        return ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default)

    def drop_weight(self, weight_hh: Tensor, training: bool) -> Tensor:
        """Return ``weight_hh`` with one mask for this forward pass.

        Parameters
        ----------
        weight_hh : Tensor
            (G·H, H).
        training : bool
            Whether masks are drawn.

        Returns
        -------
        Tensor
            (G·H, H).
        """
        return (
            weight_hh * masks.keep_mask(weight_hh, weight_hh.shape, self.weight_dropout) if training and self.weight_dropout else weight_hh
        )

    def mask(self, like: Tensor, n: int, width: int, training: bool) -> Tensor | None:
        """Return a recurrent mask (N, H), scaled so that its mean is one, or None.

        Parameters
        ----------
        like : Tensor
            A weight: its dtype and device.
        n : int
            N.
        width : int
            H.
        training : bool
            Whether masks are drawn.

        Returns
        -------
        Tensor or None
            The mask.
        """
        return masks.keep_mask(like, (n, width), self.recurrent_dropout) if training and self.recurrent_dropout else None

    def keep(self, like: Tensor, rows: int, width: int) -> Tensor:
        """Return zoneout's keep-factors of one state in training: zeros and ones (ΣT, H).

        Parameters
        ----------
        like : Tensor
            A weight: its dtype and device.
        rows : int
            ΣT.
        width : int
            H.

        Returns
        -------
        Tensor
            Drawn anew.
        """
        return masks.chance_mask(like, (rows, width), self.zoneout)
