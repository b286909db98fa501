"""The regular benchmarks: Reber and embedded Reber, Tomita 1 to 7, parity.

References
----------
Reber 1967, "Implicit learning of artificial grammars"; Cleeremans et al. 1989, "Finite state automata and simple recurrent networks"
(Reber); Hochreiter and Schmidhuber 1997, "Long short-term memory", experiment 1 (embedded Reber); Tomita 1982, "Dynamic construction
of finite-state automata from examples using hill-climbing" (Tomita 1 to 7).
"""

from __future__ import annotations

from elman.datasets.grammars.automata import Automaton

_REBER = {
    0: {"B": 1},
    1: {"T": 2, "P": 3},
    2: {"S": 2, "X": 4},
    3: {"T": 3, "V": 5},
    4: {"X": 3, "S": 6},
    5: {"P": 4, "V": 6},
    6: {"E": 7},
}
_REBER_END = 7


def _embedded() -> dict[int, dict[str, int]]:
    """Two copies of Reber's automaton, one between T and T, one between P and P."""
    moves: dict[int, dict[str, int]] = {0: {"B": 1}, 1: {"T": 10, "P": 20}, 2: {"E": 3}}
    for outer, base in (("T", 10), ("P", 20)):
        moves |= {base + state: {symbol: base + after for symbol, after in row.items()} for state, row in _REBER.items()}
        moves[base + _REBER_END] = {outer: 2}
    return moves


reber = Automaton("reber", _REBER, final=[_REBER_END])
"""Reber's grammar over B T P S X V E; words have 5 symbols or more."""

embedded_reber = Automaton("embedded_reber", _embedded(), final=[3])
"""Embedded Reber: the second symbol must return as the last but one, whatever lies between; 9 symbols or more."""

tomita_1 = Automaton("tomita_1", {0: {"1": 0, "0": 1}}, final=[0])
"""Only ones: 1*."""

tomita_2 = Automaton("tomita_2", {0: {"1": 1}, 1: {"0": 0}}, final=[0])
"""(10)*."""

tomita_3 = Automaton("tomita_3", {0: {"0": 0, "1": 1}, 1: {"1": 0, "0": 2}, 2: {"0": 3}, 3: {"0": 2, "1": 1}}, final=[0, 1, 3])
"""No odd run of ones is followed by an odd run of zeros."""

tomita_4 = Automaton("tomita_4", {0: {"0": 1, "1": 0}, 1: {"0": 2, "1": 0}, 2: {"1": 0}}, final=[0, 1, 2])
"""No three zeros in a row."""

tomita_5 = Automaton("tomita_5", {0: {"0": 1, "1": 2}, 1: {"0": 0, "1": 3}, 2: {"0": 3, "1": 0}, 3: {"0": 2, "1": 1}}, final=[0])
"""An even number of zeros and an even number of ones."""

tomita_6 = Automaton("tomita_6", {0: {"0": 1, "1": 2}, 1: {"0": 2, "1": 0}, 2: {"0": 0, "1": 1}}, final=[0])
"""The number of zeros less the number of ones is a multiple of three."""

tomita_7 = Automaton("tomita_7", {0: {"0": 0, "1": 1}, 1: {"1": 1, "0": 2}, 2: {"0": 2, "1": 3}, 3: {"1": 3}}, final=[0, 1, 2, 3])
"""0*1*0*1*."""

parity = Automaton("parity", {0: {"0": 0, "1": 1}, 1: {"0": 1, "1": 0}}, final=[0])
"""An even number of ones."""
