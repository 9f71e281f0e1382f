"""Which given names stand for one another: own tables of Dutch, English and German short forms.

A short form may belong to several full names ("Bert"); two names are related when they share one.
Spelling variants are left to string distance; only what letters cannot show stands here. Of forms
that stand in none of our tables the package `nicknames` tells the English full names.
"""

from nicknames import name_triplets

# Full name: its short and everyday forms, folded. Languages overlap, so they share one table.
SHORT_FORMS = """
abraham: abe bram braam ab
adriana: adrie jana adje arja
adrianus: adrie arie ad adriaan janus aad
agatha: aagje aggie
albertus: albert bert bertus appie ab al
albert: bert al appie bertie
aleida: alie ali aaltje leida alida
alexander: alex sander xander lex sasha sandy alec
alexandra: alex sandra xandra lexi sasha sandy
alfred: fred alf fredy
alida: alie lida ali
allison: ally ali
aloysius: louis loek alois
amanda: mandy manda
andreas: andries dries andre andrew
andrew: andy drew andre andreas
angela: angie angel
angelina: angie lina
anna: an ann anne annie anneke anke antje ans annet anneliese hanna nan nancy anita ania anja
antonia: toni toos tonny antoinette tonia
antonius: anton ton toon tonny tony antoon theun teun antonie
anthony: tony ant
arnoldus: arnold nol aart noud arno
augustinus: guus august gus augustus
barbara: babs barb barbie baerbel babette
bartholomeus: bart bartel mees
beatrix: bea trix trixie beatrice
benjamin: ben benny benji benno
bernardus: bernard ben bernd bert barend bernhard
bernhard: bernd hardy bernie
bridget: bridie biddy
calvin: cal
cameron: cam
carolina: carla lien caro carolien lina carolyn carrie
caroline: carrie caro line carol
catharina: catherina toos trijntje kaatje to cato tineke katrien ina rina trees catrien kitty ka
catherine: cathy kate katie kathy cath kitty kit
charles: charlie chuck chas charley karel
charlotte: lotte charlie lottie
christiaan: chris kris christian
christian: chris christo
christina: chris tina stien stina christine chrissie tineke christien
christine: chris chrissie tina christel
christopher: chris kit topher
clara: claar klaartje klara
clifford: cliff
cornelia: cor corrie cora neeltje nel nelly corry lia connie cokkie corine
cornelis: cor kees cees nelis corneel neel cornelius keesje
cornelius: cees kees cor neil con
cynthia: cindy
daniel: dan danny daan
david: dave davy davey
deborah: deb debbie debra
dennis: denny
diederik: dirk rik
dirk: dick dik derk
donald: don donny
dorothea: thea doortje dora doris dorie dorothee
dorothy: dot dottie dolly dora
douglas: doug
edith: edie
eduard: ed edward eddy
edward: ed eddie ted ned ward teddy edo
edwin: ed eddie win
eleanor: ellie nell nora ella
elizabeth: liz beth lizzie betty bess eliza libby lisa liesbeth elsie betsy lilibet
elisabeth: els elly ella lisa bets betsie bep liesbeth lies elsje lisette ilse elske liesje
emily: em emmy millie
emma: em
engelbertus: bert engel engelbert
ernst: erni
ernest: ernie
eugene: gene
eva: eef eefje evi
everdina: dina eef
evert: everhard eef
ferdinand: ferdi nand fer
florence: flo florrie
franciscus: frans frank cis sjaak francis franz
francisca: cisca fransje sisca francien franka siska ciska
frances: fran francie fanny
francis: frank fran
franz: franzl franzi
frederik: fred freek frits rik
frederick: fred freddie rick fritz
friedrich: fritz fred friedel
gabriel: gabe
geertruida: truus geertje trudie trui trudy gertrude geertrui geerte
gerald: gerry jerry
gerardus: gerard ger gerrit geert gert gerhard
gerard: ger gerry gert
gerarda: gerda gerdien gera
gerhard: gerd gert
gerrit: ger gert gerard garrit
gertrud: trude gerti traudel
gijsbertus: gijs bert gijsbert
godefridus: godfried fried frits
gregory: greg gregg
grietje: griet greet margaretha
gustaaf: gus guus staf
hans: johannes hannes
harold: harry hal
harriet: hattie
heinrich: heinz heiner hinrich
helena: leen lena leentje heleen helen hella
helen: nell ellen nellie lena
hendrik: henk hein rik harry hendrikus henri hendricus drik hennie
hendrika: rika riek hennie henny henrike drika ria riekie
henry: harry hank hal
herbert: herb bert herbie
hermanus: herman manus harm
hermina: mina mien herma
hillegonda: hilda hilly gonda
hubertus: huub bert huib hub hubert
ignatius: ignaas naas
isaac: ike zac izaak
isabella: bella isa belle ise izzy
isabel: bella izzy belle
jacob: jaap jack jake koos jakob cobus
jacoba: coba jacqueline coby ko jaapje cootje
jacobus: jaap koos sjaak jac kobus cobus jaco jack jacques co ko
jacqueline: jackie jacky
james: jim jimmy jamie jem
jan: johannes
jane: janie jenny
janet: jan jenny
jeanette: jean jeannie
jeffrey: jeff geoff geoffrey
jennifer: jen jenny jenn
jeremy: jerry jem
jerome: jerry
jessica: jess jessie
jeroen: hieronymus roen
joachim: jochen jo achim jochem
joanna: jo joan hanna anna
johanna: jo hanna annie joke hannie jopie jannie janna jans anna hanneke jannetje sjaan
johannes: jan hans joop johan john jo hannes joannes sjon jos joh jannes
john: jack johnny jon
jonathan: jon nathan jonny
joseph: joe joey jo
josephine: jo josie fien josefien
josephus: jos jef sjef joop jo jozef joost josef
josef: sepp jupp joschi
joshua: josh
judith: judy jude
julia: juul jule
juliana: jana
karl: kalle
katherine: kate kathy katie kay kit kath
katharina: kathi kate trine kaethe katja rina kati
kenneth: ken kenny
klaas: nicolaas claas
konrad: kurt conny
kunigunde: gunda
lambertus: bert lambert bertus lam
laurens: lau rens
laurentius: laurens rens lau lou
lawrence: larry laurie
leendert: leen leo
leonard: len leo lenny leonardus
leonardus: leo leonard nard
lillian: lily lil
louis: lou louie lodewijk
louisa: lou louise wies
lucas: luuk luc luke luka
ludwig: lutz
magdalena: leen lena magda leni
manuela: manu
margaret: maggie meg peggy marge greta margie madge daisy
margarete: grete gretel greta marga
margaretha: greet grietje greetje margriet greta marga griet rita margreet gretha
maria: marie ria mia marietje mieke miep rietje marijke riet mary mies maaike marja mariska
martha: marte martje
martin: marty mart
martinus: martin tinus mart tien maarten rien
mary: molly polly mamie may marie
matthew: matt matty
matthias: matt hias thijs
mattheus: matthijs thijs teeuw ties matthieu
mathilde: tilly hilde til
maurits: mau rits
michael: mike mick micky mikey mickey michel
michiel: chiel giel
mohammed: mo mohamed muhammad mohammad med mehmet muhammed
nancy: ann nan
nathaniel: nate nat nathan
nathan: nate nat
nicholas: nick nicky nico
nicolaas: klaas nico niek claas nick nicolaus kolja
nikolaus: klaus nico niko
pamela: pam
patricia: pat patty trish tricia
patrick: pat paddy rick
paulus: paul pauwel
penelope: penny
petronella: nel nelly petra nellie pietje ella pieternel
petrus: piet peter pieter pier piotr
peter: pete
philip: phil pip
philippus: flip filip
rachel: rae
raymond: ray
rebecca: becky becca
reinier: rein rinus
reinhard: reiner hardy
richard: rick dick rich ricky richie rik
robert: rob bob bobby robbie bert robin
roderick: rod roddy
roelof: roel
ronald: ron ronnie
rosalie: rosa roos
rosa: roos rosie
rudolf: rudi ruud rolf dolf roelof rudy
samuel: sam sammy
samantha: sam
sandra: sandy
sarah: sally sadie sara
sebastiaan: bas bastiaan sebas
sebastian: basti seb bastian
siegfried: sigi siggi
simon: siem
sophia: sofie fie sophie fietje
stanley: stan
stephanie: steph stefanie steffi
stephen: steve stevie
steven: steve stevie stef
stefanus: stef steven stefan
susan: sue susie suzy
susanna: sanne suus suze suzanne susan
susanne: susi sanne
sylvester: sly
sytske: siets
teunis: teun antonius
theodora: dora thea doortje
theodore: ted theo teddy
theodorus: theo dorus dirk theodoor door
theresia: trees resi thea therese theresa
theresa: terry tess tessa
thomas: tom tommy thom
timothy: tim timmy
tobias: tobi toby
ursula: uschi ulla
valentijn: tijn
veronica: ronnie vera
victoria: vicky vicki tory
vincentius: vincent cent vinnie
vincent: vince vinnie
virginia: ginny ginger
walter: wally walt wout
wilhelm: willi willy helmi will
wilhelmina: mien wil willy mina willemijn minnie wilma helma willemien mini
wilhelmus: wim willem will wil helm
willem: wim wil pim
william: bill will billy willie liam
wolfgang: wolf
yvonne: von
zachary: zach zack
"""

# More meanings than this would make a short form relate to everybody.
FULL_NAMES_MAX = 12


def _full_names() -> dict[str, tuple[str, ...]]:
    """Return full names by form.

    What our tables say of a form stands: they know which of its full names are borne here.
    """
    found: dict[str, list[str]] = {}
    for line in SHORT_FORMS.strip().splitlines():
        full, _, forms = line.partition(":")
        found.setdefault(full, []).insert(0, full)
        for form in forms.split():
            names = found.setdefault(form, [])
            if full not in names:
                names.append(full)
    own = frozenset(found)
    for full, _, form in name_triplets():
        if form not in own and " " not in full + form:
            found.setdefault(form, []).append(full)
            names = found.setdefault(full, [])
            if full not in names:
                names.insert(0, full)  # as in our own tables, it stands for itself before all
    return {form: tuple(names[:FULL_NAMES_MAX]) for form, names in found.items()}


FULL_NAMES = _full_names()


def full_names(given_name: str) -> tuple[str, ...]:
    """Return the full names a folded given name may stand for; itself where we know none."""
    return FULL_NAMES.get(given_name, (given_name,))
