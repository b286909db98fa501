"""Leaderboards and verdicts: ties are ties, the simplest of equals is named, and what is printed is what was measured."""

import numpy as np
import pytest

from elman.comparison.leaderboard import Leaderboard, ranked, table_of
from elman.comparison.verdict import findings, other_lengths, verdict
from elman.errors import SettingError
from elman.metrics.measure import Judgement, Measure

ACCURACY = Measure(name="accuracy")


def facts(name, kind="network", rank=6, beside="", **more):
    usual = {"seconds": 1.0, "latency": 0.5, "parameters": 100, "bytes": 2500, "stopped": ""}
    return {"name": name, "label": f"the {name}", "kind": kind, "rank": rank, "beside": beside, **usual, **more}


def made(shares, who):
    """Candidates that are right on the first rows, each as far as its share of 500."""
    judged = {n: Judgement(over=(np.arange(500) < s * 500).astype(float), under=np.ones(500)) for n, s in shares.items()}
    return ranked(ACCURACY, judged, {one["name"]: one for one in who}), judged


def test_the_best_comes_first_and_ties_are_called_ties():
    entries, _ = made({"a": 0.8, "b": 0.798, "c": 0.5}, [facts("a"), facts("b"), facts("c")])
    assert [entry.name for entry in entries] == ["a", "b", "c"]
    assert [entry.tied for entry in entries] == [True, True, False]
    assert entries[0].behind == entries[0].behind_low == entries[0].behind_high == 0
    assert entries[2].behind == pytest.approx(0.3)
    assert entries[2].behind_low < 0.3 < entries[2].behind_high
    assert entries[0].low < 0.8 < entries[0].high


def test_an_ablation_never_wins():
    entries, judged = made(
        {"shuffled": 0.9, "lstm": 0.8, "gru": 0.6}, [facts("shuffled", "ablation", beside="lstm"), facts("lstm"), facts("gru")]
    )
    assert entries[0].name == "shuffled"
    assert entries[1].behind == 0
    assert "lstm" in verdict(ACCURACY, entries)
    assert "shuffled" not in verdict(ACCURACY, entries)
    board = Leaderboard(measure=ACCURACY, entries=entries, verdict="", judged=judged, estimators={"lstm": "the one"})
    assert board.best == "the one"


def test_use_the_markov_chain():
    chain, net = facts("chain", "simple", 2), facts("lstm")
    guess = facts("guess", "simple", 0)
    entries, _ = made({"chain": 0.8, "lstm": 0.6, "guess": 0.2}, [chain, net, guess])
    assert verdict(ACCURACY, entries).startswith(
        "Use “the chain” (accuracy 0.8): it is better than the best of the simpler ones, “the guess”"
    )
    entries, _ = made({"chain": 0.798, "lstm": 0.8, "guess": 0.2}, [chain, net, guess])
    assert verdict(ACCURACY, entries).startswith("Use “the chain”: it cannot be told from the best, “the lstm” (accuracy 0.798")
    entries, _ = made({"chain": 0.6, "lstm": 0.8, "guess": 0.2}, [chain, net, guess])
    assert verdict(ACCURACY, entries).startswith("Use “the lstm” (accuracy 0.8): it is better than the best of the simpler ones")
    entries, _ = made({"chain": 0.5, "lstm": 0.5, "guess": 0.5}, [chain, net, guess])
    assert verdict(ACCURACY, entries).startswith("Use “the guess”, or find other data: nothing is measurably better than such a guess")
    entries, _ = made({"lstm": 0.8, "gru": 0.8, "guess": 0.5}, [net, facts("gru"), guess])
    assert "tied with “the gru”" in verdict(ACCURACY, entries)
    entries, _ = made({"lstm": 0.8, "gru": 0.7}, [net, facts("gru")])
    assert verdict(ACCURACY, entries) == "Use “the lstm” (accuracy 0.8)."
    entries, _ = made({"lstm": 0.8}, [net])
    assert verdict(ACCURACY, entries) == "The lstm reaches accuracy 0.8; there is nothing to compare it with."


def test_what_ablations_say():
    who = [facts("lstm"), facts("elman", parameters=100), facts("shuffled", "ablation", beside="lstm")]
    who.append(facts("untied", "ablation", beside="elman", parameters=2000))
    entries, judged = made({"lstm": 0.9, "elman": 0.8, "shuffled": 0.6, "untied": 0.7}, who)
    order, sharing = sorted(findings(ACCURACY, entries, judged), reverse=True)
    assert order.startswith("The order of the steps matters: “the lstm” loses 0.3, 95 % interval 0.2")
    assert sharing.startswith("Sharing weights over time needs 20 times fewer parameters (100, not 2,000) and gains 0.1 (95 % interval 0.0")
    entries, judged = made({"lstm": 0.9, "elman": 0.7, "shuffled": 0.9, "untied": 0.8}, who)
    order, sharing = sorted(findings(ACCURACY, entries, judged), reverse=True)
    assert "not seen to matter" in order
    assert "costs 0.1" in sharing
    entries, judged = made({"lstm": 0.9}, [facts("lstm", stopped="budget")])
    assert findings(ACCURACY, entries, judged) == ["The budget ended the training of the lstm: more time might change their places."]


def test_what_a_network_for_one_length_does_at_others():
    entries, judged = made({"cnn_fixed": 0.4, "gru": 0.8}, [facts("cnn_fixed"), facts("gru")])
    lengths = np.arange(500)
    (said,) = other_lengths(ACCURACY, entries, judged, lengths, 199)
    assert said == "The cnn_fixed were built for 199 steps: accuracy 1 up to there and 0 beyond; “the gru” has 1 and 0.667."
    assert other_lengths(ACCURACY, entries, judged, lengths, 495) == []  # too few beyond
    assert other_lengths(ACCURACY, entries, judged, None, 199) == []
    assert other_lengths(ACCURACY, entries[:1], judged, lengths, 199) == []


def test_lower_may_be_better():
    bits = Measure(name="bits", higher_is_better=False)
    judged = {n: Judgement(over=np.full(50, v) + np.arange(50) % 3, under=np.ones(50)) for n, v in (("a", 2.0), ("b", 1.0))}
    entries = ranked(bits, judged, {"a": facts("a"), "b": facts("b")})
    assert [entry.name for entry in entries] == ["b", "a"]
    assert entries[1].behind == pytest.approx(1.0)


def test_a_board_from_a_contest(board):
    text = str(board)
    assert all(entry.label in text for entry in board)
    assert board.verdict in text
    assert len(text.splitlines()) >= len(board) + 3
    lines = table_of(board)
    assert len({line.index("accuracy") for line in lines[:1]}) == 1
    frame = board.to_frame("pyarrow")
    assert frame.num_rows == len(board)
    assert frame.column("name").to_pylist() == [entry.name for entry in board]
    found = board.to_dict()
    import json

    assert json.loads(json.dumps(found))["entries"][0]["name"] == board.entries[0].name
    assert board["lstm"].kind == "network"
    with pytest.raises(SettingError, match="There is no 'lsmt' on this leaderboard.* Did you mean 'lstm'"):
        board["lsmt"]
    with pytest.raises(SettingError, match="kind must be 'pandas', 'polars' or 'pyarrow'; got 'csv'"):
        board.to_frame("csv")


def test_a_notebook_shows_the_same(board):
    from dataclasses import replace

    html = replace(board, verdict="Use <b>this</b>")._repr_html_()
    assert all(entry.label in html for entry in board)
    assert "Use &lt;b&gt;this&lt;/b&gt;" in html


def test_against_any_candidate(board):
    found = board.against("frequency")
    assert found["frequency"] == (0.0, 0.0, 0.0)
    difference, low, high = found["lstm"]
    assert difference == pytest.approx(board["lstm"].value - board["frequency"].value)
    assert low <= difference <= high


def test_by_length():
    entries, judged = made({"a": 0.5}, [facts("a")])
    board = Leaderboard(measure=ACCURACY, entries=entries, verdict="", judged=judged, lengths=np.arange(500) // 100 + 1)
    assert board.by_length((2, 4)) == {"1 to 2": {"a": 1.0}, "3 to 4": {"a": 0.25}, "5 to 5": {"a": 0.0}}
    assert len(board.by_length()) == 3
    with pytest.raises(SettingError, match="units have no lengths to compare by"):
        Leaderboard(measure=ACCURACY, entries=entries, verdict="").by_length()


def test_a_plot_shows_every_candidate(board):
    pytest.importorskip("matplotlib")
    ax = board.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == [entry.label for entry in board]
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"simple", "network", "ablation, to explain"}
    assert board.plot(ax) is ax


def test_notebooks_and_reports_show_what_is_printed():
    entries, judged = made({"a": 0.8, "b": 0.5}, [facts("a", parameters=12_345), facts("b")])
    board = Leaderboard(measure=ACCURACY, entries=entries, verdict="Use <a>.", findings=["order matters"], judged=judged, test_rows=500)
    shown = board._repr_html_()
    for text in ("Use &lt;a&gt;.", "0.8000", "12,345", "order matters", "500 test rows"):
        assert text in shown
