"""The journal entry that a message becomes, in the rich form the host's editor shows."""

import html

from reflecta.domain.model import Draft


def entry_html(draft: Draft, heading: str, origin: str = "") -> str:
    """Give the HTML of the journal entry, all of it escaped: a heading, the message by paragraphs, where it is from."""
    paragraphs = (part.strip() for part in html.escape(draft.text).split("\n"))
    body = "".join(f"<p>{part}</p>" for part in paragraphs if part)
    closing = f"<p><em>{html.escape(origin)}</em></p>" if origin else ""
    return f"<h3>{html.escape(heading)}</h3>{body}{closing}"
