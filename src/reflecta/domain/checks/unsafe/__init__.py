"""What no message may say, whatever its score: phrases by language. How they are found: `safety`."""

from collections.abc import Mapping
from typing import Final

from reflecta.domain.checks.unsafe.english import ENGLISH
from reflecta.domain.checks.unsafe.french import FRENCH
from reflecta.domain.checks.unsafe.german import GERMAN
from reflecta.domain.checks.unsafe.italian import ITALIAN
from reflecta.domain.checks.unsafe.phrases import Phrases
from reflecta.domain.checks.unsafe.portuguese import PORTUGUESE
from reflecta.domain.checks.unsafe.spanish import SPANISH

UNSAFE: Final[Mapping[str, Phrases]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "es": SPANISH,
    "fr": FRENCH,
    "pt": PORTUGUESE,
    "it": ITALIAN,
}
