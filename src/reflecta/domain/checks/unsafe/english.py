"""What no message may say in English."""

from typing import Final

from reflecta.domain.checks.unsafe.phrases import Phrases

ENGLISH: Final = Phrases(
    colouring="""
a an the so too just very really being such simply always also quite rather totally completely truly plain still
clearly probably likely perhaps maybe severe mild clinical chronic getting acting my your and now please then
""",
    worth="""
you are|were|look|sound|seem ~ lazy|pathetic|weak|fat|obese|ugly|crazy|insane|stupid|dumb|idiotic|worthless|useless
|hopeless|disgusting|selfish|cowardly|spineless|unlovable|ridiculous|mental|psycho|broken|hysterical|needy|dramatic
|whiny|childish|failure|loser|liar|coward|drunk|idiot|moron|burden|mess|quitter|disgrace|embarrassment|disappointment|nobody
|parasite|drama_queen|waste_of_space|good_for_nothing
you're ~ lazy|pathetic|weak|fat|obese|ugly|crazy|insane|mad|stupid|dumb|idiotic|worthless|useless|hopeless
|disgusting|selfish|cowardly|spineless|unlovable|ridiculous|mental|psycho|broken|hysterical|needy|dramatic|whiny
|childish|failure|loser|liar|coward|drunk|idiot|moron|burden|mess|quitter|disgrace|embarrassment|disappointment|nobody|parasite
|drama_queen|waste_of_space|good_for_nothing
your laziness|stupidity|cowardice|whining|self-pity
stop|quit whining|moaning|snivelling|sulking
^ ~ stop|quit complaining|crying
stop being ~ lazy|pathetic|weak|stupid|dramatic|selfish|childish|victim|coward|baby
stop feeling sorry for yourself
^ ~ stop making excuses
pull yourself together
^ ~ man up
to|should|must|please man up
toughen up
^ ~ grow up
snap out of it
^ ~ get over it|yourself
suck it up
get a grip
don't be ~ lazy|pathetic|weak|stupid|baby|coward|wimp|dramatic|crybaby|ridiculous
you should lose weight
you need to lose weight
it_is|it's all in your head
it's ~ your own fault
what_is|what's wrong with you
nobody|no_one likes|loves|cares about|wants|needs you
you'll never amount to anything
you will never amount to anything
you lazy|pathetic|stupid|worthless|useless|fat|weak
lazy|fat ass
shut up
""",
    diagnosis="""
you have|are|were|got ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia
|psychosis|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality
|narcissist|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict
|mental_illness|mentally_ill
you've|you're ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia|psychosis
|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality|narcissist
|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict|mental_illness
|mentally_ill
you've got ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia|psychosis
|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality|narcissist
|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict|mental_illness
|mentally_ill
you might|may|could|must|probably|clearly|likely have|be ~ depression|depressed|adhd|autism|autistic|bipolar|ocd
|ptsd|anorexia|bulimia|schizophrenia|psychosis|burnout|anxiety_disorder|panic_disorder|eating_disorder
|personality_disorder|bpd|borderline_personality|narcissist|narcissistic|narcissism|dementia|diabetes|cancer
|insomnia|trauma|alcoholic|alcoholism|addict|mental_illness|mentally_ill
you suffer from ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia
|psychosis|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality
|narcissist|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict
|mental_illness|mentally_ill
you are suffering from ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia
|psychosis|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality
|narcissist|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict
|mental_illness|mentally_ill
you're suffering from ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia
|psychosis|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality
|narcissist|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict
|mental_illness|mentally_ill
this is ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia|psychosis
|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality|narcissist
|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict|mental_illness
|mentally_ill
that's ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia|schizophrenia|psychosis|burnout
|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd|borderline_personality|narcissist
|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic|alcoholism|addict|mental_illness
|mentally_ill
it_is|it's|looks_like|sounds_like ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd|anorexia|bulimia
|schizophrenia|psychosis|burnout|anxiety_disorder|panic_disorder|eating_disorder|personality_disorder|bpd
|borderline_personality|narcissist|narcissistic|narcissism|dementia|diabetes|cancer|insomnia|trauma|alcoholic
|alcoholism|addict|mental_illness|mentally_ill
signs|symptoms|sign|symptom|case|form|episode of ~ depression|depressed|adhd|autism|autistic|bipolar|ocd|ptsd
|anorexia|bulimia|schizophrenia|psychosis|burnout|anxiety_disorder|panic_disorder|eating_disorder
|personality_disorder|bpd|borderline_personality|narcissist|narcissistic|narcissism|dementia|diabetes|cancer
|insomnia|trauma|alcoholic|alcoholism|addict|mental_illness|mentally_ill
i diagnose
my diagnosis
you meet the criteria
these are symptoms
you show symptoms
""",
    medicine="""
stop|quit|avoid|skip|start|try taking|using ~ medication|medications|medicine|meds|pills|tablets|antidepressants
|insulin|antidepressant|dose|prescription|lithium|ssri|ssris
skip|increase|double|reduce|lower|raise|halve|change|adjust|up ~ dose|dosage|medication|meds|pills|insulin
^ ~ take ~ medication|medicine|meds|pill|pills|tablet|tablets|antidepressants|painkillers|ibuprofen|aspirin
|paracetamol|xanax|valium|melatonin|supplements
come|get off ~ medication|meds|pills|antidepressants
you don't|do_not need ~ medication|meds|pills|therapy|therapist|doctor|antidepressants
ask ~ doctor for a prescription
should|must|please|could take ~ medication|medicine|meds|pill|pills|tablet|tablets|antidepressants|painkillers
|ibuprofen|aspirin|paracetamol|xanax|valium|melatonin|supplements
""",
    money_and_law="""
invest in ~ stocks|stock|shares|crypto|bitcoin|gold|funds|fund|bonds|property|real_estate|etf|etfs|index|market|tech
|startup
should|must invest in
invest ~ money|savings|pension|inheritance
buy|sell ~ stocks|stock|shares|crypto|bitcoin|bonds|gold
take out ~ loan|mortgage
put ~ money|savings into
sue him|her|them|your
you should|could|can|must sue
press charges
file ~ lawsuit|claim|complaint
file for divorce|bankruptcy|custody
take them|him|her to court
sign|don't sign the contract
stop paying ~ taxes|rent|debts
""",
    harm="""
kill|hurt|harm|punish|starve|hang|shoot|poison|drown yourself
kill|shoot|poison|punish him|her|them
killing|hurting|cutting|harming|starving|hanging yourself|myself
kill|hurt|cut|harm|hang|shoot|starve myself
hit him|her|them back
skip ~ meal|meals
stop eating
don't eat
get drunk
have ~ drink to
drink to forget
get even with
take revenge
get your revenge
make him|her|them pay|suffer
you deserve ~ pain|suffer|punishment|to_suffer|to_be_punished
better off dead|without you
no_one|nobody would miss you
end it all
end your life
take your own life
give up on life
suicide|suicidal|overdose|noose|self-harm
self harm
razor blade|blades
slit ~ wrist|wrists|throat
jump off|from ~ bridge|roof|building|balcony
jump in front of
carbon monoxide
lethal dose
""",
    guilt="""
i|i've|we|we've missed you
i have missed you
i|we ~ miss you
i love you
i_am|i'm in love
i need you
you owe me|us|it_to_me
i_am|i'm|i_was ~ disappointed|hurt|sad|angry|upset|ashamed
you disappointed|disappoint|failed|abandoned|ignored|betrayed me|us
you let me|us|yourself|everyone down
don't leave|abandon|ignore|forget me|us
i|i've waited for you
i_have|i've been waiting for you|your
i_am|i'm|was waiting for you
i_am|i'm lonely|jealous
after all|everything i've_done|i_did|i_have_done
you should be|feel ashamed|guilty|bad
shame on you
i'm your only friend
only i understand you
you promised me
why haven't|didn't you write_to_me|written_to_me|open|opened|answer|answered
""",
    of_oneself="""
i_am|i'm|im|i_feel|i_was ~ worthless|useless|pathetic|stupid|fat|ugly|disgusting|failure|burden|loser|unlovable
|nothing|idiot|hopeless|monster
i feel like ~ worthless|useless|pathetic|stupid|fat|ugly|disgusting|failure|burden|loser|unlovable|nothing|idiot
|hopeless|monster
i hate myself|my_life|my_body
i want|wanted|wish to die|disappear|end_it
i wish i was|were dead
i don't want to live|be_here|exist|wake_up
nobody|no_one loves|likes|needs|wants|cares about me
better off without me
i ruin|ruined everything
i deserve ~ pain|punishment|to_suffer|to_die|to_be_punished
i can't go on
""",
)
