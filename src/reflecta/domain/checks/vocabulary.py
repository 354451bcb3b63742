"""The closed classes of words of each language that the checks must know: function words, numbers, days, months.

Words are in lower case, as texts are compared.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What is known of one language.

    *numbers* holds the names of 1 to 20, *tens* those of 20 to 90; *no_numbers* are names that mostly mean
    something else; *and_words* join a ten and a unit. *ages* names the words before and after a span of time that
    make it a time ago; *backs* are the names of days before today; *units* the days of a unit of time.
    *told*: words of a sentence about what was; *counted*: what is counted in a journal, and
    what anything is counted as.
    """

    function_words: frozenset[str]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    numbers: tuple[str, ...]
    tens: tuple[str, ...]
    hundred: tuple[str, ...]
    thousand: str
    no_numbers: frozenset[str]
    articles: frozenset[str]
    and_words: frozenset[str]
    ago_before: frozenset[str]
    ago_after: frozenset[str]
    units: Mapping[str, int]
    backs: Mapping[str, int]
    told: frozenset[str]
    counted: frozenset[str]
    minutes: frozenset[str]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _units(day: str, week: str, month: str, year: str) -> Mapping[str, int]:
    lengths = ((day, 1), (week, 7), (month, 30), (year, 365))
    return {name: length for names, length in lengths for name in names.split()}


ENGLISH: Final = Vocabulary(
    function_words=_set("""
        a about above after again against ago all almost along already also although always am among an and another
        any anybody anyone anything are around as at away back be because been before behind being below beneath
        beside besides between beyond both but by can cannot could did do does doing done down during each either else
        enough even ever every everybody everyone everything far few for from further had has have having he her here
        hers herself him himself his how however i if in into is it its itself just last least less like many may
        maybe me might mine more most much must my myself near neither never next no nobody none nor not nothing now
        of off often on once one only onto or other others otherwise ought our ours ourselves out over own past
        perhaps quite rather really same shall she should since so some somebody someone something sometimes somewhere
        soon still such than that the their theirs them themselves then there these they this those though through
        thus till to today together tomorrow tonight too toward towards under unless until up upon us very was we well
        were what whatever when whenever where wherever whether which while who whoever whom whose why will with
        within without would yes yesterday yet you your yours yourself yourselves i'm i've i'll i'd you're you've
        you'll you'd it's that's what's there's here's he's she's let's don't didn't doesn't isn't wasn't aren't
        weren't won't wouldn't can't couldn't shouldn't haven't hasn't hadn't we're we've we'll they're they've
        """),
    weekdays=("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    months=tuple("january february march april may june july august september october november december".split()),
    numbers=tuple(
        """
        one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
        eighteen nineteen twenty
        """.split()
    ),
    tens=tuple("twenty thirty forty fifty sixty seventy eighty ninety".split()),
    hundred=("hundred",),
    thousand="thousand",
    no_numbers=_set("one"),
    articles=_set("a an one"),
    and_words=_set("- and"),
    ago_before=frozenset(),
    ago_after=_set("ago"),
    units=_units("day days", "week weeks fortnight", "month months", "year years"),
    backs={"yesterday": 1},
    told=_set("""
        wrote said noted told put described mentioned called felt were was did had went asked decided promised planned
        wanted started finished met walked ran
        """),
    counted=_set("entries entry pages page times notes lines things ways sides words"),
    minutes=_set("minute minutes hour hours"),
)

GERMAN: Final = Vocabulary(
    function_words=_set("""
        aber alle allein allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf
        aus ausser außer bald bei beide beiden beim bereits besonders bevor bis bisher bist da dabei dadurch dafür
        dagegen daher dahin damals damit danach daneben dann daran darauf daraus darin darüber darum darunter das dass
        davon davor dazu dein deine deinem deinen deiner deines dem den denen denn dennoch der deren derselbe des
        deshalb dessen desto dich die dies diese dieselbe diesem diesen dieser dieses dir doch dort du durch ein eine
        einem einen einer eines einige einigen einiger einiges einmal er erst es etwa etwas euch euer eure für gar
        gegen genau genug gerade gern gestern gewesen hab habe haben hat hatte hatten hattest hast her heute hier hin
        hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in indem ins inzwischen ist ja je jede
        jedem jeden jeder jedes jemand jene jenem jenen jener jenes jetzt kann kannst kein keine keinem keinen keiner
        keines können könnte könntest man manche manchem manchen mancher manches manchmal mehr mein meine meinem
        meinen meiner meines mich mir mit möchte möchtest morgen muss musst müssen nach nachdem neben nein nicht
        nichts nie niemand noch nun nur ob obwohl oder oft ohne schon sehr sei seid sein seine seinem seinen seiner
        seines seit selbst sich sie sind so sobald solche solchem solchen solcher solches soll sollen sollte solltest
        sonst sondern sowie trotz trotzdem über um und uns unser unsere unter viel viele vielen vielleicht vom von vor
        während wann war waren warst warum was weder weg wegen weil weiter welche welchem welchen welcher welches wem
        wen wenig weniger wenn wer werde werden weshalb wie wieder will willst wir wird wirst wo wobei wodurch wofür
        woher wohin wohl womit woran worauf woraus worin worüber wovon wozu wurde wurden würde würden würdest zu zum
        zur zwar zwischen
        """),
    weekdays=("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
    months=tuple("januar februar märz april mai juni juli august september oktober november dezember".split()),
    numbers=tuple(
        """
        eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn
        achtzehn neunzehn zwanzig
        """.split()
    ),
    tens=tuple("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()),
    hundred=("hundert", "einhundert"),
    thousand="tausend",
    no_numbers=_set("eins"),
    articles=_set("ein eine einem einen einer"),
    and_words=_set("und"),
    ago_before=_set("vor"),
    ago_after=frozenset(),
    units=_units("tag tage tagen", "woche wochen", "monat monate monaten", "jahr jahre jahren"),
    backs={"gestern": 1, "vorgestern": 2},
    told=_set("""
        hast hattest hat hatte hatten war waren warst schriebst schrieb sagtest geschrieben notiert gesagt erzählt
        """),
    counted=_set("einträge einträgen eintrag seiten seite mal zeilen notizen dinge dingen sachen worte worten"),
    minutes=_set("minute minuten stunde stunden"),
)

SPANISH: Final = Vocabulary(
    function_words=_set("""
        a acaso adonde ahora al algo alguien algún alguna algunas alguno algunos allá allí ambas ambos ante antes
        aquel aquella aquellas aquello aquellos aquí así aun aún aunque ayer bajo bastante bien cada casi como cómo
        con conmigo contigo contra cual cuál cuales cuáles cualquier cualquiera cuando cuándo cuanta cuánta cuantas
        cuanto cuánto cuantos de debajo del demás dentro desde después donde dónde durante e el él ella ellas ello
        ellos en entonces entre era eran eras eres es esa esas ese eso esos esta está están estar estas estás este
        esto estos estoy fue fuera fueron fui fuiste ha haber había habías hace hacia han has hasta hay he hemos hoy
        incluso jamás junto la las le les lo los luego mañana más me mejor menos mi mí mía mías mientras mío míos mis
        misma mismas mismo mismos mucha muchas mucho muchos muy nada nadie ni ningún ninguna ninguno no nos nosotras
        nosotros nuestra nuestro nunca o os otra otras otro otros para pero poca poco pocos por porque pronto pues que
        qué quien quién quienes quizá quizás se sea según ser será si sí siempre sin sino sobre sois solamente solo
        sólo somos son soy su sus suya suyo tal también tampoco tan tanta tanto te tenía tenías ti tiene tienes toda
        todas todavía todo todos tras tu tú tus tuya tuyas tuyo tuyos u un una unas uno unos usted ustedes va vez voy
        y ya yo
        """),
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=tuple("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()),
    numbers=tuple(
        """
        uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete
        dieciocho diecinueve veinte
        """.split()
    ),
    tens=tuple("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()),
    hundred=("cien", "ciento"),
    thousand="mil",
    no_numbers=_set("uno"),
    articles=_set("un una uno"),
    and_words=_set("y"),
    ago_before=_set("hace"),
    ago_after=_set("atrás"),
    units=_units("día días", "semana semanas", "mes meses", "año años"),
    backs={"ayer": 1, "anteayer": 2, "antier": 2},
    told=_set("""
        escribiste dijiste anotaste contaste fue era eras fuiste estabas estuviste habías escrito dicho contado
        """),
    counted=_set("entradas entrada páginas página veces notas líneas cosas palabras lados"),
    minutes=_set("minuto minutos hora horas"),
)

FRENCH: Final = Vocabulary(
    function_words=_set("""
        à afin ai ainsi alors après as assez au aucun aucune aujourd'hui auquel aussi autant autre autres aux avais
        avait avant avec avez avoir avons ayant beaucoup bien bientôt ça car ce ceci cela celle celles celui cependant
        ces cet cette ceux chacun chacune chaque chez ci combien comme comment contre d'abord dans de dedans dehors
        déjà demain depuis dernier derrière des dès desquels deux devant doit donc dont du duquel durant elle elles en
        encore enfin ensuite entre envers es est et étais était étaient étant été êtes être eu eux fait fois furent
        fut hier hors ici il ils jamais je jusqu'à jusque la là laquelle le lequel les lesquels leur leurs lors
        lorsque lui ma maintenant mais malgré me même mêmes mes mien mienne mieux moi moins mon ne ni non nos notre
        nôtre nous on ont or où ou oui par parce parfois parmi pas pendant peu peut peut-être peux plus plusieurs
        plutôt pour pourquoi pourtant près presque puis puisque qu'il qu'elle qu'on quand quant que quel quelle
        quelles quelque quelques quelqu'un quels qui quoi quoique rien sa sans sauf se selon sera serait ses seul
        seulement si sien soi soit sommes son sont souvent sous suis sur ta tandis tant te tel telle tes tien toi ton
        toujours tous tout toute toutes très trop tu un une va vais vas vers voici voilà vos votre vôtre vous vraiment
        y c'est c'était d'un d'une j'ai j'étais l'un l'une n'a n'as n'est qu'est qu'un qu'une qu'est-ce s'il t'a t'as
        t'es t'en m'a tu'as
        """),
    weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    months=tuple("janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()),
    numbers=tuple(
        """
        un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit
        dix-neuf vingt
        """.split()
    ),
    tens=tuple("vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix".split()),
    hundred=("cent",),
    thousand="mille",
    no_numbers=_set("un neuf"),
    articles=_set("un une"),
    and_words=_set("- et"),
    ago_before=_set("a"),
    ago_after=_set("plus"),
    units=_units("jour jours", "semaine semaines", "mois", "an ans année années"),
    backs={"hier": 1, "avant-hier": 2},
    told=_set("écrit écrivais noté dit disais raconté as avais avait était étais étaient fut t'as"),
    counted=_set("entrées entrée pages page fois notes lignes choses mots côtés"),
    minutes=_set("minute minutes heure heures"),
)

PORTUGUESE: Final = Vocabulary(
    function_words=_set("""
        a à agora ainda além algo alguém algum alguma algumas alguns ali ambas ambos amanhã ante antes ao aos apenas
        após aquela aquelas aquele aqueles aqui aquilo as às assim até bastante bem cada com como comigo contra
        contudo cujo da dali daquela daquele daqui das de dela delas dele deles demais dentro depois desde dessa desse
        desta deste disso disto do dos durante e é ela elas ele eles em embora enquanto entanto entre era eram essa
        essas esse esses esta está estão estas estava este estes estou eu foi foram for fora fosse fui há havia hoje
        isso isto já jamais junto lá lhe lhes logo mais mas me mesma mesmas mesmo mesmos meu meus mim minha minhas
        muita muitas muito muitos na nada não nas nela nele nem nenhum nenhuma nessa nesse nesta neste ninguém nisso
        no nos nós nossa nosso num numa nunca o onde ontem os ou outra outras outro outros para pela pelas pelo pelos
        perante perto pois por porém porque por quê pouca pouco poucos pra primeiro próprio quais qual qualquer quando
        quanta quanto quantos quase que quê quem se seja sem sempre sendo ser será seu seus si sido sim sob sobre
        somente sou sua suas talvez também tampouco tanta tanto te tem têm tenho ter teu teus teve ti tinha toda todas
        todavia todo todos tu tua tuas tudo um uma umas uns vai vez você vocês vos vou
        """),
    weekdays=("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
    months=tuple("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()),
    numbers=tuple(
        """
        um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito
        dezenove vinte
        """.split()
    ),
    tens=tuple("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split()),
    hundred=("cem", "cento"),
    thousand="mil",
    no_numbers=_set("um"),
    articles=_set("um uma"),
    and_words=_set("e"),
    ago_before=_set("há faz"),
    ago_after=_set("atrás"),
    units=_units("dia dias", "semana semanas", "mês meses", "ano anos"),
    backs={"ontem": 1, "anteontem": 2},
    told=_set("escreveu escreveste disse disseste anotou contou foi era eras estava tinha havia escrito dito contado"),
    counted=_set("entradas entrada páginas página vezes notas linhas coisas palavras lados"),
    minutes=_set("minuto minutos hora horas"),
)

ITALIAN: Final = Vocabulary(
    function_words=_set("""
        a abbastanza adesso affinché agli ai al alcun alcuna alcune alcuni all'alla alla alle allo allora altra altre
        altri altro anche ancora anzi appena avanti aveva avevi avere basta ben bene c'è certo che chi chiunque ci
        ciascuno ciò cioè circa col come con contro così cosa cui da dagli dai dal dall dalla dalle dallo davanti
        davvero degli dei del dell della delle dello dentro di dietro domani dopo dove dunque durante e è ebbe ecco ed
        ella era erano eri essa esse essere essi esso fa fatto finché fino forse fra fu fuori già gli ha hai hanno ho
        i ieri il in infatti infine insieme intanto invece io la là laggiù le lei li lì lo loro lui lungo ma mai
        malgrado me meglio meno mentre mezzo mi mia mie miei mio molta molte molti molto ne né neanche negli nei nel
        nell nella nelle nello nemmeno nessun nessuna nessuno niente no noi non nostra nostro nulla o od oggi ogni
        ognuno oltre oppure ora per perché perciò però piuttosto più poca poche pochi poco poi poiché presto prima
        proprio può pure purché qua qual quale quali qualche qualcosa qualcuno quando quanta quanti quanto quasi quel
        quell quella quelle quelli quello questa queste questi questo qui quindi sarà se sé sebbene secondo sei sempre
        senza si sì sia siamo solo soltanto sono sopra soprattutto sotto sta stai stata stato stesso stessa su sua sue
        sugli sui sul sull sulla sulle suo suoi tale tanta tante tanti tanto te ti tra troppo tu tua tue tuo tuoi
        tutta tutte tutti tuttavia tutto un un' una uno va verso vi via voi volta vostra vostro
        """),
    weekdays=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    months=tuple(
        """
        gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
        """.split()
    ),
    numbers=tuple(
        """
        uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici
        diciassette diciotto diciannove venti
        """.split()
    ),
    tens=tuple("venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split()),
    hundred=("cento",),
    thousand="mille",
    no_numbers=_set("uno sei"),
    articles=_set("un una uno"),
    and_words=frozenset(),
    ago_before=frozenset(),
    ago_after=_set("fa"),
    units=_units("giorno giorni", "settimana settimane", "mese mesi", "anno anni"),
    backs={"ieri": 1, "l'altroieri": 2, "altroieri": 2},
    told=_set("scritto scrivevi detto dicevi raccontato annotato hai avevi era eri erano fu"),
    counted=_set("pagine pagina volte note righe annotazioni cose parole lati"),
    minutes=_set("minuto minuti ora ore"),
)

DUTCH: Final = Vocabulary(
    function_words=_set("""
        aan achter af al alle alleen alles als alsof altijd ander andere anders beide bij bijna binnen boven buiten
        daar daarom daarna dan dat de deze die dit doch doen door dus echter een één eens elk elke en enige er erg
        eruit even gaan gaat geen geweest gisteren had hadden haar heb hebben hebt heeft heel hem hen het hier hierom
        hij hoe hun iedere iedereen iemand iets ik in is ja je jezelf jij jou jouw jullie kan kon kun kunnen langs
        later laten maar maken me meer mee meest men met mij mijn misschien moet moeten mogen morgen na naar naast
        nadat net niemand niet niets nieuw nog nooit nu of ofwel om omdat ondanks onder ons onze ook op opnieuw over
        pas per reeds samen sinds soms steeds straks te tegen ten ter terug terwijl toch toen tot tussen u uit uw van
        vanaf vandaag vandaan veel verder via vond voor vooral voordat waar waarbij waarom waarop waaruit wanneer want
        waren was wat weer weg wel welk welke werd werden wie wij wil worden wordt zal ze zei zelf zich zij zijn zo
        zoals zodat zonder zou zouden
        """),
    weekdays=("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    months=tuple("januari februari maart april mei juni juli augustus september oktober november december".split()),
    numbers=tuple(
        """
        een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien
        achttien negentien twintig
        """.split()
    ),
    tens=tuple("twintig dertig veertig vijftig zestig zeventig tachtig negentig".split()),
    hundred=("honderd",),
    thousand="duizend",
    no_numbers=_set("een één"),
    articles=_set("een één"),
    and_words=_set("en"),
    ago_before=frozenset(),
    ago_after=_set("geleden"),
    units=_units("dag dagen", "week weken", "maand maanden", "jaar jaren"),
    backs={"gisteren": 1, "eergisteren": 2},
    told=_set("schreef zei noteerde vertelde was waren had hebt geschreven gezegd verteld genoteerd"),
    counted=_set("notities notitie pagina's pagina keer regels dingen woorden kanten"),
    minutes=_set("minuut minuten uur"),
)

VOCABULARIES: Final[Mapping[str, Vocabulary]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "es": SPANISH,
    "fr": FRENCH,
    "pt": PORTUGUESE,
    "it": ITALIAN,
    "nl": DUTCH,
}
FUNCTION_WORDS: Final = frozenset(word for known in VOCABULARIES.values() for word in known.function_words)
_MIN_SUBJECT: Final = 3
_STEM: Final = 5
WEEKDAYS: Final = frozenset(word for known in VOCABULARIES.values() for word in known.weekdays)
MONTHS: Final = frozenset(word for known in VOCABULARIES.values() for word in known.months)
# Words that English and Dutch write with a capital and that name nobody.
CAPITALISED: Final = _set("""
        english french german spanish italian portuguese dutch danish swedish norwegian finnish polish czech russian
        ukrainian turkish greek arabic hebrew hindi chinese mandarin japanese korean vietnamese thai latin irish
        scottish welsh british american canadian australian mexican brazilian indian african european asian christian
        muslim jewish catholic protestant buddhist hindu engels frans duits spaans italiaans nederlands nederlandse
        duitse franse god mum mom mam mama dad papa grandma grandpa granny tv ok okay ai internet dr mr mrs ms sir
        madam
        """)


def language_of(said: AbstractSet[str], default: str | None = None) -> str | None:
    """Give the code of the language of which most function words are among these; the default where none is."""
    counts = {code: len(known.function_words & said) for code, known in VOCABULARIES.items()}
    best = max(counts, key=lambda code: (counts[code], code == default))
    return best if counts[best] else default


def names_of(value: int) -> Sequence[str]:
    """Give the words for a number in every language; none for numbers that have no single word."""
    return _NAMES.get(value, ())


def _spelt_numbers(known: Vocabulary) -> Iterable[tuple[str, int]]:
    yield from ((word, value) for value, word in enumerate(known.numbers, 1))
    yield from ((word, 10 * value) for value, word in enumerate(known.tens, 2))
    yield from ((word, 100) for word in known.hundred)
    yield known.thousand, 1000


def _compounds(code: str) -> Iterable[tuple[str, int]]:
    """Give the regular names of the numbers from 21 to 99."""
    known = VOCABULARIES[code]
    for ten, unit in ((ten, unit) for ten in range(2, 10) for unit in range(1, 10)):
        tens, units = known.tens[ten - 2], known.numbers[unit - 1]
        yield _COMPOUND[code](tens, "ein" if units == "eins" else units), 10 * ten + unit


_COMPOUND: Final[Mapping[str, Callable[[str, str], str]]] = {
    "en": lambda tens, unit: f"{tens}-{unit}",
    "fr": lambda tens, unit: f"{tens}-{unit}",
    "es": lambda tens, unit: f"{tens} y {unit}",
    "pt": lambda tens, unit: f"{tens} e {unit}",
    "de": lambda tens, unit: f"{unit}und{tens}",
    "nl": lambda tens, unit: f"{unit}{'ën' if unit.endswith('e') else 'en'}{tens}",
    "it": lambda tens, unit: (tens[:-1] if unit in {"uno", "otto"} else tens) + ("tré" if unit == "tre" else unit),
}


NUMBERS: Final[Mapping[str, Mapping[str, int]]] = {
    code: {
        **dict(_compounds(code)),
        **{word: value for word, value in _spelt_numbers(known) if word not in known.no_numbers},
    }
    for code, known in VOCABULARIES.items()
}
NUMBER_WORDS: Final[frozenset[str]] = frozenset[str]().union(*NUMBERS.values())


def _names_by_value() -> Mapping[int, Sequence[str]]:
    names: defaultdict[int, list[str]] = defaultdict(list)
    for numbers in NUMBERS.values():
        for word, value in numbers.items():
            names[value].append(word)
    return names


_NAMES: Final = _names_by_value()
