"""What the model says in benchmarks: always the same good draft, which quotes the journal, and the same verdict."""

import json
from typing import Final

# In everybody's journal: the draft quotes it.
SENTENCE: Final = "I keep coming back to the garden when the week gets loud."
DRAFT: Final = json.dumps(
    {
        "messageType": "alignment_reflection",
        "message": (
            "Between the review, the night without sleep and the short call with your mother there was not much room "
            f"left in this day. One line of yours stands out all the same: “{SENTENCE}” You also went back to the "
            "canal, slowly, and did not look at the watch, and you know what you want to ask for, since the mail about "
            "the four-day week has been drafted three times already. It sounds as if a part of you has known for a "
            "while what a quieter week would be made of. If the mail were sent and the answer were yes, what is the "
            "first thing you would let go of?"
        ),
        "pushNotification": "A note is waiting for you.",
        "evidence": [],
    }
)
VERDICT: Final = json.dumps(
    {
        "simulatedReaction": "That is true, I do come back to it. I would think about what I would let go of.",
        "faults": [],
        "overallEffectiveness": 8,
        "recommendedAction": "SEND_MESSAGE",
    }
)
