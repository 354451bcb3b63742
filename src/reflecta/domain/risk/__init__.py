"""Local rules that find explicit signs of risk in a journal entry: no model, no network, never down.

*folding* brings a text into one plain form, *spelling* undoes what people do to words, *heard* is what comes of it;
*pattern* reads the notation of the rules into *steps*, *rules* finds them. *scores* judges the whole wording, with
what its words mean in all languages (*meanings*); *local* puts both together. That nothing was found says nothing about
a person.
"""

from reflecta.domain.risk.local import LocalScreen
from reflecta.domain.risk.meanings import Meanings
from reflecta.domain.risk.pattern import PatternFault
from reflecta.domain.risk.rules import Finding, RiskRules, Sign, SignLists, Weight
from reflecta.domain.risk.scores import Scores

__all__ = [
    "Finding",
    "LocalScreen",
    "Meanings",
    "PatternFault",
    "RiskRules",
    "Scores",
    "Sign",
    "SignLists",
    "Weight",
]
