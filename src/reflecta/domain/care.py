"""The fixed text a person is sent when a journal shows signs of risk. No model writes it, and no journal goes into it.

Which signs these are, and when it is sent, is not decided here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reflecta.domain.wording import fill_plain

# The region for everybody whose own is not known, or has no helpline.
FALLBACK_REGION: Final = "*"
FALLBACK_LANGUAGE: Final = "en"
HELPLINES_SLOT: Final = "{helplines}"

# Codes that are no ISO 3166 but that people write all the same (the first is reserved there for that reason).
_ALIASES: Final = {"UK": "GB", "EL": "GR"}
_HOURS: Final = re.compile(r"\s*[(（]\{hours\}[)）]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpline:
    """Who answers in a *region* (ISO 3166-1 alpha-2, or '*'); it has a *number* or a *url*, and may have both."""

    region: str
    name: str
    number: str = ""
    url: str = ""
    hours: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CareText:
    """The text of one language: *text* has the slot {helplines} on a line of its own, *push_text* gives nothing away.

    *line* has {name}, {number} and {hours}, *web* {name} and {url}, *emergency* {number}.
    """

    language: str
    heading: str
    text: str
    push_text: str
    line: str
    web: str
    emergency: str

    def say_helpline(self, helpline: Helpline) -> str:
        """Give a helpline as a line: its number and hours where it has one, else its address."""
        if not helpline.number:
            return fill_plain(self.web, {"name": helpline.name, "url": helpline.url})
        pattern = self.line if helpline.hours else _HOURS.sub("", self.line)
        return fill_plain(pattern, {"name": helpline.name, "number": helpline.number, "hours": helpline.hours})


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What a person is sent: paragraphs parted by line ends, and what stands above them and on a lock screen."""

    text: str
    push_text: str
    heading: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTexts:
    """The care texts by language, and the helplines and emergency numbers by region.

    There is a text in English, and a helpline for '*'. *version* changes with any change of their content.
    """

    texts: Mapping[str, CareText]
    helplines: Mapping[str, Sequence[Helpline]]
    emergency: Mapping[str, str]
    version: str

    def write(self, language: str | None, region: str | None) -> Care:
        """Write to a person whose language (a tag, 'pt-BR') and region (an ISO code, in any case) may be unknown.

        In a language without a text, that of the region's main language is taken, else the English one; for a
        region without a helpline, the international one.
        """
        known = _region(region)
        helplines = self.helplines.get(known) or self.helplines[FALLBACK_REGION]
        text = self._text(_language(language), helplines)
        lines = [text.say_helpline(helpline) for helpline in _understood_first(helplines, text.language)]
        if number := self.emergency.get(known):
            lines.insert(0, fill_plain(text.emergency, {"number": number}))
        return Care(
            text=fill_plain(text.text, {"helplines": "\n".join(lines)}),
            push_text=text.push_text,
            heading=text.heading,
        )

    def has_helpline(self, region: str | None) -> bool:
        """Say whether a region has a helpline of its own."""
        known = _region(region)
        return known != FALLBACK_REGION and known in self.helplines

    def _text(self, language: str, helplines: Sequence[Helpline]) -> CareText:
        main = helplines[0].languages[:1]
        return next(self.texts[code] for code in (language, *main, FALLBACK_LANGUAGE) if code in self.texts)


def _language(tag: str | None) -> str:
    """Give the language of a tag."""
    return re.split(r"[-_]", tag.strip().casefold())[0] if tag else ""


def _region(code: str | None) -> str:
    """Give a region as it stands in the table."""
    folded = code.strip().upper() if code else FALLBACK_REGION
    return _ALIASES.get(folded, folded)


def _understood_first(helplines: Sequence[Helpline], language: str) -> Sequence[Helpline]:
    return sorted(helplines, key=lambda helpline: language not in helpline.languages)
