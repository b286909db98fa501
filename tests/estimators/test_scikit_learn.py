"""scikit-learn's own checks, on the one kind of Model that takes its tables of numbers.

What cannot apply stands below with the reason; anything else that fails, fails here.
"""

import pytest
import sklearn.exceptions
from sklearn.utils.estimator_checks import check_estimator

from elman import Category, Model, Network, Number, Training, Vector

SEQUENCES = "a row is any value (a text, a recording), so that rows have no common number of features"
OUR_WORDS = "refused as it must be, in elman's words, which name the row; the check looks for scikit-learn's"
FRAMES = "a row of a data frame of several columns is a record by name, for Record(a=…, b=…); Vector takes arrays"
NOT_APPLICABLE = {
    "check_n_features_in": SEQUENCES,
    "check_n_features_in_after_fitting": SEQUENCES,
    "check_fit2d_predict1d": OUR_WORDS,
    "check_complex_data": OUR_WORDS,
    "check_estimators_empty_data_messages": OUR_WORDS,
    "check_estimator_sparse_array": OUR_WORDS,
    "check_estimator_sparse_matrix": OUR_WORDS,
    "check_fit2d_1sample": OUR_WORDS,
    "check_requires_y_none": OUR_WORDS,
    "check_supervised_y_2d": "a row of a 2-d y is a vector: a value of its own kind for Vector(), refused by Category() and Number()",
    "check_estimators_nan_inf": "a missing number is legal in a source; a mask tells the network",
    "check_supervised_y_no_nan": "infinity is a value like any other for a Category",
    "check_classifiers_regression_target": "a Category may be any hashable, fractions too",
    "check_classifier_data_not_an_array": FRAMES,
    "check_regressor_data_not_an_array": FRAMES,
    "check_regressors_no_decision_function": "one class serves all targets, so predict_proba exists and explains itself when there is none",
}


@pytest.mark.parametrize("target", [Category(), Number()])
@pytest.mark.filterwarnings("ignore")  # the checks warn on purpose
def test_scikit_learns_own_checks(target):
    model = Model(
        Vector(), target, network=Network(hidden_size=8), training=Training(max_epochs=6, learning_rate=0.02, batch_size=16, verbose=0)
    )
    results = check_estimator(model, on_fail=None, on_skip=None)
    assert len(results) > 40
    failed = {r["check_name"]: repr(r["exception"])[:300] for r in results if r["status"] == "failed"}
    assert {name: why for name, why in failed.items() if name not in NOT_APPLICABLE} == {}


def test_their_not_fitted_error_catches_ours():
    with pytest.raises(sklearn.exceptions.NotFittedError, match="This Model is not fitted yet. Call fit"):
        Model(Vector(), Number()).predict([[1.0]])
