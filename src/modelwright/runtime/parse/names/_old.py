"""First names that are common in several languages, in lower case: what tells "John Smith" from "New York".

Words that are more often something else at the head of a phrase (April, Grace, Will, Mark, Austin) are left
out. Names of other languages are not known: see the recall in benchmarks/privacy.
"""

from __future__ import annotations

FIRST_NAMES = frozenset(
    """
aaron abdul abdullah abigail adam adele adrian adriana agnes agnieszka ahmed aisha alan alastair albert
alberto alejandra alejandro alessandra alessandro alex alexander alexandra alexis alfred ali alice alicia
alison allison amanda amelia amina amir amit amy ana anastasia anders andrea andreas andrei andrew andrzej
andy angela angelica anita anja anna anne annette annie anthony antoine anton antonella antonia antonio anya
arjun arthur arturo ashley astrid barbara beatrice beatriz ben benjamin bernard bernd bernhard beth betty
bianca bill birgit björn bob bongani boris brandon brenda brian bridget britta bruce bruno bryan caitlin
cameron carl carla carlo carlos carmen carol carolina caroline catherine cecilia chantal charles charlie
charlotte cheryl chiara chloe chris christian christina christine christoph christopher cindy claire clara
claudia claudio clemens colin connor corinne craig cristina cynthia damien dan daniel daniela danielle david
deborah debra deepak denis denise dennis derek diana diane diego dieter dimitri dirk dmitri dominic dominik
donald donna doris dorothy douglas duncan dylan ed eddie edgar eduardo edward edwin eileen elaine eleanor
elena elias elisa elisabeth elizabeth ella ellen elliot emily emma enrico enrique eric erica erik erika erin
ernest esther ethan eugene eva evelyn ewa fatima federica federico felicia felipe felix fernanda fernando
filip fiona florian frances francesca francesco francis francisca francisco franz fred frederick friedrich
gabriel gabriela gareth gary gavin geoffrey george gerald gerard gerhard gianni gilbert giorgio giovanni
giulia giuseppe gloria gonzalo gordon graham greg gregory greta guillaume guillermo gustavo hannah hans
harold harry hassan heather hector heike heinrich heinz helen helena helga helmut henri henrik henry herbert
hiroshi holger howard hugo hussein ian ibrahim ida ignacio igor ines ingrid irene irina isaac isabel
isabella isabelle ivan ivana jack jackie jacob jacqueline jacques jake jakub james jamie jan jane janet
janice jasmine jason javier jean jeff jeffrey jennifer jenny jens jeremy jerome jerry jesse jessica jill jim
jimmy joan joanna joanne joel johan johanna johannes john johnny jon jonas jonathan jorge jose joseph
josephine joshua josé juan juanita judith judy julia julian juliana julie julien juliette jurgen justin jörg
jürgen kai karen karin karl karolina kate katharina katherine kathleen kathryn kathy katie katja kazuki
keith kelly ken kenji kenneth kerry kevin khadija kim kimberly klaus krzysztof kumar kurt kyle lara larry
lars laszlo latoya laura lauren laurence laurent lea leah lena leo leon leonard leonardo leslie leticia liam
lily linda lindsay lisa lorenzo lorraine louis louise luca lucas lucia lucy luigi luis luisa lukas lydia
lynn maciej madeleine magdalena mahmoud malcolm manfred manuel marc marcel marcelo marco marcos marcus
margaret margarita maria mariam marianne marie marina mario marion marjorie marko markus marta martha martin
martina mary matteo matthew matthias maureen maurice max maximilian megan mehmet melanie melissa michael
michaela michal michel michelle miguel mike mikhail milan miriam mohamed mohammad mohammed monica monika
monique muhammad nadia nancy naomi natalia natalie natasha nathalie nathan neil nelson niamh nicholas nick
nicola nicolas nicole nigel niklas nikolai nina noah nomsa nora norbert norma norman oleg olga oliver olivia
olivier omar oscar otto pablo pamela paolo pascal patricia patrick patrizia paul paula paulo pavel pedro
peggy peter petra philip philippe phillip pierre pieter piotr priya rachel rafael rahul rainer rajesh ralf
ralph ramon raquel raul ray raymond rebecca regina renate renee ricardo richard rita robert roberta roberto
robin rodrigo roger roland rolf roman ronald rosa rosemary ross roy ruben rudolf russell ruth ryan sabine
sally sam samantha samuel sandra sara sarah satoshi scott sean sebastian serena sergei sergio shannon sharon
sheila shirley silvia simon simone sipho sofia sonia sophia sophie stacey stacy stanislav stefan stefania
stefano stella stephan stephanie stephen steve steven stuart sue sunil susan susanne suzanne sven sylvia
takashi tamara tanya tara tatiana ted teresa thabo theo theodore theresa thomas tiffany tim timothy tina
tobias todd tom tomas tomasz tony tracy trevor tyler ulrich ulrike ursula uwe valentina valeria valerie
vanessa vera veronica vicki victor victoria vijay vikram vincent vincenzo virginia vladimir walter wanda
wayne wendy werner wilhelm william wolfgang xavier yasmin yolanda yuki yusuf yves yvonne zachary zoe
""".split()
)
