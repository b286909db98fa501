"""Caption metrics: BLEU-1 to -4 and CIDEr-D of texts with several references each."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from elman.errors import DataError, MissingExtraError

_LONGEST = 4
"""Words of the longest n-gram, for both."""
_WIDTH = 6.0
"""Standard deviation, in words, of the Gaussian that CIDEr-D lays over differences of length."""
_SCALE = 10.0

Grams = Counter[tuple[str, ...]]


def caption_words(text: str) -> list[str]:
    """Return the words that are compared: small letters, and no marks.

    Parameters
    ----------
    text : str
        A caption.

    Returns
    -------
    list of str
        Runs of letters, digits and apostrophes.

    Examples
    --------
    >>> caption_words("A dog's ball , thrown .")
    ['a', "dog's", 'ball', 'thrown']
    """
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower())


def bleu(said: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[float, float, float, float]:
    """Return BLEU-1, -2, -3 and -4 of a whole corpus, in per cent (Papineni 2002); the length nearest to the answer's counts.

    Parameters
    ----------
    said : sequence of str
        One caption a row.
    references : sequence of sequence of str
        References, at least one a row.

    Returns
    -------
    tuple of float
        From runs of one word to runs of four; as sacrebleu computes them, without smoothing, on :func:`caption_words`.

    Raises
    ------
    DataError
        If a row has no reference, or there are not as many rows.

    Examples
    --------
    >>> [round(score, 1) for score in bleu(["a dog runs"], [["A dog runs .", "The dog is running ."]])]
    [100.0, 100.0, 100.0, 0.0]
    """
    _check(said, references)
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise MissingExtraError("text", "sacrebleu", "compute BLEU") from error
    ours = [" ".join(caption_words(text)) for text in said]
    most = max(map(len, references), default=1)
    columns: Any = [[" ".join(caption_words(row[min(i, len(row) - 1)])) for row in references] for i in range(most)]
    scores = [
        BLEU(max_ngram_order=n, tokenize="none", smooth_method="none").corpus_score(ours, columns).score for n in range(1, _LONGEST + 1)
    ]
    return scores[0], scores[1], scores[2], scores[3]


def cider(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return CIDEr-D (Vedantam 2015, section 5): the similarity of captions in n-grams that only captions of the same picture have.

    Parameters
    ----------
    said : sequence of str
        One caption a row.
    references : sequence of sequence of str
        References, at least one a row. How rare an n-gram is counts over the rows of these.

    Returns
    -------
    float
        Mean over rows, from 0 to 10. Papers print it as it is, or times 100 / 10 ("CIDEr 60" is 0.60 here).

    Raises
    ------
    DataError
        If a row has no reference, or there are not as many rows.

    Notes
    -----
    Of n-grams of 1 to 4 words, weighed by count · log(rows / rows that have them) and clipped to the reference's weight, the cosine;
    times a Gaussian of 6 words over the difference of length; the mean over references and n, times 10. Words are not stemmed.

    Examples
    --------
    >>> round(cider(["a dog", "two cats sit here"], [["a dog"], ["two cats sit here"]]), 2)
    7.5
    """
    _check(said, references)
    if not said:
        return 0.0
    truth = [[_grams(caption_words(text)) for text in row] for row in references]
    rows_with = Counter(gram for row in truth for gram in set().union(*row))
    rare = {gram: math.log(len(truth)) - math.log(count) for gram, count in rows_with.items()}
    unseen = math.log(len(truth))
    total = 0.0
    for text, row in zip(said, truth, strict=True):
        ours = _grams(caption_words(text))
        total += sum(_likeness(ours, theirs, rare, unseen) for theirs in row) / len(row)
    return _SCALE * total / len(said)


def _grams(words: list[str]) -> Grams:
    return Counter(tuple(words[i : i + n]) for n in range(1, _LONGEST + 1) for i in range(len(words) - n + 1))


def _likeness(ours: Grams, theirs: Grams, rare: dict[tuple[str, ...], float], unseen: float) -> float:
    """Mean over n of the clipped cosine, under the Gaussian of the lengths."""
    dot, left, right = ([0.0] * _LONGEST for _ in range(3))
    for gram, count in ours.items():
        weight, n = count * rare.get(gram, unseen), len(gram) - 1
        left[n] += weight**2
        if gram in theirs:
            other = theirs[gram] * rare.get(gram, unseen)
            dot[n] += min(weight, other) * other
    for gram, count in theirs.items():
        right[len(gram) - 1] += (count * rare[gram]) ** 2
    cosines = [d / math.sqrt(a * b) if a and b else 0.0 for d, a, b in zip(dot, left, right, strict=True)]
    lengths = [sum(count for gram, count in grams.items() if len(gram) == 1) for grams in (ours, theirs)]
    return math.exp(-((lengths[0] - lengths[1]) ** 2) / (2 * _WIDTH**2)) * sum(cosines) / _LONGEST


def _check(said: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(said) != len(references):
        raise DataError(
            f"captions and references must be as many rows; got {len(said)} and {len(references)}. Give a list for each caption."
        )
    for row, several in enumerate(references):
        if isinstance(several, str) or not len(several):
            raise DataError(f"references must be a list of at least one text; got {several!r}. Put a single one into a list.", row=row)
