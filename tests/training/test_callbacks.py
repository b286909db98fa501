import itertools
import os
import signal
import traceback

import numpy as np
import pytest
import torch
from sklearn.base import clone
from toys import Accuracy, Classifier, Counter, bits, make_rows, timeless

import elman
from elman import Category, Forecaster, LanguageModel, Model, Network, Series, Symbols, Text
from elman.errors import CheckpointError, SettingError
from elman.network.decoders.autoregressive import AutoregressiveDecoder
from elman.training import Callback, TrainingState
from elman.training.hooks import Hooks
from elman.training.loop import fit
from elman.training.settings import Training

TINY = {"verbose": 0, "device": "cpu", "max_epochs": 3, "batch_size": 24}
UP_DOWN = [[0.0, 1.0], [1.0, 0.0]] * 12, ["up", "down"] * 12


def run(callbacks, task=None, validation=True, model=None, **more):
    """Train a toy network on 48 rows, two batches an epoch; return it with its history."""
    model = model or Classifier()
    settings = Training(**{**TINY, "callbacks": callbacks, **more})
    return model, fit(model, make_rows(), make_rows(20, seed=1) if validation else None, settings, task or Accuracy())


class Recorder(Callback):
    """Write down every call."""

    def __init__(self):
        self.calls, self.states = [], []

    def _record(self, hook, state):
        self.calls.append((hook, state.epoch, state.batch, state.step))
        self.states.append((hook, state))

    def on_train_start(self, state):
        self._record("train_start", state)

    def on_epoch_start(self, state):
        self._record("epoch_start", state)

    def on_batch_end(self, state):
        self._record("batch_end", state)

    def on_epoch_end(self, state):
        self._record("epoch_end", state)

    def on_train_end(self, state):
        self._record("train_end", state)


class At:
    """Do something at one hook of one epoch."""

    def __init__(self, epoch, action, hook="on_epoch_end", batch=None):
        self.epoch, self.action, self.batch = epoch, action, batch
        setattr(self, hook, self._act)

    def _act(self, state):
        if state.epoch == self.epoch and self.batch in (None, state.batch):
            return self.action()
        return None


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_hooks_are_called_in_order_with_the_values_of_the_run():
    recorder = Recorder()
    model, history = run([recorder], max_epochs=2)
    assert recorder.calls == [
        ("train_start", 1, 0, 0),
        ("epoch_start", 1, 0, 0), ("batch_end", 1, 1, 1), ("batch_end", 1, 2, 2), ("epoch_end", 1, 2, 2),
        ("epoch_start", 2, 0, 2), ("batch_end", 2, 1, 3), ("batch_end", 2, 2, 4), ("epoch_end", 2, 2, 4),
        ("train_end", 2, 2, 4),
    ]  # fmt: skip
    states = [state for _, state in recorder.states]
    assert all(state.model is model and state.history is history and state.batches == 2 and state.leads for state in states)
    assert all(state.settings.max_epochs == 2 and state.checkpoint is None for state in states)
    rows = [state.row for hook, state in recorder.states if hook == "epoch_end"]
    assert rows == history.rows
    assert all(state.row is None for hook, state in recorder.states if hook != "epoch_end")
    assert [state.share for state in states] == [0, 0, 0.25, 0.5, 0.5, 0.5, 0.75, 1, 1, 1]
    assert [state.loss for hook, state in recorder.states if hook == "epoch_end"] == [row["loss"] for row in rows]
    assert states[0].loss is states[1].loss is None
    assert states[-1].learning_rate == history[-1]["learning_rate"] > 0
    assert all(before.seconds <= after.seconds for before, after in itertools.pairwise(states))


def test_the_state_cannot_be_changed():
    class Vandal:
        def on_epoch_end(self, state: TrainingState):
            with pytest.raises(AttributeError, match="cannot assign to field"):
                state.epoch = 9
            with pytest.raises(TypeError, match="does not support item assignment"):
                state.row["loss"] = 0.0

    _, history = run([Vandal()], max_epochs=1)
    assert history[0]["loss"] > 0


def test_callbacks_change_no_bits():
    plain, watched = run([]), run([Recorder(), At(2, lambda: None)])
    assert bits(plain[0]) == bits(watched[0])
    assert timeless(plain[1]) == timeless(watched[1])


def test_modes_and_weights_of_the_network():
    modes = []

    class Modes:
        def on_epoch_start(self, state):
            modes.append(state.model.training)

        def on_epoch_end(self, state):
            modes.append(state.model.training)

        def on_train_end(self, state):
            modes.append(state.model.training)
            self.weights = bits(state.model)

    callback = Modes()
    model, _ = run([callback], max_epochs=1)
    assert modes == [True, False, False]
    assert callback.weights == bits(model)


def test_all_are_called_though_the_first_asks_to_stop_and_train_end_though_one_raises():
    first, second = At(2, lambda: np.True_), Recorder()
    _, history = run([first, second])
    assert (history.stopped, len(history)) == ("callback", 2)
    assert second.calls[-2:] == [("epoch_end", 2, 2, 4), ("train_end", 2, 2, 4)]
    assert history.best_epoch in (1, 2)

    class Broken:
        def on_train_end(self, state):
            raise LookupError("no such file")

    second = Recorder()
    with pytest.raises(LookupError, match="no such file") as info:
        run([Broken(), second])
    assert second.calls[-1][0] == "train_end"
    assert info.value.history.stopped == "max_epochs"


def test_a_stop_at_the_last_epoch_or_for_another_reason_keeps_that_reason(capsys):
    assert run([At(3, lambda: True)])[1].stopped == "max_epochs"
    assert run([At(1, lambda: True)], verbose=1)[1].stopped == "callback"
    lines = capsys.readouterr().err.splitlines()
    assert [line[:9] for line in lines] == ["epoch 1/3", "stopped b"]
    assert lines[1] == "stopped by a callback; the best weights (epoch 1) are kept."


def test_an_interrupted_epoch_is_ended_too():
    recorder = Recorder()
    _, history = run([At(2, interrupt, hook="on_epoch_start"), recorder])
    assert history.stopped == "interrupted"
    assert recorder.calls[-3:] == [("batch_end", 2, 1, 3), ("epoch_end", 2, 1, 3), ("train_end", 2, 1, 3)]
    assert recorder.states[-2][1].row == history[-1]


@pytest.mark.parametrize("hook", ["on_epoch_start", "on_batch_end", "on_epoch_end"])
def test_a_callback_that_raises_ends_training_with_the_best_weights_and_its_own_traceback(hook):
    class Failed(Exception):
        pass

    def fail():
        raise Failed("my own words")

    model, recorder = Classifier(), Recorder()
    with pytest.raises(Failed, match="^my own words") as info:
        run([At(3, fail, hook=hook), recorder], model=model, max_epochs=5)
    assert str(info.value) == "my own words"
    assert info.value.__cause__ is None
    assert traceback.extract_tb(info.value.__traceback__)[-1].name == "fail"
    assert info.value.__notes__ == [f"This was raised by {hook} of the callback {__name__}.At."]
    history = info.value.history
    best = max(range(len(history)), key=lambda i: (history[i]["metric"], -history[i]["validation_loss"]))
    assert history.best_epoch == best + 1
    assert not model.training
    assert Accuracy().evaluate(model, make_rows(20, seed=1)) == history[best]["metric"]
    assert recorder.calls[-1][0] == "train_end"


def test_an_exception_that_takes_no_attributes_passes_on_too():
    class Slotted(Exception):
        def __setattr__(self, name, value):
            if name in ("history", "__notes__"):
                raise AttributeError(name)
            super().__setattr__(name, value)

    def fail():
        raise Slotted

    with pytest.raises(Slotted):
        run([At(1, fail)])


def test_errors_of_the_network_reach_train_end():
    recorder = Recorder()

    class Broken(Classifier):
        def loss(self, source, target, state=None):
            raise ArithmeticError("broken")

    with pytest.raises(ArithmeticError, match="broken") as info:
        run([recorder], model=Broken())
    assert [call[0] for call in recorder.calls] == ["train_start", "epoch_start", "train_end"]
    assert recorder.states[-1][1].history.stopped == ""
    assert len(info.value.history) == 0


# Checkpoints


def checkpointed(folder, callbacks, **more):
    return run(callbacks, checkpoint_dir=str(folder), checkpoint_every=0, **more)


@pytest.mark.parametrize("hook", ["on_batch_end", "on_epoch_end", "on_epoch_start"])
def test_a_stateful_callback_resumes_to_the_same_bits(tmp_path, hook):
    whole = Counter()
    expected = run([whole], max_epochs=4, batch_size=12)
    batch = 1 if hook == "on_batch_end" else None
    first = checkpointed(tmp_path, [Counter(), At(2, interrupt, hook, batch)], max_epochs=4, batch_size=12)
    assert first[1].interrupted
    resumed = Counter()
    model, history = checkpointed(tmp_path, [resumed], max_epochs=4, batch_size=12, model=Classifier(seed=7))
    assert bits(model) == bits(expected[0])
    assert timeless(history) == timeless(expected[1])
    assert resumed.content() == whole.content()


def test_a_run_that_resumes_inside_an_epoch_calls_its_start_again(tmp_path):
    checkpointed(tmp_path, [At(2, interrupt, "on_batch_end", 1)], batch_size=12)
    recorder = Recorder()
    checkpointed(tmp_path, [recorder], batch_size=12)
    position = recorder.calls[0][2]
    assert 0 < position < 4
    assert [call[:3] for call in recorder.calls[:3]] == [
        ("train_start", 2, position),
        ("epoch_start", 2, position),
        ("batch_end", 2, position + 1),
    ]
    assert recorder.states[0][1].checkpoint.startswith("checkpoint-")


def test_a_stop_is_in_the_checkpoint_and_a_finished_run_calls_only_its_ends(tmp_path, capsys):
    stopped = checkpointed(tmp_path, [At(2, lambda: True)])
    recorder = Recorder()
    model, history = checkpointed(tmp_path, [recorder], model=Classifier(seed=9), verbose=1)
    assert history == stopped[1]
    assert bits(model) == bits(stopped[0])
    assert [call[:3] for call in recorder.calls] == [("train_start", 2, 2), ("train_end", 2, 2)]
    assert len(capsys.readouterr().err.splitlines()) == 1  # "going on from …"


def test_stateless_callbacks_may_come_and_go_but_stateful_ones_belong_to_the_run(tmp_path):
    checkpointed(tmp_path, [Counter()])
    checkpointed(tmp_path, [Recorder(), Counter()])
    assert len(list(tmp_path.iterdir())) == 1
    recorder = Recorder()
    checkpointed(tmp_path, [recorder])
    assert recorder.calls[0][:3] == ("train_start", 1, 0)  # from its beginning
    assert len(list(tmp_path.iterdir())) == 2


class Stored:
    def __init__(self, state):
        self.state = state

    def on_batch_end(self, state):
        pass

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state = state


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ([1], "it is list, expected a dict with text keys"),
        ({1: 2}, "it is dict, expected a dict with text keys"),
        ({"best": float("inf")}, "Out of range float values are not JSON compliant"),
        ({"seen": {1, 2}}, "Object of type set is not JSON serializable"),
        ({"pair": (1, 2)}, r"pair=\(1, 2\) does not come back from JSON as it is"),
        ({"w": torch.tensor([float("nan")])}, "tensor 'w' holds NaN or infinity"),
        ({"w": torch.zeros(1, dtype=torch.complex64)}, "tensor 'w' has type torch.complex64"),
        ({"a/b": torch.zeros(1)}, "tensor name 'a/b' is not allowed"),
        ({"inside": {"w": torch.zeros(1)}}, "Object of type Tensor is not JSON serializable"),
    ],
)
def test_a_state_that_cannot_be_stored_is_refused_before_training(tmp_path, state, reason):
    message = rf"the state of the callback \S*test_callbacks\.Stored cannot be stored: {reason}.* Return a dict of finite tensors"
    recorder = Recorder()
    with pytest.raises(CheckpointError, match=message):
        checkpointed(tmp_path, [Stored(state), recorder])
    assert [call[0] for call in recorder.calls] == ["train_start", "train_end"]
    assert len(run([Stored(state)])[1]) == 3  # nothing is stored without a folder


def test_a_state_that_becomes_bad_ends_training_with_the_best_weights(tmp_path):
    stored = Stored({"best": 1.0})
    with pytest.raises(CheckpointError, match=r"Stored cannot be stored") as info:
        checkpointed(tmp_path, [stored, At(2, lambda: stored.state.update(best=float("nan")))])
    assert len(info.value.history) == 2


def test_states_are_copies():
    weights = torch.ones(2)
    hooks = Hooks([], [stored := Stored({"w": weights, "rows": [1]}), Stored({"n.x": 2})])
    states = hooks.states()
    weights += 1
    stored.state["rows"].append(2)
    hooks.load(states)
    assert stored.state["w"].tolist() == [1, 1]
    assert stored.state["rows"] == [1]
    assert hooks.states()["1.n.x"] == 2


# Settings


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (Recorder(), r"callbacks must be a list of objects; got <.*Recorder.*>\. Write callbacks=\[…\]"),
        ("abc", r"callbacks must be a list of objects; got 'abc'"),
        ([Recorder], r"callbacks\[0\] is the class \S*test_callbacks\.Recorder; expected an object\. Write Recorder\(…\)"),
        (
            [Recorder(), len],
            r"callbacks\[1\], builtins\.builtin_function_or_method, has none of the methods on_train_start, ",
        ),
        (["mine.Recorder"], r"callbacks\[0\] is only the name 'mine\.Recorder': a model file holds no code\. Give the object again"),
    ],
)
def test_entries_that_cannot_be_called_are_refused(callbacks, message):
    with pytest.raises(SettingError, match=message):
        run(callbacks)


def test_misspelt_hooks_and_half_states_are_refused():
    class Misspelt:
        def on_epoch_ends(self, state):
            pass

    class Half:
        def on_epoch_end(self, state):
            pass

        def state_dict(self):
            return {}

    with pytest.raises(SettingError, match=r"Misspelt, has none of the methods .*\. Did you mean 'on_epoch_end'\?"):
        run([Misspelt()])
    with pytest.raises(SettingError, match="Half, must have both state_dict and load_state_dict, or neither"):
        run([Half()])


def test_clones_share_the_callbacks():
    recorder = Recorder()
    training = Training(**TINY, callbacks=[recorder])
    twin = clone(training)
    assert twin is not training
    assert twin == training
    assert twin.set_params(max_epochs=1).callbacks[0] is recorder
    assert training.max_epochs == 3
    model = Model(Series(), Category(), training=training)
    copy = clone(model)
    assert copy.training is not training
    assert copy.get_params()["training__callbacks"] == [recorder]
    copy.set_params(training__callbacks=[])
    assert model.training.callbacks == [recorder]
    assert f"callbacks=[<{__name__}.Recorder" in repr(training)


def test_a_model_file_holds_names_and_predicts_without_the_callbacks(tmp_path):
    x, y = UP_DOWN
    recorder = Recorder()
    model = Model(Series(), Category(), training=Training(**TINY, callbacks=[recorder])).fit(x, y)
    model.save(tmp_path / "a.elman")
    loaded = elman.load(tmp_path / "a.elman")
    assert list(loaded.predict(x)) == list(model.predict(x))
    assert loaded.get_params()["training__callbacks"] == [f"{__name__}.Recorder"]
    loaded.save(tmp_path / "b.elman")
    for again in (loaded, elman.load(tmp_path / "b.elman"), clone(loaded)):
        with pytest.raises(SettingError, match=r"only the name '\S*test_callbacks\.Recorder'.*set_params\(training__callbacks=\[…\]\)"):
            again.fit(x, y)
    calls = len(recorder.calls)
    loaded.set_params(training__callbacks=[recorder]).fit(x, y)
    assert len(recorder.calls) == 2 * calls
    assert Model(Series(), Category(), training=Training(**TINY)).fit(x, y).training.callbacks == ()


def test_a_model_file_without_callbacks_has_no_word_of_them(tmp_path):
    x, y = UP_DOWN
    Model(Series(), Category(), training=Training(**TINY)).fit(x, y).save(tmp_path / "a.elman")
    assert b"callbacks" not in (tmp_path / "a.elman").read_bytes()
    assert elman.load(tmp_path / "a.elman").training.callbacks == ()


# Estimators


def starts(recorder):
    return sum(call[0] == "train_start" for call in recorder.calls)


def test_members_of_an_ensemble_share_the_callbacks():
    recorder, (x, y) = Recorder(), UP_DOWN
    network = Network(hidden_size=4, members=2)
    model = Model(Series(), Category(), network=network, training=Training(**TINY, callbacks=[recorder, At(2, lambda: True)])).fit(x, y)
    assert starts(recorder) == 2
    assert max(epoch for _, epoch, _, _ in recorder.calls) == 2
    assert model.history_.stopped == "callback"


def test_language_models_and_forecasters_call_them():
    for fitted in (
        lambda training: LanguageModel(Text("char"), training=training).fit(["abcabc"] * 30),
        lambda training: LanguageModel(Text("char"), training=training.set_params(tbptt_length=8)).fit("abcabc" * 60),
        lambda training: Forecaster(3, training=training).fit(np.sin(np.arange(80) / 3)),
    ):
        recorder = Recorder()
        model = fitted(Training(**{**TINY, "max_epochs": 2, "callbacks": [recorder]}))
        ends = [state.row for hook, state in recorder.states if hook == "epoch_end"]
        assert ends[: len(model.history_)] == model.history_.rows
        assert starts(recorder) >= 1


def test_teacher_forcing_falls_in_a_line_over_the_epochs():
    forcing = []

    class Watch:
        def on_epoch_start(self, state):
            assert isinstance(state.model.decoder, AutoregressiveDecoder)
            forcing.append(state.model.decoder.teacher_forcing)

    network = Network(hidden_size=4, teacher_forcing_ratio=0.5)
    rows = [list("abc"), list("cab"), list("bca"), list("acb")] * 6
    training = Training(**{**TINY, "max_epochs": 5, "callbacks": [Watch()]})
    Model(Symbols(), Symbols(), align="attention", network=network, training=training).fit(rows, [row[::-1] for row in rows])
    assert forcing == [1.0, 0.875, 0.75, 0.625, 0.5]
