import errno
import itertools
import os
import shutil
import signal
import warnings

import pytest
import torch
from toys import Accuracy, Classifier, bits, make_rows, timeless

from elman.errors import CheckpointError, ElmanWarning
from elman.training.checkpoint import Checkpoints
from elman.training.loop import fit
from elman.training.settings import Training

RUN = {"learning_rate": 0.1, "rows": "abc"}
CALLS = ("open", "write", "fsync", "replace", "mkdir")


def save(checkpoints, value=1.0):
    return checkpoints.save({"model.w": torch.tensor([value])}, {"0.step": torch.tensor(value)}, {"epoch": value})


def test_what_is_saved_comes_back_and_the_last_two_stay(tmp_path):
    checkpoints = Checkpoints(tmp_path, RUN)
    assert checkpoints.load() is None
    assert [save(checkpoints, float(i)) for i in range(4)] == [f"checkpoint-00000{i}" for i in (1, 2, 3, 4)]
    assert sorted([p.name for p in tmp_path.iterdir()]) == ["checkpoint-000003", "checkpoint-000004"]
    found = checkpoints.load()
    assert (found.name, found.weights["model.w"].item(), found.optimizer["0.step"].item(), found.state) == (
        "checkpoint-000004",
        3.0,
        3.0,
        {"epoch": 3.0},
    )


@pytest.mark.parametrize("file", ["weights.safetensors", "optimizer.safetensors", "state.json", "MANIFEST"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_checkpoint_is_passed_over_aloud(tmp_path, file, damage):
    checkpoints = Checkpoints(tmp_path, RUN)
    save(checkpoints, 1.0)
    victim = tmp_path / save(checkpoints, 2.0) / file
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.unlink() if damage == "remove" else victim.write_bytes(bytes(data) if damage == "flip" else bytes(data[:-1]))
    with pytest.warns(ElmanWarning, match=r"checkpoint-000002 is damaged \(.*\); trying the one before it"):
        assert checkpoints.load().state == {"epoch": 1.0}
    assert save(checkpoints, 3.0) == "checkpoint-000003"


def test_all_damaged_is_an_error(tmp_path):
    checkpoints = Checkpoints(tmp_path, RUN)
    (tmp_path / save(checkpoints) / "MANIFEST").write_text("{}")
    with (
        pytest.warns(ElmanWarning, match="does not list exactly"),
        pytest.raises(CheckpointError, match=r"none of the 1 checkpoints in .* is whole"),
    ):
        checkpoints.load()


def test_another_run_is_refused_naming_what_differs(tmp_path):
    save(Checkpoints(tmp_path, RUN))
    with pytest.raises(CheckpointError, match=r"belongs to another run: learning_rate was 0\.1, is now 0\.2; more was None, is now 1"):
        Checkpoints(tmp_path, {**RUN, "learning_rate": 0.2, "more": 1}).load()


def test_another_version_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("elman.training.checkpoint._VERSION", 2)
    save(Checkpoints(tmp_path, RUN))
    monkeypatch.undo()
    with pytest.warns(ElmanWarning, match="it has version 2; this elman reads 1"), pytest.raises(CheckpointError, match="none of the 1"):
        Checkpoints(tmp_path, RUN).load()


def test_weights_that_are_not_finite_never_replace_finite_ones(tmp_path):
    checkpoints = Checkpoints(tmp_path, RUN, keep=1)
    save(checkpoints, 1.0)
    with pytest.raises(CheckpointError, match=r"NaN or infinity.*The previous checkpoint stays"):
        save(checkpoints, float("nan"))
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint-000001"]
    assert checkpoints.load().state == {"epoch": 1.0}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_whichever_call_fails_the_old_checkpoint_stays(tmp_path, code):
    checkpoints = Checkpoints(tmp_path, RUN)
    save(checkpoints, 1.0)
    failures = 0
    for n in range(1, 200):
        with pytest.MonkeyPatch.context() as patch:
            made = []
            for name in CALLS:
                real = getattr(os, name)

                def call(*args, _real=real, made=made, n=n, **kwargs):
                    made.append(1)
                    if len(made) == n:
                        raise OSError(code, os.strerror(code))
                    return _real(*args, **kwargs)

                patch.setattr(os, name, call)
            with warnings.catch_warnings():
                warnings.simplefilter("error", ElmanWarning)  # an old one that could not be removed
                try:
                    save(checkpoints, 2.0)
                    break
                except (CheckpointError, ElmanWarning) as error:
                    failures += 1
                    assert str(tmp_path) in str(error)  # noqa: PT017
                    assert os.strerror(code) in str(error)  # noqa: PT017
        assert checkpoints.load().state in ({"epoch": 1.0}, {"epoch": 2.0})
        checkpoints.prepare()
        assert all(name.startswith("checkpoint-") for name in [p.name for p in tmp_path.iterdir()])
    assert failures > 25
    assert checkpoints.load().state == {"epoch": 2.0}


def test_an_old_one_that_cannot_be_removed_is_said_aloud(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, RUN, keep=1)
    save(checkpoints)

    def refuse(path, *args, **kwargs):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.warns(ElmanWarning, match="could not remove the old checkpoint"):
        save(checkpoints)
    with pytest.raises(CheckpointError, match="could not prepare the checkpoint folder"):
        checkpoints.prepare()


def settings(folder, **more):
    return Training(
        **{"verbose": 0, "device": "cpu", "max_epochs": 4, "batch_size": 12, "checkpoint_dir": str(folder), "checkpoint_every": 0, **more}
    )


class StopAt:
    def __init__(self, epoch, number):
        self.epoch, self.number = epoch, number

    def on_epoch_end(self, state):
        if state.row["epoch"] == self.epoch:
            os.kill(os.getpid(), self.number)


def plain():
    model = Classifier()
    history = fit(model, make_rows(), make_rows(20, seed=1), settings("unused", checkpoint_dir=None), Accuracy())
    return bits(model), timeless(history)


def test_sigterm_writes_a_checkpoint_exits_143_and_the_next_run_goes_on(tmp_path):
    stopping = settings(tmp_path, checkpoint_every="1h", callbacks=[StopAt(2, signal.SIGTERM)])
    with pytest.raises(SystemExit) as info:
        fit(Classifier(), make_rows(), make_rows(20, seed=1), stopping, Accuracy())
    assert info.value.code == 143
    model = Classifier(seed=5)  # whatever it begins with
    history = fit(model, make_rows(), make_rows(20, seed=1), settings(tmp_path), Accuracy())
    assert (bits(model), timeless(history)) == plain()


def test_sigterm_without_a_folder_just_exits(capsys):
    stopping = settings("", checkpoint_dir=None, verbose=1, callbacks=[StopAt(1, signal.SIGTERM)])
    with pytest.raises(SystemExit):
        fit(Classifier(), make_rows(), make_rows(20, seed=1), stopping, Accuracy())
    assert "terminated.\n" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path):
    stopping = settings(tmp_path, callbacks=[StopAt(2, signal.SIGINT)])
    first = fit(Classifier(), make_rows(), make_rows(20, seed=1), stopping, Accuracy())
    assert first.interrupted
    model = Classifier()
    history = fit(model, make_rows(), make_rows(20, seed=1), settings(tmp_path), Accuracy())
    assert (bits(model), timeless(history)) == plain()


class Falling(Accuracy):
    """A metric that falls by one after each epoch, from the first that is given."""

    def __init__(self, first):
        self.scores = itertools.count(first, -1)

    def evaluate(self, model, examples):
        return float(next(self.scores))


def test_a_rate_that_was_halved_stays_so_in_the_resumed_run(tmp_path):
    plateau = {"schedule": "plateau", "patience": 4, "learning_rate": 0.02}  # halved after each epoch that is not better
    whole, first, second = Classifier(), Classifier(), Classifier()
    expected = fit(whole, make_rows(), make_rows(20, seed=1), settings("", checkpoint_dir=None, **plateau), Falling(0))
    rates = [row["learning_rate"] for row in expected.rows]
    assert rates == pytest.approx([0.02, 0.02, 0.01, 0.005])
    stopping = settings(tmp_path, callbacks=[StopAt(3, signal.SIGINT)], **plateau)
    assert fit(first, make_rows(), make_rows(20, seed=1), stopping, Falling(0)).interrupted
    again = fit(second, make_rows(), make_rows(20, seed=1), settings(tmp_path, **plateau), Falling(-3))
    assert [row["learning_rate"] for row in again.rows] == rates
    assert (bits(second), timeless(again)) == (bits(whole), timeless(expected))


def test_a_finished_run_comes_back_at_once(tmp_path):
    first, second = Classifier(), Classifier(seed=3)
    done = fit(first, make_rows(), None, settings(tmp_path))
    again = fit(second, make_rows(), None, settings(tmp_path, verbose=0))
    assert bits(first) == bits(second)
    assert again == done


@pytest.mark.parametrize(
    ("model", "rows", "more"),
    [
        ({}, {"seed": 9}, {}),
        ({"hidden_size": 3}, {}, {}),
        ({}, {}, {"learning_rate": 0.5}),
        ({}, {}, {"random_state": 7}),
    ],
)
def test_runs_of_other_data_networks_and_settings_share_a_folder(tmp_path, model, rows, more):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(Classifier(), make_rows(), None, settings(tmp_path))
        second, alone = Classifier(**model), Classifier(**model)
        history = fit(second, make_rows(**rows), None, settings(tmp_path, **more))
    expected = fit(alone, make_rows(**rows), None, settings("unused", **{"checkpoint_dir": None, **more}))
    assert (bits(second), timeless(history)) == (bits(alone), timeless(expected))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_that_begins_beside_an_unfinished_one_of_other_settings_warns_with_the_differences(tmp_path):
    with pytest.raises(SystemExit):
        fit(Classifier(), make_rows(), None, settings(tmp_path, callbacks=[StopAt(2, signal.SIGTERM)]))
    with pytest.warns(ElmanWarning, match=r"run-\w+ holds an unfinished run with other settings: learning_rate was 0\.002, is now 0\.5"):
        fit(Classifier(), make_rows(), None, settings(tmp_path, learning_rate=0.5))
    for model, rows in ((Classifier(hidden_size=3), make_rows()), (Classifier(), make_rows(seed=9))):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(model, rows, None, settings(tmp_path))


def test_a_checkpoint_moved_into_the_folder_of_another_run_is_refused(tmp_path):
    fit(Classifier(), make_rows(), None, settings(tmp_path / "a"))
    fit(Classifier(), make_rows(), None, settings(tmp_path / "b", learning_rate=0.5))
    (theirs,), (ours,) = (tmp_path / "a").iterdir(), (tmp_path / "b").iterdir()
    shutil.rmtree(ours)
    theirs.rename(ours)
    with pytest.raises(CheckpointError, match=r"belongs to another run: learning_rate was 0\.002, is now 0\.5"):
        fit(Classifier(), make_rows(), None, settings(tmp_path / "b", learning_rate=0.5))


def test_a_full_disk_does_not_cost_the_training(tmp_path, monkeypatch):
    def refuse(*args):
        raise CheckpointError("could not write: No space left on device.")

    monkeypatch.setattr(Checkpoints, "save", refuse)
    with pytest.warns(ElmanWarning, match="No space left on device. Training goes on without this checkpoint"):
        history = fit(Classifier(), make_rows(), None, settings(tmp_path))
    assert len(history) == 4


def test_nothing_is_written_unless_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(Classifier(), make_rows(), None, settings("", checkpoint_dir=None))
    assert [p.name for p in tmp_path.iterdir()] == []
