"""Codecs: what a value is (text, series, category, picture, …)."""

from elman.codecs._base import Codec as Codec
from elman.codecs._infer import infer as infer
from elman.codecs._registry import describe as describe
from elman.codecs._registry import from_name as from_name
from elman.codecs._registry import names as names
from elman.codecs._registry import rebuild as rebuild
from elman.codecs._registry import registry as registry
from elman.codecs.audio import Audio as Audio
from elman.codecs.category import Category as Category
from elman.codecs.dialogue import Dialogue as Dialogue
from elman.codecs.image import Image as Image
from elman.codecs.notes import Notes as Notes
from elman.codecs.number import Number as Number
from elman.codecs.record import Record as Record
from elman.codecs.series import Series as Series
from elman.codecs.space import Binary as Binary
from elman.codecs.space import Continuous as Continuous
from elman.codecs.space import Discrete as Discrete
from elman.codecs.space import Pixels as Pixels
from elman.codecs.space import Product as Product
from elman.codecs.space import Space as Space
from elman.codecs.strokes import Strokes as Strokes
from elman.codecs.symbols import Symbols as Symbols
from elman.codecs.tags import Tags as Tags
from elman.codecs.text import Text as Text
from elman.codecs.vector import Vector as Vector
