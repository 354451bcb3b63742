"""Plain text from what people and rich editors write. Linear in the length of its input, whatever that is.

Own code: the sanitiser and the parser at hand both have inputs of 500 KB that keep them busy for a minute.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

# Controls that have no place in a diary: C0 and C1 (but tab and newline), bidi controls, invisible separators
# and tags, lone surrogates. Joiners (ZWJ, ZWNJ) stay: scripts and emoji need them.
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_CONTROLS: Final = bytes(code for code in (*range(0x20), 0x7F) if chr(code) not in "\t\n")
_LINE_ENDS: Final = re.compile("\r\n|[\x0b\x0c\r\x85\u2028\u2029]")
# Marks on one letter beyond these are dropped (UAX #15, stream-safe text): their sorting takes quadratic time.
_MAX_MARKS: Final = 30
# All marks there are stand in these ranges, and few letters that much is written in (not Han, kana or Hangul).
_MAY_BE_MARK: Final = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u1dff\u20d0-\u20ff\u2cef-\u303f\u3099\u309a\ua66f-\uabff\ufb1e-\ufe2f"
    "\U00010000-\U0001efff\U000e0100-\U0010ffff]"
)
_MAYBE_MARK: Final = re.compile(_MAY_BE_MARK)
_MAYBE_MARKS: Final = re.compile(f"{_MAY_BE_MARK}{{{_MAX_MARKS + 1},}}")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_NEWLINES: Final = re.compile(r"\n{2,}")
_BLOCKS: Final = frozenset(
    "address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main "
    "ol p pre section table td th tr ul".split()
)
_HIDDEN: Final = frozenset({"script", "style", "template", "noscript", "head", "title"})
_TAG_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]{0,31})")
_TAG_STOP: Final = re.compile(r">|=\s*[\"']")
_CLOSING: Final = {tag: re.compile(rf"</{tag}(?![\w:-])", re.IGNORECASE | re.ASCII) for tag in _HIDDEN}
# No character has such a number, and Python refuses to read one of more than 4300 digits.
_ABSURD_ENTITY: Final = re.compile(r"&#[0-9]{1000,};?")

# Scripts that write words without blanks between them: Thai, Lao, Burmese, Khmer, kana and Han.
_UNSPACED: Final = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Signs within a word that \w lacks: joiners, accents, Hebrew and Arabic points, Indic and Tibetan vowel signs.
_MARKS: Final = (
    "\u200c\u200d\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c2\u05c4-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06ed\u0730-\u074a\u07a6-\u07b0\u0900-\u0963\u0971-\u0df3\u0f71-\u0f84\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
)
_LETTER: Final = rf"(?:(?!_|[{_UNSPACED}])[\w{_MARKS}])"
_JOINED: Final = re.compile(_LETTER + "{2}")
# Runs of letters and of signs by turns: what one class of both would match, but several times faster.
_LETTERS: Final = rf"(?:[^\W_{_UNSPACED}]++|[{_MARKS}]++)++"
_WORD: Final = re.compile(rf"[{_UNSPACED}]{{1,2}}|{_LETTERS}(?:'{_LETTERS})*+")
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_ASCII_BREAKS: Final = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) in "'\n")}
# An apostrophe at the end of a word is a quotation mark.
_LOOSE: Final = ("' ", " '", "''")
# Five words in a row are the unit in which texts are compared.
RUN: Final = 5
# Where a sentence may end, then whether it does: a pattern that begins with a class is searched for fast.
SENTENCE_END: Final = re.compile(
    r"[.!?…\n。！？](?:(?<=\n)|(?<=[.!?…])[\"'”’»)]*(?=\s)|(?<=[。！？])(?![。！？])[」』”’»)]*)"
)

_SAME: Final = {
    **dict.fromkeys("‘’‚‛", "'"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
}


def clean(text: str) -> str:
    """Drop what cannot be shown or stored (NUL, lone surrogates, bidi controls); lines end in LF; compose to NFC."""
    kept = text
    if not _is_showable(text):
        kept = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    if kept.isascii():
        return kept
    # Of so many marks in a row, one stands at such a place: few places tell that there is none.
    if _MAYBE_MARK.search(kept[_MAX_MARKS :: _MAX_MARKS + 1]):
        kept = _MAYBE_MARKS.sub(_with_few_marks, kept)
    return unicodedata.normalize("NFC", kept)


def _is_showable(text: str) -> bool:
    """Say whether a text holds none of the unwanted characters and no line ends but LF: as most do."""
    if text.isascii():
        return len(text.encode().translate(None, _CONTROLS)) == len(text)
    return text.replace("\n", "").replace("\t", "").isprintable()


def _with_few_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in run.group():
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


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
    return _tidy(html.unescape(_ABSURD_ENTITY.sub("\ufffd", "".join(pieces))))


def _after_markup(content: str, opening: int) -> tuple[int, str]:
    """Give where the text goes on after the '<' at *opening*, and what stands for the markup."""
    if content.startswith("<!--", opening):
        return _after(content, "-->", opening + 2), ""  # '<!-->' is a whole comment
    name = _TAG_NAME.match(content, opening + 1)
    if name is None and content[opening + 1 : opening + 2] not in {"!", "?"}:
        return opening + 1, "<"  # an ordinary less-than sign
    tag = name.group(1).lower() if name else ""
    end = _after_tag(content, opening) if tag else _after(content, ">", opening)
    if tag in _HIDDEN and content[opening + 1] != "/":
        closing = _CLOSING[tag].search(content, end)
        return _after(content, ">", closing.end()) if closing else len(content), ""
    return end, "\n" if tag in _BLOCKS else ""


def _after_tag(content: str, start: int) -> int:
    """Give the index after the tag that begins at *start*; a '>' within a quoted attribute does not end it."""
    while stop := _TAG_STOP.search(content, start):
        mark = stop.group()[-1]
        if mark == ">":
            return stop.end()
        closed = content.find(mark, stop.end())
        if closed < 0:  # no more such marks: this happens at most once for each of the two
            return _after(content, ">", stop.end())
        start = closed + 1
    return len(content)


def _after(content: str, mark: str, start: int) -> int:
    """Give the index after the next *mark*; the end of the text where it is never closed."""
    found = content.find(mark, start)
    return len(content) if found < 0 else found + len(mark)


def _tidy(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip() for line in clean(text).split("\n"))
    return _NEWLINES.sub("\n", "\n".join(lines)).strip()


def comparable(text: str) -> str:
    """Give the form in which quotations are compared: compatible characters, quotes, dashes, case and blanks alike."""
    folded = _plainly_set(text)
    if not folded.isascii() or not _is_showable(folded):
        folded = _plainly_set(unicodedata.normalize("NFKC", clean(text)))
    return _on_one_line(folded.casefold())


def _plainly_set(text: str) -> str:
    """Give a text with ASCII quotes, dashes and dots; mostly all else in it is ASCII already."""
    if text.isascii():
        return text
    for mark, plain in _SAME.items():
        text = text.replace(mark, plain)
    return text


def _on_one_line(text: str) -> str:
    """Give a text that `clean` gave with single blanks between its words, and no other."""
    if text.isascii():
        text = text.replace("\n", " ").replace("\t", " ").strip(" ")
        if "  " not in text:
            return text
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """Give the words of a text, folded, without punctuation; pairs of characters where words are not spaced."""
    folded = comparable(text)
    return _ascii_words(folded.translate(_ASCII_BREAKS)) if folded.isascii() else _WORD.findall(folded)


def words_of_each(texts: Sequence[str]) -> list[list[str]]:
    """Give the `words` of each of several texts without line ends, such as sentences, in one go."""
    folded = _plainly_set("\n".join(texts))
    if not texts or not folded.isascii() or not _is_showable(folded):
        return [words(text) for text in texts]
    return [_ascii_words(line) for line in folded.casefold().translate(_ASCII_BREAKS).split("\n")]


def _ascii_words(text: str) -> list[str]:
    """Give the words of a folded ASCII text whose other signs, apostrophes apart, are blanks."""
    if "'" in text and any(loose in f" {text} " for loose in _LOOSE):
        return _ASCII_WORD.findall(text)
    return text.split()


def runs(said: Sequence[str]) -> set[tuple[str, ...]]:
    """Give the five-word runs of the words of a text."""
    return set(zip(*(said[start:] for start in range(RUN)), strict=False))


def find_span(span: str, text: str, start: int = 0) -> int:
    """Give where a comparable span, as whole words, ends in a comparable text; -1 where it does not stand."""
    at = text.find(span, start)
    while at >= 0:
        end = at + len(span)
        if not _JOINED.fullmatch(text[max(at - 1, 0) : at + 1]) and not _JOINED.fullmatch(text[end - 1 : end + 1]):
            return end
        at = text.find(span, at + 1)
    return -1


def sentences(text: str) -> list[str]:
    """Split a text into sentences, as they stand."""
    return list(each_sentence(text))


def each_sentence(text: str) -> Iterator[str]:
    """Give the sentences of a text one by one, as they are asked for."""
    start = 0
    for found in SENTENCE_END.finditer(text):
        if part := text[start : found.end()].strip():
            yield part
        start = found.end()
    if part := text[start:].strip():
        yield part


def cut(text: str, limit: int) -> str:
    """Shorten a text to at most *limit* characters, at the end of a sentence or of a word where there is one."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    stop = max(head.rfind(mark) for mark in (". ", "! ", "? ", "\n", "。"))
    if stop > limit // 2:
        return head[: stop + 1].rstrip()
    return head[: head.rfind(" ") if head.rfind(" ") > limit // 2 else len(head)].rstrip() + "…"
