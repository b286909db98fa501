"""Searches over the symbols of a model. States go in and come out; nothing is remembered."""

from elman.generation.beam import Beam as Beam
from elman.generation.continuation import best_answers as best_answers
from elman.generation.continuation import continue_prompts as continue_prompts
from elman.generation.continuation import next_probabilities as next_probabilities
from elman.generation.continuation import read_prompts as read_prompts
from elman.generation.continuation import stream_prompt as stream_prompt
from elman.generation.ctc_beam import CTCBeam as CTCBeam
from elman.generation.greedy import Greedy as Greedy
from elman.generation.hypothesis import Hypothesis as Hypothesis
from elman.generation.rules import Rules as Rules
from elman.generation.sampling import Sampling as Sampling
from elman.generation.sampling import reshape_logits as reshape_logits
