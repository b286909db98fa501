"""Alarms: each kind of leak is found where it is, with evidence, and not where it is not."""

import numpy as np
import pytest

import elman.comparison
from elman.errors import SettingError
from elman.leakage import LeakError, LeakWarning
from elman.leakage import overlap as leaks
from elman.leakage.alarm import Alarm, warn
from elman.leakage.targets import determines, hidden_targets, visible

TEXTS = [f"sentence {i} says that number {i * 7} is larger than number {i} and nothing else" for i in range(30)]


def test_rows_in_both_parts():
    (alarm,) = leaks.duplicates(["a", "b", np.arange(3)], ["c", "b", np.arange(3), "d"])
    assert (alarm.kind, alarm.text) == ("duplicates", "2 of 4 test rows (50.0%) are in the training part too")
    assert "'b'" in str(alarm)
    assert leaks.duplicates(["a"], ["b"]) == []
    assert leaks.duplicates([np.arange(3)], [np.arange(3).reshape(3, 1)]) == []


def test_texts_that_are_nearly_the_same():
    changed = TEXTS[4].replace("nothing else", "nothing more")
    (alarm,) = leaks.near_duplicates(TEXTS[:20], [changed, "another thing altogether, which nobody has ever said before", TEXTS[5]])
    assert alarm.text.startswith("1 of 3 test texts")  # an exact copy is the other alarm's
    assert "nothing more" in alarm.evidence[0] or "sentence 4" in alarm.evidence[0]
    assert leaks.near_duplicates(TEXTS[:20], TEXTS[20:]) == []
    assert leaks.near_duplicates(["short"], ["short text"]) == []


def test_groups_on_both_sides():
    (alarm,) = leaks.groups(["ann", "bob", "bob"], ["bob", "eve", "bob"])
    assert alarm.text == "1 groups have rows on both sides; 2 of 3 test rows are of a group that was learned from"
    assert leaks.groups(["ann"], ["bob"]) == []


def test_windows_that_overlap():
    signal = np.cumsum(np.random.default_rng(0).normal(size=400))
    windows = [signal[start : start + 40] for start in range(0, 360, 20)]
    (alarm,) = leaks.overlaps(windows[::2], windows[1::2])
    assert alarm.kind == "overlap"
    assert alarm.text.startswith("9 of 9 test series")
    apart = [signal[start : start + 20] for start in range(0, 400, 20)]
    assert leaks.overlaps(apart[::2], apart[1::2]) == []
    assert leaks.overlaps([np.zeros(50)], [np.zeros(50)]) == []  # constant stretches agree by nature


@pytest.mark.parametrize("how", ["standard", "range"])
def test_scaling_with_the_test_part(how):
    raw = np.random.default_rng(0).normal(3, 2, size=(50, 20, 2))

    def scaled(by):
        if how == "standard":
            return (raw - by.mean((0, 1))) / by.std((0, 1))
        return (raw - by.min((0, 1))) / (by.max((0, 1)) - by.min((0, 1)))

    leaky, honest = scaled(raw), scaled(raw[:40])
    (alarm,) = (
        leaks.joint_scaling(list(leaky[:40]), list(leaky[40:]))
        if how == "standard"
        else leaks.joint_scaling(list(leaky[leaky.max((1, 2)) < 1]), list(leaky[leaky.max((1, 2)) >= 1]))
    )
    assert alarm.kind == "scaling"
    assert leaks.joint_scaling(list(honest[:40]), list(honest[40:])) == []
    assert leaks.joint_scaling(list(raw[:40]), list(raw[40:])) == []


def test_a_column_that_tells_the_target():
    rows = [{"text": f"row {i}", "code": "x" if i % 2 else "y"} for i in range(60)]
    (alarm,) = hidden_targets(rows, ["odd" if i % 2 else "even" for i in range(60)])
    assert alarm.text == "every value of column 'code' always has the same target"
    assert not determines(list(range(60)), [i % 2 for i in range(60)])  # each value once says nothing
    assert not determines(["a", "b"] * 30, ["same"] * 60)


def test_a_word_that_tells_the_target():
    random = np.random.default_rng(0)
    noise = [" ".join(random.choice(list("abcdefgh"), 6)) for _ in range(80)]
    answers = [("cold", "warm", "hot")[i % 3] for i in range(80)]
    marked = [f"{text} id{answer[0]}" for text, answer in zip(noise, answers, strict=True)]
    (alarm,) = hidden_targets(marked, answers)
    assert alarm.text == "single words tell 100% of the targets"
    assert any("'idc' tells 'cold'" in case or "'idw' tells 'warm'" in case for case in alarm.evidence)
    assert hidden_targets(noise, answers) == []
    assert hidden_targets(marked[:20], answers[:20]) == []  # too few to tell from chance


def test_a_target_that_stands_in_its_source():
    texts = [f"report about {name} of today" for name in ("spain", "france", "italy", "peru") * 5]
    answers = ["spain", "france", "italy", "peru"] * 5
    own, chance = visible(texts, answers)
    assert own == 1.0
    assert chance < 0.6
    assert "the target is in 100% of the sources" in hidden_targets(texts, answers)[0].text


def test_a_target_that_is_in_any_source_is_no_leak():
    texts = [f"{i}: spain, france, italy or peru?" for i in range(20)]
    answers = ["spain", "france", "italy", "peru"] * 5
    assert visible(texts, answers) == (1.0, 1.0)
    assert hidden_targets(texts, answers) == []


def test_what_is_done_about_an_alarm():
    alarm = Alarm(kind="groups", text="Something leaks", advice="Repair it.", evidence=("a", "b"))
    assert str(alarm) == "Something leaks. For example a; b. Repair it."
    with pytest.warns(LeakWarning, match="Something leaks"):
        warn([alarm], "warn")
    with pytest.raises(LeakError, match="Something leaks.*Or pass on_leak='warn' to go on"):
        warn([alarm], "raise")
    warn([alarm], "ignore")
    warn([], "raise")
    from elman.leakage.alarm import check_on_leak

    with pytest.raises(SettingError, match="on_leak must be one of .* Did you mean 'raise'"):
        check_on_leak("rais")


def test_the_room_knows_its_names():
    with pytest.raises(AttributeError, match="module 'elman.comparison' has no attribute 'compar'"):
        _ = elman.comparison.compar  # pyright: ignore[reportAttributeAccessIssue]
    assert set(elman.comparison.__all__) == {"Entry", "Leaderboard"}
