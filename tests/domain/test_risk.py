"""What the rules must find in ten languages however it is written, what they must leave alone; they never fail."""

import time
import unicodedata
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.strategies import any_text, properties

from reflecta.adapters.risk_rules import load_risk_rules
from reflecta.domain.risk import PatternFault, RiskRules, Sign, SignLists, Weight

RULES = load_risk_rules()
MEGABYTE = 1_000_000

# What must be held, by language and sign; what must not. All of it was made up for these tests.
HELD = {
    "en": """
suicide: I want to kill myself. / I don't want to live anymore / Honestly I just wanna die.
suicide: Tonight I am going to end it all. / They would be better off without me.
suicide: I keep thinking about suicide and it scares me. / There is no reason to live any more.
suicide: I wrote a goodbye letter to my parents last night. / I took all the pills in the cabinet.
suicide: I wish I would go to sleep and never wake up. / kms fr, nobody would even care if I was gone
suicide: I've been feeling really suicidal since Monday. / I bought a rope and I know how to hang myself.
suicide: I stood on the bridge again thinking of jumping off the bridge / Ending my life seems like the only option.
suicide: Life isn't worth living. / I do not want to be here anymore, I am done. / unalive, that's all I can think of
suicide: Ten years ago I was happy, now I want to die. / I can't stop thinking about killing myself
suicide: Why shouldn't I kill myself
self_harm: I cut myself again last night. / The urge to hurt myself is back.
self_harm: I've been cutting my thighs since school started. / I relapsed into self-harm yesterday
harm_to_others: I am going to kill my boss, I mean it. / I keep having thoughts of hurting my baby.
harm_to_others: I want to stab him in his sleep
abuse: My husband hit me again when the kids were asleep. / He said he will kill me if I leave.
abuse: I was raped on Saturday. / My uncle touches me at night
eating_disorder: I made myself throw up after dinner again. / I haven't eaten in four days and it feels good.
eating_disorder: Binge and purge, every single day this week. / only 400 calories a day from now on
""",
    "de": """
suicide: Ich will nicht mehr leben. / Ich möchte mich umbringen. / Heute bringe ich mich um.
suicide: Ich will einfach nur noch sterben. / Ich habe ständig Selbstmordgedanken. / Am liebsten wäre ich tot.
suicide: Ohne mich wären alle besser dran. / Ich werde mir das Leben nehmen. / Ich denke die ganze Zeit an Suizid.
suicide: Ich habe meinen Abschiedsbrief geschrieben. / Ich habe alle Tabletten auf einmal geschluckt.
suicide: Ich will einschlafen und nicht mehr aufwachen. / Mein Leben hat keinen Sinn mehr.
suicide: Ich überlege, von der Brücke zu springen. / Ich will mit allem Schluss machen, mit dem Leben.
suicide: ich will mein Leben beenden / Ich möchte mich vor einen Zug werfen.
self_harm: Ich habe mich wieder geritzt. / Ich muss mich selbst verletzen, sonst halte ich es nicht aus.
self_harm: Mit der Rasierklinge habe ich mir die Arme aufgeschnitten.
harm_to_others: Ich will ihn umbringen. / Ich habe Angst, dass ich meinem Baby etwas antue.
abuse: Mein Mann hat mich gestern wieder geschlagen. / Er droht, mich umzubringen.
eating_disorder: Nach jedem Essen stecke ich mir den Finger in den Hals. / Ich habe seit drei Tagen nichts gegessen.
eating_disorder: Ich glaube, meine Magersucht ist zurück
""",
    "es": """
suicide: Quiero morir. / No quiero vivir más. / Ya no quiero seguir viviendo así. / Quiero matarme.
suicide: Pienso en quitarme la vida. / Me quiero morir de verdad. / Tengo pensamientos suicidas todos los días.
suicide: Estarían mejor sin mí. / Ojalá no despertara mañana. / No le encuentro sentido a la vida.
suicide: He escrito una carta de despedida. / Me tomé todas las pastillas que había. / Voy a acabar con mi vida.
suicide: Quiero dormir y no despertar nunca. / Estoy cansada de vivir. / Pensé en tirarme del puente
self_harm: Me corto los brazos cuando estoy mal. / Otra vez tengo ganas de hacerme daño. / Volví a cortarme anoche.
harm_to_others: Quiero matar a mi jefe con un cuchillo. / Tengo miedo de hacerle daño a mi bebé.
abuse: Mi marido me pega cuando bebe. / Fui violada el sábado.
eating_disorder: Me provoco el vómito después de cenar. / No he comido nada en cuatro días. / Creo que soy anoréxica
""",
    "fr": """
suicide: Je veux mourir. / Je n'ai plus envie de vivre. / Je vais me tuer. / J'ai envie d'en finir.
suicide: Je veux me foutre en l'air. / Je pense au suicide tous les soirs.
suicide: J'ai des idées noires, des pensées suicidaires. / Ils seraient mieux sans moi.
suicide: Je voudrais m'endormir et ne plus jamais me réveiller. / La vie ne vaut plus la peine d'être vécue.
suicide: J'ai écrit une lettre d'adieu. / J'ai avalé toute la boîte de somnifères. / Je veux mettre fin à mes jours.
suicide: Je ne veux plus vivre. / Je veux plus être là. / je vais sauter du pont
suicide: Je voudrais me jeter sous un train.
self_harm: Je me scarifie encore. / Je me suis coupé les bras hier soir. / J'ai besoin de me faire du mal.
harm_to_others: J'ai envie de tuer mon patron.
abuse: Mon mari me frappe. / Il a menacé de me tuer.
eating_disorder: Je me fais vomir après chaque repas. / Je n'ai rien mangé depuis quatre jours.
eating_disorder: Mon anorexie revient
""",
    "pt": """
suicide: Eu quero morrer. / Não quero mais viver. / Vou me matar. / Quero acabar com a minha vida.
suicide: Penso em suicídio todos os dias. / Todos ficariam melhor sem mim. / Queria dormir e nunca mais acordar.
suicide: Não vejo sentido na vida. / Escrevi uma carta de despedida. / Tomei todos os comprimidos da caixa.
suicide: Não aguento mais viver. / Vou matar-me. / Quero tirar a minha própria vida / Pensei em me jogar da ponte.
suicide: Tenho pensamentos suicidas.
self_harm: Eu me corto quando fico mal. / Voltei a me cortar ontem. / Tenho vontade de me machucar.
harm_to_others: Quero matar meu chefe.
abuse: Meu marido me bate. / Fui estuprada no sábado.
eating_disorder: Vomito depois de comer todos os dias. / Não como nada há quatro dias. / Minha bulimia voltou.
""",
    "it": """
suicide: Voglio morire. / Non voglio più vivere. / Voglio uccidermi. / Ho deciso di farla finita.
suicide: Penso al suicidio ogni notte. / Voglio togliermi la vita. / Starebbero meglio senza di me.
suicide: Vorrei addormentarmi e non svegliarmi più. / La mia vita non ha più senso. / Ho scritto una lettera d'addio.
suicide: Ho preso tutte le pillole. / Non ho più voglia di vivere. / Mi ammazzo, giuro.
suicide: Penso di buttarmi dal ponte. / Non ce la faccio più a vivere. / Ho pensieri suicidi da settimane
self_harm: Mi taglio le braccia. / Ho voglia di farmi del male. / Ieri notte sono ricaduta nell'autolesionismo.
harm_to_others: Voglio uccidere il mio capo.
abuse: Mio marito mi picchia. / Sono stata violentata sabato.
eating_disorder: Mi provoco il vomito dopo cena. / Non mangio niente da quattro giorni. / La mia anoressia è tornata.
""",
    "nl": """
suicide: Ik wil dood. / Ik wil niet meer leven. / Ik wil er een eind aan maken. / Ik ga mezelf van kant maken.
suicide: Ik denk elke dag aan zelfmoord. / Iedereen is beter af zonder mij. / Ik wou dat ik nooit meer wakker werd.
suicide: Het leven heeft geen zin meer. / Ik heb een afscheidsbrief geschreven. / Ik heb alle pillen ingenomen.
suicide: Ik wil uit het leven stappen. / Ik wil mezelf ophangen. / Ik heb geen zin meer om te leven.
suicide: Ik wil voor de trein springen. / Ik voel me suïcidaal. / ik maak er vanavond een einde aan
self_harm: Ik heb mezelf weer gesneden. / Ik heb de drang om mezelf pijn te doen. / Ik snij in mijn armen.
harm_to_others: Ik wil hem vermoorden.
abuse: Mijn man slaat me. / Ik ben zaterdag verkracht.
eating_disorder: Ik steek na het eten mijn vinger in mijn keel. / Ik heb al vier dagen niets gegeten.
eating_disorder: Mijn anorexia is terug.
""",
    "pl": """
suicide: Chcę umrzeć. / Nie chcę żyć. / Chcę się zabić. / Zabiję się dzisiaj. / Myślę o samobójstwie codziennie.
suicide: Mam myśli samobójcze. / Beze mnie byłoby im lepiej. / Chciałabym zasnąć i się nie obudzić.
suicide: Nie widzę sensu życia. / Napisałam list pożegnalny. / Połknęłam wszystkie tabletki.
suicide: Chcę odebrać sobie życie. / Nie mam po co żyć. / Chcę skończyć ze sobą. / Chcę skoczyć z mostu.
suicide: Nie chce mi się już żyć.
self_harm: Znowu się pocięłam. / Tnę się żyletką. / Chcę zrobić sobie krzywdę.
harm_to_others: Chcę go zabić.
abuse: Mąż mnie bije. / Zostałam zgwałcona w sobotę.
eating_disorder: Zmuszam się do wymiotów po każdym posiłku. / Nie jem nic od czterech dni. / Głodzę się od miesiąca.
""",
    "tr": """
suicide: Ölmek istiyorum. / Artık yaşamak istemiyorum. / İntihar etmek istiyorum. / Kendimi öldürmek istiyorum.
suicide: Canıma kıymak istiyorum. / Hayatıma son vereceğim. / Sürekli intiharı düşünüyorum.
suicide: Bensiz daha mutlu olurlar. / Keşke bir daha uyanmasam. / Yaşamanın bir anlamı kalmadı.
suicide: Veda mektubumu yazdım. / Bütün hapları içtim. / Köprüden atlamak istiyorum. / Yaşamaktan bıktım.
suicide: Bileklerimi kesmek istiyorum. / keşke hiç doğmasaydım
self_harm: Kendime zarar veriyorum. / Jiletle kollarımı kestim. / Dün gece yine kendimi kestim.
harm_to_others: Onu öldürmek istiyorum.
abuse: Kocam beni dövüyor. / Tecavüze uğradım.
eating_disorder: Yemekten sonra kendimi kusturuyorum. / Dört gündür bir şey yemedim. / Kendimi aç bırakıyorum.
""",
    "sv": """
suicide: Jag vill dö. / Jag vill inte leva längre. / Jag ska ta livet av mig. / Jag tänker på självmord varje dag.
suicide: Alla skulle ha det bättre utan mig. / Jag önskar att jag aldrig vaknade igen. / Livet har ingen mening.
suicide: Jag har skrivit ett avskedsbrev. / Jag tog alla tabletterna. / Jag orkar inte leva.
suicide: Jag vill avsluta mitt liv. / Jag funderar på att hoppa framför tåget. / Jag har självmordstankar.
suicide: Jag vill hänga mig. / Jag önskar att jag var död. / jag vill bara somna och inte vakna
self_harm: Jag skar mig igen i natt. / Jag har skadat mig själv. / Jag skär mig på armarna.
harm_to_others: Jag vill döda honom.
abuse: Min man slår mig. / Jag blev våldtagen i lördags.
eating_disorder: Jag tvingar mig själv att kräkas. / Jag har inte ätit på fyra dagar. / Jag svälter mig.
""",
}
FREE = {
    "en": """
This deadline is killing me. / My phone died on the way home. / We are killing it at work this quarter.
I would never hurt myself. / I don't want to die, I have so much to see.
Ten years ago I wanted to die; today I am grateful.
I used to cut myself when I was a teenager, five years clean now. / The film is about a suicide in a small town.
In the novel she killed herself at the end. / I almost died laughing when grandpa told that story.
I ran five kms before breakfast. / I cut myself shaving this morning. / I would kill for a coffee.
I don't want to wake up early tomorrow. / I was proud of myself for not giving up.
I hurt myself at the gym, my knee is swollen. / We talked about suicide prevention in class.
I do not want to live in this city forever. / I drowned myself in work all week.
My mom is going to kill me when she sees the car. / I kicked myself for forgetting her birthday.
He beat me at chess again. / I had stomach flu and threw up after dinner.
I purged my closet and donated three bags. / I'm starving, what is for dinner?
She pushes me to grow and I love her for it. / My friend died by suicide in 2011 and I still miss him.
I'm dying to see the new season.
""",
    "de": """
Ich sterbe vor Hunger. / Die Arbeit bringt mich noch um den Schlaf. / Wir haben uns fast totgelacht.
Der Film handelt von einem Selbstmord. / Vor zehn Jahren wollte ich mich umbringen, heute bin ich froh.
Als Teenager habe ich mich geritzt. / Ich würde mir nie etwas antun. / Ich habe mich beim Rasieren geschnitten.
Mein Handy ist gestorben. / Ich habe mit dem Rauchen Schluss gemacht.
Ich will nicht sterben, ich habe noch so viel vor. / Mein Bruder hat mich beim Schach geschlagen.
Ich will nicht mehr in dieser Stadt leben. / Der Vortrag über Suizidprävention war gut.
""",
    "es": """
Me muero de risa con mi hermana. / Este trabajo me está matando. / Me corté el pelo ayer.
La película trata del suicidio de un músico. / Hace diez años intenté suicidarme y hoy doy gracias.
No quiero morir, quiero ver crecer a mis hijos. / Nunca me haría daño. / Se me murió el móvil.
Me muero por ver el concierto. / No quiero despertarme temprano mañana. / No quiero vivir en esta ciudad.
Me corté cocinando, nada grave. / Fuimos a una charla sobre prevención del suicidio.
""",
    "fr": """
Je meurs de faim. / J'étais morte de rire. / Ce boulot me tue. / Je me suis coupé les cheveux.
Le film parle du suicide d'un lycéen. / Il y a dix ans je voulais mourir, aujourd'hui je vais bien.
Je ne veux pas mourir, j'ai tant à vivre. / Je ne me ferais jamais de mal. / Je me suis coupée en cuisinant.
J'ai hâte d'en finir avec ce dossier. / Je ne veux plus vivre à Paris. / Mon téléphone est mort.
Elle m'a beaucoup touchée par ses mots.
""",
    "pt": """
Morri de rir com ela. / Estou morrendo de fome. / Esse trabalho me mata de cansaço. / Cortei o cabelo hoje.
O filme fala de suicídio. / Há dez anos eu queria morrer, hoje sou grata. / Não quero morrer, quero viver muito.
Eu nunca me machucaria. / Cortei o dedo cozinhando. / Meu celular morreu. / Não quero viver nesta cidade.
Me cortei na cozinha fazendo o jantar.
""",
    "it": """
Muoio di fame. / Sono morta dal ridere. / Questo lavoro mi uccide. / Mi sono tagliata i capelli.
Il film parla di un suicidio. / Dieci anni fa volevo morire, oggi sono grata.
Non voglio morire, ho troppo da vedere. / Non mi farei mai del male. / Mi sono tagliato cucinando.
Il telefono è morto. / Non voglio più vivere in questa città. / Voglio farla finita con questo progetto.
""",
    "nl": """
Ik ging dood van het lachen. / Ik sterf van de honger. / Mijn telefoon is dood. / De film gaat over zelfmoord.
Tien jaar geleden wilde ik dood, nu ben ik dankbaar. / Ik wil niet dood, er is nog zoveel te zien.
Ik zou mezelf nooit iets aandoen. / Ik heb me gesneden bij het koken.
Ik stap eruit bij de volgende halte van de bus. / Ik wil niet meer in deze stad leven.
Vroeger sneed ik mezelf, al zes jaar niet meer. / We maken een eind aan de vergadering.
""",
    "pl": """
Umieram ze śmiechu. / Umieram z głodu. / Telefon mi padł. / Film opowiada o samobójstwie.
Dziesięć lat temu chciałam umrzeć, dziś jestem wdzięczna. / Nie chcę umierać, mam tyle planów.
Nigdy bym sobie nic nie zrobiła. / Skaleczyłam się przy gotowaniu. / Kiedyś się cięłam, od pięciu lat już nie.
Nie chcę żyć w tym mieście. / Ścięłam włosy. / Zabijam czas w poczekalni.
""",
    "tr": """
Gülmekten öldüm. / Açlıktan ölüyorum. / Telefonumun şarjı bitti. / Film bir intiharı anlatıyor.
On yıl önce ölmek istiyordum, bugün iyiyim. / Ölmek istemiyorum, görecek çok şey var. / Kendime asla zarar vermem.
Soğan doğrarken elimi kestim. / Saçımı kestim. / Bu şehirde yaşamak istemiyorum.
Lisedeyken kendimi keserdim, artık iyiyim. / Annem beni öldürecek, bardağı kırdım.
""",
    "sv": """
Jag dör av skratt. / Jag skrattade ihjäl mig. / Mobilen dog. / Filmen handlar om ett självmord.
För tio år sedan ville jag dö, i dag är jag tacksam. / Jag vill inte dö, jag har så mycket att se.
Jag skulle aldrig skada mig själv. / Jag skar mig när jag lagade mat i köket. / Jag vill inte leva i den här staden.
Som tonåring skar jag mig, nu mår jag bra. / Jag slog ihjäl tiden på stationen. / Jag gjorde slut med honom.
""",
}

SENTENCES = [
    (language, Sign(line.partition(":")[0]), sentence.strip())
    for language, block in HELD.items()
    for line in block.strip().splitlines()
    for sentence in line.partition(":")[2].split(" / ")
]
ORDINARY = [
    (language, sentence.strip())
    for language, block in FREE.items()
    for line in block.strip().splitlines()
    for sentence in line.split(" / ")
]
held = st.sampled_from([sentence for _, _, sentence in SENTENCES])
# Such words as bring the rules to work, in any order.
LOADED = (
    "i want to die kill myself not never ago years suicide film 2010 ich will mich nicht quiero morir . ... s u * k*ll"
)
loaded = st.lists(st.sampled_from(LOADED.split())).map(" ".join)


@pytest.mark.parametrize(("sign", "sentence"), [example[1:] for example in SENTENCES])
def test_a_plain_word_of_risk_is_found(sign: Sign, sentence: str) -> None:
    assert sign in {finding.sign for finding in RULES.find_all(sentence)}


@pytest.mark.parametrize("sentence", [sentence for _, sentence in ORDINARY])
def test_figures_of_speech_denials_the_past_and_other_people_are_left_alone(sentence: str) -> None:
    assert RULES.find(sentence) is None


def test_each_language_has_its_own_examples() -> None:
    assert min(Counter(language for language, _, _ in SENTENCES).values()) >= 15
    assert min(Counter(language for language, _ in ORDINARY).values()) >= 10


@pytest.mark.parametrize(
    "written",
    """
    I WANT TO DIE / i wanna dieeeee / k1ll mys3lf / su1c1de is all i think about / s.u.i.c.i.d.e is on my mind
    s u i c i d e / su*cide thoughts again / I want to k*ll myself / i want to d1e / killmyself / iwanttodie
    idontwanttolive / I don’t want to live / I don´t want to live / i don t want to live / suicde / kms
    thinking of comiting sucide / kil myself / kill my self / kill mysefl / i want to kill-myself / K M S / k.m.s.
    I want to d.i.e. / i want 2 die / I w4nt t0 d1e / wnat to die / I want to... die / su!cide / $uicide / endmylife
    I wan\u200bt to d\u200bie / I w\u0430nt t\u043e di\u0435
    \U0001d408 \U0001d430\U0001d41a\U0001d427\U0001d42d to die
    \uff4b\uff49\uff4c\uff4c \uff4d\uff59\uff53\uff45\uff4c\uff46
    \u1d0b\u026a\u029f\u029f \u1d0d\u028fs\u1d07\u029f\u0493
    \U0001f182\U0001f184\U0001f178cide / wanna kms so bad / suiciadl thoughts / I am suisidal / unalive myself
    ICH WILL MICH TÖTEN / ich will mich toeten / ich will mich toten / ichwillsterben / ich will st3rben
    J AI ENVIE DE MOURIR / jai envie de mourir / j’ai envie d’en finir / je veux mouriiiir
    QUIERO MORIRRR / qiero morir / suicdarme / nie chce zyc / chce sie zabic / INTIHAR ETMEK ISTIYORUM
    \u0130NT\u0130HAR / olmek istiyorum / ölmekistiyorum
    jag vill do / ta livet av mej
    """.replace("\n", " / ").split(" / "),
)
def test_disguises_slips_and_other_scripts_hide_nothing(written: str) -> None:
    assert not written.strip() or RULES.find(written) is not None


@pytest.mark.parametrize("newline", ["\n", "\r\n", " \n "])
def test_a_line_may_end_within_a_sentence_but_a_paragraph_ends_it(newline: str) -> None:
    assert RULES.find(f"I really want to{newline}die.")
    assert RULES.find(f"I want to{newline}{newline}die hard, the film.") is None


@given(held, st.sampled_from([str.upper, str.lower, str.title]))
@properties
def test_case_loses_no_finding(sentence: str, cased: Callable[[str], str]) -> None:
    assert RULES.find(cased(sentence)) is not None


@given(held)
@properties
def test_missing_diacritics_lose_no_finding(sentence: str) -> None:
    bare = "".join(char for char in unicodedata.normalize("NFD", sentence) if not unicodedata.combining(char))
    assert RULES.find(bare) is not None
    assert RULES.find(unicodedata.normalize("NFD", sentence)) is not None


@given(held, st.data())
@properties
def test_invisible_characters_lose_no_finding(sentence: str, data: st.DataObject) -> None:
    for place in sorted(data.draw(st.sets(st.integers(0, len(sentence)), max_size=8)), reverse=True):
        sentence = (
            sentence[:place] + data.draw(st.sampled_from("\u200b\u200d\u2060\ufeff\u00ad\ufe0f")) + sentence[place:]
        )
    assert RULES.find(sentence) is not None


@given(st.sampled_from(SENTENCES), st.sampled_from(["The weather was fine.", "Das Wetter war gut.", "Il a plu."]))
@properties
def test_what_stands_around_it_loses_no_finding(example: tuple[str, Sign, str], other: str) -> None:
    _, sign, sentence = example
    assert sign in {finding.sign for finding in RULES.find_all(f"{other}\n\n{sentence}\n\n{other}")}


@given(st.one_of(any_text, loaded))
@properties
def test_no_text_breaks_the_rules_and_the_first_finding_is_the_gravest(text: str) -> None:
    findings = RULES.find_all(text)
    assert RULES.find(text) == (findings[0] if findings else None)
    assert [finding.sign for finding in findings] == sorted((f.sign for f in findings), key=list(Sign).index)


@pytest.mark.parametrize(
    "unit",
    [
        "k",
        "k ",
        "kl",
        "die ",
        "want q to q die ",
        "k*l ",
        "\u0301\u0316",
        "s.u.i.",
        "a b c ",
        "(",
        "d'",
        "I never kill myself ",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    begun = time.process_time()
    RULES.find(unit * (MEGABYTE // len(unit)))
    assert time.process_time() - begun < 15  # some 3 seconds at most; a square would take hours


def test_a_finding_holds_no_word_of_the_text() -> None:
    finding = RULES.find("Honestly, I want to kill myself, says Ignatius.")
    assert finding is not None
    assert (finding.language, finding.rule.rpartition(".")[0]) == ("en", "en.suicide")
    assert "Ignatius" not in repr(finding)


def test_risk_wins_over_an_excuse_that_does_not_stand_on_the_same_words() -> None:
    assert RULES.find("This job is killing me and I want to kill myself.")
    assert RULES.find("We watched a film about war. I want to die.")
    assert RULES.find("Ten years ago my brother drowned. I am going to end my life.")
    assert RULES.find("Früher war alles gut, jetzt will ich mich umbringen.")
    assert RULES.find("Mi madre no entiende nada, quiero morir.")


def rules(*patterns: str, weight: Weight = Weight.PRESENT, same: str = "", near: str = "") -> RiskRules:
    lists = SignLists(
        name="xx",
        patterns={Sign.ABUSE: {weight: patterns}},
        named={"pet": "cat|dog|(guinea pig)"},
        same_words=[same] if same else [],
        near_by=[near] if near else [],
        fillers=frozenset({"so"}),
        common=frozenset({"the"}),
    )
    return RiskRules([lists], version="v")


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("red|green door", "a green door", True),
        ("red|green door", "a door red", False),
        ("red (oak door)|gate", "red oak door", True),
        ("red (oak door)|gate", "red oak gate", False),
        ("red [old] door", "red door, red old door", True),
        ("red ..2 door", "red and heavy door", True),
        ("red ..2 door", "red and so heavy door", True),
        ("red ..2 door", "red one two three door", False),
        ("red ..2 door", "Red. The door", False),
        ("pain* door", "a painted door", True),
        ("~elephant", "an elepant", True),
        ("~elephant", "an elehpant", True),
        ("~elephant", "an infant", False),
        ("my {pet} barks", "my guinea pig barks", True),
        ("my {pet} barks", "my guinea barks", False),
        ("in {year}", "in 1999", True),
        ("in {year}", "in 3000", False),
        ("{hundreds} doors", "99 doors", True),
        ("{hundreds} doors", "1000 doors", False),
        ("l'orage gronde", "L’orage gronde", True),
        ("don't knock", "dont knock", True),
        ("übermut tut weh", "uebermut tut weh", True),
    ],
)
def test_the_notation_means_what_it_says(pattern: str, text: str, *, found: bool) -> None:
    assert (rules(pattern).find(text) is not None) is found


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("[red]", "empty text"),
        ("", "empty text"),
        ("red ..2", "stands between words"),
        ("[a] red door", "stands between words"),
        ("red (door", "')' is missing"),
        ("red |", "no letters"),
        ("pai* door", "too short a stem"),
        ("~door", "no whole word of at least 6"),
        ("{tree} falls", "not among the words"),
        ("so red", "filler"),
        ("ab", "3 letters"),
    ],
)
def test_a_pattern_that_cannot_be_meant_so_is_refused(pattern: str, fault: str) -> None:
    with pytest.raises(PatternFault, match=fault.replace(")", r"\)")):
        rules(pattern)


def test_a_filler_of_one_language_may_be_a_word_of_anothers_rules() -> None:
    one = SignLists(name="xx", patterns={}, named={}, fillers=frozenset({"so", "red"}))
    other = SignLists(name="yy", patterns={Sign.ABUSE: {Weight.PRESENT: ["red door"]}}, named={})
    both = RiskRules([one, other], version="v")
    assert both.find("a red so door") is not None
    assert both.find("a door") is None


def test_an_excuse_holds_only_in_a_language_that_the_text_may_be_in() -> None:
    found = {Sign.ABUSE: {Weight.MENTION: ["red door"]}}
    one = SignLists(name="xx", patterns=found, named={}, common=frozenset({"je", "les", "au"}))
    other = SignLists(name="yy", patterns={}, named={}, near_by=["les"], common=frozenset({"ik", "de", "het"}))
    both = RiskRules([one, other], version="v")
    assert both.find("je les au red door") is not None
    assert both.find("ik de les het red door") is None


def test_an_excuse_undoes_what_its_weight_allows() -> None:
    text = "the red door in the film"
    assert rules("red door", same="red door in").find(text) is None
    assert rules("red door", near="film").find(text) is not None
    assert rules("red door", near="film", weight=Weight.MENTION).find(text) is None
    assert rules("red door", same="red door in", weight=Weight.CERTAIN).find(text) is not None


def test_an_excuse_is_near_by_within_twenty_words() -> None:
    mention = rules("red door", near="film", weight=Weight.MENTION)
    assert mention.find("film " + "word " * 19 + "red door") is None
    assert mention.find("film " + "word " * 20 + "red door") is not None


def test_a_text_read_again_gives_the_same_however_many_were_read_between() -> None:
    few = rules("red door")
    texts = [*(f"day {n}" for n in range(45_000)), "the red door"]
    first = [few.find(text) for text in texts]
    assert first == [few.find(text) for text in texts]
    assert [finding is not None for finding in first] == [False] * 45_000 + [True]
