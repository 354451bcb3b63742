"""The local layer of the screen: the rules, and the score of the whole wording that doubts them or does without."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from reflecta.domain.risk.rules import Finding, RiskRules, Sign
from reflecta.domain.risk.scores import Scores

# Digests of texts; 3 MB.
_REMEMBERED: Final = 20_000
# What stands for the number of a rule where the score found a sign and no rule did.
BY_SCORE: Final = "score"


@dataclass(frozen=True, slots=True)
class LocalScreen:
    """Looks for explicit signs of risk without a model and without a network."""

    rules: RiskRules
    scores: Scores
    _quiet: set[bytes] = field(default_factory=set[bytes], init=False, repr=False)

    def prepare(self) -> None:
        """Make now what the first text would be kept waiting for."""
        self.rules.prepare()

    def find(self, text: str) -> Finding | None:
        """Give the gravest sign in a text, None where none is seen.

        The same entries are read again day after day: of those without a sign their digests are remembered.
        """
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._quiet:
            return None
        finding = self._find(text)
        if finding is None:
            if len(self._quiet) >= _REMEMBERED:
                self._quiet.clear()
            self._quiet.add(digest)
        return finding

    def _find(self, text: str) -> Finding | None:
        told = None
        for finding in self.rules.findings(text):
            if finding.is_firm:
                return finding
            told = told or self.scores.read(text)
            if told.score >= self.scores.ordinary:
                return finding
        told = told or self.scores.read(text)
        if told.score < self.scores.telling:
            return None
        return Finding(sign=Sign(told.sign), language=told.language, rule=f"{told.language}.{told.sign}.{BY_SCORE}")
