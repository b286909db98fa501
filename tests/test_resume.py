"""Training through the estimators, disturbed: killed, interrupted, terminated, out of time; and saves that do not end."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import elman
from elman import Category, Model, Network, Series, Training
from elman.io import atomic

PROGRAM = textwrap.dedent(
    """
    import json, os, signal, sys, time
    import numpy as np, torch, torch._dynamo
    import elman
    from elman import Category, Model, Network, Series, Training

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(int(n), 2)) for n in rng.integers(3, 9, 60)]
    y = ["up" if x.sum() > 0 else "down" for x in X]

    def model(folder=None, **training):
        settings = {"max_epochs": 4, "batch_size": 8, "learning_rate": 0.02, "patience": 99, "verbose": 0, **training}
        return Model(Series(), Category(), network=Network(hidden_size=4, dropout=0.2),
                     training=Training(checkpoint_dir=folder, checkpoint_every=0, **settings))

    def bits(fitted):
        return fitted.predict_proba(X).tobytes().hex()
    """
)


def program(body):
    return [sys.executable, "-c", PROGRAM + textwrap.dedent(body)]


def run(body, *arguments, **options):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*program(body), *arguments], env=environment, capture_output=True, text=True, timeout=250, check=False, **options
    )


KILLS = """
    # One process loads torch once and forks children that train; it kills them at moments spread over a whole run.
    # Every step of the optimizer writes one byte: moments are counted in steps, so that a slow machine kills as many as a fast one.
    from torch.optim.optimizer import register_optimizer_step_post_hook

    heard, say = os.pipe()
    os.set_blocking(heard, False)
    register_optimizer_step_post_hook(lambda *_: os.write(say, b"."))

    def steps():
        try:
            return len(os.read(heard, 65536))
        except BlockingIOError:
            return 0

    def train(folder, out):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                fitted = model(folder).fit(X, y)
                with open(out, "w") as file:
                    json.dump([bits(fitted), len(fitted.history_)], file)
                code = 0
            finally:
                os._exit(code)
        return pid

    def ended(pid):
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    root = sys.argv[1]
    assert ended(train(root + "/whole", root + "/expected")) == 0
    whole = steps()
    killed, middle = 0, 0
    for moment in range(1, 8):
        folder, out = f"{root}/{moment}", f"{root}/out{moment}"
        pid, done = train(folder, out), 0
        while done < whole * moment // 9:
            done += steps()
        os.kill(pid, signal.SIGKILL)
        killed += ended(pid) == -signal.SIGKILL
        assert ended(train(folder, out)) == 0
        steps()
        middle += os.path.isdir(folder)
        if json.load(open(out)) != json.load(open(root + "/expected")):
            raise SystemExit(f"different after the kill at moment {moment}")
    print(json.dumps([whole, killed, middle]))
"""


def test_a_fit_killed_at_any_moment_goes_on_to_the_same_predictions(tmp_path):
    done = run(KILLS, str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    whole, killed, _ = json.loads(done.stdout)
    assert whole >= 18
    assert killed >= 5


def test_a_run_that_was_finished_is_not_run_again(tmp_path):
    body = """
    first = model(sys.argv[1]).fit(X, y)
    begun = time.monotonic()
    second = model(sys.argv[1]).fit(X, y)
    print(bits(first) == bits(second), len(second.history_) == len(first.history_) == 4, second.history_.stopped)
    print(bits(model(sys.argv[1]).fit(X[:40], y[:40])) == bits(model().fit(X[:40], y[:40])))
    """
    done = run(body, str(tmp_path))
    assert done.stdout == "True True max_epochs\nTrue\n", done.stderr[-2000:]


def started(body, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*program(body), *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


ENDLESS = """
    class Say:
        def on_epoch_end(self, state):
            print("epoch", flush=True)

    fitted = model(sys.argv[1] if len(sys.argv) > 1 else None, max_epochs=10_000, callbacks=[Say()]).fit(X, y)
    print(json.dumps([fitted.history_.stopped, fitted.history_.best_epoch, len(fitted.history_), fitted.score(X, y), fitted.baseline_]))
    fitted.save(sys.argv[2])
"""


def wait_for_epochs(process, count):
    for _ in range(count):
        assert process.stdout.readline() == "epoch\n", process.communicate()[1][-2000:]


def test_ctrl_c_keeps_the_best_so_far_and_the_model_is_usable(tmp_path):
    process = started(ENDLESS, str(tmp_path / "c"), str(tmp_path / "a.elman"))
    wait_for_epochs(process, 3)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error[-2000:]
    stopped, best, epochs, score, _ = json.loads(out.splitlines()[-1])
    assert stopped == "interrupted"
    assert 1 <= best <= epochs
    assert score > 0.5
    assert elman.load(tmp_path / "a.elman").history_.interrupted


def test_sigterm_writes_a_checkpoint_and_says_143(tmp_path):
    process = started(ENDLESS, str(tmp_path / "c"), str(tmp_path / "a.elman"))
    wait_for_epochs(process, 2)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 143, error[-2000:]
    assert not (tmp_path / "a.elman").exists()
    assert list((tmp_path / "c").glob("run-*/checkpoint-*/MANIFEST"))


def small(**training):
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(int(n), 2)) for n in rng.integers(3, 9, 60)]
    y = ["up" if row.sum() > 0 else "down" for row in x]
    settings = Training(**{"max_epochs": 2, "batch_size": 8, "verbose": 0, **training})
    return Model(Series(), Category(), network=Network(hidden_size=4, dropout=0.2), training=settings), x, y


def test_a_budget_ends_training_with_a_usable_model():
    model, x, y = small(max_epochs=100_000, budget=1.5)
    begun = time.monotonic()
    model.fit(x, y)
    assert time.monotonic() - begun < 20
    assert model.history_.stopped == "budget"
    assert model.score(x, y) >= 0.5


def test_the_same_seed_gives_the_same_bits_with_one_thread_and_with_two():
    body = """
    print(bits(model().fit(X, y)))
    torch.set_num_threads(2)
    print(bits(model().fit(X, y)))
    print(bits(model(random_state=1).fit(X, y)))
    """
    done = run(body)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two, other = done.stdout.split()
    assert one == two
    assert one != other


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_save_that_is_interrupted_leaves_the_old_file_whole(tmp_path, monkeypatch, call):
    model, x, y = small(max_epochs=1)
    path = tmp_path / "a.elman"
    model.fit(x, y).save(path)
    before = path.read_bytes()
    model.fit(x[:40], y[:40])

    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(atomic.os, call, stopped)
        with pytest.raises(KeyboardInterrupt):
            model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.elman"]
    model.save(path)
    assert path.read_bytes() != before
    assert np.array_equal(elman.load(path).predict_proba(x), model.predict_proba(x))


def test_a_save_killed_anywhere_leaves_a_whole_file(tmp_path):
    body = """
    from elman.io import atomic
    path = sys.argv[1]
    fitted = model(max_epochs=1).fit(X, y)
    fitted.save(path)
    old = open(path, "rb").read()
    for place in ("write", "fsync", "replace"):
        pid = os.fork()
        if pid == 0:
            fitted.baseline_ = 0.125
            real = getattr(os, place)
            def die(*a, **k):
                if place == "write":
                    real(a[0], a[1][: len(a[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            setattr(atomic.os, place, die)
            fitted.save(path)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        assert open(path, "rb").read() == old, place
        elman.load(path)
    fitted.save(path)
    print(sorted(os.listdir(os.path.dirname(path))))
    """
    done = run(body, str(tmp_path / "a.elman"))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "['a.elman']"
    assert Path(tmp_path / "a.elman").exists()
