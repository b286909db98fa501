"""Contest: the same task for the simplest guess, a Markov chain, convolutions and recurrent networks, on one split, with intervals."""

from elman.contest.alarms import Alarm as Alarm
from elman.contest.alarms import LeakError as LeakError
from elman.contest.alarms import LeakWarning as LeakWarning
from elman.contest.compare import compare as compare
from elman.contest.leaderboard import Entry as Entry
from elman.contest.leaderboard import Leaderboard as Leaderboard
