"""Base of decoders: from an encoded source to a loss and to answers. The rest of elman asks a decoder's data, never its class or name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from torch import Tensor, nn

from elman.errors import SettingError
from elman.network.interfaces import Encoded, Loss, State

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """Options of an answer.

    Attributes
    ----------
    search : callable, optional
        Search over symbols or frames, from :mod:`elman.generation`.
    limits : callable
        Gives the longest answer of each row, (N,).
    min_score : float, optional
        Least score of a place.
    """

    limits: Callable[[], Tensor]
    search: Any = None
    min_score: float | None = None


class Decoder(nn.Module):
    """Decoder of an encoded source.

    A decoder writes ``build``, ``loss``, ``predict`` and ``proba``, and describes its answers by class data. It becomes known by
    :func:`elman.network.decoders.registry.register` or the entry point ``elman.decoders``, and is chosen by ``align=`` its name.
    """

    name: ClassVar[str]
    """Name in plans and model files."""
    answers_whole: ClassVar[bool] = False
    """One answer about a whole source."""
    answers_steps: ClassVar[bool] = False
    """One answer for each step of the source."""
    writes_symbols: ClassVar[bool] = False
    """One element after the other, each given those before it; an answer can be searched."""
    writes_frames: ClassVar[bool] = False
    """Symbols in the frames of the source (CTC); an answer can be searched."""
    finds_places: ClassVar[bool] = False
    """Places in the source, each with a score."""
    averages: ClassVar[bool] = False
    """Answers of several networks can be averaged."""

    head: Any

    @classmethod
    def build(cls, plan: Plan, features: int) -> Self:
        """Return the decoder of a plan, which reads an encoding of some features."""
        raise NotImplementedError

    @classmethod
    def assemble(cls, plan: Plan) -> tuple[nn.Module | None, nn.Module | None, Decoder] | None:
        """Return stem, encoder and decoder where the decoder shares parts with them; None for the usual parts."""
        del plan
        return None

    def loss(self, encoded: Encoded, target: Any, state: State | None = None, ends: Tensor | None = None) -> Loss:
        """Return the loss of a collated target, summed over its units."""
        raise NotImplementedError

    def predict(self, encoded: Encoded, *args: Any, **options: Any) -> list[Any]:
        """Return the best answer of each row; further arguments are the decoder's own."""
        raise NotImplementedError

    def proba(self, encoded: Encoded, target: Any = None) -> list[Any]:
        """Return the probabilities of each row."""
        raise NotImplementedError

    def answer(self, encoded: Encoded, options: AnswerOptions) -> list[Any]:
        """Return one answer a row under some options; those that the decoder has no use for are refused."""
        if options.search is not None:
            raise SettingError(f"A {self.name} model has nothing to search. Call predict without search.")
        return self.predict(encoded)

    def quantiles(self, encoded: Encoded, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles of one answer of numbers a row, (N, *shape, Q)."""
        del encoded, levels
        raise SettingError("Quantiles are for one answer of numbers per row. Use a target of numbers and a summary model.")

    @property
    def reads_last_only(self) -> bool:
        """Whether only the state after the last step is read."""
        return False

    def running_features(self, states: Tensor, ends: list[int]) -> Tensor | None:
        """Return the head's input for beginnings of one sequence of states (T, F) up to each end; None where each is read anew."""
        del states, ends
        return None

    def carries_state(self, network: Any) -> bool:
        """Whether sequences may be fed in pieces, the state of one carried to the next."""
        del network
        return False

    def unstreamable_reason(self) -> str | None:
        """Return the reason why answers cannot be given while the source is read, None if they can."""
        return f"its decoder {self.name!r} answers only when the source has ended"

    def on_epoch_start(self, share: float) -> None:
        """Adapt to the share of training that is done, 0..1."""
