"""How unsafe phrases are written down.

A phrase is a line of words in lower case without accents; a line that begins with '|' goes on with the one before.
'|' parts words of which any will do, '_' joins words, '~' stands for up to three words that only colour what is said
('you are ~ lazy' finds 'you are such a lazy'), '^' is where a clause begins: there a verb is an order.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The phrases of one language.

    *colouring*: words that may stand where a phrase has '~'; *worth*: insults to worth, body or illness, and orders
    to feel otherwise; *diagnosis*: a message knows no illness; *medicine*: orders on medicines; *money_and_law*:
    directions in either; *harm*: encouragement of harm, and the means of it; *guilt*: reproach, and a closeness that
    software cannot have; *of_oneself*: what people write on their worst days, nothing to be quoted back to them.
    """

    colouring: str
    worth: str
    diagnosis: str
    medicine: str
    money_and_law: str
    harm: str
    guilt: str
    of_oneself: str


def lines(text: str) -> list[str]:
    """Give the phrases that stand one on a line."""
    return text.replace("\n|", "|").strip().split("\n")
