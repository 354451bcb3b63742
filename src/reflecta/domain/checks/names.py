"""Names in a message: words with a capital that their place in the sentence does not explain."""

from typing import Final

from reflecta.domain.checks.dates import Found
from reflecta.domain.checks.known import Known
from reflecta.domain.checks.reading import Reading
from reflecta.domain.checks.vocabulary import CAPITALISED, FUNCTION_WORDS, MONTHS, NUMBER_WORDS, WEEKDAYS

_NO_NAMES: Final = FUNCTION_WORDS | MONTHS | WEEKDAYS | CAPITALISED | NUMBER_WORDS
# German writes every noun with a capital: there a name is what follows one of these.
_GERMAN_CUES: Final = frozenset(
    """
    herr herrn frau familie doktor bruder schwester freund freundin kollege kollegin kollegen chef chefin nachbar
    nachbarin onkel tante cousin cousine mann sohn tochter enkel enkelin hund katze kater namens heißt hieß nannte
    partner partnerin lehrer lehrerin arzt ärztin mutter vater oma opa stadt
    hi hello hey dear hallo hola bonjour salut cher chère olá oi ciao liebe lieber liebes
    """.split()
)
# Where a sentence begins every word has a capital: there a name is what does what people do.
_DOINGS: Final = frozenset(
    """
    said says told tells asked asks wrote writes called calls phoned phones texted brought brings gave gives read reads
    took takes sent sends came comes did put puts gets laughed cried answered answers invited promised thinks thought
    wants wanted
    hat sagte sagt fragte fragt schrieb schreibt rief brachte bringt gab meint meinte erzählte
    dijo dice preguntó escribió llamó trajo dio puso hizo contó cree quiere
    dit demande écrit appelle croit veut
    disse diz perguntou escreveu ligou trouxe deu fez contou
    """.split()
)


def read_name(said: Reading, at: int, known: Known) -> Found | None:
    """Read a name that stands there."""
    token = said.at(at)
    if not token.text[0].isupper() or len(token.text) == 1 or not _may_be_name(said, at):
        return None
    name = token.folded.removesuffix("'s")
    if name in _NO_NAMES or token.folded in _NO_NAMES:
        return None
    return at + 1, known.has_name(name) or ("-" in name and all(map(known.has_name, name.split("-"))))


def _may_be_name(said: Reading, at: int) -> bool:
    if said.opens(at):
        return said.at(at + 1).folded in _DOINGS and said.at(at).folded not in FUNCTION_WORDS
    before = said.at(at - 1).folded
    return said.language != "de" or before in _GERMAN_CUES
