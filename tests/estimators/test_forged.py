"""Descriptions with a right digest whose parts do not belong together are refused when they are loaded."""

from pathlib import Path

import pytest

import elman
from elman.errors import ModelFileError
from elman.io import model_file

GOLDEN = Path(__file__).parent.parent / "golden"
DIRECT, PATHS = "forecaster-segments", "forecaster-paths"
INPUTS, PANEL = "fitted.engine.inputs", "fitted.panel"
COLUMN = {"name": "a", "role": "future", "levels": [], "center": 0.0, "scale": 1.0}
CASES = [
    ("model-category", "params", "x", "does not make a model"),
    ("model-category", "fitted.baseline", "x", r"fitted\.baseline must be a finite number"),
    ("model-category", "fitted.columns", {"source": "x"}, r"fitted\.columns\.source must be a list; got 'x'"),
    ("model-category", "history.rows", [{"loss": 1.0}], r"history\.rows\[0\] has no key 'epoch'"),
    ("model-category", "history.rows", [{"epoch": None}], r"history\.rows\[0\]\.epoch must be a whole number"),
    ("model-category", "plan.target.unknown", 2, r"unknown must be a whole number in 0\.\.1; got 2"),
    ("model-category", "plan.target.unknown", "x", r"unknown must be a whole number in 0\.\.1; got 'x'"),
    ("model-category", "plan.target.unknown", 1, r"its codec is of Discrete\(n=2\), its network of Discrete\(n=2\)"),
    ("model-category", "target.config.state.classes", ["a", "b", "c"], r"its codec is of Discrete\(n=3\), its network of Discrete\(n=2\)"),
    ("language-model-word", "target.config.state.symbols", ["a"], r"its codec is of Discrete\(n=2\), its network of Discrete\(n=5\)"),
    (DIRECT, "params", "x", "does not make a model"),
    (DIRECT, "params.horizon", 4, r"its horizon is 4 and its engine's 3"),
    (DIRECT, "params.horizon", "x", "horizon must be a whole number"),
    (DIRECT, "params.past", 3, r"params\.past must be a list; got 3"),
    (PATHS, "params.future", [[]], r"params\.future\[0\] must be text; got \[\]"),
    (DIRECT, "fitted.engine.margins", {"80": "x"}, r"engine\.margins\.80 must be a finite number"),
    (DIRECT, "fitted.engine.margins", {"180": 1.0}, r"engine\.margins\[0\] must be a whole number in 1\.\.99; got 180"),
    (DIRECT, f"{INPUTS}.spec.lags", [0], r"spec\.lags\[0\] must be a whole number in 1\.\.1000000; got 0"),
    (DIRECT, f"{INPUTS}.spec.seasons", [0], r"spec\.seasons\[0\] must be a whole number in 1\.\.1000000; got 0"),
    (DIRECT, f"{INPUTS}.spec.lags", [10**9], r"spec\.lags\[0\] must be"),
    (DIRECT, f"{INPUTS}.spec.power", 7, r"spec\.power must be a finite number in 0\.\.1; got 7"),
    (DIRECT, f"{INPUTS}.spec.scale", "x", r"spec\.scale must be one of"),
    (DIRECT, f"{INPUTS}.spec.context", 10, "inputs, covariates and segments of a direct forecast do not fit one another"),
    (DIRECT, f"{INPUTS}.static", [["a", 2]], "inputs, covariates and segments of a direct forecast do not fit one another"),
    (DIRECT, f"{INPUTS}.spec.lags", [1, 2], r"its network answers 3 steps of Side\(.*; expected 3\. The file is damaged"),
    (DIRECT, f"{INPUTS}.past", 2, "its covariates have 0 past channels; its inputs expect 2"),
    (DIRECT, "fitted.engine.covariates.columns", [COLUMN], "its covariates have 1 future channels; its inputs expect 0"),
    (DIRECT, "fitted.engine.covariates.columns", [{**COLUMN, "scale": 0.0}], r"covariates\.columns\[0\]\.scale must be a finite number"),
    (DIRECT, "fitted.engine.covariates.calendar", ["x"], r"covariates\.calendar\[0\] must be one of"),
    (PATHS, f"{INPUTS}.lags", [], "an autoregressive forecast needs lags; got none"),
    (PATHS, f"{INPUTS}.lags", [1], r"its network reads Side\(.*\), which is not how it forecasts"),
    (PATHS, f"{INPUTS}.scale", "counts", "its head 'student_t' does not answer 'counts'"),
    (PATHS, f"{INPUTS}.span", 0, r"inputs\.span must be a whole number"),
    (PATHS, "fitted.engine.levels", [True], r"engine\.levels\[0\] must be a whole number in 1\.\.99; got True"),
    (PATHS, "fitted.engine.random_state", -1, r"engine\.random_state must be a whole number"),
    (PATHS, f"{PANEL}.form", "x", r"panel\.form must be one of"),
    (PATHS, f"{PANEL}.frequency.season", 0, r"panel\.frequency\.season must be a whole number in 1"),
    (PATHS, f"{PANEL}.frequency.step", {"number": 0}, r"panel\.frequency\.step\.number must be a finite number"),
    (PATHS, f"{PANEL}.frequency.kind", "month", "does not make a model"),
    (PATHS, f"{PANEL}.frequency.step", {"number": 1e-20}, "series 0 has stamps that its frequency, 1e-20, does not continue"),
    (PATHS, f"{PANEL}.series.0.values", [1.0], "series 0 has no points, or not as many stamps as values"),
    (PATHS, f"{PANEL}.series.0.stamps.0", {"date": "2020-01-01"}, "series 0 has stamps that its frequency, 1, does not continue"),
    (PATHS, f"{PANEL}.series.0.values.1", "x", r"panel\.series\[0\]\.values\[1\] must be a finite number"),
    (PATHS, f"{PANEL}.series.0.columns", {"a": 3}, r"panel\.series\[0\]\.columns\.a must be a list; got 3"),
]


@pytest.mark.parametrize(("name", "place", "value", "message"), CASES)
def test_descriptions_whose_parts_do_not_belong_together_are_refused(tmp_path, name, place, value, message):
    meta, tensors = model_file.read(GOLDEN / f"{name}.elman")
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    part = meta["spec"]
    for step in way:
        part = part[step]
    part[last] = value
    model_file.write(tmp_path / "forged.elman", tensors, {"kind": meta["kind"], "spec": meta["spec"]})
    with pytest.raises(ModelFileError, match=message) as caught:
        elman.load(tmp_path / "forged.elman")
    assert "forged.elman" in str(caught.value)
