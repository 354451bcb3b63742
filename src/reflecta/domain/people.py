"""Finds the people of a journal: names that stand beside who they are ('my sister Anna', 'Tom, my boss').

The word for 'my' is that of the person's language; who somebody is may be said in any of five.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from reflecta.domain.sayings import branches

_RELATIONS: Final = (
    "sister brother mother mom mum father dad wife husband partner girlfriend boyfriend fiancé fiancée fiance son "
    "daughter aunt uncle cousin niece nephew grandmother grandma grandfather grandpa friend boss manager colleague "
    "coworker neighbour neighbor roommate flatmate teacher coach therapist doctor mentor landlord landlady dog cat "
    # German
    "schwester bruder mutter mama vater papa frau mann freund freundin verlobter verlobte sohn tochter tante onkel "
    "cousine nichte neffe oma opa großmutter großvater chef chefin kollege kollegin nachbar nachbarin mitbewohner "
    "mitbewohnerin lehrer lehrerin therapeut therapeutin ärztin arzt trainer trainerin hund katze "
    "partnerin "  # codespell:ignore
    # Spanish
    "hermana hermano madre mamá padre papá esposa esposo marido mujer novia novio pareja hijo hija tía tío prima "
    "primo sobrina sobrino abuela abuelo amiga amigo jefa jefe compañera compañero colega vecina vecino profesora "
    "terapeuta médica médico entrenadora entrenador perro perra gato gata "
    "profesor "  # codespell:ignore
    # French
    "sœur soeur frère mère maman père femme mari compagne compagnon copine copain oncle nièce neveu mamie papi amie "
    "ami patron patronne cheffe collègue voisine voisin colocataire professeur thérapeute médecin "
    "fils fille "  # codespell:ignore
    # Portuguese
    "irmã irmão mãe pai mamãe papai mulher namorada namorado noiva noivo filho filha tia tio sobrinha sobrinho avó "
    "avô chefe vizinha vizinho"
).split()
# Of each language 'my', by which it is known, and the words for 'my' and 'our'.
_MINE: Final = (
    ("my", "my"),
    ("my", "our"),
    ("mein", "mein(?:e|en|em|er)?"),
    ("mein", "unser(?:e|en|em|er)?"),  # codespell:ignore
    ("mi", "mi"),
    ("mi", "nuestr[oa]"),
    ("mon", "mon"),
    ("mon", "ma"),
    ("mon", "notre"),
    ("meu", "meu"),  # codespell:ignore
    ("meu", "minha"),  # codespell:ignore
    ("meu", "noss[oa]"),  # codespell:ignore
)
# 'my dear sister': a possessive, no more than two words, the relation; in small letters.
_KIN: Final = tuple(
    (mark, re.compile(rf" {mine} (?:[\w-]{{1,20}} ){{0,2}}?{branches(sorted(_RELATIONS))}(?!\w)"))
    for mark, mine in _MINE
)
_NAME_AFTER: Final = re.compile(r"(?:,|:)? ([^\W\d_][\w-]+)")
_NAME_BEFORE: Final = re.compile(r"([^\W\d_][\w-]+)(?:, | \(| – | - )\Z")
# How far before a possessive a name may begin.
_NEAR: Final = 30
# Capitals that are no names: what German writes large, and days.
_NO_NAMES: Final = frozenset(
    "geburtstag hochzeit angst zeit monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch "
    "donnerstag freitag samstag sonntag and but".split()
)


class Introduction(NamedTuple):
    """A name and the part of a text, from *at* to *end*, in which it stands beside who that is."""

    name: str
    at: int
    end: int


def kin(own: Collection[str]) -> Sequence[re.Pattern[str]]:
    """Give what finds 'my dear sister' in small letters, in the language with these words for oneself; else in all."""
    return [pattern for mark, pattern in _KIN if mark in own] or [pattern for _, pattern in _KIN]


def introduction(text: str, at: int, end: int) -> Introduction | None:
    """Give who is introduced by the kin from *at* to *end*, if the name stands beside it."""
    after = _NAME_AFTER.match(text, end)
    if after is not None and _is_name(after[1]):
        return Introduction(after[1], at, after.end())
    before = _NAME_BEFORE.search(text, max(at - _NEAR, 0), at)
    if before is not None and _is_name(before[1]):
        return Introduction(before[1], before.start(), end)
    return None


def _is_name(word: str) -> bool:
    return word[0].isupper() and not word.isupper() and word.lower() not in _NO_NAMES
