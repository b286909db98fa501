"""BLEU and CIDEr-D: values worked out by hand, and by dense vectors that are computed in another way."""

import math
import sys

import numpy as np
import pytest

from elman.errors import DataError, MissingExtraError
from elman.metrics.captions import bleu, caption_words, cider

WORDS = ["a", "dog", "cat", "runs", "sits", "on", "the", "grass", "red", "ball"]


def dense_cider(said: list[str], references: list[list[str]]) -> float:
    """One matrix of counts for each n, over all n-grams there are."""

    def grams(text: str, n: int) -> list[str]:
        words = text.split()
        return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]

    scores = np.zeros((len(said), 4))
    for n in range(1, 5):
        known = sorted({g for text in [*said, *(t for row in references for t in row)] for g in grams(text, n)})
        counts = {
            text: np.array([grams(text, n).count(g) for g in known], float) for text in [*said, *(t for row in references for t in row)]
        }
        having = np.sum([np.max([counts[text] for text in row], axis=0) > 0 for row in references], axis=0)
        rarity = np.log(len(said) / np.maximum(having, 1))
        for row, (text, several) in enumerate(zip(said, references, strict=True)):
            g = counts[text] * rarity
            for other in several:
                r = counts[other] * rarity
                norms = np.linalg.norm(g) * np.linalg.norm(r)
                gap = len(text.split()) - len(other.split())
                if norms:
                    scores[row, n - 1] += np.minimum(g, r) @ r / norms * np.exp(-(gap**2) / 72) / len(several)
    return 10 * scores.mean()


def test_cider_is_that_of_dense_vectors() -> None:
    random = np.random.default_rng(0)
    for _ in range(10):
        draw = lambda: " ".join(random.choice(WORDS, random.integers(1, 9)))  # noqa: E731
        said = [draw() for _ in range(5)]
        references = [[draw() for _ in range(random.integers(1, 4))] for _ in range(4)]
        references.append([said[4], draw()])
        assert cider(said, references) == pytest.approx(dense_cider(said, references))


def test_cider_by_hand() -> None:
    """Of two rows, what one alone says weighs log 2 and what both say nothing."""
    assert cider(["a b c d", "e f g h"], [["a b c d"], ["e f g h"]]) == pytest.approx(10.0)
    assert cider(["a x", "a y"], [["a x"], ["a y"]]) == pytest.approx(10 * 2 / 4)  # no runs of three; "a" is said of both
    assert cider(["x", "y"], [["x z"], ["y"]]) == pytest.approx(10 * (math.exp(-1 / 72) / math.sqrt(2) + 1) / 4 / 2)
    assert cider(["x x", "q"], [["x"], ["y"]]) == pytest.approx(10 * math.exp(-1 / 72) * (1 / 2) / 4 / 2)  # twice is clipped to once
    assert cider(["", "q"], [["x"], ["y"]]) == 0.0
    assert cider([], []) == 0.0


def test_bleu_by_hand() -> None:
    pytest.importorskip("sacrebleu")
    one, two, three, four = bleu(["The the the the the the the"], [["The cat is on the mat .", "There is a cat on the mat ."]])
    assert one == pytest.approx(100 * 2 / 7)  # Papineni 2002, example 2
    assert (two, three, four) == (0.0, 0.0, 0.0)
    said, references = ["a dog runs", "two red cats sit"], [["a dog ran here fast", "the dog runs"], ["two cats sit"]]
    short = math.exp(1 - 6 / 7) if 7 < 6 else 1.0
    hits, pairs = 3 + 3, 1 + 1 + 1  # "a dog" and "dog runs" are in one reference or the other; "cats sit"
    assert bleu(said, references)[:2] == pytest.approx((short * 100 * hits / 7, short * 100 * math.sqrt(hits / 7 * pairs / 5)))
    assert bleu(["a b"], [["a b c d", "a b c d e"]])[0] == pytest.approx(100 * math.exp(1 - 4 / 2))  # the nearer length
    assert bleu(["A cat!", "dogs run"], [["a cat"], ["Dogs, run."]])[:2] == pytest.approx((100.0, 100.0))


def test_words_are_small_letters_without_marks() -> None:
    assert caption_words("A tri-colored DOG 's 2 balls -- \"it's\" .") == ["a", "tri", "colored", "dog", "s", "2", "balls", "it's"]


@pytest.mark.parametrize("metric", [bleu, cider])
def test_rows_that_cannot_be_compared_are_refused(metric) -> None:
    with pytest.raises(DataError, match="captions and references must be as many rows; got 1 and 2"):
        metric(["a"], [["a"], ["b"]])
    with pytest.raises(DataError, match="row 1.*references must be a list of at least one text; got \\[\\]"):
        metric(["a", "b"], [["a"], []])
    with pytest.raises(DataError, match="got 'a cat'. Put a single one into a list"):
        metric(["a"], ["a cat"])


def test_bleu_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(MissingExtraError, match=r"elman\[text\]"):
        bleu(["a"], [["a"]])
