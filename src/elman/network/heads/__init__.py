"""Heads: the distribution over a space, with loss, prediction, probabilities and samples."""

from elman.network.heads._base import Head as Head
from elman.network.heads._base import SymbolHead as SymbolHead
from elman.network.heads.adaptive import AdaptiveHead as AdaptiveHead
from elman.network.heads.bernoulli import BernoulliHead as BernoulliHead
from elman.network.heads.chain import ChainHead as ChainHead
from elman.network.heads.choice import make_head as make_head
from elman.network.heads.continuous import ContinuousHead as ContinuousHead
from elman.network.heads.continuous import GaussianHead as GaussianHead
from elman.network.heads.continuous import MedianHead as MedianHead
from elman.network.heads.continuous import PointHead as PointHead
from elman.network.heads.continuous import StudentTHead as StudentTHead
from elman.network.heads.counts import NegativeBinomialHead as NegativeBinomialHead
from elman.network.heads.pen import PenHead as PenHead
from elman.network.heads.product import ProductHead as ProductHead
from elman.network.heads.quantile import QuantileHead as QuantileHead
from elman.network.heads.softmax import SoftmaxHead as SoftmaxHead
