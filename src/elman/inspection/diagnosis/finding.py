"""Findings of a diagnosis, each with its evidence and a next step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from elman.markup import Line, Markup, element, fragment, line_chart, table

VERDICTS = ("problem", "warning", "note", "fine")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        Subject of the check.
    verdict : {"problem", "warning", "note", "fine"}
        How bad it is.
    message : str
        Evidence.
    next_step : str
        To do; empty where nothing is to be done.
    evidence : dict
        The numbers behind it, plain JSON values.
    """

    name: str
    verdict: str
    message: str
    next_step: str = ""
    evidence: dict[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """Show it as one line."""
        then = f" Next: {self.next_step}." if self.next_step else ""
        return f"{self.verdict:<7}  {self.name}: {self.message}.{then}"


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All findings about a model, the worst first.

    Examples
    --------
    >>> found = [Finding(name="units", verdict="fine", message="all alive"), Finding(name="fit", verdict="warning", message="overfits")]
    >>> diagnosis = Diagnosis.of(found)
    >>> diagnosis.worst, [finding.name for finding in diagnosis]
    ('warning', ['fit', 'units'])
    """

    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: list[Finding]) -> Diagnosis:
        """Put findings in order, the worst first.

        Parameters
        ----------
        findings : list of Finding
            Any.

        Returns
        -------
        Diagnosis
            All of them.
        """
        return cls(findings=tuple(sorted(findings, key=lambda finding: VERDICTS.index(finding.verdict))))

    def __iter__(self) -> Iterator[Finding]:
        """Yield the findings."""
        return iter(self.findings)

    def __len__(self) -> int:
        """Number of findings."""
        return len(self.findings)

    def __getitem__(self, name: str) -> Finding:
        """Return the worst finding of a name; KeyError where there is none."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        """Return whether there is a finding of this name."""
        return any(finding.name == name for finding in self.findings)

    @property
    def worst(self) -> str:
        """The worst verdict."""
        return self.findings[0].verdict if self.findings else "fine"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values.

        Returns
        -------
        dict
            ``worst`` and ``findings``.
        """
        names = ("name", "verdict", "message", "next_step", "evidence")
        return {"worst": self.worst, "findings": [{name: getattr(finding, name) for name in names} for finding in self]}

    def __str__(self) -> str:
        """Show one finding a line."""
        return "\n".join(str(finding) for finding in self)

    def _repr_html_(self) -> str:
        return fragment(*self.to_markup())

    def to_markup(self) -> list[Markup]:
        """Return the findings as markup.

        Returns
        -------
        list of Markup
            A table, and the learning-rate range test where there was one.
        """
        rows = [(element("span", f.verdict, class_=f.verdict), f.name, f.message, f.next_step) for f in self]
        parts = [table(["verdict", "what", "seen", "next step"], rows)]
        if "learning rate" in self and "rates" in self["learning rate"].evidence:
            seen = self["learning rate"].evidence
            marks = [(seen[name], name) for name in ("used",) if seen.get(name)]
            line = Line(name="", x=seen["rates"], y=seen["losses"])
            parts.append(
                line_chart([line], title="Learning-rate range test", x_label="learning rate", y_label="loss", x_log=True, marks=marks)
            )
        return parts
