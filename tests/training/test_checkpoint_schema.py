"""Checkpoints with a right MANIFEST and a forged state are refused before a run goes on from them."""

import hashlib
import json

import pytest
import torch
from toys import Classifier, make_rows

from elman.errors import CheckpointError
from elman.io import model_file, strict_json
from elman.training.loop import fit
from elman.training.settings import Training


class Counting:
    """A callback with a state."""

    def __init__(self):
        self.count = 0

    def on_epoch_end(self, state):
        self.count += 1

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


def run(folder, epochs=2):
    settings = Training(max_epochs=epochs, checkpoint_dir=str(folder), verbose=0, callbacks=[Counting()], average_weights=0.9, patience=9)
    return fit(Classifier(), make_rows(), make_rows(seed=1), settings)


@pytest.fixture
def folder(tmp_path):
    """A run of which only the first of two checkpoints is left."""
    run(tmp_path)
    (newest,) = tmp_path.glob("run-*/checkpoint-000002")
    for file in newest.iterdir():
        file.unlink()
    newest.rmdir()
    return tmp_path


def first(folder):
    return next(folder.glob("run-*/checkpoint-000001"))


def sign(folder):
    files = ("weights.safetensors", "optimizer.safetensors", "state.json")
    manifest = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}
    (folder / "MANIFEST").write_text(strict_json.canonical(manifest))


def forge(folder, place, value):
    whole = json.loads((folder / "state.json").read_text())
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    part = whole
    for step in way:
        part = part[step]
    part[last] = value
    (folder / "state.json").write_text(strict_json.canonical(whole))
    sign(folder)


def test_an_honest_checkpoint_is_gone_on_from(folder):
    assert len(run(folder)) == 2


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("state.epoch", "x", r"state\.epoch must be a whole number"),
        ("state.epoch", -1, r"state\.epoch must be a whole number"),
        ("state.step", 1.5, r"state\.step must be a whole number"),
        ("state.rate", True, r"state\.rate must be a finite number"),
        ("state.best", [], r"state\.best must be names and values"),
        ("state.best.score", [1.0, "x"], r"state\.best\.score\[1\] must be a finite number"),
        ("state.schedule", 3, r"state\.schedule must be names and values"),
        ("state.history.rows", 3, r"history\.rows must be a list"),
        ("state.more", 1, r"state has unknown key 'more'"),
        ("state.callbacks", {"7.count": 1}, r"state\.callbacks must have the states of 1 callbacks; got"),
        ("state.callbacks", [], r"state\.callbacks must have the states of 1 callbacks; got"),
        ("state.processes", [], r"state\.processes must be a list of 1"),
        ("state.processes.0.0", 3, r"state\.processes must be names and values"),
        ("state.processes.0.0.numpy.2", 10**6, r"state\.processes\.numpy\[2\] must be a whole number in 0\.\.624"),
        ("state.processes.0.0.python.1", [1, 2], "ValueError"),
        ("state.processes.0.0.torch", "x", "Error"),
    ],
)
def test_a_forged_state_is_refused(folder, place, value, message):
    forge(first(folder), place, value)
    with pytest.raises(CheckpointError, match=rf"checkpoint-000001 holds no state of this run: .*{message}.* Remove its folder"):
        run(folder)


@pytest.mark.parametrize(("place", "value"), [("state", []), ("fingerprint", 3)])
def test_a_state_file_of_another_form_is_passed_over(folder, place, value):
    forge(first(folder), place, value)
    with (
        pytest.warns(match=rf"checkpoint-000001 is damaged \(state\.json\.{place} must be names and values"),
        pytest.raises(CheckpointError, match="none of the 1 checkpoints in .* is whole"),
    ):
        run(folder)


@pytest.mark.parametrize(
    ("file", "name", "tensor", "message"),
    [
        ("weights", "model.head.bias", torch.zeros(7), r"tensor 'head\.bias' is torch\.float32 \(7,\)"),
        ("weights", "best.head.bias", torch.zeros(7), r"tensor 'head\.bias' is torch\.float32 \(7,\)"),
        ("weights", "average.head.bias", torch.zeros(7), r"tensor 'head\.bias' is torch\.float32 \(7,\)"),
        ("weights", "other.head", torch.zeros(7), "KeyError"),
        ("optimizer", "0.exp_avg", torch.zeros(7), r"tensor 'exp_avg' is torch\.float32 \(7,\)"),
        ("optimizer", "70.exp_avg", torch.zeros(7), "IndexError"),
    ],
)
def test_forged_tensors_are_refused(folder, file, name, tensor, message):
    checkpoint = first(folder)
    path = checkpoint / f"{file}.safetensors"
    model_file.write(path, {**model_file.read(path)[1], name: tensor}, {"kind": f"checkpoint.{file}", "spec": None})
    sign(checkpoint)
    with pytest.raises(CheckpointError, match=f"holds no state of this run: .*{message}"):
        run(folder)
