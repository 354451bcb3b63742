"""Plain text from what people and rich editors write. Linear in the length of its input, whatever that is.

Own code: the sanitiser and the parser at hand both have inputs of 500 KB that keep them busy for a minute.
"""

import html
import re
import unicodedata
from typing import Final

# Controls that have no place in a diary: C0 and C1 (but tab and newline), bidi overrides, invisible separators
# and tags, lone surrogates. Joiners (ZWJ, ZWNJ) stay: scripts and emoji need them.
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_BLANKS: Final = re.compile(r"[^\S\n]+")
_NEWLINES: Final = re.compile(r"\n{2,}")
_BLOCKS: Final = frozenset(
    "address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main "
    "ol p pre section table td th tr ul".split()
)
_HIDDEN: Final = frozenset({"script", "style", "template", "noscript", "head", "title"})
_TAG_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,31})")

_SAME_QUOTES: Final = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
)
_SAME_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))


def clean(text: str) -> str:
    """Drop what cannot be shown or stored (NUL, lone surrogates, direction overrides); compose to NFC."""
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def plain_text(content: str) -> str:
    """Give the text of an HTML fragment: blocks on lines of their own, entities resolved, markup gone."""
    pieces: list[str] = []
    at, length = 0, len(content)
    while at < length:
        opening = content.find("<", at)
        if opening < 0:
            pieces.append(content[at:])
            break
        pieces.append(content[at:opening])
        at, piece = _after_markup(content, opening)
        pieces.append(piece)
    return _tidy(html.unescape("".join(pieces)))


def _after_markup(content: str, opening: int) -> tuple[int, str]:
    """Give where the text goes on after the '<' at *opening*, and what stands for the markup."""
    if content.startswith("<!--", opening):
        return _after(content, "-->", opening + 4), ""
    name = _TAG_NAME.match(content, opening + 1)
    if name is None and content[opening + 1 : opening + 2] not in {"!", "?"}:
        return opening + 1, "<"  # an ordinary less-than sign
    end = _after(content, ">", opening)
    tag = name.group(1).lower() if name else ""
    if tag in _HIDDEN and content[opening + 1] != "/":
        return _after(content, ">", _after(content, f"</{tag}", end)), ""
    return end, "\n" if tag in _BLOCKS else ""


def _after(content: str, mark: str, start: int) -> int:
    """Give the index after the next *mark*; the end of the text where it is never closed."""
    found = content.find(mark, start)
    return len(content) if found < 0 else found + len(mark)


def _tidy(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip() for line in clean(text).split("\n"))
    return _NEWLINES.sub("\n", "\n".join(lines)).strip()


def comparable(text: str) -> str:
    """Give the form in which quotations are compared: compatible characters, quotes, dashes, case and blanks alike."""
    folded = unicodedata.normalize("NFKC", clean(text)).translate(_SAME_QUOTES).translate(_SAME_DASHES)
    return " ".join(folded.replace("…", "...").casefold().split())


def words(text: str) -> list[str]:
    """Give the words of a text, folded, without punctuation."""
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", comparable(text))


def sentences(text: str) -> list[str]:
    """Split a text into sentences, as they stand."""
    parts = re.split(r"(?<=[.!?…。！？])[\"'”’»)]*\s+|\n+", text)
    return [part.strip() for part in parts if part and part.strip()]


def cut(text: str, limit: int) -> str:
    """Shorten a text to at most *limit* characters, at the end of a sentence or of a word where there is one."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    stop = max(head.rfind(mark) for mark in (". ", "! ", "? ", "\n", "。"))
    if stop > limit // 2:
        return head[: stop + 1].rstrip()
    return head[: head.rfind(" ") if head.rfind(" ") > limit // 2 else len(head)].rstrip() + "…"
