"""The journal entry that a message becomes."""

import re

from hypothesis import given
from tests.domain.strategies import a_draft, any_text, markup, properties

from reflecta.domain.letter import entry_html
from reflecta.domain.text import clean, plain_text

HEADING = "A note from your coach"


def test_a_message_becomes_a_heading_and_paragraphs() -> None:
    written = entry_html(a_draft("First.\n\n  Second. \n"), HEADING)
    assert written == "<h3>A note from your coach</h3><p>First.</p><p>Second.</p>"


def test_where_a_message_is_from_stands_below_it() -> None:
    written = entry_html(a_draft("First."), HEADING, "From your entry of 3 November <b>")
    assert written.endswith("<p>First.</p><p><em>From your entry of 3 November &lt;b&gt;</em></p>")


@given(any_text | markup)
@properties
def test_nothing_in_a_message_is_markup(text: str) -> None:
    written = entry_html(a_draft(text), text)
    assert not re.sub(r"</?(h3|p)>", "", written).count("<")
    assert written.count("<p>") == written.count("</p>")


@given(any_text | markup)
@properties
def test_the_text_of_the_entry_is_the_message(text: str) -> None:
    message = clean(text)
    heading, *body = plain_text(entry_html(a_draft(message), HEADING)).split("\n")
    assert heading == "A note from your coach"
    assert " ".join(body).split() == message.split()
