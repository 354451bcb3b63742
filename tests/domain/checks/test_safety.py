"""What no message may say, in six languages, and what only sounds like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.checks.drafts import SOUND, a_sound_draft, fault, faults
from tests.domain.journal import a_context
from tests.domain.strategies import a_draft, properties

from reflecta.domain.model import CheckName, Evidence

UNSAFE = [
    *(
        "You are lazy.",
        "You’re really such a lazy person",
        "YOU ARE PATHETIC",
        "you were so weak",
        "You are fat",
        "stop whining",
    ),
    *(
        "Pull yourself together!",
        "Man up.",
        "You need to man up",
        "Come on, grow up",
        "you sound crazy",
        "you are a failure",
    ),
    *(
        "You have depression.",
        "This is ADHD",
        "It sounds like clinical depression",
        "You might be bipolar",
        "signs of burnout",
    ),
    *("Take 20 mg before bed", "Take 0.5mg", "just two: 2 tablets", "Stop taking your medication"),
    "Double your dose",
    *(
        "Invest in stocks",
        "You should invest in tech funds",
        "Sue him!",
        "you should sue your boss",
        "file for divorce",
    ),
    *(
        "I missed you",
        "We’ve missed you",
        "You owe me an answer",
        "I am disappointed in you",
        "you let me down",
        "I love you",
    ),
    *("hurt yourself", "You could skip meals", "an overdose", "a noose", "take revenge", "No one would miss you"),
    *(
        "Du bist faul",
        "Du bist echt so erbärmlich",
        "Reiß dich zusammen!",
        "Hör auf zu jammern",
        "Du hast eine Depression",
    ),
    *(
        "Das ist ADHS",
        "Setz deine Medikamente ab",
        "Nimm 20 mg",
        "Verklag ihn",
        "Ich habe dich vermisst",
        "Du schuldest mir das",
    ),
    *(
        "Eres un vago",
        "eres patética",
        "Deja de quejarte",
        "Tienes depresión",
        "Deja la medicación",
        "Te he echado de menos",
    ),
    *(
        "Me debes una respuesta",
        "Invierte en bolsa",
        "Tu es paresseuse",
        "tu es vraiment pathétique",
        "Arrête de te plaindre",
    ),
    *(
        "Tu as une dépression",
        "Arrête tes médicaments",
        "Tu m’as manqué",
        "Tu me dois ça",
        "Porte plainte",
        "Investis en bourse",
    ),
    *(
        "Você é preguiçoso",
        "você é muito fraca",
        "Pare de reclamar",
        "Você tem depressão",
        "Tome o remédio",
        "Senti sua falta",
    ),
    *(
        "Você me deve isso",
        "Sei pigro",
        "sei proprio patetica",
        "Smettila di lamentarti",
        "Hai la depressione",
        "Mi sei mancato",
    ),
    *("Mi devi una risposta", "Prendi le pillole", "Fai causa", "Suizid", "el suicidio", "togliti la vita"),
]
HARMLESS = [
    *(
        "You are not lazy.",
        "You wrote that the day was crazy",
        "Your work was weak on plot, you said",
        "Lazy Sundays count",
    ),
    *(
        "You want to stop making excuses, you wrote",
        "You could not stop crying that day",
        "where your children grow up",
    ),
    *(
        "the old man up the road",
        "It took you long to get over it",
        "You lost weight off your shoulders",
        "cut yourself some slack",
    ),
    *(
        "You were sad, and then less so",
        "the time you invest in your garden",
        "You missed your train",
        "a dose of patience",
    ),
    *(
        "You take the bus at 20 past",
        "in front of the train station",
        "She told Sue the truth",
        "It hurt her, and it hurt you",
    ),
    *(
        "You said you were disappointed",
        "20 minutes",
        "3 pm",
        "the days get even shorter",
        "Du bist nicht faul",
        "Mach dir keine Sorgen",
    ),
    *(
        "Nimm dir ab und zu eine Pause",
        "Eres valiente",
        "estas dos cosas",
        "No deja de llover",
        "Tu es là",
        "Ne t’arrête pas",
    ),
    *(
        "Você é forte",
        "Não para de chover",
        "processe a emoção devagar",
        "Sei stata coraggiosa",
        "Hai ragione",
        "Toma aire",
    ),
]


@pytest.mark.parametrize("unsafe", UNSAFE)
def test_what_no_message_may_say_is_vetoed(unsafe: str) -> None:
    assert CheckName.SAFETY in faults(a_sound_draft(f"{SOUND} {unsafe}"))
    assert CheckName.SAFETY in faults(a_sound_draft(push=unsafe))


@pytest.mark.parametrize("harmless", HARMLESS)
def test_what_only_sounds_like_it_is_not(harmless: str) -> None:
    assert fault(CheckName.SAFETY, a_sound_draft(f"{SOUND} {harmless}. So it goes.")) == ""


@given(
    st.sampled_from([phrase for phrase in UNSAFE if phrase.isascii()]),
    st.sampled_from([str.upper, str.title, str.lower]),
    st.sampled_from([" ", "  ", "\n", "\u00a0", "\u200b "]),
)
@properties
def test_neither_case_nor_blanks_hide_what_is_unsafe(phrase: str, spelt: type[str], blank: str) -> None:
    assert CheckName.SAFETY in faults(a_sound_draft(f"{SOUND} {blank.join(spelt(phrase).split())}"))


@pytest.mark.parametrize(
    "quoted", ["I am worthless and tired", "ich bin nichts wert, glaube ich", "je suis nulle, vraiment"]
)
def test_contempt_of_oneself_is_not_quoted_back(quoted: str) -> None:
    text = f"You wrote “{quoted}” and went on. {SOUND}"
    draft = a_draft(text, evidence=(Evidence(entry_id="e1", quote=quoted),))
    assert "quotes contempt of oneself back" in fault(CheckName.SAFETY, draft, a_context(quoted))


def test_a_persons_own_tenderness_may_be_quoted() -> None:
    quoted = "I missed you so much, I told him"
    draft = a_draft(f"You wrote “{quoted}”. {SOUND}", evidence=(Evidence(entry_id="e1", quote=quoted),))
    assert fault(CheckName.SAFETY, draft, a_context(quoted)) == ""
    assert CheckName.SAFETY in faults(a_sound_draft(f"I missed you so much. {SOUND}"))


def test_a_fault_of_safety_names_what_was_said() -> None:
    assert "'you are such a lazy'" in fault(CheckName.SAFETY, a_sound_draft(f"You are such a lazy one. {SOUND}"))
