"""Whether a draft is plain text: no link, markup or code, nothing of our prompts, one question at most."""

import re
from typing import Final

from reflecta.domain.checks.candidate import Candidate

# Every search begins with a sign that few messages have, or is asked for only where there is one.
_MARKUP: Final = re.compile(r"<(?:/?[a-zA-Z]|!--)|\]\(|\]\[|&(?:#\d|[a-z]{2,8};)|\*\*|__|`[^`\n]+`|```", re.IGNORECASE)
_MARKUP_SIGNS: Final = ("<", "]", "&", "**", "__", "`")
_LINE_SIGNS: Final = frozenset("#-*+•▪◦>|=0123456789")
_LINE_MARKUP: Final = re.compile(
    r"^[ \t]*(?:#{1,6}\s|[-*+•▪◦]\s|\d{1,2}[.)]\s|>\s|\||(?:-{3,}|={3,})[ \t]*$)", re.MULTILINE
)
_CODE: Final = re.compile(r"\{\{|\{\s*[\"'\w]|\[\s*\{|\w\(\)|=>|&&|\bdef \w+\(")
_CODE_SIGNS: Final = ("{", "()", "=>", "&&", "def ")
# Orders to a database or a browser, in whatever case, where no sentence has them.
_ORDERS: Final = re.compile(
    r"\b(?:union(?: all)? select|select\b[^.!?]{1,80}\bfrom\b|insert into \w|(?:drop|alter|truncate) (?:table|database)"
    r"|(?:order|group) by \W*\w+\W*\(?\d|waitfor delay|xp_cmdshell|javascript:|(?:document|window)\.\w|onerror|onload"
    r"|(?:sleep|benchmark|pg_sleep|alert|prompt|confirm|eval|exec|execute|char|concat|version|user|convert|cast|system"
    r"|popen)\()|\b(?:or|and) ['\"(]*\w+['\")]*\s*[=<>]|--\s*$|\.\./|/etc/|\brm -|\$[{(]|<\?"
    r"|;\s*(?:drop \w|select\b|delete from|update \w+ set|insert into|shutdown|exec )",
    re.IGNORECASE,
)
# Without any of these, case folded, there is no order: looking for the orders themselves takes fifty times as long.
_ORDER_SIGNS: Final = (
    *("(", "=", "<", ">", "--", "../", "/etc/", "$", ";", "select", "insert into", "table", "database", "order by"),
    *("group by", "waitfor delay", "xp_cmdshell", "javascript:", "document.", "window.", "onerror", "onload", "rm -"),
)
_PLACEHOLDER: Final = re.compile(
    r"\[(?:[\w' ]{0,20} )?(?:name|nom|nombre|nome|naam|insert[^\]]{0,40}|placeholder)\]", re.IGNORECASE
)

_SCHEME: Final = re.compile(r":(?:(?<=[a-z]:)//|(?<=mailto:|script:|intent:)\S|(?<=data:)\w+/)", re.IGNORECASE)
_WWW: Final = re.compile(r"\.(?<=[wW]{3}\.)\w")
# Endings of addresses that no word of a language has after a full stop without a blank.
_DOMAIN: Final = re.compile(
    r"\.(?<=[^\W_]\.)(?:com|org|net|info|biz|edu|gov|mil|int|io|ly|co|gl|gg|tv|ai|app|dev|xyz|site|online|shop|store|club"
    r"|link|click|top|page|web|blog|live|life|space|world|tech|cloud|news|icu|zip|mov|ru|cn|jp|kr|br|mx|ar|cl|uk|us|eu|ca"
    r"|au|nz|de|fr|es|pt|nl|ch|pl|se|dk|fi|cz|sk|hu|gr|tr|in|id|za|ng|ke|xn--[a-z0-9-]+)(?![\w-])",
    re.IGNORECASE,
)
_PATH: Final = re.compile(r"\.(?<=[^\W_]\.)[^\W\d_]{2,24}(?::\d+)?/", re.IGNORECASE)
_DISGUISED: Final = re.compile(r"[\[({]\s*(?:\.|dot|punkt|punto|ponto|point)\s*[\])}]", re.IGNORECASE)
_EMAIL: Final = re.compile(r"@(?<=[\w.+-]@)[\w-]+\.\w|[\[(]\s*at\s*[\])]", re.IGNORECASE)
_IP_ADDRESS: Final = re.compile(r"\.(?<=\d\.)\d{1,3}\.\d{1,3}\.\d{1,3}")
_DATE_OR_SUM: Final = re.compile(
    r"\b(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d|(?:19|20)\d\d\s?[-–/]\s?(?:19|20)\d\d"
    r"|\d{1,3}(?:[.,' ]\d{3})+)(?! ?\d)"
)
_DIGITS: Final = re.compile(r"\d(?:\D{0,2}\d){6}")
_PHONE_ABROAD: Final = re.compile(r"\+\d(?:[\s().\-–/]{0,2}\d){6}")
_PHONE: Final = re.compile(r"\d(?:[\s().\-–/]{0,2}\d){6}")

# Names of fields are ours alone; as words of a language, phrases are held to the text outside quotations.
_FIELDS: Final = (
    *("faultsToMend", "messageType", "pushNotification", "entryId", "challengeDegree", "toneDegree", "daysAgo"),
    *("entriesWritten", "pastMessages", "mainFocus", "keyBlockers", "overallEffectiveness", "recommendedAction"),
    *("simulatedReaction", "ageBand", "firstName", "ai_generated", "alignment_reflection", "general_reflection"),
    *("personal_insight", "relevant_lesson", "check_in", "SEND_MESSAGE", "REVISE_MESSAGE", "SKIP_MESSAGE"),
)
_LEAKS: Final = (
    *(
        "system prompt",
        "systemprompt",
        "as an ai",
        "i am an ai",
        "i'm an ai",
        "language model",
        "previous instructions",
    ),
    *("my instructions", "the instructions i", "json data", "the context provided", "the provided context"),
    *("here is the message", "here's the message", "here is a message", "here is your message", "revised message"),
    *("here is a coaching", "here's a coaching", "coaching message for", "journal entries:"),
    *("rejected draft", "as requested, ", "word limit", "word count"),
    *(
        "als ki",
        "ich bin eine ki",
        "sprachmodell",
        "meine anweisungen",
        "vorherige anweisungen",
        "vorherigen anweisungen",
    ),
    *("hier ist die nachricht", "modèle de langage", "modèle linguistique", "en tant qu'ia", "je suis une ia"),
    *("mes instructions", "instructions précédentes", "invite système", "voici le message", "modelo de lenguaje"),
    *("como ia,", "soy una ia", "mis instrucciones", "instrucciones anteriores", "aquí está el mensaje"),
    *("aquí tienes el mensaje", "modelo de linguagem", "sou uma ia", "minhas instruções", "instruções anteriores"),
    *(
        "aqui está a mensagem",
        "modello linguistico",
        "modello di linguaggio",
        "come ia,",
        "sono un'ia",
        "le mie istruzioni",
    ),
    *("istruzioni precedenti", "prompt di sistema", "prompt del sistema", "prompt do sistema", "ecco il messaggio"),
    *("taalmodel", "als ai", "mijn instructies"),
)
_ASKS: Final = re.compile(r"[?？؟⁇⁈⁉]+")
MAX_QUESTIONS: Final = 1


def find_fault_of_form(candidate: Candidate) -> str:
    """Say what is no plain message; empty when nothing is wrong."""
    draft = candidate.draft
    if not draft.text:
        return "The message is empty."
    if not draft.push_text:
        return "The push notification text is empty."
    if fault := _fault_of(draft.text, candidate.own_text):
        return f"The message {fault}"
    if fault := _fault_of(draft.push_text, candidate.own_push):
        return f"The push text {fault}"
    return ""


def _fault_of(text: str, own: str) -> str:
    """Say what is wrong with a text; *own* is what it says without quoting."""
    if _has_link(text):
        return "holds a link, an address or a telephone number; leave it out."
    if _has_markup(text):
        return "holds markup or code; write plain text only, without lists or headings."
    if _leaks(text, own):
        return "speaks of its instructions or of what wrote it; speak only to the person."
    if len(_ASKS.findall(own)) > MAX_QUESTIONS:
        return "asks more than one question; ask one, and an open one."
    return ""


def _has_link(text: str) -> bool:
    if ":" in text and _SCHEME.search(text):
        return True
    if any(mark in text for mark in "@[({") and any(sought.search(text) for sought in (_EMAIL, _DISGUISED)):
        return True
    if _DIGITS.search(text) and (_PHONE_ABROAD.search(text) or _PHONE.search(_DATE_OR_SUM.sub(" - ", text))):
        return True
    return any(sought.search(text) for sought in (_WWW, _DOMAIN, _PATH, _IP_ADDRESS))


def _has_markup(text: str) -> bool:
    if any(sign in text for sign in _MARKUP_SIGNS) and (_MARKUP.search(text) or _PLACEHOLDER.search(text)):
        return True
    if any(line.lstrip()[:1] in _LINE_SIGNS for line in text.split("\n")) and _LINE_MARKUP.search(text):
        return True
    if any(sign in text for sign in _CODE_SIGNS) and _CODE.search(text):
        return True
    folded = text.casefold()
    return any(sign in folded for sign in _ORDER_SIGNS) and _ORDERS.search(text) is not None


def _leaks(text: str, own: str) -> bool:
    if any(field in text for field in _FIELDS):
        return True
    folded = own.replace("’", "'").casefold()
    return any(phrase in folded for phrase in _LEAKS)
