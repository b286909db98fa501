"""Codecs: what a value is (text, series, category, picture, …)."""

from elman.codecs._base import Codec as Codec
from elman.codecs.space import Binary as Binary
from elman.codecs.space import Continuous as Continuous
from elman.codecs.space import Discrete as Discrete
from elman.codecs.space import Pixels as Pixels
from elman.codecs.space import Product as Product
from elman.codecs.space import Space as Space
