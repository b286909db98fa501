import json

import numpy as np
import pytest
import torch

from elman.codecs import Binary, Continuous, Discrete, Pixels, Product
from elman.errors import DataError, SettingError
from elman.network import Network, Plan, Sizes, build, collate, plan
from elman.network.planning.side import Side, space_from_config

TEXT, CLASS, SERIES = Side("many", Discrete(9)), Side("one", Discrete(3)), Side("many", Continuous(2))
PARTS = Side(
    "many", Product({"xy": Continuous(2), "pen": Binary(1), "page": Pixels(1, 8, 8)}, {"xy": "many", "pen": "many", "page": "one"})
)
PAIRS = [(None, TEXT), (TEXT, CLASS), (SERIES, TEXT), (TEXT, TEXT), (PARTS, CLASS), (Side("one", Pixels(1, 8, 8)), TEXT)]
SIZES = Sizes(rows=100, source_mean=5, source_max=9, target_mean=4, target_max=6)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_plan_survives_json_and_builds_the_same_network(source, target) -> None:
    made = plan(source, target, examples=SIZES)
    again = Plan.from_config(json.loads(json.dumps(made.config())))
    assert again == made
    first, second = build(made), build(again)
    assert {n: p.shape for n, p in first.state_dict().items()} == {n: p.shape for n, p in second.state_dict().items()}
    assert made.parameters == sum(p.numel() for p in first.parameters())


def test_the_table_names_what_was_inferred_and_why() -> None:
    shown = str(plan(SERIES, CLASS, Network(cell="lstm"), examples=SIZES))
    assert "many-to-one" in shown
    assert "a sequence in, one answer out" in shown
    assert next(line for line in shown.splitlines() if line.startswith("cell")).split() == ["cell", "lstm", "as", "set"]
    assert "parameters" in shown


def test_weights_start_orthogonal_with_an_open_forget_gate() -> None:
    model = build(plan(TEXT, CLASS, Network(cell="lstm", hidden_size=8), examples=SIZES))
    layer = model.encoder.layers
    for gate in layer.weight_hh_l0.split(8):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)
    torch.testing.assert_close((layer.bias_ih_l0 + layer.bias_hh_l0)[8:16], torch.ones(8))


def test_a_language_model_with_a_large_vocabulary_ties_its_weights() -> None:
    model = build(plan(None, Side("many", Discrete(2000)), examples=SIZES))
    assert model.plan.tie_weights
    assert model.decoder.head.output.linear.weight is model.decoder.feedback.symbols.weight


def test_balanced_class_weights() -> None:
    sizes = Sizes(rows=4, class_counts=(3, 1, 0))
    assert plan(TEXT, CLASS, Network(class_weight="balanced"), examples=sizes).class_weights == (4 / 6, 2.0, 0.0)


def test_sizes_are_measured() -> None:
    rows, targets = [np.array([1, 2, 3]), np.array([1])], [np.array([2, 2]), np.array([], dtype=np.int64)]
    sizes = Sizes.measure(TEXT, TEXT, rows, targets)
    assert (sizes.rows, sizes.source_mean, sizes.source_max, sizes.target_max) == (2, 2.0, 3, 2)
    assert sizes.monotone_share == 1.0
    assert Sizes.measure(TEXT, TEXT, [np.array([1, 2])], [np.array([2, 2])]).monotone_share == 0.0
    assert Sizes.measure(TEXT, TEXT, rows, rows).equal_lengths
    with pytest.raises(DataError, match="source has 2 rows and target 1"):
        Sizes.measure(TEXT, TEXT, rows, targets[:1])
    with pytest.raises(DataError, match="no rows"):
        Sizes.measure(None, TEXT, None, [])


@pytest.mark.parametrize(
    ("settings", "source", "message"),
    [
        ({"pooling": "median"}, TEXT, "pooling must be one of"),
        ({"hidden_size": 0}, TEXT, "hidden_size must be a whole number"),
        ({"hidden_size": 2.5}, TEXT, "hidden_size must be a whole number"),
        ({"dropout": 1.0}, TEXT, "dropout must be in"),
        ({"input_feeding": True}, TEXT, "input_feeding needs attention"),
        ({"time_stride": 2}, TEXT, "time_stride > 1 needs stem='conv'"),
        ({"time_stride": 3, "stem": "conv2d"}, TEXT, r"time_stride must be one of \(1, 2, 4\) for stem='conv2d'; got 3"),
        ({"tie_weights": True}, TEXT, "tie_weights=True is for sequences of symbols"),
        ({"class_weight": "some"}, TEXT, "class_weight must be"),
        ({"cell": "lsmt"}, TEXT, "lsmt"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, source, message) -> None:
    with pytest.raises(SettingError, match=message):
        plan(source, CLASS, Network(**settings), examples=SIZES)


def test_a_language_model_cannot_read_both_ways() -> None:
    with pytest.raises(SettingError, match="reads one way"):
        plan(None, TEXT, Network(bidirectional=True), examples=SIZES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": -1}, "A plan holds a value that cannot be"),
        ({"version": 99}, "version 99"),
        ({"surprise": 1}, "surprise"),
        ({"target": {"rank": "one"}}, "A side of a plan"),
        ({"target": {"rank": "one", "space": {"kind": "magic"}, "unknown": None}}, "A space of a plan"),
        ({"hidden_size": 10**9}, "A plan holds a value"),
        ({"max_length": "x"}, r"plan\.max_length must be a whole number in 1\.\.10000000; got 'x'"),
    ],
)
def test_damaged_plans_are_refused(change, message) -> None:
    config = {**plan(TEXT, CLASS, examples=SIZES).config(), **change}
    with pytest.raises(DataError, match=message):
        Plan.from_config(config)


def test_deep_spaces_are_refused() -> None:
    config = {"kind": "discrete", "n": 2}
    for _ in range(6):
        config = {"kind": "product", "parts": [["a", "one", config]]}
    with pytest.raises(DataError, match="A space of a plan"):
        space_from_config(config)


def test_settings_load_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, elman.network.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_half_and_double_weights_work() -> None:
    model = build(plan(SERIES, CLASS, examples=SIZES)).double()
    batch = collate([np.ones((3, 2), np.float32)], SERIES.space, "many")
    assert model.predict_proba(batch)[0].dtype == np.float64


@pytest.mark.parametrize(
    ("features", "frames", "symbols", "ratio", "stem", "stride"),
    [
        (40, 260.0, 4.0, 0.05, "conv", 3),  # words in speech
        (40, 260.0, 18.0, 0.1, "conv", 2),  # letters in speech
        (40, 260.0, 18.0, 0.4, "conv", 1),  # somebody speaks fast
        (48, 500.0, 50.0, 0.2, "conv", 1),
        (3, 260.0, 4.0, 0.05, "linear", 1),  # a pen
    ],
)
def test_long_frames_are_read_several_at_a_time(features, frames, symbols, ratio, stem, stride) -> None:
    sizes = Sizes(rows=100, source_mean=frames, source_max=400, target_mean=symbols, target_max=60, longest_ratio=ratio)
    made = plan(Side("many", Continuous(features)), Side("many", Discrete(20)), examples=sizes)
    assert (made.decoder, made.stem, made.time_stride) == ("ctc", stem, stride)
    assert ("time_stride" in str(made)) == (stride > 1)
    asked = plan(Side("many", Continuous(features)), Side("many", Discrete(20)), Network(stem="conv", time_stride=2), examples=sizes)
    assert asked.time_stride == 2
