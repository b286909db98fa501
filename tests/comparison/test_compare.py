"""compare: every task, budgets, folders, and what cannot be compared."""

import json

import numpy as np
import pytest
from comparison_tasks import QUICK, rows

import elman
from elman import Category, Forecaster, LanguageModel, Model, Number, Series, Symbols, Tags, Text, Vector, compare
from elman.comparison.results import Results, fingerprint
from elman.errors import DataError, DataTypeError, ElmanWarning, FileError, SettingError
from elman.leakage import LeakError, LeakWarning
from elman.metrics.measure import Judgement

CHEAP = ["frequency", "markov"]


def test_everyone_takes_part(board):
    names = {"frequency", "prior", "markov", "bag_of_words", "cnn", "cnn_fixed", "elman", "gru", "lstm", "default", "shuffled", "untied"}
    assert {entry.name for entry in board} == names
    assert (board.train_rows, board.test_rows, board.measure.name) == (39, 9, "accuracy")
    assert board.alarms == []
    assert board["untied"].parameters > 3 * board["elman"].parameters
    assert 0.5 < board["cnn"].parameters / board["lstm"].parameters < 1.1
    assert all(entry.seconds > 0 and entry.latency > 0 and entry.bytes > 0 for entry in board)
    assert board["frequency"].value == max(board.against("frequency")["frequency"][0], board["frequency"].value)
    answers = board.estimators["lstm"].predict(rows()[0][:3])
    assert set(answers) <= {"early", "late"}


def test_scores_are_those_of_the_estimators():
    xs, ys = rows(60)
    board = compare(Symbols(), Category(), xs[:40], ys[:40], test=(xs[40:], ys[40:]), candidates=["markov", "bag_of_words"], verbose=0)
    for name, estimator in board.estimators.items():
        assert board[name].value == pytest.approx(estimator.score(xs[40:], ys[40:]))
    assert board.best is board.estimators[board.entries[0].name]


def test_numbers_tags_and_steps():
    series = [np.cumsum(np.random.default_rng(i).normal(size=12)) for i in range(30)]
    ends = [float(s.max()) for s in series]
    board = compare(Model(Series(), Number(), training=QUICK), series, ends, candidates=["frequency", "bag_of_steps", "gru"], verbose=0)
    assert board.measure.name == "R²"
    assert board["bag_of_steps"].value > 0.9 > 0.1 > board["frequency"].value
    tags = [["up"] if s[-1] > 0 else ["down", "low"] for s in series]
    board = compare(Model(Series(), Tags(), training=QUICK), series, tags, candidates=["frequency", "lstm"], verbose=0)
    assert board.measure.name == "F1"
    moves = [np.diff(s, prepend=0.0) for s in series]
    board = compare(Model(Series(), Series(), training=QUICK), series, moves, candidates=["frequency", "gru"], verbose=0)
    assert board.measure.name == "R²"
    assert abs(board["frequency"].value) < 0.1
    words, labels = [list("abcab"), list("cb"), list("bca")] * 8, [list("VCCVC"), list("CC"), list("CCV")] * 8
    words = [[*word, str(i)] for i, word in enumerate(words)]
    labels = [[*label, "N"] for label in labels]
    board = compare(Model(Symbols(), Symbols(), training=QUICK), words, labels, candidates=["frequency", "usual_label", "elman"], verbose=0)
    assert board["usual_label"].value > board["frequency"].value
    truth = sum(label == "N" for row in labels for label in row) / sum(map(len, labels))
    assert board["usual_label"].value <= 1 - truth + 0.05  # numbers were never seen


def test_free_answers():
    ins = [f"say {a} {b}" for a in "abcd" for b in "wxyz"]
    outs = [f"{b} {a}" for a in "abcd" for b in "wxyz"]
    board = compare(Model(Text(), Text(), training=QUICK), ins, outs, candidates=["frequency", "elman"], verbose=0, on_leak="ignore")
    assert board.measure.name == "1 - error rate"
    with pytest.raises(SettingError, match="There is no candidate 'cnn' for this task"):
        compare(Model(Text(), Text(), training=QUICK), ins, outs, candidates=["cnn"], verbose=0)


def test_language_models():
    texts = [f"the {a} sat on the {b}" for a in ("cat", "dog", "cow", "hen") for b in ("mat", "log", "sofa", "roof", "bed")]
    who = ["frequency", "bigram", "markov", "ppm", "window", "elman"]
    board = compare(LanguageModel(Text("char"), training=QUICK), texts, candidates=who, verbose=0, on_leak="ignore")
    assert board.measure.name == "bits per symbol"
    assert board["markov"].value < board["bigram"].value < board["frequency"].value
    assert board.entries[0].name in ("markov", "ppm")
    assert board.verdict.startswith("Use “Markov chain")
    long = compare(Text("char"), " ".join(texts), candidates=["bigram"], verbose=0, on_leak="ignore")
    assert long.unit == "piece of 200 symbol"
    assert long["bigram"].value == pytest.approx(long.estimators["bigram"].score([" ".join(texts)[round(0.8 * len(" ".join(texts))) :]]))


def test_forecasts():
    series = [np.sin(np.arange(90) / 3 + k) + 0.05 * np.random.default_rng(k).normal(size=90) for k in range(5)]
    who = ["naive", "drift", "linear", "elman"]
    board = compare(Forecaster(6, season=1, training=QUICK), series, candidates=who, verbose=0)
    from elman.metrics.forecasts import mase

    naive = np.mean([mase(s[-6:], np.full(6, s[-7]), s[:-6], 1) for s in series])
    assert board["naive"].value == pytest.approx(naive)
    assert board["linear"].value < board["naive"].value
    assert board["linear"].parameters == 6 * board.estimators["linear"].context_
    frame = pytest.importorskip("pandas").DataFrame(
        {"unique_id": np.repeat(range(5), 90), "ds": list(range(90)) * 5, "y": np.concatenate(series)}
    )
    again = compare(
        Forecaster(6, season=1, training=QUICK), frame.sample(frac=1, random_state=0), candidates=["naive", "linear"], verbose=0
    )
    assert again["naive"].value == pytest.approx(naive)
    with pytest.warns(LeakWarning, match="1 of 2 series repeat another one"):
        few = compare(Forecaster(6, season=1), [series[0]] * 2, candidates=["naive"], verbose=0)
    assert "there are 2 only" in few.findings[0]


def test_results_are_read_back(tmp_path, capsys):
    xs, ys = rows()
    model = Model(Symbols(), Category(), training=QUICK)
    first = compare(model, xs, ys, candidates=["markov", "gru"], folder=tmp_path / "r")
    assert "learned in" in capsys.readouterr().err
    (tmp_path / "r" / "gru.json").unlink()
    second = compare(model, xs, ys, candidates=["frequency", "markov", "gru"], folder=tmp_path / "r")
    told = capsys.readouterr().err
    assert told.count("read back") == 1
    assert told.count("[3/3]") == 1
    assert second["markov"].seconds == first["markov"].seconds
    assert second["gru"].value == first["gru"].value  # seeds are fixed
    np.testing.assert_array_equal(second.estimators["markov"].predict(xs), first.estimators["markov"].predict(xs))
    assert json.loads((tmp_path / "r" / "leaderboard.json").read_text())["verdict"] == second.verdict
    assert isinstance(elman.load(tmp_path / "r" / "gru.elman"), Model)
    with pytest.raises(SettingError, match="holds results of other data or settings"):
        compare(model, xs[:-1], ys[:-1], candidates=["markov"], folder=tmp_path / "r", verbose=0)
    (tmp_path / "r" / "markov.json").write_text('{"facts": 3}')
    with pytest.raises(FileError, match="is not a result that compare wrote"):
        compare(model, xs, ys, candidates=["markov"], folder=tmp_path / "r", verbose=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be made a folder for results"):
        compare(model, xs, ys, candidates=["markov"], folder=tmp_path / "file", verbose=0)


def test_a_damaged_model_beside_a_result(tmp_path):
    results = Results(tmp_path, fingerprint("x"))
    results.write("one", {"name": "one"}, Judgement(over=np.ones(2), under=np.ones(2)))
    assert results.load("one") is None
    (tmp_path / "one.elman").write_bytes(b"nothing")
    with pytest.raises(FileError, match="Remove it and its .json to let it learn again"):
        results.load("one")
    assert fingerprint([np.arange(3)]) != fingerprint([np.arange(4)])
    objects = [np.array(["a", 1], dtype=object) for _ in range(2)]
    assert fingerprint(objects[0]) == fingerprint(objects[1])


def test_a_budget_is_shared():
    xs, ys = rows()
    long = elman.Training(max_epochs=100_000, patience=100_000, verbose=0)
    board = compare(Model(Symbols(), Category(), training=long), xs, ys, candidates=["elman", "gru"], budget=3, verbose=0)
    assert sum(entry.seconds for entry in board) < 8
    assert all(entry.stopped == "budget" and entry.seconds > 1 for entry in board)
    assert "The budget ended the training of" in board.findings[-1]
    with pytest.raises(SettingError, match=r"budget='1s' leaves 0.5 s for each of 2 networks; 1 s is the least"):
        compare(Model(Symbols(), Category()), xs, ys, candidates=["elman", "gru"], budget="1s")
    with pytest.raises(SettingError, match="budget must be a time like"):
        compare(Symbols(), Category(), xs, ys, candidates=CHEAP, budget="soon")


def test_each_network_gets_an_equal_part_of_the_budget_that_is_left():
    xs, ys = rows()
    who = ["frequency", "elman", "gru", "lstm"]
    board = compare(Model(Symbols(), Category(), training=QUICK), xs, ys, candidates=who, budget=60, verbose=0)
    left = 60.0
    for waiting, name in zip((3, 2, 1), who[1:], strict=True):
        assert board.estimators[name].training.budget == pytest.approx(left / waiting, abs=2.0)
        left -= board[name].seconds


def test_leaks_are_told():
    xs, ys = rows()
    given = {"test": (xs[:10], ys[:10]), "candidates": CHEAP, "verbose": 0}
    with pytest.warns(LeakWarning, match=r"10 of 10 test rows \(100.0%\) are in the training part too"):
        board = compare(Symbols(), Category(), xs, ys, **given)
    assert [alarm.kind for alarm in board.alarms] == ["duplicates"]
    assert "Leak? 10 of 10" in str(board)
    with pytest.raises(LeakError, match="are in the training part too"):
        compare(Symbols(), Category(), xs, ys, on_leak="raise", **given)
    assert compare(Symbols(), Category(), xs, ys, on_leak="ignore", **given).alarms == []
    with pytest.warns(LeakWarning, match="1 groups have rows on both sides"):
        compare(
            *(Symbols(), Category(), xs[10:], ys[10:]), test=(xs[:10], ys[:10]), candidates=CHEAP, verbose=0,
            groups=(["ann"] * 38, ["ann"] * 10),
        )  # fmt: skip
    board = compare(Symbols(), Category(), xs, ys, groups=[i // 6 for i in range(48)], candidates=CHEAP, verbose=0, on_leak="raise")
    assert board.train_rows % 6 == 0
    waves = [np.cumsum(np.random.default_rng(3).normal(size=200))[k : k + 30] for k in range(0, 160, 8)]
    with pytest.warns(LeakWarning, match="share 8 steps in a row or more"):
        compare(Series(), Category(), waves, ["a", "b"] * 10, candidates=["frequency"], verbose=0)


def test_texts_have_kims_convolutions_too():
    words = [f"{a} {b} {c}" for a in ("good", "bad", "fine", "poor") for b in ("film", "book", "plot") for c in ("here", "there", "now")]
    stars = ["up" if word.split()[0] in ("good", "fine") else "down" for word in words]
    board = compare(Model(Text(), Category(), training=QUICK), words, stars, candidates=["cnn_kim"], verbose=0, on_leak="ignore")
    assert board["cnn_kim"].parameters == board.estimators["cnn_kim"].parameters_ > 1000
    assert board.estimators["cnn_kim"].training.max_epochs == 2


def test_few_test_rows_are_said():
    xs, ys = rows()
    board = compare(Symbols(), Category(), xs[:40], ys[:40], test=(xs[40:41], ys[40:41]), candidates=CHEAP, verbose=0)
    assert board.findings == ["The test part has 1 rows for 2 classes: hardly any difference can show."]


def test_what_cannot_be_compared():
    xs, ys = rows()
    with pytest.raises(DataTypeError, match=r"compare takes codecs or an estimator, then the data.* got \(list, list\)"):
        compare(xs, ys)
    with pytest.raises(DataTypeError, match=r"got \(Model, list\)"):
        compare(Model(Symbols(), Category()), xs)
    with pytest.raises(DataError, match="X is empty"):
        compare(Symbols(), Category(), [], [])
    with pytest.raises(DataError, match="have one class only, 'early'"):
        compare(Symbols(), Category(), xs, ["early"] * len(xs), candidates=CHEAP)
    with pytest.raises(DataError, match="1 test rows have classes that no training row has, such as 'never'"):
        compare(Symbols(), Category(), xs, ys, test=(xs[:1], ["never"]), candidates=CHEAP)
    with pytest.raises(SettingError, match="There is no candidate 'lsmt' for this task.* Did you mean 'lstm'"):
        compare(Symbols(), Category(), xs, ys, candidates=["lsmt"])
    with pytest.raises(SettingError, match="candidates is empty"):
        compare(Symbols(), Category(), xs, ys, candidates=[])
    with pytest.raises(SettingError, match="Vector is one value, not a sequence: nothing recurs"):
        compare(Vector(), Category(), [[1.0], [2.0]] * 4, [0, 1] * 4)
    with pytest.raises(SettingError, match="untied=True does not fit this task"):
        compare(Model(Text(), Text()), ["a b", "c", "d e", "f"], ["b a", "c c", "e d", "f f f"], untied=True, on_leak="ignore")
    with pytest.raises(SettingError, match="on_leak must be one of"):
        compare(Symbols(), Category(), xs, ys, on_leak="stop")
    with pytest.raises(SettingError, match="leave out test= and groups="):
        compare(Forecaster(3), [np.arange(20.0)], test_size=0.5, groups=[1])
    with pytest.raises(DataError, match="has 5 points; 12 are needed to hide the last 8"):
        compare(Forecaster(8), [np.arange(5.0)])
    with pytest.raises(SettingError, match="horizon must be a whole number from 1; got 0"):
        compare(Forecaster(0), [np.arange(20.0)])
    with pytest.raises(SettingError, match="LanguageModel continues sequences of symbols; Series is not one"):
        compare(Series(), [[1.0, float(i)] for i in range(8)])
    with pytest.raises(DataError, match="The test part holds no symbol"):
        compare(Text("char"), ["abc"] * 2, test=[""], candidates=["bigram"])


def test_a_full_disk_costs_no_comparison(tmp_path, monkeypatch):
    def refuse(path, *_, **__):
        raise FileError(f"could not write {path}: No space left on device.")

    x, y = rows()
    monkeypatch.setattr("elman.io.atomic.write", refuse)
    with pytest.warns(ElmanWarning) as caught:
        board = compare(Symbols(), Category(), x, y, candidates=["frequency", "markov"], folder=tmp_path, on_leak="ignore", verbose=0)
    texts = [str(one.message) for one in caught]
    assert any("goes on without keeping the result of frequency" in text for text in texts)
    assert any("goes on without keeping the leaderboard" in text for text in texts)
    assert any("goes on without the file of markov" in text for text in texts)
    assert len(board) == 2
    assert list(tmp_path.iterdir()) == []
