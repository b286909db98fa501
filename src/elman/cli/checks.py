"""Checks of a table before training on it: lengths, missing values, duplicates, leaks, groups, balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from elman.io.tables import Table


@dataclass(frozen=True)
class Finding:
    """Something worth knowing.

    Parameters
    ----------
    kind : str
        "leak", "duplicates", "balance", "missing", "constant", "length", "groups" or "reading".
    text : str
        Evidence, with figures.
    advice : str
        To do about it.
    """

    kind: str
    text: str
    advice: str


def describe(table: Table) -> list[dict[str, Any]]:
    """Return one line of facts for each column: kind of values, missing, different ones, lengths."""
    return [_facts(name, values) for name, values in table.columns.items()]


def _facts(name: str, values: list[Any]) -> dict[str, Any]:
    present = [value for value in values if not _missing(value)]
    lengths = sorted(len(value) for value in present if hasattr(value, "__len__"))
    kinds = Counter(type(value).__name__ for value in present)
    return {
        "column": name,
        "kind": kinds.most_common(1)[0][0] if kinds else "nothing",
        "missing": len(values) - len(present),
        "different": len({key(value) for value in present}),
        "shortest": lengths[0] if lengths else None,
        "middle": lengths[len(lengths) // 2] if lengths else None,
        "longest": lengths[-1] if lengths else None,
    }


def key(value: Any) -> Hashable:
    """Return something hashable that is equal where values are."""
    if hasattr(value, "tobytes"):
        return value.tobytes()
    return value if isinstance(value, Hashable) else repr(value)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() == "")


def columns(table: Table) -> list[Finding]:
    """Return findings about columns alone: constant ones, missing values, outlying lengths."""
    findings = [Finding("reading", note, "Look at those rows in the file.") for note in table.notes]
    for facts in describe(table):
        name, rows = facts["column"], len(table)
        if facts["different"] == 1 and rows > 1 and not facts["missing"]:
            findings.append(Finding("constant", f"column {name!r} has the same value in every row", "It tells nothing; leave it out."))
        if facts["missing"]:
            share = f"{facts['missing']:,} of {rows:,} values of column {name!r} are missing"
            findings.append(Finding("missing", share, "Rows without source or target are dropped in training, and counted."))
        if facts["longest"] and facts["middle"] and facts["longest"] > 20 * facts["middle"] + 100:
            text = f"the longest value of {name!r} has {facts['longest']:,} elements, the middle one {facts['middle']:,}"
            findings.append(Finding("length", text, "A few long ones set the time and memory; check that they are real."))
    return findings


def duplicates(sources: list[Any], targets: list[Any] | None) -> list[Finding]:
    """Return findings about rows with the same source."""
    seen: dict[Hashable, set[Hashable]] = {}
    counts: Counter[Hashable] = Counter()
    for i, source in enumerate(sources):
        counts[key(source)] += 1
        seen.setdefault(key(source), set()).add(key(targets[i]) if targets is not None else None)
    findings = []
    extra = sum(count - 1 for count in counts.values())
    if extra:
        text = f"{extra:,} of {len(sources):,} rows repeat the source of an earlier row"
        findings.append(
            Finding(
                "duplicates", text, "The same row in training and test makes the score too good; remove them, or keep them in one part."
            )
        )
    torn = sum(len(answers) > 1 for answers in seen.values())
    if targets is not None and torn:
        text = f"{torn:,} sources appear with more than one target"
        findings.append(Finding("duplicates", text, "No model can be right on all of those; check the labels."))
    return findings


def leaks(table: Table, source_names: list[str], target_name: str) -> list[Finding]:
    """Return findings about a target that the source gives away."""
    from elman.leakage.targets import determines, visible

    findings = []
    targets = table.column(target_name)
    if len({key(value) for value in targets}) < 2:
        return findings
    for name in table.names:
        if name == target_name:
            continue
        used = "a source" if name in source_names else "not used as a source; never make it one"
        values = table.column(name)
        if all(key(a) == key(b) for a, b in zip(values, targets, strict=True)):
            findings.append(Finding("leak", f"column {name!r} is the target itself", f"It is {used}. Leave it out."))
        elif determines(values, targets):
            findings.append(
                Finding("leak", f"every value of column {name!r} always has the same target", f"It is {used}. Would it be known in use?")
            )
    for name in source_names:
        share, chance = visible(table.column(name), targets)
        if share - chance > 0.2:
            text = f"the target is in {share:.0%} of the values of {name!r} (another row's target: {chance:.0%})"
            findings.append(Finding("leak", text, "The model may only learn to find it; remove it from the source."))
    return findings


def groups(table: Table, names: list[str]) -> list[Finding]:
    """Return findings about columns that look like the person or thing several rows come from."""
    findings = []
    for name in table.names:
        parts = name.lower().replace("-", "_").split("_")
        different = len({key(value) for value in table.columns[name]})
        if (
            name not in names
            and {"id", "user", "speaker", "author", "patient", "group", "subject"} & set(parts)
            and 1 < different < len(table)
        ):
            text = f"column {name!r} has {different:,} different values in {len(table):,} rows: several rows come from one {name}"
            findings.append(
                Finding("groups", text, "Rows of one should not be in both training and test: split the file by this column first.")
            )
    return findings


def balance(targets: list[Any]) -> list[Finding]:
    """Return findings about how often each class appears."""
    counts = Counter(key(value) for value in targets if not _missing(value))
    total = sum(counts.values())
    if not counts or len(counts) > max(20, total**0.5) or any(isinstance(value, float) for value in counts):
        return []
    (top, most), rare = counts.most_common(1)[0], [name for name, count in counts.items() if count < 5]
    findings = [
        Finding(
            "balance",
            f"{len(counts)} classes; the most frequent, {top!r}, is {most / total:.1%}",
            "Always saying that scores as much: beat it.",
        )
    ]
    if rare:
        text = f"{len(rare)} classes have fewer than 5 rows: {', '.join(map(repr, rare[:5]))}"
        findings.append(Finding("balance", text, "Too few to learn from or to test on; gather more, or join them."))
    if len(counts) == 1:
        findings.append(Finding("balance", "there is only one class", "There is nothing to learn; is this the right target?"))
    return findings
