import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ngrams import ppm

from elman.errors import SettingError
from elman.ngrams import PPM


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), max_size=20), min_size=1, max_size=4),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from("CD"),
    st.booleans(),
    st.sampled_from([4, 5]),
    st.data(),
)
def test_scores_and_distributions_are_those_of_the_plain_twin(sequences, order, end, escape, update_exclusion, size, data):
    text = data.draw(st.lists(st.integers(0, size - 1), max_size=8))
    model = PPM(order, end=end, escape=escape, update_exclusion=update_exclusion).fit(sequences, size)
    slow = ppm(sequences, order, size + end, size if end else None, escape, update_exclusion)
    expected = [slow(w, tuple(text[:t])) for t, w in enumerate(text)]
    np.testing.assert_allclose(np.exp(model.log_prob(text)), expected, rtol=1e-9)
    np.testing.assert_allclose(model.next(text), [slow(w, tuple(text)) for w in range(size + end)], rtol=1e-9, atol=1e-15)


def test_method_c_worked_by_hand():
    """After 0 came 1 twice and 2 once; 0 is excluded from nothing, 3 was never seen."""
    model = PPM(2, escape="C", update_exclusion=False).fit([[0, 1, 0, 1, 0, 2]], 4)
    # context 0: n=3, d=2. Empty context without 1 and 2: only 0 is left, n=3, d=1. Below: 3 alone.
    np.testing.assert_allclose(model.next([0]), [2 / 5 * 3 / 4, 2 / 5, 1 / 5, 2 / 5 * 1 / 4])


def test_method_d_worked_by_hand():
    model = PPM(2, escape="D", update_exclusion=False).fit([[0, 1, 0, 1, 0, 2]], 4)
    np.testing.assert_allclose(model.next([0]), [2 / 6 * 2.5 / 3, 1.5 / 3, 0.5 / 3, 2 / 6 * 0.5 / 3])


def test_a_context_that_has_seen_every_symbol_never_escapes():
    model = PPM(1, escape="D").fit([[0, 0, 0, 1]], 2)
    np.testing.assert_allclose(model.next(), [0.75, 0.25])


def test_unknown_methods_are_refused():
    with pytest.raises(SettingError, match="escape must be 'C' or 'D'; got 'X'"):
        PPM(2, escape="X")
