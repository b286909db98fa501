"""A second fit that is refused or fails leaves the old estimator whole: its answers, and the bytes of its file."""

import numpy as np
import pytest

import elman
from elman import Category, Forecaster, LanguageModel, Model, Network, Number, Series, Symbols, Text, Training
from elman.errors import DataError, ElmanError, SettingError

QUICK = {"max_epochs": 2, "batch_size": 8, "verbose": 0}
SMALL = {"hidden_size": 8}


class Bomb:
    """Raises at one moment of training."""

    def __init__(self, hook):
        setattr(self, hook, self.raise_error)

    def raise_error(self, _state):
        raise ArithmeticError("bomb")


def mapping():
    model = Model(Symbols(), Category(), network=Network(**SMALL), training=Training(**QUICK))
    return model, ([list("ab"), list("ba")] * 20, ["AB", "BA"] * 20), ([list("xy"), list("yx")] * 20, ["Y", "X"] * 20)


def language():
    model = LanguageModel(Text("char"), network=Network(hidden_size=8, ngram_order=3), training=Training(**QUICK))
    return model, (["abcabc"] * 30,), (["xyzzy"] * 30,)


def forecast():
    model = Forecaster(3, network=Network(**SMALL), training=Training(**QUICK))
    return model, (np.sin(np.arange(60) / 3),), (100 + np.arange(90.0),)


def answers(model):
    if isinstance(model, Model):
        rows = [list("ab"), list("ba"), list("aab")]
        return [model.predict(rows).tolist(), model.predict_proba(rows).tolist(), list(model.classes_)]
    if isinstance(model, LanguageModel):
        return [model.generate("ab", random_state=1), model.perplexity(["abc"]), model.next("a")]
    return [model.predict().values.tolist(), model.plan_.config(), model.score(np.sin(np.arange(60) / 3))]


def file_of(model, path):
    model.save(path)
    return path.read_bytes()


REFUSED = {
    "setting of training": ({"training__batch_size": -1}, None, SettingError),
    "setting of the network": ({"network__hidden_size": -3}, None, SettingError),
    "values": ({}, "empty", ElmanError),
    **{hook: ({}, hook, ArithmeticError) for hook in ("on_train_start", "on_batch_end", "on_epoch_end", "on_train_end")},
}


@pytest.mark.parametrize("stage", REFUSED)
@pytest.mark.parametrize("make", [mapping, language, forecast])
def test_a_failed_second_fit_leaves_answers_and_file_as_they_were(make, stage, tmp_path):
    model, first, second = make()
    model.fit(*first)
    before, content = answers(model), file_of(model, tmp_path / "a.elman")
    params, planted, error = REFUSED[stage]
    if planted is not None and planted != "empty":
        params = {"training__callbacks": [Bomb(planted)]}
    values = [[] for _ in second] if planted == "empty" else second
    with pytest.raises(error):
        model.set_params(**params).fit(*values)
    assert answers(model) == before
    assert file_of(model, tmp_path / "b.elman") == content
    assert answers(elman.load(tmp_path / "b.elman"))[0] == before[0]


def test_other_parameters_after_a_refused_fit_do_not_change_the_fitted_forecaster(tmp_path):
    wave = np.sin(np.arange(60) / 3)
    model = Forecaster(3, network=Network(**SMALL), training=Training(**QUICK)).fit(wave)
    before = model.predict().values
    for params in ({"horizon": 5}, {"horizon": -1}, {"past": ("price",)}, {"level": (150,)}):
        with pytest.raises(ElmanError):
            model.set_params(**params).fit([])
        assert np.array_equal(model.predict().values, before)
        assert model.horizon_ == 3
        model.save(tmp_path / "a.elman")
        assert np.array_equal(elman.load(tmp_path / "a.elman").predict().values, before)
        assert elman.load(tmp_path / "a.elman").horizon == 3
        model.set_params(horizon=3, past=(), level=(80, 95))


def test_a_codec_that_refuses_the_new_values_leaves_the_old_one(tmp_path):
    model = Model(Series(), Number(), network=Network(**SMALL), training=Training(**QUICK))
    model.fit([[1.0, 2.0], [2.0, 1.0]] * 10, [3.0, 4.0] * 10)
    before = model.predict([[1.0, 2.0]]).tolist()
    with pytest.raises(DataError):
        model.fit([[1.0, 2.0], [2.0, float("inf")]] * 10, [3.0, 4.0] * 10)
    with pytest.raises(DataError):
        model.fit([[1.0, 2.0], [2.0, 4.0]] * 10, [3.0, float("nan")] * 10)
    assert model.predict([[1.0, 2.0]]).tolist() == before


def test_an_interrupted_second_fit_is_the_new_model_as_far_as_it_got():
    class Interrupt:
        def on_batch_end(self, _state):
            raise KeyboardInterrupt

    model, first, second = mapping()
    model.fit(*first).set_params(training__callbacks=[Interrupt()]).fit(*second)
    assert model.history_.interrupted
    assert set(model.classes_) == {"X", "Y"}
    assert set(model.predict(second[0])) <= {"X", "Y"}


def test_a_setting_that_no_file_can_hold_is_refused_before_training():
    model, first, _ = mapping()
    with pytest.raises(SettingError, match=r"network\.cell must be a value that a model file can hold; got <object"):
        model.set_params(network__cell=object()).fit(*first)
