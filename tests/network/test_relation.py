import pytest

from elman.codecs import Continuous, Discrete, Pixels, Product
from elman.errors import DataError, SettingError
from elman.network.planning.relation import ALIGNMENTS, TABLE, relate
from elman.network.planning.side import Side
from elman.network.planning.sizes import Sizes

TEXT, CLASS = Side("many", Discrete(9)), Side("one", Discrete(3))
SERIES, VECTOR = Side("many", Continuous(2)), Side("one", Continuous(2))
PICTURE, FRAMES, COLUMNS = Side("one", Pixels(1, 8, 8)), Side("many", Pixels(3, 8, 8)), Side("many", Pixels(1, 8, 1))
FREE, EQUAL, LONGER = Sizes(rows=5), Sizes(rows=5, equal_lengths=True), Sizes(rows=5, monotone_share=0.5)


@pytest.mark.parametrize(
    ("source", "target", "sizes", "align", "name", "decoder"),
    [
        (None, TEXT, FREE, "auto", "continue", "autoregressive"),
        (None, SERIES, FREE, "auto", "continue", "autoregressive"),
        (PICTURE, CLASS, FREE, "auto", "one-to-one", "summary"),
        (TEXT, CLASS, FREE, "auto", "many-to-one", "summary"),
        (PICTURE, TEXT, FREE, "auto", "one-to-many", "autoregressive"),
        (VECTOR, TEXT, FREE, "attention", "one-to-many", "autoregressive"),
        (TEXT, TEXT, EQUAL, "auto", "step", "step"),
        (TEXT, TEXT, EQUAL, "attention", "free", "autoregressive"),
        (TEXT, TEXT, EQUAL, "step", "step", "step"),
        (TEXT, TEXT, FREE, "auto", "free", "autoregressive"),
        (SERIES, TEXT, FREE, "auto", "monotonic", "ctc"),
        (COLUMNS, TEXT, FREE, "auto", "monotonic", "ctc"),
        (FRAMES, TEXT, FREE, "auto", "free", "autoregressive"),
        (SERIES, TEXT, LONGER, "auto", "free", "autoregressive"),
        (SERIES, SERIES, FREE, "auto", "free", "autoregressive"),
        (TEXT, TEXT, FREE, "ctc", "monotonic", "ctc"),
    ],
)
def test_the_table(source, target, sizes, align, name, decoder) -> None:
    found = relate(source, target, sizes, align=align)
    assert (found.name, found.decoder) == (name, decoder)
    assert found.why


def test_a_horizon_is_answered_in_one_go() -> None:
    assert relate(SERIES, SERIES, EQUAL, horizon=7) == relate(SERIES, SERIES, FREE, horizon=7)
    assert relate(SERIES, SERIES, EQUAL, horizon=7).name == "direct"


@pytest.mark.parametrize("source", [None, TEXT, SERIES, VECTOR, PICTURE, FRAMES])
@pytest.mark.parametrize("target", [TEXT, CLASS, SERIES, VECTOR])
@pytest.mark.parametrize("align", ALIGNMENTS)
def test_every_combination_has_an_answer_or_an_advice(source, target, align) -> None:
    possible = any(
        (r.source, r.target, r.align) == (source and source.rank, target.rank, align) and r.when(source, target, EQUAL) for r in TABLE
    )
    if possible:
        assert relate(source, target, EQUAL, align=align).decoder in ("summary", "step", "autoregressive", "ctc")
    else:
        with pytest.raises(SettingError, match=r"Use|Leave|Give"):
            relate(source, target, EQUAL, align=align)


@pytest.mark.parametrize(
    ("source", "target", "sizes", "options", "kind", "message"),
    [
        (TEXT, TEXT, FREE, {"align": "stpe"}, SettingError, "align must be one of .*got 'stpe'.*'step'"),
        (None, CLASS, FREE, {}, SettingError, "Without a source the target must be a sequence"),
        (TEXT, CLASS, FREE, {"align": "step"}, SettingError, "align='step' is for sequences on both sides.*rank 'one'"),
        (SERIES, SERIES, FREE, {"align": "ctc"}, SettingError, "needs a target of symbols; got Continuous"),
        (TEXT, TEXT, FREE, {"align": "step"}, DataError, "same length in every row"),
        (TEXT, TEXT, Sizes(rows=5, monotone_share=0.0), {"align": "ctc"}, DataError, "targets shorter than their sources"),
        (TEXT, PICTURE, FREE, {}, SettingError, "Pictures cannot be predicted"),
        (TEXT, Side("one", Discrete(0)), FREE, {}, SettingError, "no classes"),
        (TEXT, Side("many", Product({"a": Discrete(2)}, {"a": "one"})), FREE, {}, SettingError, "must all be single values"),
        (SERIES, SERIES, FREE, {"horizon": 0}, SettingError, "horizon must be at least 1"),
        (SERIES, TEXT, FREE, {"horizon": 3}, SettingError, "target of numbers"),
    ],
)
def test_impossible_combinations_say_what_to_do(source, target, sizes, options, kind, message) -> None:
    with pytest.raises(kind, match=message):
        relate(source, target, sizes, **options)
