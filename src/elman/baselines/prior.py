"""Prior: answers drawn as often as they were seen, whatever the question. Luck has a score too."""

from __future__ import annotations

from sklearn.dummy import DummyClassifier


class PriorSampling(DummyClassifier):
    """Answer with a category drawn by the shares of all.

    Parameters
    ----------
    random_state : int, default 0
        Seed of the draws.

    Examples
    --------
    >>> luck = PriorSampling().fit(["fine", "good", "bad"], ["yes", "yes", "no"])
    >>> sorted(set(luck.predict(["awful"] * 50).tolist()))
    ['no', 'yes']
    """

    def __init__(self, random_state: int = 0) -> None:
        super().__init__(strategy="stratified", random_state=random_state)
