"""Candidates: who takes part, by name, and how each is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sklearn.base import clone

from elman.errors import SettingError, did_you_mean

Kind = Literal["simple", "network", "ablation"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to do the task.

    Attributes
    ----------
    name : str
        For the caller.
    label : str
        Description.
    kind : {"simple", "network", "ablation"}
        Ablations explain; they never win.
    rank : int
        How much it asks of people and machines; of equals the lower one is recommended.
    make : callable
        Returns the unfitted estimator.
    beside : str
        Of an ablation, the candidate it differs from in one thing.
    shuffles : bool
        Whether it sees steps in another order.
    """

    name: str
    label: str
    kind: Kind
    rank: int
    make: Callable[[], Any]
    beside: str = ""
    shuffles: bool = False


def variant(estimator: Any, **params: Any) -> Any:
    """Return an unfitted copy of an estimator with other settings."""
    fresh: Any = clone(estimator)
    return fresh.set_params(**params) if params else fresh


CELLS = {"elman": "Elman network", "gru": "GRU", "lstm": "LSTM"}


def networks(estimator: Any, single: Mapping[str, Any], cell: str, *, fixed: str = "", fixed_label: str = "") -> list[Candidate]:
    """Return the networks that differ from an estimator in the encoder, and the two ablations."""

    def network(name: str, label: str, kind: Kind, rank: int, beside: str = "", shuffles: bool = False, **settings: Any) -> Candidate:
        """One that differs in some settings of the network."""
        params = {**single, **{f"network__{k}": v for k, v in settings.items()}}
        return Candidate(
            name=name, label=label, kind=kind, rank=rank, beside=beside, shuffles=shuffles, make=lambda: variant(estimator, **params)
        )

    results = [network("cnn", "dilated convolutions, as many weights", "network", 5, body="dilated")]
    if fixed:
        results.append(network(fixed, fixed_label, "network", 5, body="fixed"))
    results += [network(name, label, "network", 6, cell=name, body="recurrent") for name, label in CELLS.items()]
    default = Candidate(name="default", label="elman, as given", kind="network", rank=7, make=lambda: variant(estimator))
    turned = f"{CELLS.get(cell, cell)}, steps in another order"
    shuffles = network("shuffled", turned, "ablation", 6, cell, True, cell=cell, body="recurrent")
    untied = network("untied", "Elman network with its own weights at every step", "ablation", 6, "elman", cell="elman", body="untied")
    return [*results, default, shuffles, untied]


def choose(candidates: Iterable[Candidate], wanted: Any, ablations: Mapping[str, bool]) -> list[Candidate]:
    """Return who takes part.

    Parameters
    ----------
    candidates : iterable of Candidate
        Who could.
    wanted : "auto" or list of str
        Everyone but the ablations, or names.
    ablations : mapping of str to bool
        The ablations to add; the network that each differs from is added too.

    Returns
    -------
    list of Candidate
        In the order of ``candidates``.
    """
    index = {one.name: one for one in candidates}
    if isinstance(wanted, str) and wanted != "auto":
        wanted = [wanted]
    names = [name for name, one in index.items() if one.kind != "ablation"] if wanted == "auto" else list(wanted)
    for name in names:
        if name not in index:
            raise SettingError(f"There is no candidate {name!r} for this task; there are {list(index)}.{did_you_mean(str(name), index)}")
    for name, add in ablations.items():
        if add and name not in index:
            raise SettingError(f"{name}=True does not fit this task: it is for sequences that are read step by step. Leave it out.")
        if add:
            names.append(name)
    names += [index[name].beside for name in names if index[name].beside]
    if not names:
        raise SettingError(f"candidates is empty. Name some of {list(index)}, or leave it at 'auto'.")
    return [one for name, one in index.items() if name in names]
