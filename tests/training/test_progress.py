import io
from types import SimpleNamespace

import pytest
from toys import Accuracy, Classifier, make_rows

from elman.training import progress as progress_module
from elman.training.callback import TrainingState
from elman.training.history import History
from elman.training.loop import fit
from elman.training.progress import Progress
from elman.training.settings import Training

ROW = {"epoch": 2, "loss": 0.51234, "validation_loss": 0.6, "metric": 0.8, "best": False}


def state(**values):
    """State of a run of 3 epochs that is 160 seconds old at the end of its second."""
    usual = {"model": None, "settings": SimpleNamespace(max_epochs=3, budget=None, checkpoint_dir=None), "history": History(), "epoch": 2}
    usual |= {"batch": 0, "batches": 10, "step": 0, "loss": None, "learning_rate": 0.1, "seconds": 160.0, "row": None}
    return TrainingState(**{**usual, "checkpoint": None, "leads": True, **values})


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_go_to_the_error_stream(capsys):
    fit(Classifier(), make_rows(), make_rows(20, seed=1), Training(max_epochs=2, device="cpu"), Accuracy())
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 2
    assert all(
        word in lines[0] for word in ("epoch 1/2", "loss 0.", "validation 0.", "accuracy 0.", "(baseline 0.5)", "steps/s", "left", "* best")
    )
    assert "left" not in lines[1]


def test_verbose_0_is_silent(capsys):
    fit(Classifier(), make_rows(), make_rows(20, seed=1), Training(max_epochs=2, device="cpu", verbose=0), Accuracy())
    assert capsys.readouterr() == ("", "")


def test_a_line_without_validation_and_metric():
    quiet = Progress(verbose=0, max_epochs=10, metric="", baseline=None)
    assert quiet.line({"epoch": 2, "loss": 0.5, "validation_loss": None}, 1234.5, None) == "epoch  2/10  loss 0.5  1.23e+03 steps/s"


@pytest.mark.parametrize("plain", [True, False])
def test_a_terminal_gets_a_bar_and_colour_only_where_wanted(monkeypatch, plain):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if plain:
        monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    progress = Progress(verbose=1, max_epochs=3, metric="accuracy", baseline=None, stream=stream)
    clock = iter(range(100))
    monkeypatch.setattr(progress_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    progress.on_epoch_start(state(batch=4))
    progress.on_batch_end(state(batch=5, step=7))
    progress.on_batch_end(state(batch=6, step=21))
    progress.on_epoch_end(state(batch=6, step=21, row=ROW))
    progress.close()
    text = stream.getvalue()
    assert "epoch 2/3" in text
    assert "5/10" in text
    assert "accuracy 0.8  7 steps/s  1m20s left" in text
    assert ("\x1b[38" in text or "\x1b[3" in text) != plain


def test_a_dumb_terminal_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    progress = Progress(verbose=1, max_epochs=3, metric="", baseline=None, stream=stream)
    progress.on_epoch_start(state(epoch=1))
    progress.on_batch_end(state(epoch=1, batch=1))
    progress.say("hello")
    progress.close()
    assert stream.getvalue() == "hello\n"
