import pytest

from elman.errors import SettingError
from elman.training.resolve import resolve
from elman.training.settings import Training, seconds


@pytest.mark.parametrize(
    ("rows", "batch", "epochs"), [(270, 16, 100), (1500, 32, 60), (5000, 64, 40), (40_000, 128, 20), (3_000_000, 128, 3)]
)
def test_small_data_gets_small_batches_and_many_epochs(rows, batch, epochs):
    found = resolve(Training(), rows, 20.0)
    assert (found.batch_size, found.max_epochs) == (batch, epochs)
    assert found.total_steps == epochs * -(-rows // batch)


def test_every_decision_has_its_reason_and_what_was_given_stays():
    found = resolve(Training(), 270, 16.0)
    decided = {line.split("=")[0] for line in found.reasons}
    tuned = {"batch_size", "batch_tokens", "max_epochs", "learning_rate", "schedule", "weight_decay", "patience"}
    assert decided == tuned | {"validation_fraction", "average_weights"}
    given = Training(
        batch_size=3, batch_tokens=50, max_epochs=2, learning_rate=0.5, schedule="constant", weight_decay=0.0, patience=1,
        validation_fraction=0.0, average_weights=0.0, budget="2min", checkpoint_every="1h",
    )  # fmt: skip
    found = resolve(given, 270, 16.0)
    assert found.reasons == []
    assert (found.batch_size, found.learning_rate, found.budget, found.checkpoint_every) == (3, 0.5, 120.0, 3600.0)


def test_the_rate_falls_with_size_and_long_rows_fit():
    assert resolve(Training(), 100, 5.0, parameters=10_000).learning_rate == 0.002
    assert resolve(Training(), 100, 5.0, parameters=16_000_000).learning_rate == 0.001
    assert resolve(Training(), 100, 5.0, longest=10**6).batch_tokens == 10**6


@pytest.mark.parametrize(("rows", "held"), [(5, 0), (100, 20), (1000, 150), (10_000, 1000), (1_000_000, 5000)])
def test_held_out_rows(rows, held):
    assert round(resolve(Training(), rows, 5.0).validation_fraction * rows) == held


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_epochs": 0}, "max_epochs must be a whole number from 1 to inf, or 'auto'; got 0"),
        ({"max_epochs": 2.5}, "max_epochs must be a whole number"),
        ({"max_epochs": True}, "max_epochs must be a whole number"),
        ({"learning_rate": -1}, "learning_rate must be a number from 1e-12 to 1000, or 'auto'; got -1"),
        ({"learning_rate": "fast"}, "learning_rate must be a number"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"gradient_accumulation": "auto"}, "gradient_accumulation must be a whole number from 1 to inf; got 'auto'"),
        ({"validation_fraction": 1.0}, "validation_fraction must be a number from 0 to 0.95"),
        ({"tbptt_length": 0}, "tbptt_length must be"),
        ({"schedule": "cosin"}, r"schedule must be one of .* got 'cosin'\. Did you mean 'cosine'\?"),
        ({"precision": "float16"}, "precision must be one of"),
        ({"budget": "soon"}, "budget must be a time like '90s'"),
        ({"checkpoint_every": "3 weeks"}, "checkpoint_every must be a time like"),
        ({"device": "warp"}, "device must be 'auto', 'cpu', 'cuda'"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        resolve(Training(**settings), 100, 5.0)


def test_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SettingError, match="torch sees no GPU here"):
        resolve(Training(device="cuda"), 100, 5.0)
    assert resolve(Training(), 100, 5.0).device == "cpu"


def test_times():
    assert [seconds(t) for t in ("90s", "1.5 min", "2H", 7, "3")] == [90, 90, 7200, 7, 3]


@pytest.mark.parametrize(("given", "readers", "found"), [("auto", 0, 0), ("auto", 1, 1), ("auto", 2, 2), (0, 2, 0), (3, 0, 3)])
def test_threads_read_ahead_where_there_is_something_to_read(given, readers, found):
    resolved = resolve(Training(num_workers=given), 100, 10.0, readers=readers)
    assert resolved.num_workers == found
    assert any("ahead of the network" in reason for reason in resolved.reasons) == (given == "auto" and readers > 0)
