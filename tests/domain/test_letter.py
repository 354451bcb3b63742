"""The journal entry that a message becomes."""

import re
from dataclasses import replace

from hypothesis import given
from tests.domain.strategies import a_draft, any_text, markup, properties

from reflecta.domain.letter import entry_html
from reflecta.domain.text import clean, plain_text


def test_a_message_becomes_a_heading_and_paragraphs() -> None:
    written = entry_html(a_draft("First.\n\n  Second. \n"))
    assert written == "<h3>A note from your coach</h3><p>First.</p><p>Second.</p>"


def test_a_message_from_a_template_says_so() -> None:
    assert "no AI used" in entry_html(replace(a_draft(), ai_generated=False))
    assert "no AI used" not in entry_html(a_draft())


@given(any_text | markup)
@properties
def test_nothing_in_a_message_is_markup(text: str) -> None:
    written = entry_html(a_draft(text))
    assert not re.sub(r"</?(h3|p)>", "", written).count("<")
    assert written.count("<p>") == written.count("</p>")


@given(any_text | markup)
@properties
def test_the_text_of_the_entry_is_the_message(text: str) -> None:
    message = clean(text)
    heading, *body = plain_text(entry_html(a_draft(message))).split("\n")
    assert heading == "A note from your coach"
    assert " ".join(body).split() == message.split()
