"""The public face is typed: mypy and pyright accept a right program and find every mistake of a wrong one."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parent.parent / "src"

RIGHT = """
from pathlib import Path

import numpy as np
import pandas as pd

from elman import Category, Forecaster, LanguageModel, Model, Network, Series, Text, Training, compare, load, nn

model = Model(Text(), Category(), network=Network(hidden_size=8), training=Training(max_epochs=1)).fit(["a", "b"], ["x", "y"])
model.save(Path("model.elman"))
answers, scores = model.predict(["a"], return_scores=True)
again: Model = load("model.elman", Model)
forecast = Forecaster(3).fit(np.arange(40.0)).predict()
frame: pd.DataFrame = forecast.to_frame("pandas")
text: str = LanguageModel(Text("char")).fit(["abc"]).generate("a")
best: str = compare(model, ["a", "b"], ["x", "y"]).verdict
layer: nn.LSTM = nn.LSTM(3, 4)
"""

WRONG = """
from elman import Category, Forecaster, Model, Network, Text, Training
from elman import Modell  # mistake 1: a name that is not there

model = Model(Text(), Category(), network=Training())  # mistake 2: settings of another group
model.predict(["a"], beamsize=3)  # mistake 3: an option that is not there
Forecaster(3).fit([1.0, 2.0]).predict().to_frame("excel")  # mistake 4: a library that makes no data frames
Forecaster("three")  # mistake 5: text for a number
"""


def run_checker(command: list[str]) -> str:
    environment = {**os.environ, "MYPYPATH": str(SOURCES), "PYTHONPATH": os.pathsep.join([str(SOURCES), *sys.path])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)
    return done.stdout + done.stderr


def pyright(path: Path) -> str:
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    (path.parent / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{SOURCES}"]}}', encoding="utf-8")
    return run_checker([sys.executable, "-m", "pyright", "--project", str(path.parent), "--pythonpath", sys.executable, str(path)])


def mypy(path: Path) -> str:
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    options = ["--follow-imports=silent", "--ignore-missing-imports", "--no-error-summary", "--cache-dir", str(path.parent / "cache")]
    return run_checker([sys.executable, "-m", "mypy", *options, str(path)])


@pytest.mark.parametrize("checker", [pyright, mypy])
def test_a_right_program_has_no_errors_and_a_wrong_one_has_five(checker, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(RIGHT, encoding="utf-8")
    wrong.write_text(WRONG, encoding="utf-8")
    assert re.findall(r"right\.py:\d+[^\n]*error[^\n]*", checker(right)) == []
    lines = {int(number) for number in re.findall(r"wrong\.py:(\d+)[^\n]*error", checker(wrong))}
    mistakes = {number for number, line in enumerate(WRONG.splitlines(), 1) if "# mistake" in line}
    assert lines == mistakes
    assert len(mistakes) == 5
