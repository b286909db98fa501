"""One checkpoint_dir for every public call that trains several networks: killed with -9 in any of them, it resumes to the same bits."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from elman import Category, Forecaster, Model, Network, Series, Training

PROGRAM = textwrap.dedent(
    """
    import hashlib, os, signal, sys
    import numpy as np, torch
    from sklearn.model_selection import cross_val_score
    from elman import Category, Forecaster, LanguageModel, Model, Network, Series, Text, Training, compare

    call, folder, fatal = sys.argv[1], sys.argv[2] or None, int(sys.argv[3])
    steps = 0

    class Killer:
        def on_batch_end(self, state):
            global steps
            steps += 1
            if steps == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    training = Training(max_epochs=2, batch_size=16, verbose=0, checkpoint_dir=folder, checkpoint_every=0, callbacks=[Killer()])
    network = Network(hidden_size=4, dropout=0.2)
    rng = np.random.default_rng(0)
    waves = [np.sin(np.arange(60) / (3 + i)) + 0.1 * rng.normal(size=60) for i in range(6)]
    xs = [rng.normal(size=(int(n), 2)) for n in rng.integers(3, 9, 60)]
    ys = ["up" if x.sum() > 0 else "down" for x in xs]

    def bits(estimator):
        parts = [value.numpy().tobytes() for value in estimator.model_.state_dict().values()]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def direct():
        return bits(Forecaster(4, network=network, training=training).fit(waves))

    def autoregressive():
        return bits(Forecaster(4, model="autoregressive", network=network, training=training).fit(waves))

    def language():
        model = LanguageModel(Text("char"), network=network, training=training).fit(["abcab", "bcabca", "cab"] * 20)
        return bits(model)

    def members():
        network.members = 3
        return bits(Model(Series(), Category(), network=network, training=training).fit(xs, ys))

    def backtest():
        result = Forecaster(4, network=network, training=training).backtest(waves, windows=2, refit=True)
        return result.predictions["elman"].mean.tobytes().hex()

    def comparison():
        model = Model(Series(), Category(), network=network, training=training)
        board = compare(model, xs, ys, candidates=["elman", "cnn", "default"], verbose=0)
        return [bits(board.estimators[name]) for name in ("elman", "cnn", "default")]

    def folds():
        model = Model(Series(), Category(), network=network, training=training)
        return cross_val_score(model, xs, ys, cv=3, error_score="raise").tolist()

    print(globals()[call](), steps)
    """
)


def run(call, folder, fatal=-1):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-W", "error::elman.errors.ElmanWarning", "-c", PROGRAM, call, str(folder), str(fatal)]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=250, check=False)


def finished(done):
    assert done.returncode == 0, done.stderr
    answer, _, steps = done.stdout.rpartition(" ")
    return answer, int(steps)


CALLS = ("direct", "autoregressive", "language", "members", "backtest", "comparison", "folds")


@pytest.mark.parametrize("call", CALLS)
def test_killed_twice_it_resumes_to_the_same_bits(call, tmp_path):
    undisturbed, steps = finished(run(call, ""))
    for fatal in (max(1, steps // 3), steps // 2 + 1):
        done = run(call, tmp_path, fatal)
        assert done.returncode == -9, done.stderr
    resumed, rest = finished(run(call, tmp_path))
    assert resumed == undisturbed
    assert rest < steps
    again, none = finished(run(call, tmp_path))
    assert (again, none) == (undisturbed, 0)


def test_panels_of_one_shape_never_resume_one_another(tmp_path):
    rng = np.random.default_rng(1)
    network = Network(hidden_size=4)

    def forecast(panel, folder):
        training = Training(max_epochs=1, verbose=0, checkpoint_dir=folder)
        return Forecaster(3, network=network, training=training).fit(panel).predict().values

    first, second = rng.normal(size=(2, 5, 50))
    forecast(list(first), str(tmp_path))
    assert np.array_equal(forecast(list(second), str(tmp_path)), forecast(list(second), None))


def test_folds_and_settings_of_a_search_have_runs_of_their_own(tmp_path):
    xs, ys = [[float(i % 7), float(i % 3)] for i in range(40)], ["a", "b"] * 20
    scores = {}
    for folder in (None, str(tmp_path)):
        training = Training(max_epochs=2, verbose=0, checkpoint_dir=folder)
        for size in (3, 4):
            model = Model(Series(), Category(), network=Network(hidden_size=size), training=training)
            scores.setdefault(folder, []).append(cross_val_score(model, xs, ys, cv=2).tolist())
    assert scores[None] == scores[str(tmp_path)]
    assert len(list(tmp_path.iterdir())) == 4
