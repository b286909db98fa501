"""LanguageModel: continues symbols. Text, notes, strokes of a grammar: the next one from all those before it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from elman.codecs import Binary, Codec, Discrete
from elman.codecs.capabilities import NamesIndices, augmentation_of, decodes_incrementally
from elman.errors import DataError, DataTypeError, SettingError
from elman.estimators.base import Estimator
from elman.estimators.saving import settings_spec
from elman.fitting.inputs import rows_of
from elman.generation import Sampling, continue_prompts, next_probabilities, stream_prompt
from elman.io.tokens import Tokens
from elman.language import continuous as _elements
from elman.language import music as _pieces
from elman.language.corpus import corpus_of, documents_of
from elman.language.memorisation import Memorisation, report
from elman.language.ngram_mixture import fit_mixture
from elman.language.scoring import Judged, judge, symbol_nats
from elman.language.training import learn_to_read, measure
from elman.network import Plan, plan
from elman.network.settings import Network
from elman.ngrams import Mixture
from elman.sequences.threads import reproducible
from elman.training.settings import Training

_NGRAMS = "ngrams."
"""Prefix of the names of the n-grams' tensors in a model file."""


class LanguageModel(Estimator):
    """A recurrent network that gives the probability of every next symbol.

    Parameters
    ----------
    codec : Codec
        ``Text("char")``, ``Text("word")``, ``Text("bpe")``, ``Symbols()``, ``Notes()``, ``Notes("voices")`` and
        ``Notes("events")`` for music, ``Strokes()`` for handwriting.
    network : Network, optional
        Cell, sizes and regularisation; whatever is "auto" is decided from the data.
    training : Training, optional
        Epochs, budget, learning rate, seed, checkpoints.

    Attributes
    ----------
    target_ : Codec
        Fitted copy of the codec.
    history_ : History
        One row an epoch; the metric is bits per symbol.
    mixture_ : Mixture or None
        n-grams of the corpus and the network's share in the probabilities; see ``Network(ngram_order=…)``.
    baseline_ : float
        Bits per symbol, on the held-out part, of a model that knows only how frequent each symbol is.

    Examples
    --------
    >>> from elman import LanguageModel, Text, Training
    >>> model = LanguageModel(Text("char"), training=Training(max_epochs=40, learning_rate=0.02, verbose=0))
    >>> model.fit(["abcabcabc"] * 30).generate("ab", temperature=0, max_new_steps=4)
    'abcabc'
    """

    kind: ClassVar[str] = "language_model"

    target_: Codec
    mixture_: Mixture | None

    def __init__(self, codec: Codec, *, network: Network | None = None, training: Training | None = None) -> None:
        self.codec = codec
        self.network = network
        self.training = training

    @reproducible()
    def fit(self, texts: Any, y: None = None, *, token_dir: str | Path | None = None) -> Self:  # noqa: ARG002  # scikit-learn passes y
        """Learn from documents.

        Parameters
        ----------
        texts : list, column, str, Path, list of Path or iterator of str
            One document a row, or one long text. A ``Path`` is a UTF-8 text file, or a folder of ``.txt`` files, each one document; files
            and iterators are read in parts, encoded once into a file of tokens that is mapped, and never held in memory whole.
        y : None
            Ignored; here for scikit-learn.
        token_dir : str or Path, optional
            Folder for the tokens, used again when the same files are learned from again; a temporary one, removed at the end, by default.

        Returns
        -------
        LanguageModel
            The estimator itself.
        """
        if not isinstance(self.codec, Codec):
            raise DataTypeError(f"codec must be a codec such as Text(); got {self.codec!r}. Give an instance, not a class or name.")
        settings, codec = settings_spec(self), copy.deepcopy(self.codec)
        if _elements.without_classes(codec):
            fitted = self._learn_elements(codec, rows_of(texts, "pieces"))
        else:
            with corpus_of(texts, codec, token_dir) as tokens:
                if len(tokens.flat) - len(tokens) < 2:
                    raise DataError("The documents hold fewer than 2 symbols; there is nothing to continue. Give more text.")
                fitted = self._learn(codec, tokens)
        return self._conclude(settings, source_=None, target_=codec, **fitted)

    def _learn(self, codec: Codec, tokens: Tokens) -> dict[str, Any]:
        """Return the fitted attributes of a model of symbols."""
        network, training = self._settings()
        learned = learn_to_read(plan(None, codec, network, examples=measure(tokens)), tokens, training, augmentation_of(codec))
        order = learned.plan.ngram_order
        mixture = fit_mixture(learned.model, tokens, training, order) if order else None
        return {**learned.attributes(), "mixture_": mixture, "_tokens": None if isinstance(tokens.flat, np.memmap) else tokens}

    def _learn_elements(self, codec: Codec, pieces: list[Any]) -> dict[str, Any]:
        """Return the fitted attributes of a model of frames or strokes."""
        codec.fit(pieces, role="target")
        rows = _elements.pieces_of(codec, pieces)
        network, training = self._settings()
        layout = plan(None, codec, _elements.network_of(codec, network), examples=_elements.measure(rows))
        learned = _elements.learn_elements(layout, rows, training, codec)
        return {**learned.attributes(), "mixture_": None, "_tokens": None}

    def generate(
        self,
        prompt: Any = "",
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        max_new_steps: int = 200,
        stop: Any = None,
        random_state: int | None = 0,
        stream: bool = False,
    ) -> Any:
        """Continue a prompt.

        Parameters
        ----------
        prompt : value or list of values
            Context; for text a string, and a list of strings continues each (for symbols, a list of lists; for notes a piece,
            or a list of pieces). Unknown symbols are allowed.
        temperature : float, default 1.0
            Below 1 is bolder on the likely, 0 always takes the likeliest.
        top_k : int, optional
            Draw from the k likeliest symbols.
        top_p : float, optional
            Draw from the fewest symbols whose probabilities reach p.
        max_new_steps : int, default 200
            Symbols to add at most; the model may end a document earlier.
        stop : str, symbol or list of them, optional
            End before this text (or symbol), or the first of several, appears in the continuation.
        random_state : int, default 0
            Seed: the same prompt and seed give the same continuation, alone or in a batch; the same prompt given twice in
            one batch is continued in two ways. None: another continuation each time.
        stream : bool, default False
            Return an iterator over the new pieces, as they are drawn.

        Returns
        -------
        value, list of values or iterator
            Prompt and continuation; with ``stream`` only the continuation, piece by piece.
        """
        self._check_fitted()
        sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, random_state=random_state)
        self._check_ends(max_new_steps, stop)
        if _elements.without_classes(self.target_):
            _elements.check_options(top_k=top_k, top_p=top_p, stop=stop, stream=stream)
            return self._compose(
                self.target_, prompt, max_new_steps=max_new_steps, temperature=sampling.temperature, random_state=random_state
            )
        if decodes_incrementally(self.target_):
            _pieces.refuse_stop(stop)
            return self._write(prompt, sampling, max_new_steps, stream)
        prompt = [_written(one) for one in prompt] if isinstance(prompt, list) else _written(prompt)
        if stream:
            return self._stream(prompt, sampling, max_new_steps, stop)
        many = isinstance(prompt, list) and (self._is_text() or bool(prompt and isinstance(prompt[0], list | np.ndarray)))
        prompts = prompt if many else [prompt]
        encoded = [self._prompt(p) for p in prompts]
        result = continue_prompts(self.model_, encoded, max_new_steps=max_new_steps, search=sampling, mixture=self.mixture_)
        whole = [_cut(self._joined(p, e, new), stop, len(p)) for p, e, new in zip(prompts, encoded, result, strict=True)]
        return whole if many else whole[0]

    def _write(self, prompt: Any, sampling: Sampling, max_new_steps: int, stream: bool) -> Any:
        """Continue pieces of music that are written symbol by symbol."""
        prompt, mixture = [] if isinstance(prompt, str) and not prompt else prompt, self.mixture_
        if stream:
            return _pieces.stream_piece(self.model_, self.target_, prompt, sampling, max_new_steps=max_new_steps, mixture=mixture)
        many = _pieces.are_many(prompt)
        prompts = prompt if many else [prompt]
        whole = _pieces.write_pieces(self.model_, self.target_, prompts, sampling, max_new_steps=max_new_steps, mixture=mixture)
        return whole if many else whole[0]

    def _compose(self, codec: Codec, prompt: Any, **drawing: Any) -> Any:
        prompt = [] if isinstance(prompt, str) and not prompt else prompt
        many = isinstance(prompt, list) and bool(prompt) and _is_piece(prompt[0])
        pieces = prompt if many else [prompt]
        begun = _elements.pieces_of(codec, pieces)
        new = _elements.compose(self.model_, begun, **drawing)
        whole = [codec.decode(np.concatenate(parts)) for parts in zip(begun, new, strict=True)]
        return whole if many else whole[0]

    def next(self, prompt: Any = "", k: int = 5) -> list[tuple[Any, float]]:
        """Return the k likeliest next symbols with their probabilities.

        Parameters
        ----------
        prompt : value
            Context.
        k : int, default 5
            How many.

        Returns
        -------
        list of (symbol, probability)
            Likeliest first; the end of the document is given as None.
        """
        self._check_fitted()
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            raise SettingError(f"k must be a whole number from 1; got {k!r}.")
        chances = next_probabilities(self.model_, [self._prompt(prompt)], self.mixture_)[0]
        order = np.argsort(-chances, kind="stable")[:k]
        return [(self._symbol(int(i)), float(chances[i])) for i in order]

    def perplexity(self, texts: Any) -> float:
        """Return exp(nats per symbol) over all documents, their ends included.

        Parameters
        ----------
        texts : list, column or str
            Documents.

        Returns
        -------
        float
            1 is perfect; the size of the vocabulary is guessing.
        """
        judged = self._judge(texts)
        return math.exp(judged.nats / judged.units)

    def score(self, texts: Any, y: None = None, *, per: str = "symbol") -> float:  # noqa: ARG002  # scikit-learn passes y
        """Return bits per symbol (character, word or piece of a word), document ends included; lower is better.

        Parameters
        ----------
        texts : list, column or str
            Documents.
        y : None
            Ignored; here for scikit-learn.
        per : {"symbol", "character"}
            Unit that the bits are divided by; characters, an end counted as one, make models of words, subwords and characters comparable.

        Returns
        -------
        float
            Per symbol it is log2 of the perplexity.
        """
        if per not in ("symbol", "character"):
            raise SettingError(f"per must be 'symbol' or 'character'; got {per!r}.")
        judged = self._judge(texts)
        if per == "symbol":
            return judged.nats / judged.units / math.log(2)
        if not self._is_text():
            raise SettingError("per='character' is for text; these are symbols. Leave it at 'symbol'.")
        return judged.nats / sum(len(text) + 1 for text in documents_of(texts)) / math.log(2)

    def surprisal(self, texts: Any) -> list[np.ndarray]:
        """Return the bits that each symbol costs, the end of each document included.

        Parameters
        ----------
        texts : list, column or str
            Documents.

        Returns
        -------
        list of ndarray
            (T + 1,) a document; their mean is :meth:`score`.
        """
        self._check_fitted()
        if _elements.without_classes(self.target_):
            raise SettingError("surprisal counts the bits of symbols; notes come many at a time. Use score or perplexity.")
        return [nats / math.log(2) for nats in symbol_nats(self.model_, self._encoded(texts), self.mixture_)]

    def accuracy(self, texts: Any) -> float:
        """Return how often the likeliest next symbol is the one that follows, document ends included.

        Parameters
        ----------
        texts : list, column or str
            Documents.

        Returns
        -------
        float
            In 0..1; for words, the share of next words guessed right.
        """
        if _elements.without_classes(getattr(self, "target_", None)):
            raise SettingError("accuracy is for symbols; notes and strokes are judged by score and perplexity.")
        judged = self._judge(texts, hits=True)
        return judged.hits / judged.units

    def memorisation(self, texts: Any = None, *, training: Any = None) -> Memorisation:
        """Return how much of the model's own text is in its training text word for word.

        Parameters
        ----------
        texts : list, column or str, optional
            Texts of the model; by default the model writes ten texts of 200 symbols from nothing, with seed 0.
        training : as in ``fit``, optional
            The text that was learned from. A model just fitted on documents in memory still has them; they are never saved in its file,
            so a loaded one needs it here.

        Returns
        -------
        Memorisation
            The longest copied span and the share of n-grams seen; printable. Judge the same of held-out text beside it: common
            phrases are in both.
        """
        self._check_fitted()
        if not isinstance(self.target_.space, Discrete | Binary):
            raise SettingError("memorisation compares symbols or notes; no two strokes are the same.")
        if isinstance(self.target_.space, Binary):
            return self._remembered(self.target_, texts, training)
        corpus = self._kept(training)
        written = self.generate([""] * 10 if self._is_text() else [[]] * 10) if texts is None else documents_of(texts, self.target_)
        rows = [np.asarray(row) for row in self.target_.encode_all(written)]
        return report(rows, corpus, self.target_.decode)

    def _remembered(self, codec: Any, pieces: Any, training: Any) -> Memorisation:
        if training is None:
            raise DataError("memorisation of notes needs the pieces that were learned from. Pass them as training=.")
        written = [self.generate([], random_state=seed) for seed in range(10)] if pieces is None else rows_of(pieces, "pieces")
        (rows, corpus), frames = _elements.as_symbols(
            _elements.pieces_of(codec, written), _elements.pieces_of(codec, rows_of(training, "training"))
        )
        return report(rows, corpus, lambda span: codec.decode(frames[np.asarray(span, dtype=np.int64)]))

    def _kept(self, training: Any) -> list[np.ndarray]:
        if training is not None:
            return [np.asarray(row) for row in self.target_.encode_all(documents_of(training, self.target_))]
        tokens = self.__dict__.get("_tokens")
        if tokens is None:
            raise DataError(
                "memorisation needs the text that was learned from: it is not kept in model files, nor after learning from files."
                " Pass it as training=."
            )
        return list(tokens)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the training text out of copies and pickles."""
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_tokens"}

    def plan(self) -> Plan:
        """Return the inferred settings from the data and why; printable."""
        self._check_fitted()
        return self.plan_

    @classmethod
    def _from_params(cls, source: None, target: Codec, params: dict[str, Any], groups: dict[str, Any]) -> Self:  # noqa: ARG003  # one signature for all
        return cls(target, **groups)

    def _fitted_state(self) -> dict[str, Any]:
        return {**super()._fitted_state(), "mixture": None if self.mixture_ is None else self.mixture_.config()}

    def _restore_fitted(self, state: dict[str, Any]) -> None:
        super()._restore_fitted(state)
        self.mixture_, self._mixture_config = None, state.get("mixture")

    def _own_tensors(self) -> dict[str, Tensor]:
        if self.mixture_ is None:
            return {}
        return {f"{_NGRAMS}{name}": torch.from_numpy(array) for name, array in self.mixture_.tensors().items()}

    def _take_tensors(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        config = self.__dict__.pop("_mixture_config", None)
        if config is None:
            return tensors
        counted = {name.removeprefix(_NGRAMS): tensor.numpy() for name, tensor in tensors.items() if name.startswith(_NGRAMS)}
        self.mixture_ = Mixture.from_state(config, counted)
        space: Any = self.target_.space
        if self.mixture_.ngrams.vocabulary_size_ != space.n or not self.mixture_.ngrams.end:
            raise DataError("its n-grams are over other symbols than its codec's.")
        return {name: tensor for name, tensor in tensors.items() if not name.startswith(_NGRAMS)}

    def _judge(self, texts: Any, *, hits: bool = False) -> Judged:
        self._check_fitted()
        if _elements.without_classes(self.target_):
            return _elements.judge(self.model_, _elements.pieces_of(self.target_, rows_of(texts, "pieces")))
        return judge(self.model_, self._encoded(texts), hits=hits, mixture=self.mixture_)

    def _encoded(self, texts: Any) -> list[np.ndarray]:
        return [np.asarray(row) for row in self.target_.encode_all(documents_of(texts, self.target_))]

    def _check_ends(self, max_new_steps: Any, stop: Any) -> None:
        """Before the first symbol is drawn, so that a stream complains at once."""
        if isinstance(max_new_steps, bool) or not isinstance(max_new_steps, int | np.integer) or max_new_steps < 0:
            raise SettingError(f"max_new_steps must be a whole number of 0 or more; got {max_new_steps!r}.")
        several = isinstance(stop, list | tuple) and all(isinstance(one, str) for one in stop)
        if stop is not None and self._is_text() and not several and (not isinstance(stop, str) or not stop):
            raise SettingError(f"stop must be text of at least one character, or a list of texts; got {stop!r}.")

    def _is_text(self) -> bool:
        return isinstance(self.target_.decode(np.zeros(0, dtype=np.int64)), str)

    def _prompt(self, prompt: Any) -> np.ndarray:
        return np.asarray(self.target_.encode([] if isinstance(prompt, str) and not prompt and not self._is_text() else prompt))

    def _joined(self, prompt: Any, encoded: np.ndarray, new: np.ndarray) -> Any:
        """The prompt as it was given, and its continuation as it reads after it."""
        if not self._is_text():
            return [*prompt, *self.target_.decode(new)]
        before, whole = self.target_.decode(encoded), self.target_.decode(np.concatenate([encoded, new]))
        return prompt + (whole[len(before) :] if whole.startswith(before) else self.target_.decode(new))

    def _symbol(self, index: int) -> Any:
        space: Any = self.target_.space
        if index == space.n:
            return None
        if isinstance(self.target_, NamesIndices):
            return self.target_.symbol(index)
        decoded = self.target_.decode(np.asarray([index]))
        return decoded if isinstance(decoded, str) else decoded[0]

    def _stream(self, prompt: Any, sampling: Sampling, max_new_steps: int, stop: Any) -> Iterator[Any]:
        """Yield the text that each new symbol adds; text that could be the beginning of ``stop`` waits until it is clear."""
        encoded, new, shown = self._prompt(prompt), [], prompt
        for symbol in stream_prompt(self.model_, encoded, max_new_steps=max_new_steps, sampling=sampling, mixture=self.mixture_):
            new.append(symbol)
            whole = self._joined(prompt, encoded, np.asarray(new))
            cut = _cut(whole, stop, len(prompt))
            ready = cut if len(cut) < len(whole) else whole[: len(whole) - _could_stop(whole, stop)]
            if len(ready) > len(shown):
                yield ready[len(shown) :]
                shown = ready
            if len(cut) < len(whole):
                return
        whole = _cut(self._joined(prompt, encoded, np.asarray(new, dtype=np.int64)), stop, len(prompt))
        if len(whole) > len(shown):
            yield whole[len(shown) :]


def _is_piece(value: Any) -> bool:
    """Whether this is a piece of music, and not one of its frames."""
    return isinstance(value, list | tuple | np.ndarray) and len(value) > 0 and not isinstance(value[0], int | float | np.number)


def _written(prompt: Any) -> Any:
    """A prompt of bytes as text, read as texts are (bytes that are not UTF-8 become U+FFFD); anything else as it is."""
    return bytes(prompt).decode("utf-8", "replace") if isinstance(prompt, bytes | bytearray) else prompt


def _stops(stop: Any) -> list[Any]:
    """One stop, several or none, as a list; an empty text stops nothing."""
    return [one for one in (stop if isinstance(stop, list) else [stop]) if one is not None and one != ""]


def _cut(whole: Any, stop: Any, start: int) -> Any:
    """Cut before the first ``stop`` at or after ``start``."""
    if isinstance(whole, str):
        results = [at for one in _stops(stop) if (at := whole.find(one, start)) >= 0]
    else:
        results = [at for at in range(start, len(whole)) if whole[at] in _stops(stop)][:1]
    return whole[: min(results)] if results else whole


def _could_stop(whole: Any, stop: Any) -> int:
    """Length of the longest end of the text that is a beginning of a ``stop``."""
    if not isinstance(whole, str):
        return 0
    ends = (n for one in _stops(stop) for n in range(1, min(len(one) - 1, len(whole)) + 1) if whole.endswith(one[:n]))
    return max(ends, default=0)
