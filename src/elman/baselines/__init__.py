"""Baselines: honest contestants beside a recurrent network, each a scikit-learn estimator."""

from elman.baselines.bag_of_steps import BagOfSteps as BagOfSteps
from elman.baselines.bag_of_words import BagOfWords as BagOfWords
from elman.baselines.constant import Constant as Constant
from elman.baselines.convnet import ConvNet as ConvNet
from elman.baselines.frequency import Frequency as Frequency
from elman.baselines.markov import Markov as Markov
from elman.baselines.prior import PriorSampling as PriorSampling
from elman.baselines.usual_label import UsualLabel as UsualLabel
