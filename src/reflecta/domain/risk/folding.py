"""One plain form for whatever way a text is written: small Latin letters without marks, each once in a row."""

import re
import string
import unicodedata
from itertools import chain, starmap
from typing import Final

from reflecta.domain.text import clean

# Stands among the words where a sentence ends.
BREAK: Final = "."

# Letters of other scripts that look like Latin ones, letters that do not decompose, small capitals, boxed letters.
_ALIKE: Final = (
    dict(zip("аеорсухіѕјһԁӏкмтнвгпԛԝոսց", "aeopcyxisjhdlkmthbrnqwnug", strict=True))
    | dict(zip("αβεηικμνορστυχγωϲ", "abenikuvopstuxywc", strict=True))
    | dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
    | dict(zip("łđðøıħŧƙɑɡɩɫⅼғƒɪʀ", "lddoihtkagillffir", strict=True))
    | {"æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "№": "no", "€": "e", "£": "l"}
    | {chr(0x1F170 + place): letter for place, letter in enumerate(string.ascii_lowercase)}
    | {chr(0x1F150 + place): letter for place, letter in enumerate(string.ascii_lowercase)}
    | {chr(0x1F1E6 + place): letter for place, letter in enumerate(string.ascii_lowercase)}
)
_APOSTROPHES: Final = dict.fromkeys("‘’‚‛ʼʹ′`´＇", "'")
_BLANKS: Final = dict.fromkeys('–—―−"“”„«»¿¡•·…', " ")
# Marks, joiners, variation selectors, fillers: nobody sees them. (`clean` takes the other invisible ones.)
_UNSEEN_RANGES: Final = (
    (0x300, 0x370),
    (0x180B, 0x180F),
    (0x1AB0, 0x1B00),
    (0x1DC0, 0x1E00),
    (0x200B, 0x200E),
    (0x20D0, 0x2100),
    (0xFE00, 0xFE10),
    (0xFE20, 0xFE30),
)
_UNSEEN: Final = dict.fromkeys(chain((0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0), *starmap(range, _UNSEEN_RANGES)))
_PLAIN: Final = str.maketrans(_ALIKE | _APOSTROPHES | _BLANKS) | _UNSEEN
_DOUBLES: Final = tuple((letter * 2, letter) for letter in string.ascii_lowercase)
# An English contraction is one word without its apostrophe; elsewhere an apostrophe parts two words.
CONTRACTED: Final = frozenset("t s m d l re ve nt".split())
_CONTRACTION: Final = re.compile(rf"(?<=[a-z])'(?=(?:{'|'.join(sorted(CONTRACTED))})(?![a-z]))")
# What only parts words. Signs that also end sentences or stand for letters are left.
_PARTING: Final = str.maketrans(dict.fromkeys("',:\"()[]{}<>~^=\n\t", " "))
_PARAGRAPH: Final = re.compile(r"\n\s*\n")


def fold(text: str) -> str:
    """Give a text in its plain form: words between blanks, signs within them and ends of sentences as they are."""
    folded = folded_letters(text)
    if "\n" in folded:
        folded = _PARAGRAPH.sub(f" {BREAK} ", folded)
    if "'" in folded:
        folded = _CONTRACTION.sub("", folded)
    folded = folded.translate(_PARTING)
    return folded.replace("n t ", "nt ") if "n t " in folded else folded


def folded_letters(text: str) -> str:
    """Give a text with its letters in their plain form. Linear in its length."""
    if not text.isascii():
        # The acute accent that stands by itself would fall apart into a blank and a mark.
        text = unicodedata.normalize("NFKD", clean(text).replace("´", "'")).casefold().translate(_PLAIN)
    return undoubled(text.lower().replace("`", "'").replace("\r", ""))


def undoubled(folded: str) -> str:
    """Give each letter once in a row: for 'diiiie', and for whether a word has one l or two."""
    for double, letter in _DOUBLES:
        while double in folded:
            folded = folded.replace(double, letter)
    return folded
