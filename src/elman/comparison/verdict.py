"""Verdict of a leaderboard in one sentence, and the results of its ablations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elman.comparison.leaderboard import Entry
from elman.metrics.measure import Judgement, Measure, interval

_ENOUGH = 10
"""Units on either side of a length."""


def verdict(measure: Measure, entries: Sequence[Entry]) -> str:
    """Return the recommendation: the simplest of the candidates that do not differ significantly from the best."""
    real = [entry for entry in entries if entry.kind != "ablation"]
    best = real[0]
    if len(real) == 1:
        return f"{_large(best.label)} reaches {_shown(measure, best)}; there is nothing to compare it with."
    chosen = min((entry for entry in real if entry.tied), key=lambda entry: (entry.rank, entry.behind))
    if chosen.rank == min(entry.rank for entry in real) and chosen.rank == 0:
        return (
            f"Use {_the(chosen)}, or find other data: nothing is measurably better than such a guess ({_shown(measure, chosen)},"
            f" the best {_shown(measure, best)})."
        )
    if chosen.name != best.name:
        return (
            f"Use {_the(chosen)}: it cannot be told from the best, {_the(best)} ({_shown(measure, chosen)} and {_shown(measure, best)};"
            f" difference {best_difference(chosen)}), and is simpler."
        )
    equals = [entry for entry in real[1:] if entry.tied and entry.rank == chosen.rank]
    tie = f", tied with {', '.join(_the(entry) for entry in equals)}" if equals else ""
    simpler = next((entry for entry in real[1:] if not entry.tied and entry.rank < chosen.rank), None)
    if simpler is None:
        return f"Use {_the(chosen)} ({_shown(measure, chosen)}){tie}."
    return (
        f"Use {_the(chosen)} ({_shown(measure, chosen)}){tie}: it is better than the best of the simpler ones, {_the(simpler)}"
        f" ({_shown(measure, simpler)}), by {best_difference(simpler)}."
    )


def best_difference(entry: Entry) -> str:
    """Return how far an entry is behind the best, with the interval."""
    return f"{entry.behind:.4g}, 95 % interval {entry.behind_low:.4g} to {entry.behind_high:.4g}"


def findings(measure: Measure, entries: Sequence[Entry], judged: dict[str, Judgement]) -> list[str]:
    """Return the result of each ablation beside the network that it differs from in one setting."""
    by_name = {entry.name: entry for entry in entries}
    drawn = measure.resampled(judged)
    results = []
    for entry in entries:
        whole = by_name.get(entry.beside)
        if entry.kind != "ablation" or whole is None:
            continue
        gain = float(measure.gain(whole.value, entry.value))
        low, high = interval(measure.gain(drawn[whole.name], drawn[entry.name]))
        results.append((_order if entry.name == "shuffled" else _sharing)(whole, entry, gain, low, high))
    late = [entry.label for entry in entries if entry.stopped == "budget"]
    if late:
        results.append(f"The budget ended the training of {', '.join(late)}: more time might change their places.")
    return results


def other_lengths(
    measure: Measure, entries: Sequence[Entry], judged: dict[str, Judgement], lengths: np.ndarray | None, reach: int
) -> list[str]:
    """Return the scores of the network for one length at other lengths.

    Parameters
    ----------
    measure : Measure
        The measure.
    entries : sequence of Entry
        Best first.
    judged : dict of str to Judgement
        By candidate.
    lengths : ndarray or None
        Steps of each test unit.
    reach : int
        Steps it was built for.

    Returns
    -------
    list of str
        One sentence, where there are ten units on either side and a recurrent network to compare with.
    """
    fixed = next((entry for entry in entries if entry.name == "cnn_fixed"), None)
    recurrent = next((entry for entry in entries if entry.name in ("elman", "gru", "lstm")), None)
    if fixed is None or recurrent is None or lengths is None:
        return []
    within = lengths <= reach
    if min(within.sum(), (~within).sum()) < _ENOUGH:
        return []

    def on(name: str, units: np.ndarray) -> str:
        """The score on some units."""
        return f"{measure.value(Judgement(over=judged[name].over[units], under=judged[name].under[units])):.3g}"

    return [
        f"{_large(fixed.label)} were built for {reach} steps: {measure.name} {on(fixed.name, within)} up to there and"
        f" {on(fixed.name, ~within)} beyond; {_the(recurrent)} has {on(recurrent.name, within)} and {on(recurrent.name, ~within)}."
    ]


def _order(whole: Entry, shuffled: Entry, gain: float, low: float, high: float) -> str:
    span = f"{gain:.4g}, 95 % interval {low:.4g} to {high:.4g}"
    if low > 0:
        values = f"{whole.value:.4f} and {shuffled.value:.4f}"
        return f"The order of the steps matters: {_the(whole)} loses {span} when they are shuffled ({values})."
    return f"The order of the steps is not seen to matter: shuffling them costs {_the(whole)} {span}."


def _sharing(tied: Entry, untied: Entry, gain: float, low: float, high: float) -> str:
    times = untied.parameters / max(1, tied.parameters)
    result = "gains" if low > 0 else "costs" if high < 0 else "changes nothing that could be measured,"
    return (
        f"Sharing weights over time needs {times:.3g} times fewer parameters ({tied.parameters:,}, not {untied.parameters:,}) and {result}"
        f" {abs(gain) if low > 0 or high < 0 else gain:.4g} (95 % interval {low:.4g} to {high:.4g})."
    )


def _shown(measure: Measure, entry: Entry) -> str:
    return f"{measure.name} {entry.value:.4g}"


def _the(entry: Entry) -> str:
    return f"“{entry.label}”"


def _large(text: str) -> str:
    return text[:1].upper() + text[1:]
