"""What stands in quotation marks, in whatever style."""

import re
from typing import Final

from reflecta.domain.text import words

# Shorter spans in quotation marks are names, titles and single words, not quotations of an entry.
MIN_QUOTE_WORDS: Final = 3

# Writers mix styles: a quotation may open curly and close straight. Neither an apostrophe
# within a word nor an inch mark opens one.
# Every alternative begins with its mark, also where something before the mark matters: so it is searched for fast.
_QUOTED: Final = re.compile(
    r"“([^“”]+)”|“([^“”\"\n]+)\"|„([^„“”\"]+)[“”\"]|\"(?<!\d\")([^\"\n]+)\"|\"(?<!\d\")([^\"“”\n]+)”|”([^“”\n]+)”"
    r"|«([^«»]+)»|»([^«»]+)«|‹([^‹›]+)›|›([^‹›]+)‹|「([^「」]+)」|『([^『』]+)』"
    r"|‘([^‘]{8,}?)’(?!\w)|‚([^‚‘]+)‘|'(?<!\w')((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)"
)
# What stands for a quotation where only the rest of a text is judged.
QUOTATION_SIGN: Final = "§"


def quotations(text: str) -> list[str]:
    """Give the spans of a text that claim to be somebody's words: in quotation marks, of three words or more."""
    return [span for span in quoted_spans(text) if len(words(span)) >= MIN_QUOTE_WORDS]


def quoted_spans(text: str) -> list[str]:
    """Give all spans of a text that stand in quotation marks."""
    return [next(group for group in match if group).strip() for match in _QUOTED.findall(text)]


def without_quotations(text: str) -> str:
    """Give a text with a sign in place of each span in quotation marks."""
    return _QUOTED.sub(QUOTATION_SIGN, text)
