"""What the model says in benchmarks: always the same good draft, of the kind that was asked for, and the same verdict.

Put together from pieces: what a question is answered with must cost next to nothing.
"""

import json
from typing import Final

from reflecta.domain.model import Purpose
from reflecta.testing import assessment_reply, screening_reply

# In everybody's journal: the draft quotes it.
SENTENCE: Final = "I keep coming back to the garden when the week gets loud."
_KIND: Final = "KIND"
_ENTRY: Final = "ENTRY"
_DRAFT: Final = json.dumps(
    {
        "messageType": _KIND,
        "message": (
            "Between the review, the night without sleep and the short call with your mother there was not much room "
            f"left in this day. One line of yours stands out all the same: “{SENTENCE}” You also went back to the "
            "canal, slowly, and did not look at the watch, and you know what you want to ask for, since the mail about "
            "the four-day week has been drafted three times already. It sounds as if a part of you has known for a "
            "while what a quieter week would be made of. If the mail were sent and the answer were yes, what is the "
            "first thing you would let go of?"
        ),
        "pushNotification": "A note is waiting for you.",
        "evidence": [{"entryId": _ENTRY, "quote": SENTENCE}],
    }
)
_HEAD, _REST = _DRAFT.split(_KIND)
_MIDDLE, _TAIL = _REST.split(_ENTRY)
_VERDICT: Final = assessment_reply(
    reaction="That is true, I do come back to it. I would think about what I would let go of."
)
_SEES_NOTHING: Final = screening_reply()


def answer(purpose: Purpose, kind: str, entry_id: str) -> str:
    """Answer a question; a draft is of the *kind* asked for and rests on an entry, whose id is plain ASCII."""
    if purpose is Purpose.SCREENING:
        return _SEES_NOTHING
    if purpose is Purpose.ASSESSMENT:
        return _VERDICT
    return f"{_HEAD}{kind}{_MIDDLE}{entry_id}{_TAIL}"
