"""Answers as a good model would give them: grounded in what the question says, and never twice the same.

Each bears a number in letters, by which a test knows it again; digits would be a claim about the person.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, cast

from reflecta.domain.checks import is_verbatim
from reflecta.domain.model import COACHING_TYPES, Dimension, MessageType, Purpose, Recommendation
from reflecta.domain.prompt import Question
from reflecta.domain.text import comparable
from reflecta.testing.things import THINGS

_DIGITS: Final = "abcdefghij"
_NUMBER: Final = re.compile(rf"Answer number ([{_DIGITS}]+)\b")
_LETTERS: Final = str.maketrans("0123456789", _DIGITS)
_NUMERALS: Final = str.maketrans(_DIGITS, "0123456789")
# So many things are named, other ones by each number, some of them in the question: two messages that share most of
# their words, or all of what they tell of, would repeat one another.
_TOLD_THINGS: Final = 12
_ASKED_THINGS: Final = 8
_QUOTED_WORDS: Final = 6
_CONTEXT: Final = re.compile(r'\{\s*"now"')
_TASK: Final = re.compile(r'\{\s*"messageType"')
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a draft must rest on: the kind asked for, and the newest entry, where there is one."""

    kind: MessageType
    entry_id: str = ""
    entry: str = ""


def answer(question: Question, number: int, *, rating: int = 8) -> str:
    """Answer any question well; *number* tells this answer from others. A *rating* below 6 asks for a revision."""
    return _marked(question.purpose, number, rating) or draft_reply(facts_of(question), number)


def answer_sent(purpose: str, content: str, number: int, *, rating: int = 8) -> str:
    """Answer as `answer` does where only the *purpose* and the *content* of a question are known, as to a server."""
    return _marked(Purpose(purpose), number, rating) or draft_reply(read_facts(content), number)


def _marked(purpose: Purpose, number: int, rating: int) -> str | None:
    """Screen or judge under a number: a screening bears it as an entry that nobody wrote, which is kept with it."""
    if purpose is Purpose.SCREENING:
        return screening_reply(entry_ids=[_opening(number)])
    if purpose is Purpose.ASSESSMENT:
        return assessment_reply(rating, reaction=f"{_opening(number)}: hm.")
    return None


def facts_of(question: Question) -> Facts:
    """Read the facts off a question."""
    properties = cast("dict[str, dict[str, Sequence[str]]]", question.schema["properties"])
    kind = MessageType(properties["messageType"]["enum"][0])
    if not question.context.notes:
        return Facts(kind=kind)
    note = question.context.notes[0]
    return Facts(kind=kind, entry_id=note.entry_id, entry=note.text)


def read_facts(content: str) -> Facts:
    """Read them off the text of a question, as a server that is sent it can."""
    context = _object(content, _CONTEXT)
    task = _object(content, _TASK)
    kind = MessageType(cast("str", task.get("messageType", COACHING_TYPES[0].value)))
    entries = cast("list[dict[str, str]]", context.get("entries", []))
    return Facts(kind=kind, entry_id=entries[0]["entryId"], entry=entries[0]["text"]) if entries else Facts(kind=kind)


def _object(content: str, opening: re.Pattern[str]) -> dict[str, object]:
    found = opening.search(content)
    return cast("dict[str, object]", _DECODER.raw_decode(content, found.start())[0]) if found else {}


def draft_reply(facts: Facts, number: int, *, said: str = "") -> str:
    """Write a draft that passes every check and is like no other number's, with the sentence *said* in it.

    The entry is named as evidence and not quoted in the message: some words may not be quoted back to a person.
    """
    things = Random(number).sample(THINGS, _TOLD_THINGS + _ASKED_THINGS)  # noqa: S311 - the same for the same number
    sentences = (
        f"{_opening(number)}: you wrote of {' '.join(things[_ASKED_THINGS:])}.",
        said,
        f"What of {', '.join(things[:_ASKED_THINGS])} comes back to you?",
    )
    return json.dumps(
        {
            "messageType": facts.kind.value,
            "message": " ".join(filter(None, sentences)),
            "pushNotification": "A note is waiting in your journal.",
            "evidence": [{"entryId": facts.entry_id, "quote": _quote(facts.entry)}] if facts.entry else [],
        }
    )


def _quote(entry: str) -> str:
    """Give the first words of an entry; all of it where these are mostly signs."""
    beginning = " ".join(entry.split()[:_QUOTED_WORDS])
    return beginning if is_verbatim(beginning, [comparable(entry)]) else entry


def assessment_reply(
    rating: int = 8,
    action: Recommendation | None = None,
    faults: Iterable[str] | None = None,
    *,
    reaction: str = "I would think about it.",
    harm: int | None = None,
) -> str:
    """Judge a candidate with the same *rating*, 1-10, in every dimension; below 6 a revision is advised.

    Unless *harm* says so, 1 being worst, what is poor is harmless.
    """
    is_poor = rating < 6  # noqa: PLR2004 - the default gate
    advice = action or (Recommendation.REVISE if is_poor else Recommendation.SEND)
    named = (["It could have been written to anybody."] if is_poor else []) if faults is None else list(faults)
    ratings = {dimension.value: rating for dimension in Dimension}
    # What is only dull hurts nobody.
    ratings[Dimension.HARM.value] = max(rating, 6) if harm is None else harm
    return json.dumps(
        {
            "simulatedReaction": reaction,
            "faults": named,
            "reasons": {dimension.value: "" for dimension in Dimension},
            "dimensions": ratings,
            "recommendedAction": advice.value,
        }
    )


def screening_reply(*signs: str, entry_ids: Iterable[str] = ()) -> str:
    """Tell the *signs* of risk that were seen; none by default."""
    return json.dumps({"signs": list(signs) or ["none"], "entryIds": list(entry_ids)})


def number_in(text: str) -> int | None:
    """Give the number that an answer bears; of several the first."""
    return next(iter(numbers_in(text)), None)


def numbers_in(text: str) -> Sequence[int]:
    """Give the numbers of all answers that a text holds, in their order."""
    return [int(letters.translate(_NUMERALS)) for letters in _NUMBER.findall(text)]


def _opening(number: int) -> str:
    return f"Answer number {_letters(number)}"


def _letters(number: int) -> str:
    return str(number).translate(_LETTERS)
