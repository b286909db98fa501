import pytest
from benchmarks.quality.compression import keeps
from benchmarks.quality.rouge import rouge


def test_rouge_of_examples_counted_by_hand() -> None:
    said, truth = "police killed the gunman", "the gunman police killed"
    first, second, longest = rouge([said], [[truth]])
    assert (first, second, longest) == pytest.approx((100.0, 100 * 2 / 3, 50.0))
    assert rouge(["", "a a a"], [["a"], ["a b"]]) == pytest.approx((50 * 2 / 5, 0.0, 50 * 2 / 5))
    assert rouge(["Cats!"], [["dogs", "cats"]]) == pytest.approx((100.0, 0.0, 100.0))


def test_kept_words_follow_the_longest_common_subsequence() -> None:
    assert keeps(list("abcdae"), list("acde")) == [True, False, True, True, False, True]
    assert keeps(["a", "b"], []) == [False, False]
