"""Settings: what is shown, and which are equal."""

import numpy as np

from elman import Network, Training


def test_a_repr_shows_what_differs_from_the_defaults():
    assert repr(Training()) == "Training()"
    assert repr(Training(max_epochs=3, schedule="constant", budget=None)) == "Training(max_epochs=3, schedule='constant')"
    assert repr(Training(callbacks=np.arange(3))) == "Training(callbacks=array([0, 1, 2]))"  # what cannot be compared is shown


def test_settings_are_equal_by_class_and_values():
    assert Training(max_epochs=3) == Training().set_params(max_epochs=3)
    assert Training(max_epochs=3) != Training(max_epochs=4)
    assert Training() != Network()
    assert Training() != {}
