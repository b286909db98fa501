"""Baselines: honest candidates beside a recurrent network, each a scikit-learn estimator."""

from elman.baselines._series import SeriesBaseline as SeriesBaseline
from elman.baselines.bag_of_steps import BagOfSteps as BagOfSteps
from elman.baselines.bag_of_words import BagOfWords as BagOfWords
from elman.baselines.constant import Constant as Constant
from elman.baselines.convnet import ConvNet as ConvNet
from elman.baselines.decomposed import Naive2 as Naive2
from elman.baselines.decomposed import Theta as Theta
from elman.baselines.frequency import Frequency as Frequency
from elman.baselines.linear_forecaster import LinearForecaster as LinearForecaster
from elman.baselines.markov import Markov as Markov
from elman.baselines.naive import Drift as Drift
from elman.baselines.naive import Naive as Naive
from elman.baselines.naive import SeasonalNaive as SeasonalNaive
from elman.baselines.prior import PriorSampling as PriorSampling
from elman.baselines.usual_label import UsualLabel as UsualLabel
