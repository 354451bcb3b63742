"""Messages as a good writer sends them: about small journals in seven languages, true in every particular."""

from datetime import UTC, datetime, timedelta

from tests.domain.journal import an_entry
from tests.domain.strategies import a_draft

from reflecta.domain.context import Context, build_context
from reflecta.domain.model import Draft, Evidence, User

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
"""A Tuesday."""


def a_journal(name: str, language: str, *written: tuple[int, str]) -> Context:
    """Give the context of a person who wrote each text so many days ago."""
    dated = [(NOW - timedelta(days=ago), text) for ago, text in written]
    entries = [an_entry(text, number=number, at=at) for number, (at, text) in enumerate(dated, 1)]
    user = User(id="u", first_name=name, language=language, entry_count=len(entries))
    return build_context(user, entries=entries, insights=None, messages=(), now=NOW, zone="UTC", budget=9999)


def about(text: str, *cited: tuple[str, str]) -> Draft:
    """Give a draft with its evidence."""
    return a_draft(text, evidence=tuple(Evidence(entry_id=entry, quote=quote) for entry, quote in cited))


ENGLISH = a_journal(
    "Ana",
    "en",
    (
        0,
        "Slept six hours. Karim rang about the flat in Lisbon, he wants an answer by Friday.",
    ),
    (
        3,
        "I ran 5 km on Saturday with Lena and my knee held. I want to do ten by the end of the year.",
    ),
    (
        8,
        "I keep saying yes to night shifts. Three in a row now. My manager Olu said nobody forces me.",
    ),
    (
        21,
        "I will call my sister Rosa every Sunday, no excuses. She turned 40 in May.",
    ),
    (
        40,
        "I started the Portuguese course. First lesson was fun, the teacher is called Inês.",
    ),
)
GERMAN = a_journal(
    "Jens",
    "de",
    (
        1,
        "Heute mit Mandy über die Werkstatt geredet. Sie will nächstes Jahr die Meisterschule machen.",
    ),
    (
        5,
        "Mein Rücken tut weh, seit 3 Wochen. Die Physiotherapeutin sagt, ich soll jeden Morgen zehn Minuten dehnen.",
    ),
    (
        14,
        "Ich will meinem Bruder Karl endlich den Brief schreiben. Wir reden seit zwei Jahren nicht.",
    ),
)
SPANISH = a_journal(
    "Lucía",
    "es",
    (
        2,
        "Hoy corrí cuarenta minutos con Marta por el río. Me sentí ligera.",
    ),
    (
        7,
        "Quiero terminar la novela antes de Navidad. Me faltan 3 capítulos.",
    ),
    (
        20,
        "Discutí con mi madre por lo de Sevilla.",
    ),
)
FRENCH = a_journal(
    "Solène",
    "fr",
    (
        1,
        "J'ai repris le dessin, deux croquis de la cuisine. Paul dit que c'est vivant.",
    ),
    (
        9,
        "Je veux arrêter de fumer avant mes 45 ans, le 12 décembre.",
    ),
    (
        15,
        "Marseille me manque, la mer surtout.",
    ),
)
PORTUGUESE = a_journal(
    "Bia",
    "pt",
    (
        1,
        "Dormi três horas seguidas, a Clara está com cólica. O Dani ajudou muito.",
    ),
    (
        6,
        "Quero voltar a nadar às quartas. Faz dois meses que não entro na água.",
    ),
)
ITALIAN = a_journal(
    "Paolo",
    "it",
    (
        2,
        "Ho parlato con Giulia della scuola. Lei vuole partire per Berlino a marzo.",
    ),
    (
        10,
        "Voglio camminare ogni mattina, almeno venti minuti.",
    ),
)
DUTCH = a_journal(
    "Sanne",
    "nl",
    (
        1,
        "Vandaag met Joost naar Utrecht geweest. We hebben vier uur gewandeld.",
    ),
    (
        8,
        "Ik wil minder schermtijd, maximaal twee uur per dag.",
    ),
)

TRUE = [
    (
        ENGLISH,
        about(
            "Ana, three weeks ago you made yourself a promise about Rosa: a call every Sunday, no "
            "excuses. Two Sundays have passed since, and I do not know how they went. Promises to people "
            "we love tend to get quiet rather than broken. What has the phone been like lately?",
            ("e4", "I will call my sister Rosa every Sunday"),
        ),
    ),
    (
        ENGLISH,
        about(
            "On Saturday you ran five kilometres with Lena and your knee held. That is not a small line "
            "for somebody who wants to reach ten by the end of the year. What did it feel like to trust "
            "that knee again?",
            ("e2", "I ran 5 km on Saturday with Lena and my knee held"),
        ),
    ),
    (
        ENGLISH,
        about(
            "Karim wants an answer about the Lisbon flat by Friday, and you slept six hours. It sounds as"
            " if the question went to bed with you. Before the week closes, what would you need to know "
            "to say yes or no with a calm stomach?",
            ("e1", "Karim rang about the flat in Lisbon"),
        ),
    ),
    (
        ENGLISH,
        about(
            "“Nobody forces me”: Olu's words, in your entry last week, right after three night shifts in "
            "a row. There is something in the way you set them down, as if they had landed somewhere. "
            "What would it be like to believe one of them?",
            ("e3", "nobody forces me"),
        ),
    ),
    (
        ENGLISH,
        about(
            "Your journal was quiet for a while, and then you wrote about sleep, about Karim, and about "
            "the flat. Of those three, the flat takes up the least space on the page and perhaps the most"
            " in your head. What is the part of that decision you have not yet written down?",
            ("e1", "Karim rang about the flat in Lisbon"),
        ),
    ),
    (
        ENGLISH,
        about(
            "It is Tuesday again, and the week is still young. Eight days ago you noticed a pattern: yes "
            "to one night shift, then to the next one, until there were three in a row. Noticing it was "
            "half of the work. What could a first no sound like, in your own words?",
            ("e3", "I keep saying yes to night shifts"),
        ),
    ),
    (
        ENGLISH,
        about(
            "Forty days ago you started Portuguese, and the first lesson with Inês was fun. Since then "
            "the course has not come up once. Perhaps it goes on quietly, perhaps it was crowded out by "
            "the shifts. Where does it live in your week at the moment?",
            ("e5", "I started the Portuguese course"),
        ),
    ),
    (
        ENGLISH,
        about(
            "You keep two ledgers, Ana. In one of them there is Lena, the run, the knee that held. In the"
            " other there are night shifts and a manager's remark. Which of the two did you read from "
            "this morning?",
            ("e2", "my knee held"),
            ("e3", "night shifts"),
        ),
    ),
    (
        ENGLISH,
        about(
            "In October you started the Portuguese course, and on 15 October you called the first lesson "
            "fun. A good beginning is a promise of its own. What would a second beginning look like, if "
            "you needed one?",
            ("e5", "First lesson was fun"),
        ),
    ),
    (
        GERMAN,
        about(
            "Jens, vor zwei Wochen hast du dir vorgenommen, Karl zu schreiben. Zwei Jahre Schweigen sind "
            "lang, und ein Brief ist trotzdem nur ein Blatt Papier. Was wäre der erste Satz, den du ihm "
            "ohne Mühe schreiben könntest?",
            ("e3", "Ich will meinem Bruder Karl endlich den Brief schreiben"),
        ),
    ),
    (
        GERMAN,
        about(
            "Seit drei Wochen meldet sich dein Rücken, und die Physiotherapeutin hat dir zehn Minuten "
            "Dehnen am Morgen aufgetragen. Das klingt klein und ist doch jeden Tag eine Entscheidung. "
            "Woran merkst du am Abend, dass du sie getroffen hast?",
            ("e2", "Mein Rücken tut weh, seit 3 Wochen"),
        ),
    ),
    (
        GERMAN,
        about(
            "Gestern hast du mit Mandy über die Werkstatt geredet, und sie will im nächsten Jahr zur "
            "Meisterschule. Da ist viel Zukunft in einem einzigen Gespräch. Was davon hat dich leichter "
            "gemacht, und was schwerer?",
            ("e1", "Heute mit Mandy über die Werkstatt geredet"),
        ),
    ),
    (
        GERMAN,
        about(
            "Am Donnerstag ging es in deinem Tagebuch um den Rücken, am Montag um Mandy und die "
            "Werkstatt. Beides handelt davon, wie lange etwas noch trägt. Welche Stütze fehlt dir im "
            "Moment am meisten, wenn du ehrlich bist?",
            ("e2", "Mein Rücken tut weh"),
            ("e1", "Mandy"),
        ),
    ),
    (
        SPANISH,
        about(
            "Lucía, el domingo corriste cuarenta minutos con Marta junto al río y te sentiste ligera. Esa"
            " palabra no sale a menudo en tu diario. ¿Qué parte de esa ligereza te gustaría llevar a un "
            "día cualquiera?",
            ("e1", "Me sentí ligera"),
        ),
    ),
    (
        SPANISH,
        about(
            "Hace una semana escribiste que te faltan tres capítulos para terminar la novela antes de "
            "Navidad. No es mucho y no es poco. ¿Qué pasaría si mañana solo existiera el primero de "
            "ellos?",
            ("e2", "Me faltan 3 capítulos"),
        ),
    ),
    (
        FRENCH,
        about(
            "Hier, tu as repris le dessin : deux croquis de la cuisine, et Paul les trouve vivants. Il y "
            "a des retours qui se passent de grands mots. Qu'est-ce que tes mains savaient encore, sans "
            "que tu le leur demandes ?",
            ("e1", "J'ai repris le dessin"),
        ),
    ),
    (
        FRENCH,
        about(
            "Le 12 décembre, tu auras 45 ans, et tu veux être arrivée sans cigarette. Le jour approche, "
            "et tu connais mieux que personne ce qui t'aide et ce qui t'éloigne. De quoi as-tu besoin "
            "cette semaine pour rester de ton côté ?",
            ("e2", "Je veux arrêter de fumer avant mes 45 ans"),
        ),
    ),
    (
        PORTUGUESE,
        about(
            "Bia, ontem você dormiu três horas seguidas, com a Clara de cólica e o Dani por perto. Três "
            "horas parecem pouco, e mesmo assim você as anotou. O que essa pequena pausa tornou possível "
            "no seu dia?",
            ("e1", "Dormi três horas seguidas"),
        ),
    ),
    (
        PORTUGUESE,
        about(
            "Há dois meses você não entra na água, e quer voltar a nadar às quartas. A vontade continua "
            "lá, guardada na mesma página. O que precisaria estar resolvido em casa para a próxima quarta"
            " ser sua?",
            ("e2", "Quero voltar a nadar às quartas"),
        ),
    ),
    (
        ITALIAN,
        about(
            "Paolo, due giorni fa hai parlato con Giulia della scuola, e lei vuole partire per Berlino a "
            "marzo. In poche righe c'era già un saluto. Che cosa vorresti che lei sapesse prima di fare "
            "le valigie?",
            ("e1", "Lei vuole partire per Berlino a marzo"),
        ),
    ),
    (
        ITALIAN,
        about(
            "Dieci giorni fa hai scritto che vuoi camminare ogni mattina, almeno venti minuti. Non serve "
            "che sia una gara, basta che sia tua. In quale momento della mattina senti che il tempo è "
            "ancora tuo?",
            ("e2", "Voglio camminare ogni mattina"),
        ),
    ),
    (
        DUTCH,
        about(
            "Gisteren liep je met Joost in Utrecht, vier uur lang. Dat is een halve dag zonder scherm, en"
            " je noemde het niet eens zo. Wat was er in die uren dat je door de week het meeste mist?",
            ("e1", "We hebben vier uur gewandeld"),
        ),
    ),
    (
        DUTCH,
        about(
            "Vorige week schreef je dat je minder schermtijd wilt, hooguit twee uur per dag. Een grens is"
            " makkelijker te houden als hij ergens voor is. Waarvoor zou je die vrije uren het liefst "
            "gebruiken?",
            ("e2", "maximaal twee uur per dag"),
        ),
    ),
]
