"""What no message may say in Spanish."""

from typing import Final

from reflecta.domain.checks.unsafe.phrases import Phrases

SPANISH: Final = Phrases(
    colouring="""
un una unos tan muy demasiado realmente simplemente siempre bastante totalmente claramente probablemente tus tu su el
la los las de ya y por favor
""",
    worth="""
eres|estas|pareces ~ vago|vaga|perezoso|perezosa|patetico|patetica|debil|gordo|gorda|loco|loca|estupido|estupida
|tonto|tonta|inutil|egoista|cobarde|ridiculo|ridicula|feo|fea|fracasado|fracasada|perdedor|perdedora|idiota|carga
|verguenza|decepcion|histerico|histerica|asqueroso|asquerosa|fracaso|desastre|nadie|imbecil
no vales|sirves nada
no sirves para nada
tu pereza|estupidez|cobardia
^ ~ deja|dejate de quejarte|lloriquear|llorar|lamentarte|quejas
no seas ~ vago|vaga|perezoso|perezosa|debil|cobarde|tonto|tonta|ridiculo|ridicula|llorica|patetico|patetica
se hombre
portate como un hombre
contrólate ya
supéralo
espabila
madura ya|de_una_vez
deberias adelgazar
tienes que adelgazar
que te pasa en la cabeza
nadie te quiere|soporta|necesita
es culpa tuya
callate
""",
    diagnosis="""
tienes|padeces|sufres|sufres_de|padeces_de ~ depresion|tdah|autismo|ansiedad_generalizada|tept|anorexia|bulimia
|esquizofrenia|psicosis|trastorno|burnout|demencia|diabetes|cancer|toc|trauma
eres ~ depresivo|depresiva|bipolar|autista|esquizofrenico|esquizofrenica|alcoholico|alcoholica|narcisista|adicto
|adicta
esto_es|suena_a|parece ~ depresion|tdah|autismo|trastorno|burnout|anorexia|psicosis|ansiedad_generalizada
sintomas|signos de ~ depresion|tdah|trastorno|psicosis|burnout|anorexia
mi diagnostico
""",
    medicine="""
deja|dejar de tomar ~ medicacion|medicamento|medicamentos|pastillas|antidepresivos|medicina
deja ~ medicacion|medicamentos|pastillas|antidepresivos
^ ~ toma ~ medicacion|pastilla|pastillas|medicamento|medicamentos|ibuprofeno|aspirina|melatonina
aumenta|duplica|reduce|baja|sube ~ dosis|medicacion
no necesitas ~ medicacion|pastillas|terapia|medico
""",
    money_and_law="""
invierte en ~ acciones|bolsa|bitcoin|criptomonedas|cripto|oro|fondos|inmuebles
invierte ~ dinero|ahorros
compra|vende ~ acciones|bitcoin|criptomonedas|bonos
pide un prestamo
demandalo
demandala
demandalos
denuncialo
denunciala
pide el divorcio
deberias demandar|denunciar|invertir
""",
    harm="""
matate
hazte dano
castigate
cortate
hazle|hazles dano|pagar
pegale
vengate
saltate ~ comida|comidas|desayuno|cena
deja de comer
no comas
emborrachate
mereces sufrir
mejor muerto|muerta
mejor sin ti
nadie te echaria de menos
quitate la vida
acaba con todo
suicidio|suicidate|suicida|sobredosis|autolesion|autolesiones
tirate ~ puente
cuchilla|cuchillas de afeitar
""",
    guilt="""
te he echado de menos
te eche de menos
te echo de menos
te extrano|extrane
te he extranado
te quiero mucho
te amo|necesito
me debes
nos debes
me has|estoy ~ decepcionado|decepcionada|fallado|abandonado|defraudado|dolido|dolida
me decepcionas|decepcionaste|fallaste
no me dejes|abandones|olvides|ignores
te he estado esperando
te estaba esperando
despues de todo lo que
deberias avergonzarte|sentirte culpable
verguenza deberia darte
me prometiste
""",
    of_oneself="""
soy ~ inutil|patetico|patetica|estupido|estupida|gordo|gorda|feo|fea|fracaso|fracasado|fracasada|carga|nadie|idiota
|asco
me odio
odio mi vida|cuerpo
no valgo|sirvo nada|para_nada
quiero|queria morir|morirme|desaparecer
nadie me quiere|necesita
no puedo mas
""",
)
