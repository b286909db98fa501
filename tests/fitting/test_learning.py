"""Learning on encoded rows: nothing that learns may see the held-out rows, and members of an ensemble learn as each would alone."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from elman.codecs import Category, Text
from elman.fitting.learning import learn
from elman.metrics.by_target import scoring_of
from elman.network import Network, Sizes, plan
from elman.network.planning.side import Side
from elman.training.settings import Training

TEXTS = [f"{how} {what} {where}" for how in ("good", "bad", "fair") for what in ("film", "book", "play") for where in ("here", "now")]
LABELS = [text.split()[0] for text in TEXTS]
HELD_OUT = np.array([0, 5, 6, 11, 13, 17])
TRAIN = np.setdiff1d(np.arange(len(TEXTS)), HELD_OUT)
TRAINING = Training(max_epochs=1, verbose=0)


def learned(texts=TEXTS, labels=LABELS, training=TRAINING, members=1, held_out=HELD_OUT):
    source, target = Text().fit(TEXTS), Category().fit(LABELS, role="target")
    sides = Side(source.rank, source.space), Side(target.rank, target.space)
    made = plan(*sides, Network(hidden_size=4, members=members, wide=True), examples=Sizes(rows=len(TEXTS), source_mean=3, source_max=3))
    return learn(made, source.encode_all(texts), target.encode_all(labels), training, scoring_of(target, False), held_out=held_out)


def changed(rows):
    """Return the labels with those of some rows moved on by one class."""
    following = {"good": "bad", "bad": "fair", "fair": "good"}
    return [following[label] if row in rows else label for row, label in enumerate(LABELS)]


def reordered(rows):
    """Return the texts with those of some rows in another order, so that the n-grams of all rows stay the same."""
    texts = np.array(TEXTS, dtype=object)
    texts[rows] = texts[np.roll(rows, 1)]
    return texts.tolist()


def wide_weights(result):
    return result.model.decoder.wide.weight


def test_the_wide_part_is_fitted_on_training_rows_alone():
    expected = wide_weights(learned())
    assert float(expected.abs().max()) > 0
    assert torch.equal(wide_weights(learned(labels=changed(HELD_OUT))), expected)
    assert torch.equal(wide_weights(learned(texts=reordered(HELD_OUT))), expected)
    assert not torch.equal(wide_weights(learned(labels=changed(TRAIN))), expected)
    assert not torch.equal(wide_weights(learned(texts=reordered(TRAIN))), expected)


def test_the_network_learns_from_training_rows_alone():
    expected = learned().model.encoder.state_dict()
    for other in (learned(labels=changed(HELD_OUT)), learned(texts=reordered(HELD_OUT))):
        assert all(torch.equal(value, expected[name]) for name, value in other.model.encoder.state_dict().items())


def test_the_baseline_is_the_most_frequent_class_of_the_training_rows():
    labels = ["good"] * 8 + ["bad"] * 10
    held_out = np.arange(10, 18)
    assert learned(labels=labels, held_out=held_out).baseline == 0.0  # good 8 : bad 2 in training, bad alone held out
    assert learned(labels=labels, held_out=np.array([7, 8])).baseline == 0.5


def test_shares_of_both_parts_come_from_held_out_rows():
    other = learned(labels=changed(HELD_OUT)).model.decoder.head.output.shares
    assert not torch.allclose(learned().model.decoder.head.output.shares, other, atol=1e-3)


@pytest.mark.parametrize("held_out", [HELD_OUT, None])
def test_members_are_those_that_learn_alone_with_seeds_a_thousand_apart(held_out):
    training = Training(max_epochs=2, verbose=0, random_state=7)
    members = [member.state_dict() for member in learned(training=training, members=3, held_out=held_out).model.members]
    for one, other in combinations(members, 2):
        assert all(not torch.equal(one[name], other[name]) for name in one if name.startswith("encoder.") and "weight" in name)
    for member, weights in enumerate(members):
        alone = Training(max_epochs=2, verbose=0, random_state=7 + 1000 * member)
        expected = learned(training=alone, held_out=held_out).model.state_dict()
        assert all(torch.equal(weights[name], value) for name, value in expected.items())


def test_the_plan_counts_the_members_that_learned():
    result = learned(members=2)
    assert result.plan.members == 2
    assert replace(result.plan, members=1, parameters=0) == replace(learned().plan, parameters=0)
