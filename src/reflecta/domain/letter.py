"""The journal entry that a message becomes, in the rich form the host's editor shows."""

import html

from reflecta.domain.model import Draft

_LABELS = {True: "A note from your coach", False: "A note from your coach (written from a template, no AI used)"}


def entry_html(draft: Draft) -> str:
    """Give the HTML of the journal entry: a heading, then the message by paragraphs, all of it escaped."""
    paragraphs = (part.strip() for part in html.escape(draft.text).split("\n"))
    body = "".join(f"<p>{part}</p>" for part in paragraphs if part)
    return f"<h3>{_LABELS[draft.ai_generated]}</h3>{body}"
