"""What no message may say in Italian."""

from typing import Final

from reflecta.domain.checks.unsafe.phrases import Phrases

ITALIAN: Final = Phrases(
    colouring="""
un una uno cosi molto troppo davvero semplicemente sempre piuttosto proprio chiaramente probabilmente tuo tua tuoi tue
il la i le di e
""",
    worth="""
sei|eri|sembri ~ pigro|pigra|patetico|patetica|debole|grasso|grassa|pazzo|pazza|matto|matta|stupido|stupida|scemo
|scema|inutile|egoista|codardo|codarda|ridicolo|ridicola|brutto|brutta|fallito|fallita|perdente|idiota|peso|vergogna
|delusione|isterico|isterica|disgustoso|disgustosa|fallimento|buono_a_nulla|buona_a_nulla|imbecille
non vali|servi niente|nulla
non servi a niente|nulla
la tua pigrizia|stupidita|codardia
smettila di lamentarti|piagnucolare|piangere|frignare
smetti di lamentarti|piagnucolare|frignare
non essere ~ pigro|pigra|debole|codardo|codarda|stupido|stupida|ridicolo|ridicola|patetico|patetica
fai l'uomo
sii uomo
datti una regolata|mossa
cresci un po
dovresti dimagrire
devi dimagrire
e tutta colpa tua
nessuno ti vuole|ama
nessuno ha bisogno di te
stai zitto|zitta
""",
    diagnosis="""
hai|soffri|soffri_di ~ depressione|adhd|autismo|ptsd|anoressia|bulimia|schizofrenia|psicosi|disturbo|burnout|demenza
|diabete|cancro
sei ~ depresso|depressa|bipolare|autistico|autistica|schizofrenico|schizofrenica|alcolista|narcisista|anoressica
questa_e|questo_e|sembra ~ depressione|adhd|autismo|disturbo|burnout|anoressia|psicosi
sintomi|segni di ~ depressione|adhd|disturbo|psicosi|burnout|anoressia
la mia diagnosi
""",
    medicine="""
smetti|smettila di prendere ~ farmaci|farmaco|medicine|pillole|antidepressivi|pastiglie
^ ~ prendi ~ farmaco|farmaci|medicina|medicine|pillola|pillole|compressa|compresse|aspirina|melatonina
aumenta|raddoppia|riduci|dimezza ~ dose|farmaci|terapia
non hai bisogno di ~ farmaci|terapia|medico|medicine
""",
    money_and_law="""
investi in ~ azioni|borsa|bitcoin|cripto|criptovalute|oro|fondi|immobili
investi ~ soldi|risparmi
compra|vendi ~ azioni|bitcoin|criptovalute
fai causa
denuncialo
denunciala
chiedi il divorzio
dovresti denunciare|investire
""",
    harm="""
ucciditi
ammazzati
fatti del male
fatti male
punisciti
tagliati
picchialo
picchiala
vendicati
fagliela pagare
salta ~ pasto|pasti|colazione|cena
smetti di mangiare
non mangiare
ubriacati
meriti di soffrire
meglio morto|morta
meglio senza di te
non mancheresti a nessuno
togliti la vita
suicidio|suicida|overdose|autolesionismo
buttati ~ ponte
lametta|lamette
""",
    guilt="""
mi sei mancato|mancata
mi manchi
ti amo
ti voglio bene
ho bisogno di te
mi devi
ci devi
sono ~ deluso|delusa|ferito|ferita|triste_per_te
mi hai deluso|delusa|abbandonato|dimenticato|ignorato|ferito|promesso
non lasciarmi|abbandonarmi|dimenticarmi|ignorarmi
ti stavo aspettando
ti ho aspettato|aspettata
dopo tutto quello che ho fatto
dovresti vergognarti
vergognati
""",
    of_oneself="""
sono|mi_sento ~ inutile|patetico|patetica|stupido|stupida|grasso|grassa|brutto|brutta|fallito|fallita|fallimento
|peso|nulla|niente
mi odio
odio la_mia_vita|il_mio_corpo
non valgo|servo niente|nulla|a_niente|a_nulla
voglio|volevo morire|sparire
nessuno mi ama|vuole
non ce la faccio piu
""",
)
