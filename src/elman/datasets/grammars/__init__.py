"""Formal languages that recurrent networks are tested on, and the adding and copying problems.

Every language is called as a function for data, and answers ``accepts(word)`` and ``next_symbols(prefix)``.
"""

from __future__ import annotations

from elman.datasets.grammars.automata import Automaton as Automaton
from elman.datasets.grammars.counting import AnBn as AnBn
from elman.datasets.grammars.counting import Dyck as Dyck
from elman.datasets.grammars.counting import anbn as anbn
from elman.datasets.grammars.counting import anbncn as anbncn
from elman.datasets.grammars.counting import dyck_1 as dyck_1
from elman.datasets.grammars.counting import dyck_2 as dyck_2
from elman.datasets.grammars.language import END as END
from elman.datasets.grammars.language import Language as Language
from elman.datasets.grammars.problems import adding as adding
from elman.datasets.grammars.problems import copy_k as copy_k
from elman.datasets.grammars.regular import embedded_reber as embedded_reber
from elman.datasets.grammars.regular import parity as parity
from elman.datasets.grammars.regular import reber as reber
from elman.datasets.grammars.regular import tomita_1 as tomita_1
from elman.datasets.grammars.regular import tomita_2 as tomita_2
from elman.datasets.grammars.regular import tomita_3 as tomita_3
from elman.datasets.grammars.regular import tomita_4 as tomita_4
from elman.datasets.grammars.regular import tomita_5 as tomita_5
from elman.datasets.grammars.regular import tomita_6 as tomita_6
from elman.datasets.grammars.regular import tomita_7 as tomita_7
from elman.datasets.grammars.shelf import get as get
from elman.datasets.grammars.shelf import names as names
