"""Which backend runs a call: the first that can, or the one that is asked for; and why."""

from __future__ import annotations

import importlib
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from torch import Tensor

from elman.errors import BackendError, did_you_mean
from elman.kernels.call import Call
from elman.kernels.recording import is_recording
from elman.kernels.stack import Batch, Spec, States, loop

ORDER = ("native", "aten", "reference")
VARIABLE = "ELMAN_BACKEND"
LEVELS = ("portable", "avx2", "avx512")
LEVEL_VARIABLE = "ELMAN_ISA"
_forced: ContextVar[str | None] = ContextVar("elman_backend", default=None)


class Backend(Protocol):
    """A module with a name, a reason against a call, and a way to run it."""

    name: str

    def unsupported_reason(self, call: Call) -> str | None:
        """Return the reason why a call cannot run here, or None."""
        ...

    def run(self, call: Call) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the output (ΣT, H) and the last states (N, H)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Which backend runs a call, and why not the others.

    Parameters
    ----------
    backend : str
        The backend that runs the call.
    why : str
        How it was chosen.
    against : dict
        For every other backend, the reason it was not taken.
    """

    backend: str
    why: str
    against: dict[str, str]

    def __str__(self) -> str:
        """Read as sentences."""
        return "\n".join([f"{self.backend}: {self.why}", *(f"not {name}: {reason}" for name, reason in self.against.items())])


def names() -> tuple[str, ...]:
    """Return the names of the backends, in the order they are tried."""
    return ORDER


def run(call: Call, backend: str | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run one layer in one direction.

    Parameters
    ----------
    call : Call
        To run.
    backend : {"native", "aten", "reference"}, optional
        The backend that must run it; without it the one of :func:`use`, of the variable ``ELMAN_BACKEND``, or the first that can.

    Returns
    -------
    tuple
        ``(output, states)``: (ΣT, H) and, for each state, (N, H) after each sequence's own last step.
    """
    if not is_recording(call.x):
        call.check()
    return run_checked(call, backend)


def run_checked(call: Call, backend: str | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run a call whose tensors the caller has made or checked itself, as our layers have at their border; see :func:`run`.

    Parameters
    ----------
    call : Call
        One that would pass ``call.check()``: compiled code trusts it.
    backend : str, optional
        As for :func:`run`.

    Returns
    -------
    tuple
        ``(output, states)``.
    """
    if is_recording(call.x):
        return _run_recorded(call, backend)
    return load(choose(call, backend)).run(call)


def can_run_stack(spec: Spec, x: Tensor, states: States | None, tensors: tuple[Tensor, ...]) -> bool:
    """Return quickly whether the compiled kernels take a stack whole and just as it is; not for calls that are recorded.

    Parameters
    ----------
    spec : Spec
        The stack.
    x : Tensor
        Its checked input.
    states : tuple of Tensor or None
        Checked states.
    tensors : tuple of Tensor
        Of all parts, not checked.

    Returns
    -------
    bool
        Where not, :func:`run_stack` asks part by part who runs it.
    """
    if wanted() not in (None, "native") or _why_missing("native") is not None:
        return False
    return load("native").takes(spec, x, states, tensors)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def run_stack(
    spec: Spec, batch: Batch, x: Tensor, states: States | None, tensors: tuple[Tensor, ...], *, whole: bool
) -> tuple[Tensor, States]:
    """Run a stack of layers.

    Parameters
    ----------
    spec : Spec
        The stack.
    batch : Batch
        Layout of its rows.
    x : Tensor
        As in ``batch``.
    states : tuple of Tensor or None
        Each (L·D, N, H), in the caller's order; None: zeros.
    tensors : tuple of Tensor
        Of all parts.
    whole : bool
        Result of :func:`can_run_stack`.

    Returns
    -------
    tuple
        ``(output, states)``: rows of width D·H laid out as those of x, and per state (L·D, N, H).
    """
    if whole:
        return load("native").run_stack(spec, batch, x, states, tensors)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    return loop(spec, batch, x, states, tensors, run_checked)


def _run_recorded(call: Call, backend: str | None) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Record a call as one operator where there is one; values, batch sizes among them, are checked when the graph runs."""
    call.check_tensors()
    if backend in (None, "native") and reason_against_operator(call.weight_ih, projected=call.weight_hr is not None) is None:
        from elman.kernels import ops

        if ops.unsupported_reason(call) is None:
            return ops.run(call)
    return load(choose(call, backend)).run(call)


def explain(call: Call, backend: str | None = None) -> Explanation:
    """Return which backend runs a call, and why not the others.

    Parameters
    ----------
    call : Call
        Call to explain.
    backend : str, optional
        As for :func:`run`.

    Returns
    -------
    Explanation
        Printable.
    """
    call.check()
    chosen = choose(call, backend)
    request = backend or wanted()
    why = f"asked for by {'argument' if backend else 'use() or ' + VARIABLE}" if request else "the first backend that can run this call"
    against = {name: unsupported_reason(name, call) or _not_reached(name, chosen, request) for name in ORDER if name != chosen}
    return Explanation(backend=chosen, why=why, against=against)


def choose(call: Call, backend: str | None = None) -> str:
    """Return the name of the backend for a call; raise BackendError when the one asked for cannot run it.

    Parameters
    ----------
    call : Call
        A checked call.
    backend : str, optional
        As for :func:`run`.

    Returns
    -------
    str
        A name of :func:`names`.
    """
    chosen = backend or wanted()
    if chosen is None:
        return next(name for name in ORDER if unsupported_reason(name, call) is None)
    reason = unsupported_reason(_known(chosen), call)
    if reason is not None:
        raise BackendError(
            f"The backend {chosen!r} cannot run this call: {reason}. Ask for another one, or for none to take the first that can."
        )
    return chosen


def unsupported_reason(name: str, call: Call) -> str | None:
    """Return why a backend cannot run a call, or None.

    Parameters
    ----------
    name : str
        A name of :func:`names`.
    call : Call
        A checked call.

    Returns
    -------
    str or None
        The reason.
    """
    missing = _why_missing(name)
    return missing if missing is not None else load(name).unsupported_reason(call)


def reason_against_operator(weight: Tensor, *, projected: bool = False) -> str | None:
    """Return why a layer cannot go into one of our operators for graphs (:mod:`elman.kernels.ops`), or None."""
    reason = _against_recording()
    if reason is not None:
        return reason
    from elman.kernels import ops  # loads the compiled module

    return ops.reason_against_weight(weight, projected=projected)


def _against_recording() -> str | None:
    """Return the reason why no operator may be recorded now, whatever the call."""
    return f"{wanted()!r} was asked for" if wanted() not in (None, "native") else _why_missing("native")


# As torch.compiler.assume_constant_result, without importing the tracer: run it while tracing, a graph keeps the answer.
_against_recording._dynamo_marked_constant = True  # type: ignore[attr-defined]


@cache
def load(name: str) -> Backend:
    """Import a backend's module.

    Parameters
    ----------
    name : str
        A name of :func:`names`.

    Returns
    -------
    module
        With ``name``, ``unsupported_reason`` and ``run``.
    """
    return importlib.import_module(f"elman.kernels.{_known(name)}")  # type: ignore[return-value]  # a module is the backend


def has_native() -> bool:
    """Return whether the native module is there."""
    return _why_missing("native") is None


def register_operators() -> None:
    """Give torch the operators of :mod:`elman.kernels.ops`, where the native module is there: programs on disk ask for them by name."""
    with suppress(ImportError):
        importlib.import_module("elman.kernels.ops")


@cache
def _why_missing(name: str) -> str | None:
    """Only the native module may be missing: a wheel for another machine, or a source tree that was never built."""
    if name != "native":
        return None
    try:
        load(name)
    except ImportError as error:
        return f"the native module is not there ({error}); reinstall elman with a C++ compiler"
    _check_level()
    return None


def _check_level() -> None:
    """Raise BackendError when ``ELMAN_ISA`` asks for an instruction set that the kernels do not use here."""
    from elman import _native

    asked, used = os.environ.get(LEVEL_VARIABLE), _native.isa()
    if asked and asked != used:
        raise BackendError(
            f"{LEVEL_VARIABLE} must be one of {list(LEVELS)} and run on this machine, whose best is {used!r}; got {asked!r}. "
            f"Change or unset it.{did_you_mean(asked, LEVELS)}"
        )


@contextmanager
def use(backend: str) -> Generator[None]:
    """Have one backend run everything inside a ``with`` block; a call it cannot run raises BackendError.

    Parameters
    ----------
    backend : {"native", "aten", "reference"}
        The backend.

    Yields
    ------
    None
        Nothing.

    Examples
    --------
    >>> import torch
    >>> from elman import kernels, nn
    >>> with kernels.use("reference"):
    ...     output, h_n = nn.GRU(3, 4)(torch.zeros(5, 1, 3))
    >>> tuple(output.shape)
    (5, 1, 4)
    """
    token = _forced.set(_known(backend))
    try:
        yield
    finally:
        _forced.reset(token)


def wanted() -> str | None:
    """Return the backend asked for by :func:`use` or by the variable ``ELMAN_BACKEND``, or None."""
    inside = _forced.get()
    if inside is not None:
        return inside
    named = os.environ.get(VARIABLE)
    return _known(named) if named else None


def _known(name: str) -> str:
    if name not in ORDER:
        raise BackendError(f"backend must be one of {list(ORDER)}; got {name!r}.{did_you_mean(name, ORDER)}")
    return name


def _not_reached(name: str, chosen: str, asked: str | None) -> str:
    return f"{chosen!r} was asked for" if asked else f"{name!r} could run it too, {chosen!r} comes first"
