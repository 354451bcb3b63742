"""What no message may say in German."""

from typing import Final

from reflecta.domain.checks.unsafe.phrases import Phrases

GERMAN: Final = Phrases(
    colouring="""
ein eine einen einer einfach nur so sehr zu echt wirklich ziemlich immer total wohl vielleicht wahrscheinlich
eindeutig schwere leichte klinische chronische doch ja deine deinen dein das den die der jetzt bitte und
""",
    worth="""
du bist|warst|wirkst|klingst ~ faul|erbarmlich|schwach|fett|dick|verruckt|irre|wahnsinnig|dumm|blod|wertlos|nutzlos
|hoffnungslos|widerlich|egoistisch|feige|lacherlich|hysterisch|jammerlich|kindisch|versager|versagerin|loser
|feigling|idiot|idiotin|last|schande|enttauschung|nichts_wert|krank_im_kopf|schwachling|jammerlappen|hasslich
|gestort
bist du ~ faul|dumm|blod|verruckt|schwach|erbarmlich
sie sind ~ faul|erbarmlich|schwach|fett|verruckt|dumm|wertlos|feige|lacherlich
deine faulheit|dummheit|feigheit|jammerei
hor auf zu jammern|heulen|klagen|weinen
hor auf mit dem gejammer
hor endlich auf zu jammern|heulen|klagen
reiss dich zusammen
reiss dich mal|endlich|doch zusammen
sei ein mann
sei kein ~ feigling|weichei|baby|jammerlappen|schwachling
sei nicht so faul|dumm|schwach|kindisch|erbarmlich|wehleidig|empfindlich
stell dich nicht so an
werd|werde endlich erwachsen
du bist selbst schuld
du musst|solltest abnehmen
was stimmt nicht mit dir
niemand mag|liebt|braucht|will dich
aus dir wird nie etwas|was
halt den mund
halt die klappe
""",
    diagnosis="""
du hast|hattest ~ depression|depressionen|adhs|ads|autismus|burnout|ptbs|angststorung|zwangsstorung|essstorung
|magersucht|bulimie|borderline|psychose|schizophrenie|personlichkeitsstorung|demenz|diabetes|krebs|panikstorung
|trauma
du bist ~ depressiv|bipolar|autistisch|manisch|schizophren|magersuchtig|alkoholiker|alkoholikerin|suchtig|narzisst
|narzisstin|psychisch_krank|geisteskrank|traumatisiert
du leidest an|unter ~ depression|depressionen|adhs|burnout|ptbs|angststorung|essstorung|magersucht|psychose
|panikattacken
das ist|klingt_nach ~ depression|adhs|burnout|ptbs|angststorung|essstorung|zwangsstorung|psychose|autismus|trauma
anzeichen|symptome fur|von|einer|eines ~ depression|adhs|burnout|ptbs|angststorung|psychose
meine diagnose
ich diagnostiziere
""",
    medicine="""
setz|setze ~ medikament|medikamente|tabletten|antidepressiva|pillen ab
^ ~ nimm ~ medikament|medikamente|tablette|tabletten|pille|pillen|antidepressiva|schmerzmittel|ibuprofen|aspirin
|melatonin
nimm keine ~ medikamente|tabletten|antidepressiva mehr
hor auf ~ medikamente|tabletten|antidepressiva zu nehmen
erhohe|verdopple|senke|reduziere|halbiere ~ dosis|medikation
du brauchst keine ~ medikamente|tabletten|therapie|antidepressiva
lass ~ medikamente|tabletten|antidepressiva weg
""",
    money_and_law="""
investiere in ~ aktien|krypto|bitcoin|gold|fonds|etf|etfs|immobilien|anleihen
investier in ~ aktien|krypto|bitcoin|gold|fonds|etf|etfs|immobilien
du solltest|musst in ~ aktien|krypto|bitcoin|gold|fonds|immobilien investieren
kauf|kaufe|verkauf|verkaufe ~ aktien|krypto|bitcoin|fonds|anleihen|gold
leg ~ geld an
nimm ~ kredit|hypothek auf
verklag|verklage ihn|sie|deinen|deine|den|die
erstatte anzeige
zeig ihn|sie an
geh|zieh vor gericht
reich|reiche die scheidung ein
""",
    harm="""
tu|tue dir etwas|was an
bring dich um
verletz|verletze|ritz|bestraf|bestrafe|hunger dich
schlag zuruck
rache dich
zahl es ihm|ihr|ihnen heim
lass ~ mahlzeit|mahlzeiten|fruhstuck|abendessen ausfallen|weg
iss nichts|weniger
hor auf zu essen
betrink|besauf dich
du verdienst ~ schmerz|strafe|leiden
besser tot
ohne dich besser dran
niemand wurde dich vermissen
nimm dir das leben
mach schluss mit allem
suizid|selbstmord|suizidal|uberdosis|rasierklinge|rasierklingen|selbstverletzung
spring von|vom ~ brucke|dach
""",
    guilt="""
ich habe|hab dich|sie vermisst
ich vermisse dich|sie
du hast mir gefehlt
du fehlst mir
ich liebe dich
ich brauche dich
du schuldest|schuldetest mir|uns
ich bin ~ enttauscht|traurig|verletzt|wutend|gekrankt
du hast mich|uns enttauscht|verlassen|verletzt|ignoriert|vergessen|hangen_lassen
du enttauschst mich
lass mich nicht allein|im_stich
ich habe auf dich gewartet
ich warte auf dich
nach allem was ich fur dich
du solltest dich schamen
scham dich
schame dich
du hast mir versprochen
""",
    of_oneself="""
ich bin|fuhle_mich|war ~ wertlos|nutzlos|erbarmlich|dumm|fett|hasslich|widerlich|versager|versagerin|last
|nichts_wert|nichts|idiot|hoffnungslos
ich hasse mich|mein_leben|meinen_korper
ich will|wollte|mochte sterben|nicht_mehr_leben|tot_sein|verschwinden
niemand liebt|mag|braucht mich
ohne mich besser dran
ich kann nicht mehr
""",
)
