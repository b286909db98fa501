import os
import signal
import threading
import time
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn
from toys import Accuracy, Classifier, Loss, bits, make_rows, timeless

from elman.errors import SettingError, TrainingError
from elman.training.examples import Examples
from elman.training.loop import fit
from elman.training.settings import Training

QUIET = {"verbose": 0, "device": "cpu"}


def test_a_first_call_with_no_settings_learns():
    model = Classifier(hidden_size=16)
    history = fit(model, make_rows(150), make_rows(60, seed=1), Training(verbose=0), Accuracy())
    assert max(row["metric"] for row in history.rows) >= 0.9
    assert history.rows[history.best_epoch - 1]["best"]
    assert Accuracy().evaluate(model, make_rows(60, seed=1)) == max(row["metric"] for row in history.rows)
    assert history.stopped in ("patience", "max_epochs")


def test_same_seed_same_bits_whatever_is_shown_or_saved(tmp_path):
    results = []
    for extra in ({}, {"verbose": 1}, {"checkpoint_dir": str(tmp_path), "checkpoint_every": 0}):
        model = Classifier()
        history = fit(model, make_rows(), make_rows(20, seed=1), Training(**{**QUIET, "max_epochs": 3, **extra}), Accuracy())
        results.append((bits(model), timeless(history)))
    assert results[0] == results[1] == results[2]
    other = Classifier()
    fit(other, make_rows(), make_rows(20, seed=1), Training(**QUIET, max_epochs=3, random_state=1), Accuracy())
    assert bits(other) != results[0][0]


def test_the_users_own_random_numbers_are_not_disturbed():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(Classifier(), make_rows(), None, Training(**QUIET, max_epochs=1))
    assert torch.equal(torch.rand(3), expected)


def test_one_step_equals_the_hand_written_one():
    rows, ours, theirs = make_rows(10), Classifier(dropout=0), Classifier(dropout=0)
    settings = Training(
        **QUIET, max_epochs=1, batch_size=10, max_grad_norm=0, weight_decay=0.1, average_weights=0, schedule="constant", learning_rate=0.01
    )
    fit(ours, rows, None, settings)
    matrices, vectors = [[p for p in theirs.parameters() if (p.dim() > 1) == big] for big in (True, False)]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0}], lr=0.01)
    loss = theirs.loss(*rows.collate(np.arange(10)))
    (loss.total / loss.units).backward()
    optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_accumulated_batches_equal_one_large_batch():
    fixed = {**QUIET, "max_epochs": 2, "average_weights": 0, "learning_rate": 0.01, "schedule": "constant"}
    large, small = Classifier(dropout=0), Classifier(dropout=0)
    fit(large, make_rows(), None, Training(**fixed, batch_size=48))
    fit(small, make_rows(), None, Training(**fixed, batch_size=12, gradient_accumulation=4))
    for a, b in zip(large.parameters(), small.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_bfloat16_learns():
    model = Classifier(hidden_size=16)
    fit(model, make_rows(150), make_rows(60, seed=1), Training(**QUIET, precision="bfloat16", max_epochs=40), Accuracy())
    assert Accuracy().evaluate(model, make_rows(60, seed=1)) >= 0.85


def test_patience_stops_and_the_best_epoch_is_kept():
    class Worse(Accuracy):
        def __init__(self):
            self.scores = iter([0.3, 0.9, 0.5, 0.4, 0.3, 0.2, 0.1])

        def evaluate(self, model, examples):
            return next(self.scores)

    weights = []

    class Watching:
        def on_epoch_end(self, state):
            weights.append(state.row)

    settings = Training(**QUIET, max_epochs=7, patience=2, learning_rate=1.0, average_weights=0, callbacks=[Watching()])
    history = fit(Classifier(), make_rows(), make_rows(20, seed=1), settings, Worse())
    assert history.best_epoch == 2
    assert history.stopped == "patience" or len(history) == 7
    assert [row["best"] for row in history.rows][:3] == [True, True, False]
    assert weights == history.rows


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_patience_is_the_number_of_epochs_in_a_row_without_a_better_one(patience):
    class Worse(Accuracy):
        def evaluate(self, model, examples):
            model.epochs = getattr(model, "epochs", 0) + 1
            return [0.3, 0.9][model.epochs - 1] if model.epochs < 3 else 0.5

    class Rising(Classifier):
        epochs = 0

        def loss(self, source, target, state=None):
            found = super().loss(source, target)
            return found if self.training else Loss(found.total * 0 + self.epochs * found.units, found.units)

    history = fit(Rising(), make_rows(), make_rows(20, seed=1), Training(**QUIET, max_epochs=20, patience=patience), Worse())
    assert (history.stopped, history.best_epoch, len(history)) == ("patience", 2, 2 + patience)


def test_each_epoch_reads_every_row_once_in_batches_of_its_own():
    examples, batches = make_rows(), []
    collate = examples.collate
    examples.collate = lambda rows: batches.append(sorted(rows)) or collate(rows)
    fit(Classifier(), examples, None, Training(**QUIET, max_epochs=3, batch_size=12))
    epochs = [batches[4 * epoch : 4 * epoch + 4] for epoch in range(3)]
    assert all(sorted(row for batch in epoch for row in batch) == list(range(48)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_validation_and_the_weights_that_stay_are_running_averages():
    class Watching:
        """The average by its definition, from the weights after each step."""

        def __init__(self):
            self.steps, self.average, self.kept = 0, None, []

        def on_train_start(self, state):
            self.average = [p.detach().clone() for p in state.model.parameters()]

        def on_batch_end(self, state):
            self.steps += 1
            decay = min(0.9, (1 + self.steps) / (10 + self.steps))
            self.average = [decay * a + (1 - decay) * p.detach() for a, p in zip(self.average, state.model.parameters(), strict=True)]

        def on_epoch_end(self, state):
            self.kept.append(self.average)

    class Seen(Accuracy):
        weights: ClassVar = []

        def evaluate(self, model, examples):
            self.weights.append([p.detach().clone() for p in model.parameters()])
            return [0.1, 0.9, 0.5][len(self.weights) - 1]

    watching, model = Watching(), Classifier()
    settings = Training(**QUIET, max_epochs=3, batch_size=12, learning_rate=0.05, average_weights=0.9, callbacks=[watching])
    history = fit(model, make_rows(), make_rows(20, seed=1), settings, Seen())
    assert (history.best_epoch, watching.steps) == (2, 12)
    for seen, average in zip(Seen.weights, watching.kept, strict=True):
        torch.testing.assert_close(seen, average)
    torch.testing.assert_close([p.detach() for p in model.parameters()], watching.kept[1])


class Poisoned(Classifier):
    """Gives NaN from some call on."""

    def __init__(self, at):
        super().__init__()
        self.calls, self.at = 0, at

    def loss(self, source, target, state=None):
        found = super().loss(source, target)
        self.calls += self.training
        return Loss(found.total * float("nan"), found.units) if self.calls > self.at else found


def test_nan_stops_with_advice_and_keeps_the_best():
    model = Poisoned(at=7)  # two epochs of three batches are good
    with pytest.raises(
        TrainingError,
        match=r"not finite any more \(epoch 3, step 8\)\. The model keeps its best weights, those of epoch \d\. Try learning_rate=",
    ) as info:
        fit(model, make_rows(), make_rows(20, seed=1), Training(**QUIET, batch_size=16, max_epochs=5), Accuracy())
    assert len(info.value.history) == 2
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_nan_in_the_first_epoch_says_that_nothing_was_finished():
    with pytest.raises(TrainingError, match=r"epoch 1, step 1\)\. No epoch was finished before"):
        fit(Poisoned(at=0), make_rows(), None, Training(**QUIET, max_epochs=2))


def test_a_gradient_that_is_not_finite_stops_before_the_weights_are_touched():
    class Sharp(Classifier):
        def loss(self, source, target, state=None):
            found = super().loss(source, target)
            return Loss(found.total + (self.head.bias * 0).abs().sqrt().sum(), found.units)

    model = Sharp()
    before = bits(model)
    with pytest.raises(TrainingError, match="the gradient is not finite any more"):
        fit(model, make_rows(), None, Training(**QUIET, max_epochs=1))
    assert bits(model) == before


def test_divergence_stops():
    class Growing(Classifier):
        calls = 0

        def loss(self, source, target, state=None):
            found = super().loss(source, target)
            Growing.calls += 1
            return Loss(found.total * 3.0**Growing.calls, found.units)

    with pytest.raises(TrainingError, match="the loss diverges: it began at"):
        fit(Growing(), make_rows(), None, Training(**QUIET, max_epochs=9, batch_size=16))


def test_nothing_to_learn_from():
    with pytest.raises(TrainingError, match="there are no rows to learn from"):
        fit(Classifier(), make_rows().subset([]), None)
    frozen = Classifier().requires_grad_(False)
    with pytest.raises(TrainingError, match="no weights that can learn"):
        fit(frozen, make_rows(), None)

    class Mute(Classifier):
        def loss(self, source, target, state=None):
            return Loss(super().loss(source, target).total * 0, 0)

    with pytest.raises(TrainingError, match="no row of the training part has anything to learn from"):
        fit(Mute(), make_rows(), None, Training(**QUIET, max_epochs=1))


def test_budget_ends_training_and_keeps_the_best():
    started = time.monotonic()
    history = fit(
        Classifier(), make_rows(), make_rows(20, seed=1), Training(**QUIET, budget=0.4, max_epochs=100_000, patience=100_000), Accuracy()
    )
    assert history.stopped == "budget"
    assert time.monotonic() - started < 5
    assert history.best_epoch is not None


class Interrupting:
    def __init__(self, at, how):
        self.at, self.how = at, how

    def on_epoch_end(self, state):
        if state.row["epoch"] == self.at:
            self.how()


def test_ctrl_c_keeps_the_best_so_far():
    callback = Interrupting(2, lambda: os.kill(os.getpid(), signal.SIGINT))
    settings = Training(**QUIET, max_epochs=50, callbacks=[callback])
    history = fit(Classifier(), make_rows(), make_rows(20, seed=1), settings, Accuracy())
    assert history.interrupted
    assert len(history) == 3  # two epochs, and what was done of the third
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_twice_stops_at_once_with_the_best():
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    settings = Training(**QUIET, max_epochs=50, callbacks=[Interrupting(2, twice)])
    history = fit(Classifier(), make_rows(), make_rows(20, seed=1), settings, Accuracy())
    assert (history.stopped, len(history)) == ("interrupted", 2)


def test_a_thread_trains_without_signal_handlers():
    found = []
    thread = threading.Thread(target=lambda: found.append(fit(Classifier(), make_rows(), None, Training(**QUIET, max_epochs=1))))
    thread.start()
    thread.join()
    assert found[0].stopped == "max_epochs"


class Remembering(nn.Module):
    """Adds up what it has read; the sum is carried from chunk to chunk."""

    carries_state = True

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))
        self.seen = []

    def loss(self, source, target, state=None):
        total = (0 if state is None else state) + target.data.sum() * self.w.sum()
        self.seen.append((len(target.data), float(self.w.detach())))
        return Loss((total - 1) ** 2 * len(target.data), len(target.data), total)

    def losses(self, source, target, length):
        state = None
        for piece in target.chunks(length):
            found = self.loss(None, piece, state)
            state = found.state.detach()
            yield found


class Cut:
    """A batch that can be cut, as Ragged."""

    def __init__(self, data):
        self.data = data

    def chunks(self, length):
        return [Cut(part) for part in self.data.split(length)]


def test_truncated_backpropagation_steps_once_a_chunk():
    rows = Examples(None, [np.ones(5)], collate=lambda values, space, rank: Cut(torch.as_tensor(values[0])))
    model = Remembering()
    history = fit(model, rows, None, Training(**QUIET, max_epochs=1, tbptt_length=2, learning_rate=0.1, schedule="constant"))
    assert [count for count, _ in model.seen] == [2, 2, 1]
    weights = [weight for _, weight in model.seen]
    assert weights[0] == 0 < weights[1] < weights[2]
    assert history[0]["step"] == 3


def test_truncation_needs_a_network_that_carries_its_state():
    with pytest.raises(SettingError, match="tbptt_length works where there is a target for every step"):
        fit(Classifier(), make_rows(), None, Training(**QUIET, tbptt_length=2))


def test_plateau_halves_the_rate():
    class Flat(Accuracy):
        def evaluate(self, model, examples):
            return 0.5

    settings = Training(**QUIET, max_epochs=12, patience=12, schedule="plateau", learning_rate=1e-9)
    history = fit(Classifier(), make_rows(), make_rows(20, seed=1), settings, Flat())
    assert history.rows[-1]["learning_rate"] <= 1e-9


def test_workers_change_nothing():
    results = []
    for workers in (0, 1):
        model = Classifier()
        fit(model, make_rows(), None, Training(**QUIET, max_epochs=1, num_workers=workers))
        results.append(bits(model))
    assert results[0] == results[1]


class Listening(Classifier):
    """A network with a hook, as scheduled teacher forcing needs."""

    def on_epoch_start(self, state) -> None:
        assert state.model is self
        assert self.training
        self.shares = [*getattr(self, "shares", []), (state.epoch - 1) / max(state.settings.max_epochs - 1, 1)]


@pytest.mark.parametrize(("epochs", "expected"), [(5, [0.0, 0.25, 0.5, 0.75, 1.0]), (1, [0.0])])
def test_hooks_of_the_network_are_called_before_each_epoch(epochs, expected):
    model = Listening()
    fit(model, make_rows(20), None, Training(**QUIET, max_epochs=epochs), Accuracy())
    assert model.shares == expected
