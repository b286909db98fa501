"""N-grams: counting and smoothing over integer sequences (the Markov opponent, the prior of the CTC beam)."""

from elman.ngrams._base import NGramModel as NGramModel
from elman.ngrams.counts import Counts as Counts
from elman.ngrams.counts import Stream as Stream
from elman.ngrams.frequency import Frequency as Frequency
from elman.ngrams.kneser_ney import KneserNey as KneserNey
from elman.ngrams.mixture import Mixture as Mixture
from elman.ngrams.ppm import PPM as PPM
