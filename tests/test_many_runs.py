"""One checkpoint_dir for every public call that trains several networks: killed with -9 in any of them, it resumes to the same bits."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
from sklearn.model_selection import cross_val_score

from elman import Category, Forecaster, Model, Network, Series, Training

PROGRAM = textwrap.dedent(
    """
    # One process loads torch once and forks children, each of which makes one call, and may kill itself at one step of it.
    import hashlib, json, os, signal, sys, warnings
    from pathlib import Path
    import numpy as np, torch, torch._dynamo
    from sklearn.model_selection import cross_val_score
    from elman import Category, Forecaster, LanguageModel, Model, Network, Series, Text, Training, compare
    from elman.errors import ElmanWarning

    torch.set_num_threads(1)
    warnings.simplefilter("error", ElmanWarning)

    class Steps:
        def __init__(self, fatal):
            self.taken, self.fatal = 0, fatal

        def on_batch_end(self, state):
            self.taken += 1
            if self.taken == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    rng = np.random.default_rng(0)
    waves = [np.sin(np.arange(60) / (3 + i)) + 0.1 * rng.normal(size=60) for i in range(6)]
    xs = [rng.normal(size=(int(n), 2)) for n in rng.integers(3, 9, 60)]
    ys = ["up" if x.sum() > 0 else "down" for x in xs]
    texts = ["abcab", "bcabca", "cab"] * 20

    def bits(estimator):
        parts = [value.numpy().tobytes() for value in estimator.model_.state_dict().values()]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def model(**settings):
        return Model(Series(), Category(), **settings)

    def compared(**settings):
        board = compare(model(**settings), xs, ys, candidates=["elman", "cnn", "default"], verbose=0)
        return [bits(board.estimators[name]) for name in ("elman", "cnn", "default")]

    def members(network, training):
        network.members = 3
        return bits(model(network=network, training=training).fit(xs, ys))

    CALLS = {
        "direct": lambda **s: bits(Forecaster(4, **s).fit(waves)),
        "autoregressive": lambda **s: bits(Forecaster(4, model="autoregressive", **s).fit(waves)),
        "language": lambda **s: bits(LanguageModel(Text("char"), **s).fit(texts)),
        "members": members,
        "backtest": lambda **s: Forecaster(4, **s).backtest(waves, windows=2, refit=True).predictions["elman"].mean.tolist(),
        "comparison": compared,
        "folds": lambda **s: cross_val_score(model(**s), xs, ys, cv=3, error_score="raise").tolist(),
    }

    def run(call, folder, fatal=-1):
        out = Path(sys.argv[1]) / "out"
        out.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            code, steps = 1, Steps(fatal)
            try:
                training = Training(
                    max_epochs=2, batch_size=16, verbose=0, checkpoint_dir=folder, checkpoint_every=0, callbacks=[steps]
                )
                answer = CALLS[call](network=Network(hidden_size=4, dropout=0.2), training=training)
                out.write_text(json.dumps([answer, steps.taken]))
                code = 0
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code != (0 if fatal < 0 else -signal.SIGKILL):
            raise SystemExit(f"{call} ended with {code}")
        return json.loads(out.read_text()) if code == 0 else None

    results = {}
    for call in CALLS:
        folder = str(Path(sys.argv[1]) / call)
        undisturbed, steps = run(call, None)
        for fatal in (max(1, steps // 3), steps // 2 + 1):
            run(call, folder, fatal)
        resumed, rest = run(call, folder)
        again, none = run(call, folder)
        results[call] = [resumed == undisturbed, again == undisturbed, rest < steps, none]
    print(json.dumps(results))
    """
)


def test_killed_twice_every_call_resumes_to_the_same_bits(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads(done.stdout.splitlines()[-1])
    assert len(results) == 7
    assert all(result == [True, True, True, 0] for result in results.values()), results


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
        for dropout in (0.0, 0.5):  # networks of the same shapes
            model = Model(Series(), Category(), network=Network(hidden_size=3, dropout=dropout), training=training)
            scores.setdefault(folder, []).append(cross_val_score(model, xs, ys, cv=2).tolist())
    assert scores[None] == scores[str(tmp_path)]
    assert len(list(tmp_path.iterdir())) == 4
