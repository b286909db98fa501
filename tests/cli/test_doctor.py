"""The doctor finds what was planted, and nothing in clean data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from elman.cli import checks
from elman.io.tables import Table

Cli = Callable[..., tuple[int, str, str]]
CLEAN = {"text": [f"sentence {i} of many words" for i in range(40)], "label": [i % 2 for i in range(40)]}


def kinds(findings: list[checks.Finding]) -> list[str]:
    return [finding.kind for finding in findings]


def test_clean_data() -> None:
    table = Table(CLEAN)
    assert checks.columns(table) == []
    assert checks.duplicates(CLEAN["text"], CLEAN["label"]) == []
    assert checks.leaks(table, ["text"], "label") == []
    assert checks.groups(table, ["text", "label"]) == []
    assert checks.balance(CLEAN["label"])[0].text == "2 classes; the most frequent, 0, is 50.0%"


def test_columns() -> None:
    table = Table({"same": [1, 1, 1], "some": ["a", None, " "], "long": ["a", "bb", "c" * 500]}, ("2 rows dropped",))
    found = checks.columns(table)
    assert kinds(found) == ["reading", "constant", "missing", "length"]
    assert "2 of 3 values of column 'some'" in found[2].text
    assert "500 elements, the middle one 2" in found[3].text


def test_duplicates_and_contradictions() -> None:
    found = checks.duplicates(["a", "a", "b", "a"], [1, 2, 1, 1])
    assert [f.text for f in found] == ["2 of 4 rows repeat the source of an earlier row", "1 sources appear with more than one target"]
    assert "1 of 2 rows" in checks.duplicates([[1], [1]], None)[0].text


def test_leaks() -> None:
    labels = ["cat", "dog"] * 10
    table = Table(
        {
            "text": [f"a {label}, number {i}" for i, label in enumerate(labels)],
            "copy": labels,
            "code": [len(x) + ord(x[0]) for x in labels],
            "y": labels,
        }
    )
    found = checks.leaks(table, ["text"], "y")
    assert [f.text for f in found] == [
        "column 'copy' is the target itself",
        "every value of column 'code' always has the same target",
        found[2].text,
    ]
    assert found[2].text.startswith("the target is in 100% of the values of 'text'")
    assert checks.leaks(Table({"text": ["a", "b"], "y": [1, 1]}), ["text"], "y") == []


def test_groups() -> None:
    table = Table({"speaker": ["a", "a", "b"], "text": ["x", "y", "z"], "id": [1, 2, 3]})
    assert [f.text for f in checks.groups(table, ["text"])] == [
        "column 'speaker' has 2 different values in 3 rows: several rows come from one speaker"
    ]


def test_balance() -> None:
    found = checks.balance(["a"] * 90 + ["b"] * 8 + ["c"] * 2)
    assert found[0].text == "3 classes; the most frequent, 'a', is 90.0%"
    assert found[1].text == "1 classes have fewer than 5 rows: 'c'"
    assert checks.balance(["a"] * 9)[1].text == "there is only one class"
    assert checks.balance([0.1, 0.2]) == []
    assert checks.balance([]) == []


def test_doctor_on_a_file(elman_cli: Cli, reviews: Path) -> None:
    code, out, _ = elman_cli("doctor", "reviews.csv")
    assert code == 0
    assert "reviews.csv: 5 rows, 3 columns" in out
    assert "missing: 1 of 5 values of column 'stars' are missing." in out
    assert "an epoch and" in out
    _, out, _ = elman_cli("doctor", "reviews.csv", "--json", "--no-estimate")
    found = json.loads(out)
    assert found["columns"][1] == {
        "column": "review", "kind": "str", "missing": 1, "different": 4, "shortest": 13, "middle": 14, "longest": 14,
    }  # fmt: skip
    assert found["estimate"] == {}


def test_doctor_on_text(elman_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\none\ntwo\n")
    assert "1 of 3 rows repeat" in elman_cli("doctor", "a.txt")[1]


def test_doctor_on_the_installation(elman_cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = elman_cli("doctor", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["elman"] == "0.1.0"
    assert facts["torch"].split("+")[0].count(".") == 2
    assert facts["libraries"]["pyarrow"] != "missing"
    monkeypatch.setattr("elman.cli.machine.native", lambda: "missing (why)")
    code, out, err = elman_cli("doctor")
    assert "native:         missing (why)" in out
    assert "the compiled kernels do not work here" in err
