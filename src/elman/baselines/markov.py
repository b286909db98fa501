"""Markov: n-gram chains as an estimator. A language model over documents, and a classifier with a chain for each category."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator

from elman.codecs import Category, Codec, Discrete, Text
from elman.errors import DataError, NotFittedError, SettingError, did_you_mean
from elman.fitting.inputs import paired_rows, rows_of
from elman.io import model_file
from elman.language.corpus import documents_of
from elman.ngrams import PPM, KneserNey, NGramModel

_KINDS = {"kneser_ney": KneserNey, "ppm": PPM}
_FEW_SYMBOLS = 300
"""Symbols of a vocabulary up to which they are taken for letters, whose n-grams are longer."""


class Markov(BaseEstimator):
    """The next symbol depends on the few before it: modified Kneser-Ney with back-off, or prediction by partial matching.

    ``fit(texts)`` makes a language model; ``fit(X, y)`` makes a classifier: one chain for each category, weighed by how frequent the
    category is (Bayes' rule). Nothing is iterated: counting a million words takes seconds.

    Parameters
    ----------
    codec : Codec, optional
        How texts become symbols: ``Text("char")``, ``Text("word")``, ``Symbols()``; words by default.
    order : int or "auto", default "auto"
        Length of the longest n-gram; "auto" is 7 for letters and 5 for words with Kneser-Ney, 6 and 5 with PPM.
    smoothing : {"kneser_ney", "ppm"}, default "kneser_ney"
        See :class:`elman.ngrams.KneserNey` and :class:`elman.ngrams.PPM`.

    Attributes
    ----------
    codec_ : Codec
        Fitted copy.
    chains_ : list of NGramModel
        One, or one for each of ``classes_``.
    parameters_ : int
        n-grams counted.

    References
    ----------
    Shannon 1948, "A mathematical theory of communication", section 3; Chen and Goodman 1998; Peng, Schuurmans and Wang 2004,
    "Augmenting naive Bayes classifiers with statistical language models".

    Examples
    --------
    >>> model = Markov(Text("char")).fit(["abcabcabc"] * 5)
    >>> model.generate("ab", max_new_steps=4), round(model.perplexity(["abcabc"]), 1)
    ('abcabc', 1.2)
    >>> Markov(Text("char")).fit(["abab", "aabb", "abab"], ["x", "y", "x"]).predict(["ababab"])
    array(['x'], dtype='<U1')
    """

    kind: ClassVar[str] = "markov"

    def __init__(
        self,
        codec: Codec | None = None,
        *,
        order: int | Literal["auto"] = "auto",
        smoothing: Literal["kneser_ney", "ppm"] = "kneser_ney",
    ) -> None:
        self.codec = codec
        self.order = order
        self.smoothing = smoothing

    def fit(self, X: Any, y: Any = None) -> Self:
        """Count the n-grams of documents, or of the sequences of each category.

        Parameters
        ----------
        X : list, column or str
            Documents, or N sequences.
        y : list, array or column, optional
            N categories; with them this becomes a classifier.

        Returns
        -------
        Markov
            The estimator itself.
        """
        if self.smoothing not in _KINDS:
            raise SettingError(f"smoothing must be one of {list(_KINDS)}; got {self.smoothing!r}.{did_you_mean(self.smoothing, _KINDS)}")
        xs, ys = (documents_of(X), None) if y is None else paired_rows(X, y)
        self.codec_ = copy.deepcopy(self.codec or Text()).fit(xs, role="target" if ys is None else "source")
        size = _symbols(self.codec_)
        rows = [np.asarray(row) for row in self.codec_.encode_all(xs)]
        if not sum(map(len, rows)):
            raise DataError("The sequences hold no symbol; there is nothing to count. Give more text.")
        self.target_ = None if ys is None else Category().fit(ys, role="target")
        if self.target_ is None:
            groups = [rows]
        else:
            labels = np.array([int(label) for label in self.target_.encode_all(ys or [])])  # type: ignore[arg-type]
            groups = [[rows[i] for i in np.flatnonzero(labels == c)] for c in range(self.target_.space.n)]
        self.rows_ = [len(group) for group in groups]
        self.chains_ = [self._chain(size).fit(group, size) for group in groups]
        return self

    def _chain(self, size: int) -> NGramModel:
        letters = size <= _FEW_SYMBOLS
        usual = (7 if letters else 5) if self.smoothing == "kneser_ney" else (6 if letters else 5)
        return _KINDS[self.smoothing](usual if self.order == "auto" else self.order, end=True)

    @property
    def classes_(self) -> list[Any]:
        """The categories, in the order of the columns of ``predict_proba``."""
        return self._classifier().classes_

    @property
    def parameters_(self) -> int:
        """Number of n-grams that were counted."""
        return sum(len(chain.counts_.count) - 1 for chain in self._fitted())

    @property
    def nbytes_(self) -> int:
        """Bytes of the counts, as they are in a file."""
        return sum(array.nbytes for chain in self._fitted() for array in chain.tensors().values())

    # -- a classifier ------------------------------------------------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest category of each sequence."""
        classes = self.classes_
        return np.asarray([classes[i] for i in self.predict_log_proba(X).argmax(1)])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities (N, C), columns in the order of ``classes_``."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return logarithms of probabilities (N, C): those of the chains and the shares of the categories, normalised."""
        self._classifier()
        rows = [np.asarray(row) for row in self.codec_.encode_all(rows_of(X, "X"))]
        scores = np.array([[float(nats.sum()) for nats in chain.score(rows)] for chain in self.chains_]).T
        scores = scores + np.log(np.asarray(self.rows_) / sum(self.rows_))
        highest = scores.max(1, keepdims=True)
        return scores - highest - np.log(np.exp(scores - highest).sum(1, keepdims=True))

    # -- a language model --------------------------------------------------------------------------------------------------

    def surprisal(self, texts: Any) -> list[np.ndarray]:
        """Return the bits that each symbol costs, the end of each document included.

        Parameters
        ----------
        texts : list, column or str
            Documents.

        Returns
        -------
        list of ndarray
            (T + 1,) a document.
        """
        chain = self._writer()
        return [-nats / math.log(2) for nats in chain.score([np.asarray(row) for row in self.codec_.encode_all(documents_of(texts))])]

    def score(self, X: Any, y: Any = None) -> float:
        """Return accuracy where there are categories, else bits per symbol, document ends included (lower is better).

        Parameters
        ----------
        X : list, column or str
            Sequences, or documents.
        y : list, array or column, optional
            True categories.

        Returns
        -------
        float
            Accuracy, or bits per symbol.
        """
        if y is not None:
            xs, ys = paired_rows(X, y)
            return float(np.mean([a == b for a, b in zip(self.predict(xs).tolist(), ys, strict=True)]))
        bits = self.surprisal(X)
        return float(sum(b.sum() for b in bits)) / max(1, sum(map(len, bits)))

    def perplexity(self, texts: Any) -> float:
        """Return 2 to the bits per symbol."""
        return 2 ** self.score(texts)

    def next(self, prompt: Any = "", k: int = 5) -> list[tuple[Any, float]]:
        """Return the k likeliest next symbols with their probabilities; the end of the document is given as None.

        Parameters
        ----------
        prompt : value
            Context.
        k : int, default 5
            Number of symbols.

        Returns
        -------
        list of (symbol, probability)
            Likeliest first.
        """
        chances = self._writer().next(self._prompt(prompt))
        order = np.argsort(-chances, kind="stable")[:k]
        return [(self._symbol(int(i)), float(chances[i])) for i in order]

    def generate(self, prompt: Any = "", *, max_new_steps: int = 200, random_state: int | None = 0) -> Any:
        """Continue a prompt by drawing symbol after symbol.

        Parameters
        ----------
        prompt : value
            Context.
        max_new_steps : int, default 200
            Symbols to add at most.
        random_state : int, default 0
            Seed; None: another continuation each time.

        Returns
        -------
        value
            Prompt and continuation.
        """
        encoded = self._prompt(prompt)
        new = self._writer().sample(max_new_steps, random_state, encoded)
        return self.codec_.decode(np.concatenate([encoded, new]))

    # -- files and checks --------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted chains to one file, atomically; :func:`elman.load` reads it.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        chains = self._fitted()
        tensors = {f"chain{i}.{name}": torch.from_numpy(a.copy()) for i, c in enumerate(chains) for name, a in c.tensors().items()}
        spec = {
            "params": {"order": self.order, "smoothing": self.smoothing},
            "codec": {"id": self.codec_.id, "config": self.codec_.config()},
            "target": None if self.target_ is None else self.target_.config(),
            "rows": self.rows_,
            "chains": [chain.config() for chain in chains],
        }
        model_file.write(path, tensors, {"kind": self.kind, "spec": spec})

    @classmethod
    def _from_file(cls, spec: Any, tensors: dict[str, torch.Tensor], codec: Codec) -> Self:
        """Rebuild from a file of :meth:`save`; the codec is already rebuilt."""
        model = cls(**spec["params"])
        model.codec_, model.rows_ = codec, [int(count) for count in spec["rows"]]
        model.target_ = None if spec["target"] is None else Category.from_config(spec["target"])
        kind = _KINDS[model.smoothing]
        parts: list[dict[str, np.ndarray]] = [{} for _ in spec["chains"]]
        for name, tensor in tensors.items():
            chain, _, part = name.partition(".")
            parts[int(chain.removeprefix("chain"))][part] = tensor.numpy()
        model.chains_ = [kind.from_state(config, part) for config, part in zip(spec["chains"], parts, strict=True)]
        expected = 1 if model.target_ is None else model.target_.space.n
        sizes = {chain.vocabulary_size_ for chain in model.chains_}
        if not len(model.chains_) == len(model.rows_) == expected or sizes != {_symbols(codec)} or min(model.rows_) < 1:
            raise DataError("its chains do not fit its categories and symbols")
        return model

    def _fitted(self) -> list[NGramModel]:
        if not hasattr(self, "chains_"):
            raise NotFittedError("This Markov is not fitted yet. Call fit(texts) or fit(sequences, categories) first.")
        return self.chains_

    def _classifier(self) -> Category:
        self._fitted()
        if self.target_ is None:
            raise NotFittedError("This Markov was fitted without categories: it continues text. Call fit(sequences, categories).")
        return self.target_

    def _writer(self) -> NGramModel:
        if self._fitted() and self.target_ is not None:
            raise NotFittedError("This Markov was fitted on categories: it has a chain for each. Call fit(texts) for a language model.")
        return self.chains_[0]

    def _prompt(self, prompt: Any) -> np.ndarray:
        self._fitted()
        text = self.codec_.modality == "text"
        return np.asarray(self.codec_.encode([] if isinstance(prompt, str) and not prompt and not text else prompt))

    def _symbol(self, index: int) -> Any:
        if index == _symbols(self.codec_):
            return None
        decoded = self.codec_.decode(np.asarray([index]))
        return decoded if isinstance(decoded, str) else decoded[0]


def _symbols(codec: Codec) -> int:
    if codec.rank != "many" or not isinstance(codec.space, Discrete):
        raise SettingError(f"Markov reads sequences of symbols; {type(codec).__name__} is not one. Use Text() or Symbols().")
    return codec.space.n
