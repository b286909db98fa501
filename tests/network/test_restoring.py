"""Networks from files: forged sizes cost nothing, ambient torch settings change nothing."""

import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import elman
from elman import Category, Forecaster, LanguageModel, Model, Network, Series, Text, Training
from elman.codecs import Discrete
from elman.errors import ModelFileError
from elman.io import model_file
from elman.network import restoring

GOLDEN = Path(__file__).parent.parent / "golden"
FORGED = [
    ("model-category", "num_layers", 100_000, r"far more layers or members than the file has tensors\. The file is damaged or forged\."),
    (
        "language-model-word",
        "num_layers",
        100_000,
        r"far more layers or members than the file has tensors\. The file is damaged or forged\.",
    ),
    ("model-category", "hidden_size", 20_000, r"the model expects torch\.float32 \(2, 120000\)"),
    ("model-category", "embedding_size", 100_000, "the model expects"),
    ("model-category", "members", 100, "an unknown tensor"),
    ("forecaster-segments", "members", 100, "no tensor 'members.10"),
    ("forecaster-segments", "horizon", 100_000, "its network answers 100000 steps"),
    ("model-words", "wide", 1_000_000, r"the model expects torch.int64 \(1000000,\)"),
    ("model-category", "target.space.n", 10**10, "10000000000"),
    ("model-words", "source.space.n", 8_000_000, "8000000"),
    ("model-words", "source.space.pieces", 10**12, "1000000000000"),
    ("model-words", "source.space.n", 10**30, "does not make a model"),
    ("model-vector", "source.space.d", 10**12, "1000000000000"),
    ("language-model-word", "target.space.n", 10**9, "1000000000"),
    ("model-boxes", "target.space.n", 10**12, "1000000000000"),
]


def forged(path, name, place, value):
    """A golden file with another value in its plan and a right digest."""
    meta, tensors = model_file.read(GOLDEN / f"{name}.elman")
    *folders, last = place.split(".")
    part = meta["spec"]["plan"]
    for folder in folders:
        part = part[folder]
    part[last] = value
    model_file.write(path, tensors, {"kind": meta["kind"], "spec": meta["spec"]})


@pytest.mark.parametrize(("name", "place", "value", "message"), FORGED)
def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path, name, place, value, message):
    path = tmp_path / "forged.elman"
    forged(path, name, place, value)
    elman.load(GOLDEN / f"{name}.elman")
    begun, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFileError, match=message) as caught:
        elman.load(path)
    assert "forged.elman" in str(caught.value)
    assert time.process_time() - begun < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300 << 10


@pytest.mark.parametrize("n", [8_000_000, 10**9, 10**12])
def test_absurd_spaces_are_refused_before_memory_is_taken(n):
    model = elman.load(GOLDEN / "language-model-word.elman")
    plan = replace(model.plan_, target=replace(model.plan_.target, space=Discrete(n)))
    begun, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFileError, match=str(n + 1)):
        restoring.restore(plan, model.model_.state_dict())
    assert time.process_time() - begun < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300 << 10


def test_loading_draws_no_random_numbers_and_leaves_torch_as_it_was():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    model = elman.load(GOLDEN / "model-words.elman")
    assert torch.equal(torch.get_rng_state(), before)
    assert all(not weight.is_inference() for weight in model.model_.parameters())
    assert torch.get_default_dtype() == torch.float32


def test_restored_weights_are_those_of_the_file():
    for path in sorted(GOLDEN.glob("*.elman")):
        tensors, weights = model_file.read(path)[1], elman.load(path).model_.state_dict()
        assert all(torch.equal(weight, tensors[name]) for name, weight in weights.items()), path.name


def test_members_of_an_ensemble_have_weights_of_their_own():
    model = elman.load(GOLDEN / "model-words.elman")
    first, second = (network.decoder.head.output.inner.linear.weight for network in model.networks_[:2])
    assert not torch.equal(first, second)


@pytest.fixture(params=["float64", "meta", "inference", "no_grad"])
def ambient(request):
    """Another default of torch around everything."""
    if request.param == "float64":
        torch.set_default_dtype(torch.float64)
    if request.param == "meta":
        torch.set_default_device("meta")
    with torch.inference_mode(request.param == "inference"), torch.set_grad_enabled(request.param != "no_grad"):
        yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def test_files_load_and_answer_the_same_whatever_torchs_defaults_are(ambient):
    for name in ("model-words", "model-attention", "language-model-word", "forecaster-segments", "forecaster-paths"):
        tensors, weights = model_file.read(GOLDEN / f"{name}.elman")[1], elman.load(GOLDEN / f"{name}.elman").model_.state_dict()
        assert all(torch.equal(weight, tensors[key]) for key, weight in weights.items()), name


def fits():
    network, training = Network(hidden_size=4, members=1), Training(max_epochs=1, verbose=0)
    texts = ["good good day", "bad night", "so so", "bad bad"] * 4
    yield Model(Text(), Category(), network=network, training=training).fit(texts, ["a", "b"] * 8)
    yield LanguageModel(Text("char"), network=network, training=training).fit(texts)
    yield Forecaster(2, network=network, training=training).fit([np.sin(np.arange(40) / 3)])
    yield Model(Series(), Text("char"), align="ctc", network=network, training=training).fit([np.arange(9.0)] * 8, ["ab", "a"] * 4)


@pytest.fixture(scope="module")
def usual():
    return [estimator.model_.state_dict() for estimator in fits()]


def test_fits_have_the_same_bits_whatever_torchs_defaults_are(usual, ambient, tmp_path):
    for i, (estimator, expected) in enumerate(zip(fits(), usual, strict=True)):
        estimator.save(tmp_path / f"{i}.elman")
        weights = model_file.read(tmp_path / f"{i}.elman")[1]
        assert all(torch.equal(weights[name], weight) for name, weight in expected.items()), type(estimator).__name__
