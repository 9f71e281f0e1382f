"""Common words by which a column without a telling name shows what it holds.

Frequent names, towns and words of streets and companies, folded; written for this purpose. They
need not be complete: a column is judged by the share of its values that they know.
"""

_GIVEN = """
adam adrian ahmed aicha aidan aisha alan albert alessandro alex alexander alexandra alexandre
alexis alfred ali alice alicia alina allison alma amanda amelia amelie amina amy an ana anais
andre andrea andreas andres andrew angela angelica anita anja anke ann anna anne anneke annie
anthony antje antoine antonia antonio arend ariane arie arjan arnaud arthur ashley astrid aurelie
aurore ava axel barbara bart bas beatrice ben benjamin bent bernard bernd berta beth bianca bilal
billy björn bob bradley bram brandon brenda brian bridget britta bruce bryan caitlin camille carla
carlos carmen carol carolina caroline casper catharina catherine cecile celine chantal charles
charlotte cheryl chiara chloe chris christa christel christian christiane christina christine
christoph christophe christopher cindy claire clara claude claudia claus colin connor cor corinne
cornelia courtney craig crystal cynthia daan daisy damien dana daniel daniela danielle danny
daphne david dawn dean deborah delphine denis denise dennis derek diana diane dick dieter diego
dirk dominic dominique donald donna dora doris dorothea dorothy douglas dustin dylan eckhard eddy
edith eduard edward edwin eleanor elena eli elias elif elisa elisabeth elise eliza elizabeth elke
ella ellen elly els elsa emil emilia emilie emily emma emmanuel eric erica erik erin ernst esther
ethan eugene eva eve evelyn evi fabian fabienne fatima fatma felicia felix femke fenna ferdinand
fernando finlay finn flora florence floris florian fokke frances francesca francesco francis
francisco franco francois francoise frank franz fred frederic frederik friedrich frits fritz
gabriel gabriela gabriele gareth gary gavin gemma geoffrey george georg georgia georgina gerald
gerard gerda gerhard gerrit gertrud gijs gilbert gilles gina giovanni giulia gloria gordon grace
graham greta gregory greg guillaume guido gunter guus guy hailey hamza hanna hannah hannelore
hannes hans harald harold harrison harriet harry hassan hayley heather heidi heike hein heinrich
heinz helen helena helene helga hendrik henk henri henriette henry herbert herman hermann hilda
holger holly horst hugo hugues ian ibrahim ida ilse imogen ina inge ingrid irene iris irma isaac
isabel isabella isabelle isla ivan ivo jack jackson jacob jacqueline jacques jade jaimy jake james
jamie jan jana jane janet janice janna jason jasmin jasmine jasper javier jayden jean jeanne jeff
jeffrey jelle jennifer jenny jens jeremy jeroen jerry jesper jessica jessie jesse jesus jill jim
joan joana joanna joao joachim jochem joel joep johan johann johanna johannes john jolanda jonas
jonathan joost jordan jorg jorge joris jose josef joseph josephine joshua joyce juan judith judy
jules julia julian juliana julie julien juliette julio julius jurgen jürgen justin jutta kaitlyn
karel karen karim karin karina karl karla karsten katarina kate katharina katherine kathleen
kathryn kathy katie katja katrin kayla keith kelly kenneth kerry kerstin kevin khadija kiara kim
kimberly kirsten kirsty klaas klaus koen konrad kristin kurt kyle lachlan lara larissa larry lars
laura laure laurence laurens laurent lauren lea leah lee lena leo leon leonie leslie levi lewis
lia liam lieke lies lieve lilly lily lina linda lisa lise loes logan lola lorenzo lori lotte louis
louisa louise luc luca lucas lucia lucie lucy ludovic ludwig luis luisa lukas luke luna luuk lydia
lynn maaike maarten mackenzie madeleine madison maggie mandy manfred manon manuel manuela marc
marcel marco marcus margaret margarete margaux margot maria mariana marianne marie marieke marije
marijke marina mario marion mark markus marleen marlene marlies marloes mart marta martha martijn
martin martina martine mary maryam mateo mathieu mathilde mathis matt matteo matteus matthew
matthias matthieu maud maurice max maxim maxime maximilian maya mees megan mehdi mehmet melanie
melissa merel mia michael michaela michel michele michelle miguel mika mila milan mitchell mohamed
mohammed moritz morgan muhammad mustafa myriam nancy naomi natalia natalie natasha nathalie nathan
nele neil nicholas nick nicola nicolas nicole niek niels nienke nikolaus nils nina noa noah noel
noemi nora norbert nour nuria odette olaf olga olive oliver olivia olivier omar oscar oskar otto
owen pablo paige pamela paola pascal patrice patricia patrick patrik paul paula paulien pauline
pedro peggy penelope peter petra philip philipp philippe phillip pia piero pierre pieter piet
pilar quentin quinn rachel rafael rainer ralf ralph ramon raphael raquel raul ray raymond rebecca
regina reinhard reinier remco remi remy renate rene renee ricardo richard rick rita rob robert
roberta roberto robin rodrigo roel roger roland rolf romain roman ronald rosa rosalie rosemary
rosie rowan roy ruben rudolf rune russell ruth ryan sabine sabrina salma salvador sam samantha
samira samuel sander sandra sanne sara sarah sascha scott sean sebastian sebastiaan sebastien
selina selma serena sergio seth shane shannon sharon sheila shirley sibylle siebe siegfried
sietske sigrid silke silvia simon simone sjoerd sofia sofie sonja sophia sophie stacey stan stefan
stefanie stella stephan stephanie stephane stephen steve steven stijn stuart susan susanne suzanne
svenja sven sybille sylvia sylvie tamara tanja tara tatjana teresa teun theo theodor theresa
therese theodore thierry thijs thomas thorsten tiffany tijmen tim timo timothy tina tobias todd
tom tommy toby toni tracey tracy tristan tyler ulrich ulrike ursula uta uwe valentin valentina
valerie vanessa vera veronica veronika veronique vicky victor victoria viktor viktoria vincent
virginia vivian volker walter wanda wayne wendy werner wesley wiebke wilhelm willem william wim
wolfgang wouter xavier yannick yara yasmin yasmine youssef yusuf yves yvonne zachary zahra zeynep
zoe zofia zara
"""
_FAMILY = """
adams ahmed alexander allen alvarez anderson andre appel arnold bailey baker bakker bauer baumann
beck becker bell bennett berg bergmann bernard bertrand beumer blanc blom boer bonnet boogaard bos
bosch bosman bouwman braam brand brandt braun brink broek brooks brouwer brown bryant buijs busch
butler campbell carter castillo castro chapman chen clark clarke coenen coleman collins cook
cooper cox cruz davies davis dekker dejong diaz dietrich dijk dijkstra dubois dumas dupont durand
edwards ellis engel ernst evans fernandez ferreira fischer fisher flores ford foster fournier fox
francois frank franke friedrich fuchs gomez gonzalez gonzales garcia garnier geerts gerritsen
gibson girard graham graf grant gray green griffin groen groot gross guerin gunther gutierrez haan
haas hall hamilton hansen harris harrison hartmann harvey hayes heijden heinrich hendriks henry
herman hermans hernandez herrmann heuvel hill hoekstra hoek hoffmann hofman hofmann horn howard
huber hughes huisman hunt jackson jacobs jager jansen janssen james jenkins jimenez johnson
johnston jones jong jonker jordan jung kaiser keller kelly kennedy khan king klein koch koenig
koening kohler kok koning koster kraus krause kruger kuhn kuiper kuijpers lambert lang lange
laurent lee lefebvre legrand lehmann leroy lewis linden long lopez lorenz ludwig maas maier
marshall martin martinez mason mathieu maurer may mayer mccarthy mcdonald mendoza mercier meijer
meer meier meyer michel miller mitchell molenaar moore morales moreau morel moreno morgan moritz
morris mueller mulder muller munoz murphy murray myers nelson neumann nguyen nicolas oliver ortega
ortiz otto owens palmer parker patel patterson pauwels perez perrin perry peter peters petersen
petit phillips postma powell prins ramirez ramos reed reyes reynolds richard richards richardson
richter ridder rivera roberts robertson robin robinson rodriguez rogers romero rose ross roth
rousseau roussel roux ruiz russell ryan sanchez sanders sauer schaefer schafer schmid schmidt
schmitt schmitz scholten schouten schreiber schroder schroeder schubert schulte schultz schulz
schulze schuster schwarz scott seidel shaw silva simmons simon simpson smit smith smits snijders
sommer stein steinvoort stevens stewart sullivan suarez taylor thomas thompson timmermans torres
turner vargas vasquez veen velde ven verbeek vermeulen verhoeven vincent vink visser vliet vogel
vogt vos vries wagner walker wallace walter walters ward washington watson weber weiss werner west
white williams willems wilson winkler wit wolf wolff wood woods wouters wright young ziegler
zimmermann
"""
_TOWNS = """
aachen aalsmeer aalst almelo almere alkmaar amersfoort amiens amstelveen amsterdam angers
antwerpen apeldoorn arnhem assen augsburg barcelona barendrecht bath berlin besancon bielefeld
bilbao birmingham bochum bonn bordeaux boston brest breda bremen brighton bristol brugge brussel
brussels bruxelles caen cambridge cardiff chemnitz chicago cordoba coventry dallas delft denver
derby deventer diemen dijon doetinchem dordrecht dortmund dresden drachten dublin duisburg
dusseldorf ede edinburgh eindhoven emmen enschede erfurt essen exeter frankfurt freiburg
gelsenkirchen genk gent glasgow gorinchem gouda granada grenoble groningen haarlem hamburg hamm
hannover hasselt heemstede heerenveen heerlen helmond hengelo hilversum hoogeveen hoorn houston
huizen hull ipswich karlsruhe kassel katwijk kerkrade kiel koln krefeld leeds leerdam leeuwarden
leicester leiden leidschendam leipzig lelystad leuven lille lincoln liverpool limoges london
lubeck luik lyon maastricht madrid magdeburg mainz malaga manchester mannheim marseille metz
middelburg milton monster montpellier mulhouse munchen munster murcia nantes naaldwijk newcastle
nice nieuwegein nijmegen nimes northampton norwich nottingham nuremberg nurnberg oldenburg
oldenzaal oostende orleans oss oxford paris pau peterborough phoenix pijnacker plymouth poitiers
portsmouth preston purmerend reading reims rennes ridderkerk rijswijk roermond roosendaal rostock
rotterdam rouen saarbrucken schagen schiedam sevilla sheffield sittard sneek southampton
spijkenisse strasbourg stuttgart sunderland swansea terneuzen tilburg tours toulon toulouse
tourcoing trier twickenham ulm utrecht valencia valladolid veenendaal veldhoven venlo vlaardingen
vlissingen voorburg voorschoten waddinxveen wageningen wassenaar weert wiesbaden woerden worcester
wuppertal wurzburg york zaandam zaragoza zeist zoetermeer zutphen zwolle sydney melbourne brisbane
perth adelaide
"""
_TOWN_ENDINGS = """
ville burgh burg bury borough mouth ford ham ton town chester shire field haven dam drecht wijk
veen dorp stad foort kerk heim hausen stadt furt berg bach brunn bad land stead wick worth side
port view dijk hoven horst loo broek waard
"""
_TOWN_BEGINNINGS = """
saint sainte st sankt san santa new north south east west lake port bad den le la les mount fort
nieuw oud noord zuid
"""
_STREET_WORDS = """
street st road rd avenue ave av lane ln drive dr court ct place pl square sq way terrace boulevard
blvd crescent cres close circuit cct parade pde highway hwy parkway pkwy mews grove gardens gate
hill row walk circle trail loop path apt suite parkways green rise view rue chemin impasse allee
allees quai cours route calle avenida avda plaza paseo camino carretera c via viale piazza corso
ronda urbanizacion pasadizo glorieta cuesta callejon alameda rambla vial pasaje
rua avenida travessa largo praca ul ulica ulice aleja al trida namesti nam utca ut utja ter tere
korut sor sokak sokagi cadde caddesi bulvari strada bulevardul str
"""
_STREET_ENDINGS = """
straat weg laan plein steeg gracht kade dijk pad singel hof dreef park plantsoen strasse str platz
gasse allee ring ufer damm strase boulevard stiege kreisel gatan vagen grand torget vej gade stien
veien gata vegen plass katu kuja polku tanav
"""
_BUSINESS_WORDS = """
bv nv vof cv stichting vereniging holding groep gmbh ag kg ohg ug ev mbh ltd limited inc llc llp
plc corp corporation company sarl sas sa srl spa sl co cie scop eurl restaurant cafe bar grill
hotel bistro pizzeria deli bakery bakkerij slagerij garage apotheek praktijk school services
service group partners consulting advies techniek bouw transport center centre club church clinic
salon store shop markt market bank university college associates sons gebroeders zonen und et
cuisine kitchen house diner steakhouse academy og kgaa gbr spol sro doo ood eood lda sca snc eirl
cvba bvba vzw asbl pty pvt oyj aps uab kft zrt stiftung fundacion fondation fondazione verein
gesellschaft vennootschap cooperatie coop association associazione asociacion foundation trust
institute institut schools hospital ministry gemeente municipality enterprises industries solutions
systems technologies logistics trading holdings international agency bank insurance
"""
# Legal forms that are also words, or names; they stand last.
_LEGAL_ENDINGS = """
as ab oy bt ou sia ad eg
"""
GIVEN_WORDS = frozenset(_GIVEN.split())
FAMILY_WORDS = frozenset(_FAMILY.split())
TOWN_WORDS = frozenset(_TOWNS.split())
TOWN_BEGINNINGS = frozenset(_TOWN_BEGINNINGS.split())
TOWN_ENDINGS = tuple(_TOWN_ENDINGS.split())
STREET_WORDS = frozenset(_STREET_WORDS.split())
STREET_ENDINGS = tuple(_STREET_ENDINGS.split())
BUSINESS_WORDS = frozenset(_BUSINESS_WORDS.split())
LEGAL_ENDINGS = frozenset(_LEGAL_ENDINGS.split())
