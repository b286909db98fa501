"""NGramModel: the interface that every Markov opponent shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from elman.errors import DataError, NotFittedError
from elman.ngrams import checks
from elman.ngrams.counts import ROOT, Counts, Ints, Stream

Floats = NDArray[np.float64]
_CHUNK = 1 << 18  # tokens scored at once: bounds memory at about 16 bytes a token and order
_MAX_ORDER = 64
_MAX_VOCABULARY = 2**31 - 3  # symbols, end and begin are 32-bit, and node * base stays below 2**63


class NGramModel(ABC):
    """A distribution over the next symbol that looks at most ``order - 1`` symbols back.

    Symbols are ``0 .. V - 1``, every one of them always possible, so that an "unknown" symbol needs no special case. With
    ``end=True`` there is one class more, number V: the end of a sequence, learned by ``fit`` and scored by
    ``bits_per_symbol`` after each sequence; put it at the end of a sequence to have ``log_prob`` score it too.
    A context is everything since the beginning of the sequence; of a long one only the last ``order - 1`` symbols matter.

    Parameters
    ----------
    order : int
        Length of the longest n-gram.
    end : bool, default False
        Predict the end of a sequence too.
    """

    id: ClassVar[str]
    """Versioned name in model files, as ``kneser_ney.v1``."""

    order: int
    vocabulary_size_: int
    counts_: Counts

    def __init__(self, order: int, *, end: bool = False) -> None:
        self.order = checks.positive(order, "order", _MAX_ORDER)
        self.end = bool(end)

    @abstractmethod
    def _estimate(self) -> None:
        """Turn ``self.counts_`` into whatever probabilities need; called by ``fit`` and ``from_state``."""

    @abstractmethod
    def _score(self, nodes: Ints) -> Floats:
        """Return (T - 1,) log-probabilities of the tokens after the first, from the walk (order + 1, T) of a stream."""

    @abstractmethod
    def _distribution(self, state: int) -> Floats:
        """Return (C,) probabilities after a context node."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Return settings and sizes as plain JSON; with ``tensors()`` the whole model."""

    @classmethod
    @abstractmethod
    def _from_config(cls, config: dict[str, Any]) -> Self:
        """Return the unfitted model of a config (without ``vocabulary_size``)."""

    @property
    def classes_(self) -> int:
        """Number of outcomes C: the vocabulary, and the end where it is predicted."""
        if not hasattr(self, "vocabulary_size_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet. Call fit(sequences, vocabulary_size) first.")
        return self.vocabulary_size_ + self.end

    def fit(self, sequences: Iterable[Any], vocabulary_size: int) -> Self:
        """Count the n-grams of sequences.

        Parameters
        ----------
        sequences : iterable of array_like
            Each (T,) whole numbers in ``0 .. vocabulary_size - 1``; may be empty. No n-gram reaches from one into the next.
        vocabulary_size : int
            Number of symbols V.

        Returns
        -------
        NGramModel
            The model itself.
        """
        size = checks.positive(vocabulary_size, "vocabulary_size", _MAX_VOCABULARY)
        rows = checks.sequences(sequences, size)
        if not rows:
            raise DataError(f"{type(self).__name__} was given no sequences to fit. Give at least one.")
        self.vocabulary_size_ = size
        stream = Stream.of(rows, begin=self.classes_, end=size if self.end else None)
        self.counts_ = Counts.of(stream, self.order, self.classes_ + 1)
        self._estimate()
        return self

    def log_prob(self, sequence: Any, context: Any = ()) -> Floats:
        """Return the log-probability of every symbol of a sequence given all before it, in nats.

        Parameters
        ----------
        sequence : array_like
            (T,) symbols; with ``end=True`` the last may be V, the end.
        context : array_like, default ()
            Context, from the beginning of the sequence on.

        Returns
        -------
        numpy.ndarray
            (T,) float64.
        """
        symbols = checks.sequence(sequence, self.classes_)
        before = checks.sequence(context, self.vocabulary_size_)
        stream = Stream.of([np.concatenate([before, symbols])], begin=self.classes_)
        return self._score_stream(stream)[len(before) :]

    def score(self, sequences: Iterable[Any]) -> list[Floats]:
        """Return ``log_prob`` of many sequences at once, the end of each included where it is predicted.

        Parameters
        ----------
        sequences : iterable of array_like
            Each (T,) symbols.

        Returns
        -------
        list of numpy.ndarray
            Each (T,), or (T + 1,) with ``end=True``, in nats.
        """
        rows = checks.sequences(sequences, self.classes_ - self.end)
        if not rows:
            return []
        stream = Stream.of(rows, begin=self.classes_, end=self.vocabulary_size_ if self.end else None)
        starts = np.flatnonzero(stream.position == 0)
        scores = np.concatenate([[0.0], self._score_stream(stream)])
        return [part[1:] for part in np.split(scores, starts[1:])]

    def _score_stream(self, stream: Stream) -> Floats:
        return np.concatenate([np.empty(0), *(self._score(self.counts_.walk(part))[skip:] for part, skip in self._chunks(stream))])

    def _chunks(self, stream: Stream) -> Iterator[tuple[Stream, int]]:
        """Cut a stream into pieces that repeat enough of the past; return how many scores of each were given before."""
        n = len(stream.tokens)
        for start in range(1, n, _CHUNK):
            low = max(0, start - self.order)
            cut = slice(low, min(n, start + _CHUNK))
            yield Stream(tokens=stream.tokens[cut], position=stream.position[cut]), start - low - 1

    def bits_per_symbol(self, sequences: Iterable[Any]) -> float:
        """Return the mean number of bits a symbol costs (ends count as symbols where they are predicted).

        Parameters
        ----------
        sequences : iterable of array_like
            Each (T,) symbols.

        Returns
        -------
        float
            Cross-entropy in bits; NaN when there is nothing to score.
        """
        scores = self.score(sequences)
        units = sum(map(len, scores))
        return -float(sum(s.sum() for s in scores)) / units / float(np.log(2)) if units else float("nan")

    def start(self) -> int:
        """Return the state before the first symbol of a sequence, for ``advance`` and ``next_at``."""
        begin = self.classes_
        return int(self.counts_.advance([ROOT], [begin])[0])

    def advance(self, states: Any, symbols: Any) -> Ints:
        """Return the states after each state is followed by a symbol: a beam search keeps states instead of contexts.

        Parameters
        ----------
        states : array_like
            (N,) states from ``start`` or ``advance``.
        symbols : array_like
            (N,) symbols.

        Returns
        -------
        numpy.ndarray
            (N,) int64.
        """
        symbols = checks.sequence(symbols, self.classes_)
        return self.counts_.advance(states, symbols)

    def next_at(self, states: Any) -> Floats:
        """Return the distribution of the next symbol in each state.

        Parameters
        ----------
        states : array_like
            (N,) states from ``start`` or ``advance``.

        Returns
        -------
        numpy.ndarray
            (N, C) probabilities; each row sums to 1.
        """
        return np.array([self._distribution(int(state)) for state in states]).reshape(-1, self.classes_)

    def next(self, context: Any = ()) -> Floats:
        """Return the distribution of the next symbol.

        Parameters
        ----------
        context : array_like, default ()
            Context, from the beginning of the sequence on.

        Returns
        -------
        numpy.ndarray
            (V,) probabilities, or (V + 1,) with ``end=True``; they sum to 1.
        """
        return self._distribution(self._state(checks.sequence(context, self.classes_ - self.end)))

    def prior(self, cache_size: int = 4096) -> Callable[[Sequence[int], int], float]:
        """Return ``prior(prefix, symbol)``, the log-probability of a symbol after a prefix, for a beam search in Python.

        Native searches take ``KneserNey.backoff_table`` in its place.

        Parameters
        ----------
        cache_size : int, default 4096
            Contexts whose distributions are remembered: a beam asks for the same few again and again.

        Returns
        -------
        callable
            Takes the symbols of a prefix from the beginning of the sequence on and one symbol; gives nats.
        """
        seen = self.order - 1
        self.classes_  # noqa: B018  (raises when not fitted)

        @lru_cache(maxsize=cache_size)
        def after(context: tuple[int, ...]) -> list[float]:
            with np.errstate(divide="ignore"):
                return np.log(self.next(context)).tolist()

        return lambda prefix, symbol: after(tuple(prefix[max(0, len(prefix) - seen) :]))[symbol]

    def _state(self, context: Ints) -> int:
        if len(context) >= self.order:
            context, state = context[len(context) - self.order :], ROOT  # older symbols cannot be seen
        else:
            state = self.start()
        for symbol in context:
            state = int(self.counts_.advance([state], [symbol])[0])
        return state

    def sample(self, length: int, random_state: int | np.random.Generator | None = None, prompt: Sequence[int] | Ints = ()) -> Ints:
        """Draw symbols one after another.

        Parameters
        ----------
        length : int
            Number of symbols; fewer come where the end is predicted and drawn.
        random_state : int, numpy.random.Generator or None
            Where chance comes from.
        prompt : array_like, default ()
            Context; not returned.

        Returns
        -------
        numpy.ndarray
            (length,) int64 or shorter; never the end symbol.
        """
        random = np.random.default_rng(random_state)
        state = self._state(checks.sequence(prompt, self.classes_ - self.end))
        drawn: list[int] = []
        for _ in range(length):
            cumulative = np.cumsum(self._distribution(state))
            symbol = int(np.searchsorted(cumulative, random.random() * cumulative[-1], side="right"))
            if symbol == self.vocabulary_size_:
                break
            drawn.append(symbol)
            state = int(self.counts_.advance([state], [symbol])[0])
        return np.array(drawn, np.int64)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the counts as plain integer arrays; probabilities are computed anew by ``from_state``."""
        self.classes_  # noqa: B018  (raises when not fitted)
        return self.counts_.tensors()

    @classmethod
    def from_state(cls, config: dict[str, Any], tensors: Mapping[str, Any]) -> Self:
        """Rebuild a fitted model.

        Parameters
        ----------
        config : dict
            Result of ``config()``.
        tensors : mapping
            Result of ``tensors()``.

        Returns
        -------
        NGramModel
            A model that gives the same probabilities.
        """
        try:
            settings = dict(config)
            model = cls._from_config({name: value for name, value in settings.items() if name != "vocabulary_size"})
            model.vocabulary_size_ = checks.positive(settings["vocabulary_size"], "vocabulary_size", _MAX_VOCABULARY)
        except (TypeError, KeyError) as error:
            raise DataError(f"{cls.__name__} cannot be rebuilt from the config {config!r}: {error}.") from error
        model.counts_ = Counts.from_tensors(tensors, model.order, model.classes_ + 1)
        model._estimate()
        return model
