"""Backbone: a convolutional network of the library timm, with weights the user has, as the reader of pictures."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.codecs.space import Pixels
from elman.errors import MissingExtraError, SettingError
from elman.network.batch_invariant import Linear
from elman.nn.dropouts import Dropout
from elman.sequences import Ragged

PREFIX = "timm:"
_NAMED = re.compile(re.escape(PREFIX) + r"\w[\w.]*")
"""Names of timm's own networks: nothing that points to a hub or a folder."""


def is_backbone(stem: str) -> bool:
    """Return whether a stem is named as a network of timm, ``"timm:resnet18"``.

    Parameters
    ----------
    stem : str
        As in :class:`elman.Network`.

    Returns
    -------
    bool
        Whether it is "timm:" and a name.

    Examples
    --------
    >>> is_backbone("timm:resnet18"), is_backbone("conv")
    (True, False)
    """
    return isinstance(stem, str) and bool(_NAMED.fullmatch(stem))


def backbone_grid(stem: str, space: Pixels) -> tuple[int, int]:
    """Return the rows and columns of cells that a backbone makes of a picture; nothing is computed."""
    with torch.device("meta"):
        rows, columns = Backbone(stem, space)(torch.zeros(1, space.c, space.h, space.w, device="cpu")).shape[2:]
    return int(rows), int(columns)


class Backbone(nn.Module):
    """Features of pictures by a network of timm, without its classifier; its statistics and dropouts stay as they are.

    Parameters
    ----------
    stem : str
        "timm:" and the name of a convolutional network. It is made with first weights of chance: nothing is downloaded.
    space : Pixels
        Channels, rows, columns; grey pictures are shown in three equal channels.

    Notes
    -----
    Shapes:

        values  (N, c, h, w), 0 black and 1 white     features  (N, C, h', w')
    """

    mean: Tensor
    std: Tensor

    def __init__(self, stem: str, space: Pixels) -> None:
        super().__init__()
        self.network = _create(stem.removeprefix(PREFIX))
        about = self.network.pretrained_cfg
        for name, usual in (("mean", 0.5), ("std", 0.5)):
            self.register_buffer(name, torch.tensor(about.get(name, (usual,) * 3), dtype=torch.float32)[:, None, None])
        with torch.device("meta"):
            meta = _create(stem.removeprefix(PREFIX)).eval()
            try:
                shape = meta.forward_features(torch.zeros(1, 3, space.h, space.w, device="cpu")).shape
            except (AssertionError, RuntimeError, ValueError) as error:
                size = f"{space.h} x {space.w}"
                raise SettingError(
                    f"stem={stem!r} cannot read pictures of {size}: {error}. Set size in Image(), or use another."
                ) from error
        if len(shape) != 4 or shape[1] != self.network.num_features:
            raise SettingError(
                f"stem={stem!r} gives features of shape {tuple(shape)}, no channels of a picture. Use a convolutional network."
            )
        self.channels = int(shape[1])

    def forward(self, values: Tensor) -> Tensor:
        """Return features; no gradient where none of the weights learns."""
        seen = values.expand(-1, 3, -1, -1) if values.shape[1] == 1 else values
        seen = (seen.to(self.mean.dtype) - self.mean) / self.std
        learns = any(weight.requires_grad for weight in self.network.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and (learns or values.requires_grad)):
            return self.network.forward_features(seen)

    def train(self, mode: bool = True) -> Backbone:
        """Stay in evaluation: batches of captions are too small and too alike for statistics of their own."""
        super().train(mode)
        self.network.eval()
        return self

    def freeze(self) -> None:
        """Let its weights learn nothing."""
        self.requires_grad_(False)


class BackboneStem(nn.Module):
    """A backbone's cells, each mapped to a vector with one for its place added; without a grid, their mean mapped to one vector.

    Parameters
    ----------
    stem : str
        "timm:" and the name of a network.
    space : Pixels
        Channels, rows, columns.
    size : int
        Size of a vector.
    grid : tuple of int
        Rows and columns of cells; empty for one vector.
    dropout : float
        Dropout on the vectors.

    Notes
    -----
    Shapes:

        values  (M, c, h, w)     vectors  (M, size), or Ragged (ΣS, size) with the cells of a grid row by row from the top
    """

    def __init__(self, stem: str, space: Pixels, size: int, grid: tuple[int, ...] = (), dropout: float = 0.0) -> None:
        super().__init__()
        self.backbone = Backbone(stem, space)
        self.linear = Linear(self.backbone.channels, size)
        self.places = nn.Embedding(grid[0] * grid[1], size) if grid else None
        self.grid = grid
        self.dropout = Dropout(dropout)

    def forward(self, values: Tensor) -> Tensor | Ragged:
        """Map pictures to vectors."""
        if self.places is None:
            if not len(values):
                return self.linear.weight.new_zeros(0, self.linear.out_features)
            return self.dropout(functional.relu(self.linear(self.backbone(values).mean((2, 3)))))
        cells, size = self.places.weight.shape
        lengths = torch.full((len(values),), cells, dtype=torch.int64, device="cpu")
        if not len(values):
            return Ragged.from_padded(self.linear.weight.new_zeros(0, cells, size), lengths)
        seen = functional.adaptive_avg_pool2d(self.backbone(values), (self.grid[0], self.grid[1]))
        vectors = functional.relu(self.linear(seen.flatten(2).transpose(1, 2))) + self.places.weight
        return Ragged.from_padded(self.dropout(vectors), lengths)


def _create(name: str) -> Any:
    try:
        import timm  # pyright: ignore[reportMissingImports]  # an extra
    except ImportError as error:
        raise MissingExtraError("timm", "timm", f"read pictures with stem={PREFIX + name!r}") from error
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name}*")[:3])
        hint = f" Did you mean {near}?" if near else ""
        raise SettingError(f"timm knows no network named {name!r}.{hint} timm.list_models() lists them.")
    return timm.create_model(name, pretrained=False, num_classes=0, global_pool="")
