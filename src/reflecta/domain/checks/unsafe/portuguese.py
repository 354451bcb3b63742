"""What no message may say in Portuguese."""

from typing import Final

from reflecta.domain.checks.unsafe.phrases import Phrases

PORTUGUESE: Final = Phrases(
    colouring="""
um uma tao muito demais realmente simplesmente sempre bem totalmente claramente provavelmente seu sua seus suas o a os
as e de
""",
    worth="""
voce e|esta|parece ~ preguicoso|preguicosa|patetico|patetica|fraco|fraca|gordo|gorda|louco|louca|maluco|maluca|burro
|burra|estupido|estupida|inutil|egoista|covarde|ridiculo|ridicula|feio|feia|fracassado|fracassada|perdedor|perdedora
|idiota|peso|vergonha|decepcao|histerico|histerica|nojento|nojenta|fracasso|imprestavel|imbecil
tu es ~ preguicoso|preguicosa|patetico|patetica|fraco|fraca|gordo|gorda|louco|louca|burro|burra|inutil|covarde
voce nao vale nada
voce nao serve para nada
sua preguica|burrice|covardia
^ ~ pare|para|deixa de reclamar|choramingar|chorar|lamentar|se_lamentar|se_queixar
nao seja ~ preguicoso|preguicosa|fraco|fraca|covarde|burro|burra|ridiculo|ridicula|patetico|patetica
seja homem
vira homem
cresca e apareca
toma vergonha
tome vergonha
engole o choro
voce precisa|deveria emagrecer
a culpa e sua
ninguem gosta de voce
ninguem precisa de voce
cala a boca
""",
    diagnosis="""
voce tem|sofre|sofre_de ~ depressao|tdah|autismo|ansiedade_generalizada|tept|anorexia|bulimia|esquizofrenia|psicose
|transtorno|burnout|demencia|diabetes|cancer|toc|trauma
voce e|esta ~ depressivo|depressiva|deprimido|deprimida|bipolar|autista|esquizofrenico|esquizofrenica|alcoolatra
|narcisista
isso|isto e ~ depressao|tdah|autismo|transtorno|burnout|anorexia|psicose
sintomas|sinais de ~ depressao|tdah|transtorno|psicose|burnout|anorexia
meu diagnostico
""",
    medicine="""
pare|para|deixe de tomar ~ medicacao|remedio|remedios|medicamento|medicamentos|comprimidos|antidepressivos
^ ~ tome|toma ~ medicacao|remedio|remedios|medicamento|comprimido|comprimidos|aspirina|melatonina
aumente|dobre|reduza|diminua ~ dose|dosagem|medicacao
voce nao precisa de ~ remedio|remedios|terapia|medico|medicacao
""",
    money_and_law="""
invista|investe em ~ acoes|bitcoin|cripto|criptomoedas|ouro|fundos|imoveis
invista ~ dinheiro|economias
compre|venda ~ acoes|bitcoin|cripto
faca um emprestimo
processe ele|ela|eles
entre na justica
peca o divorcio
voce deveria investir
""",
    harm="""
se mate
mate se
machuque se
se machuque
se corte
castigue se
bata nele|nela
vingue se
se vingue
faca ele|ela|eles pagar|sofrer
pule ~ refeicao|refeicoes|jantar|almoco
pare de comer
nao coma
fique bebado|bebada
voce merece sofrer
melhor morto|morta
melhor sem voce
ninguem sentiria sua falta
tire sua vida
suicidio|suicida|overdose|automutilacao
pule ~ ponte
lamina|laminas de barbear
""",
    guilt="""
senti|sinto sua|a_sua falta
senti saudade|saudades de_voce|suas
eu te amo
te amo
preciso de voce
voce me|nos deve
estou|fiquei ~ decepcionado|decepcionada|magoado|magoada|triste_com_voce
voce me decepcionou|abandonou|esqueceu|ignorou|magoou|prometeu
nao me deixe|abandone|esqueca|ignore
estava esperando por voce
depois de tudo que|o_que eu fiz
voce deveria ter vergonha
que vergonha
""",
    of_oneself="""
eu sou|me_sinto ~ inutil|patetico|patetica|burro|burra|gordo|gorda|feio|feia|fracasso|fracassado|fracassada|peso
|nada
sou ~ inutil|patetico|patetica|burro|burra|fracasso|fracassado|fracassada|peso
eu me odeio
odeio minha_vida|meu_corpo
nao valho|presto nada|para_nada
quero|queria morrer|sumir|desaparecer
ninguem me ama|quer
nao aguento mais
""",
)
