"""A message is plain text: no link, no markup, nothing of the prompts, one question at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.checks.drafts import CONTEXT, SOUND, a_sound_draft, fault, faults
from tests.domain.strategies import any_text, properties

from reflecta.domain.model import CheckName


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            "See <b>this</b> again",
            "Read HTTPS://x.org now",
            "www.x.org is good",
            "[a](b) is it",
            "javascript:alert(1)",
        ),
        *("Look at evil.com/path", "Try bit.ly/x", "It is on example.org.", "xn--80ak6aa92e.com", "go to evil.dev"),
        *("evil[.]com waits", "evil (dot) com", "Write to ana@example.org", "ana (at) example.org", "mailto:ana@x.y"),
        *("Call 030 1234567", "Call +1 555 123", "Ring +49 (30) 123-456-78", "text 555-867-5309", "http://127.0.0.1"),
        *("at 192.168.0.1:80", "ftp://files", "data:text/html,hi", "intent://scan", "Read a.co/b1", "&#60;script&#62;"),
        *(
            "# A heading",
            "Do this:\n- one\n- two",
            "Then\n* one",
            "1. First\n2. Second",
            "**Strong** words",
            "> quoted",
        ),
        *(
            '{"message": "hi"}',
            "Hi {name}",
            "Hi {{name}}",
            "Hi [your name]",
            "Hello [Name]",
            "`code`",
            "```json",
            "f() => x",
        ),
    ],
)
def test_what_is_no_plain_text_is_a_fault_of_form(wrong: str) -> None:
    assert CheckName.FORM in faults(a_sound_draft(f"{SOUND}\n{wrong}"))
    assert CheckName.FORM in faults(a_sound_draft(push=wrong))


@pytest.mark.parametrize("field", ["text", "push"])
def test_an_empty_text_is_a_fault_of_form(field: str) -> None:
    assert CheckName.FORM in faults(a_sound_draft("") if field == "text" else a_sound_draft(push=""))


@pytest.mark.parametrize(
    "plain",
    [
        *("I <3 that you went on and on", "Is 3 < 4 > 2 for you today", "a (b) [c] is fine here", "So it went..."),
        *(
            "On 2026-05-05 and 05.05.2026 it rained",
            "In 2024-2026 you ran 1,500,000 steps",
            "At 7.30 or 19:45",
            "50/50",
        ),
        *(
            "5 - 3 is 2; you know it",
            "You were tired.So was she",
            "R&B, AT&T",
            "It costs $5.50",
            "the 3.5 km",
            "e.g. this",
        ),
        *("– a dash opens this", "a dog's life… truly", "Mr. Ames, Dr. Lee, St. Ives", "24/7", "km/h and his/her"),
    ],
)
def test_signs_that_are_no_markup_are_plain_text(plain: str) -> None:
    assert fault(CheckName.FORM, a_sound_draft(f"{SOUND}\n{plain}")) == ""


@pytest.mark.parametrize(
    "leak",
    [
        *("Mend the faultsToMend first", "This is a check_in", "By my system prompt", "As an AI language model, I"),
        *("Als KI kann ich nicht", "Ich bin ein Sprachmodell", "En tant qu’IA, je", "como modelo de lenguaje"),
        *("como modelo de linguagem", "sono un modello linguistico", "Here is the message:", "my instructions say"),
    ],
)
def test_a_message_does_not_speak_of_its_instructions(leak: str) -> None:
    assert "instructions" in fault(CheckName.FORM, a_sound_draft(f"{leak}. {SOUND}"))


def test_the_person_may_have_written_about_language_models() -> None:
    assert CheckName.FORM not in faults(a_sound_draft(f"You wrote “my language model failed again”. {SOUND}"))


@pytest.mark.parametrize(
    ("text", "faulty"),
    [
        ("What now? And what then?", True),
        ("何を？いつ？", True),
        ("What?! Really??", True),
        ("What now?!", False),
        ("You asked “why me? why now?” yesterday. What would you answer?", False),
        ("No question here.", False),
    ],
)
def test_a_message_asks_one_question_at_most(text: str, faulty: bool) -> None:  # noqa: FBT001
    assert ("more than one question" in fault(CheckName.FORM, a_sound_draft(text))) is faulty
    assert ("more than one question" in fault(CheckName.FORM, a_sound_draft(push=text))) is faulty


@given(any_text, st.sampled_from(["http://a.b", "evil.com/x", "a@b.cc", "+1 555 123 4567", "www.x.y"]))
@properties
def test_a_link_is_found_wherever_it_stands(text: str, link: str) -> None:
    assert CheckName.FORM in faults(a_sound_draft(f"{text} {link} {text}"))


@pytest.mark.parametrize(
    "piece", ["<a", "[insert ", "1 ", "a.", "@", "{", "`", "\n", "- ", "(", "SELECT ", "-\n", "“", "'"]
)
def test_hostile_texts_are_checked_in_linear_time(piece: str) -> None:
    assert CheckName.LENGTH in faults(a_sound_draft(piece * 20_000), CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        "You wrote 1 UNION ALL SELECT 1,2,3 about it.",
        "So it was ORDER BY SLEEP(5) then.",
        "There is 1;DROP TABLE users in it.",
        "And '-alert(1)// was there.",
        "Then <x onxxx=1 came along.",
        "Or 1=1 OR '1'='1 as you say.",
        "Read ../../etc/passwd again.",
        "You ſelect all from that day once more.",
        "Insert into days what was good.",
        "It would Truncate Database of us.",
        "Group by day (3 what you noted.",
        "It says waitfor delay in your note.",
        "You spoke of xp_cmdshell there.",
        "You wrote javascript: something.",
        "You wrote window.x and document.y there.",
        "Then onerror and onload came.",
        "It ran rm -r and was gone.",
        "It was $(that) and <? this.",
        "So a or 'b = c it was.",
        "That was it then --",
    ],
)
def test_orders_to_a_machine_are_no_message(text: str) -> None:
    assert CheckName.FORM in faults(a_sound_draft(text))


@pytest.mark.parametrize(
    "text",
    [
        "You came and felt like singing; delete nothing of it.",
        "You stood at the window. What did you see there?",
        "Your friend(s) and I (the coach) were there, or so it reads.",
    ],
)
def test_words_that_machines_use_too_may_be_said(text: str) -> None:
    assert CheckName.FORM not in faults(a_sound_draft(text))
