"""A codec of your own: teach elman a kind of value it does not know, here times of the day, as points on a circle.

The battery check_codec tests everything a codec must do. In a package of your own, name it under the entry point "elman.codecs".
Run: python examples/own_codec.py
"""

import datetime
import math
import os

import numpy as np

from elman import Category, Model, Training
from elman.codecs import Codec, Continuous
from elman.codecs.checks import strict
from elman.errors import DataError
from elman.testing import check_codec


class TimeOfDay(Codec):
    """A datetime.time as (cos, sin) of its angle, so that 23:59 and 0:00 are neighbours. Nothing is learned from data."""

    id, rank = "time-of-day.v1", "one"

    @property
    def space(self) -> Continuous:
        self._fitted("known_")  # raises NotFittedError before fit
        return Continuous(2)

    def encode(self, value):
        self._fitted("known_")
        if not isinstance(value, datetime.time):
            raise DataError(f"TimeOfDay expected a datetime.time; got {value!r}.")
        angle = 2 * math.pi * (value.hour * 60 + value.minute) / 1440  # minutes of a day
        return np.array([math.cos(angle), math.sin(angle)], dtype=np.float32)

    def decode(self, array):
        self._fitted("known_")
        minutes = round(math.atan2(array[1], array[0]) / (2 * math.pi) * 1440) % 1440
        return datetime.time(minutes // 60, minutes % 60)

    def _fit(self, values):
        self.known_ = True

    def _state(self):
        self._fitted("known_")
        return {}

    def _restore(self, state):
        strict(state, (), "TimeOfDay state")
        self.known_ = True


times = [datetime.time(h, m) for h in range(24) for m in (0, 10, 30, 59)]
check_codec(TimeOfDay(), times, bad=["noon", 12, None])
print("check_codec: passed")
labels = ["night" if t.hour < 6 or t.hour >= 22 else "day" for t in times]
training = Training(budget="2s" if os.environ.get("ELMAN_QUICK") else "20s", learning_rate=0.01, verbose=0)
model = Model(TimeOfDay(), Category(), training=training).fit(times, labels)
print(model.predict([datetime.time(3, 7), datetime.time(23, 45), datetime.time(12)]))
