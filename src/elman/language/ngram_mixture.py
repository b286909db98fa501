"""n-grams beside a language model, counted on its corpus; their shares are fitted on held-out text."""

from __future__ import annotations

import numpy as np

from elman.io.tokens import Tokens
from elman.language.scoring import symbol_nats
from elman.language.training import parts
from elman.network import SequenceModel
from elman.ngrams import KneserNey, Mixture
from elman.training.settings import Training


def fit_mixture(model: SequenceModel, tokens: Tokens, training: Training, order: int) -> Mixture:
    """Count n-grams and give them a share.

    The shares come from the held-out part and n-grams of the rest; then everything is counted.
    """
    learned, held = parts(tokens, training)
    shares = None
    if held:
        trial = Mixture(KneserNey(order, end=True).fit(learned, tokens.end))
        network_proba = np.exp(-np.concatenate(symbol_nats(model, held)))
        theirs = np.exp(np.concatenate(trial.ngrams.score(held)))
        shares = trial.fit_shares(network_proba, theirs, np.concatenate([trial.contexts(row) for row in held])).shares
    everything = [np.asarray(tokens[row]) for row in range(len(tokens))]
    return Mixture(KneserNey(order, end=True).fit(everything, tokens.end), shares)
