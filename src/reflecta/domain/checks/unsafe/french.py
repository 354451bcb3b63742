"""What no message may say in French."""

from typing import Final

from reflecta.domain.checks.unsafe.phrases import Phrases

FRENCH: Final = Phrases(
    colouring="""
un une si tres trop vraiment simplement toujours plutot completement clairement probablement ton ta tes votre vos le
la les de du des et donc
""",
    worth="""
tu es|etais|sembles ~ paresseux|paresseuse|faineant|faineante|pathetique|faible|gros|grosse|fou|folle|stupide|bete
|idiot|idiote|nul|nulle|inutile|egoiste|lache|ridicule|moche|laid|laide|rate|ratee|perdant|perdante|fardeau|honte
|deception|hysterique|degoutant|degoutante|debile|cingle|cinglee|moins_que_rien|echec
t'es ~ paresseux|paresseuse|nul|nulle|pathetique|faible|gros|grosse|fou|folle|stupide|bete|idiot|idiote|ridicule
vous etes ~ paresseux|paresseuse|pathetique|faible|gros|grosse|fou|folle|stupide|nul|nulle|lache|ridicule
tu ne vaux|sers rien
tu ne sers a rien
ta paresse|betise|lachete
^ ~ arrete de te plaindre|geindre|pleurnicher|pleurer|gemir
arretez de vous plaindre
cesse de te plaindre|geindre|pleurnicher
ressaisis toi
reprends toi
secoue toi
sois un homme
ne sois pas ~ paresseux|paresseuse|faible|bete|lache|ridicule|pathetique
grandis un peu
tu devrais maigrir
tu dois maigrir
perds du poids
c'est dans ta tete
c'est ta faute
personne ne t'aime
personne n'a besoin de toi
tais toi
ferme la
""",
    diagnosis="""
tu as|souffres|souffres_de|fais ~ depression|tdah|autisme|burn_out|burnout|tspt|anorexie|boulimie|schizophrenie
|psychose|trouble_anxieux|trouble_bipolaire|demence|diabete|cancer|toc
tu es ~ depressif|depressive|bipolaire|autiste|schizophrene|alcoolique|narcissique|anorexique|boulimique
c'est ~ depression|tdah|burn_out|burnout|trouble_anxieux|trouble_bipolaire|psychose|anorexie
symptomes|signes d'une|de|d'un ~ depression|tdah|burn_out|burnout|psychose|trouble
mon diagnostic
""",
    medicine="""
arrete ~ medicaments|traitement|antidepresseurs|cachets|pilules
arrete de prendre ~ medicaments|medicament|traitement|antidepresseurs|cachets
^ ~ prends ~ medicament|medicaments|cachet|cachets|comprime|comprimes|pilule|antidepresseurs|aspirine|melatonine
augmente|double|reduis|baisse|diminue ~ dose|traitement|medicaments
tu n'as pas besoin ~ medicaments|therapie|medecin|traitement
""",
    money_and_law="""
investis dans|en ~ actions|bourse|bitcoin|crypto|cryptomonnaies|or|fonds|immobilier
investis ~ argent|economies
achete|vends ~ actions|bitcoin|crypto|obligations
contracte un pret
poursuis le|la|les en justice
poursuis ~ en justice
porte plainte
demande le divorce
tu devrais porter plainte
tu devrais investir
""",
    harm="""
tue toi
fais toi du mal
fais toi mal
punis toi
coupe toi
venge toi
fais le|la|leur payer
saute ~ repas|dejeuner|diner
arrete de manger
ne mange pas|rien|plus
saoule toi
tu merites de souffrir
mieux mort|morte
mieux sans toi
tu ne manquerais a personne
suicide|suicider|suicidaire|surdose|overdose|automutilation
mets fin a tes jours
saute d'un pont
lame|lames de rasoir
""",
    guilt="""
tu m'as manque
tu me manques
je t'aime
j'ai besoin de toi
tu me dois
tu nous dois
je suis ~ decu|decue|triste|blesse|blessee
tu m'as decu|decue|abandonne|abandonnee|oublie|ignore|blesse
ne me laisse|quitte|abandonne|oublie pas
je t'attendais|t'attends
je t'ai attendu|attendue
apres tout ce que j'ai fait
tu devrais avoir honte
honte a toi
tu m'avais|m'as promis
""",
    of_oneself="""
je suis|me_sens ~ nul|nulle|inutile|pathetique|stupide|gros|grosse|moche|laid|laide|rate|ratee|fardeau|rien|idiot
|idiote
je me deteste|hais
je deteste ma_vie|mon_corps
je ne vaux|sers rien|a_rien
je veux|voulais mourir|disparaitre
personne ne m'aime
je n'en peux plus
""",
)
