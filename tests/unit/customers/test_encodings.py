"""Tables of towns east and south of Windows-1252: read as was said, else told what they seem."""

import codecs
import json
from pathlib import Path
from random import Random

import pytest

from registry.customers.tables.encoding import WrongEncoding, codec_of, encoding_of
from registry.customers.tables.link_files import FileLinked, link_files
from registry.customers.tables.reading import read_rows
from schemas.errors import InvalidInput
from townclerk.cli import run

NAMES = {
    "Polish": "Łukasz Małgorzata Paweł Błażej Grażyna Wójcik Dąbrowski Woźniak Ślusarczyk Jan",
    "Czech": "Jiří Ondřej Zdeněk Božena Růžena Dvořák Němec Černý Plzeň Děčín Třebíč Jana",
    "Hungarian": "László Győző Jenő Erzsébet Zoltán Tóth Kovács Szűcs Vörös Győr Hódmezővásárhely",
    "Croatian": "Željko Dražen Krešimir Božidar Kovačević Knežević Šarić Đurić Čakovec Ivana",
    "Romanian": "Ştefan Cătălin Răzvan Ionuţ Mălina Stănescu Ţăranu Brătianu Iaşi Galaţi Ioan",
    "Russian": "Иван Мария Сергей Ольга Юрий Иванов Смирнова Кузнецов Щукин Лебедева Казань Тверь",
    "Bulgarian": "Георги Иванка Димитър Христо Цветана Желев Стоянова Николов Пловдив Ямбол Шумен",
    "Ukrainian": "Олександр Ірина Андрій Наталія Євген Шевченко Олійник Лисенко Київ Чернігів",
    "Greek": "Γιώργος Μαρία Κώστας Ελένη Δημήτρης Παπαδόπουλος Οικονόμου Γεωργίου Ζερβός Χανιά",
    "Turkish": "Ayşe Hüseyin İbrahim Gülşen Çağla Işıl Yılmaz Şahin Çelik Öztürk Kılıç Muğla Ali",
    "Lithuanian": "Žydrūnas Rūta Ąžuolas Šarūnas Giedrė Kęstutis Butkutė Stankevičius Jonas",
    "Latvian": "Jānis Līga Ģirts Ēriks Bērziņš Kalniņš Krūmiņš Eglītis Rīga Liepāja Andris",
}
WESTERN = {
    "Dutch": "Zoë Chloé Renée Noël Daniël Joëlle Groën Curaçao Jan Koen",
    "German": "Jürgen Günther Käthe Björn Müller Schäfer Köhler Groß Gießen Düsseldorf Anna",
    "French": "François Hélène Gaël Anaïs Benoît Cécile Lefèvre Nîmes Orléans Dupuîs Noël",
    "Spanish": "José María Ángel Begoña Íñigo Núria Muñoz García Peña Málaga Cádiz León",
    "Portuguese": "João Conceição Inês Luís Gonçalves Simões Araújo Brandão Évora Guimarães",
    "Danish": "Søren Jørgen Åse Kåre Mette Lærke Kjær Østergaard Bæk Århus Køge Helsingør",
    "Icelandic": "Guðrún Jón Þór Sigríður Ásta Hörður Æsa Þórðardóttir Ísafjörður Höfn",
}
WRITTEN = [
    *(
        (language, "cp1250")
        for language in ("Polish", "Czech", "Hungarian", "Croatian", "Romanian")
    ),
    *((language, "iso8859-2") for language in ("Polish", "Hungarian")),
    ("Polish", "cp852"),
    *((language, "cp1251") for language in ("Russian", "Bulgarian", "Ukrainian")),
    ("Ukrainian", "koi8-u"),
    *(("Russian", encoding) for encoding in ("cp866", "iso8859-5")),
    *(("Greek", encoding) for encoding in ("cp1253", "cp737")),
    ("Turkish", "cp1254"),
    *((language, "cp1257") for language in ("Lithuanian", "Latvian")),
]


def a_table(words: str, *, rows: int = 60, seed: int = 7, upper: bool = False) -> str:
    """Return people whose names, streets and towns are made of these words."""
    chance, some = Random(seed), words.split()
    lines = ["id;first_name;last_name;street;number;city;birth_date"]
    for number in range(rows):
        first, last, street, city = (chance.choice(some) for _ in range(4))
        born = f"{chance.randint(1940, 2005)}-0{chance.randint(1, 9)}-{chance.randint(10, 28)}"
        lines.append(f"{number};{first};{last};{street};{chance.randint(1, 99)};{city};{born}")
    return "\n".join(line.upper() if upper and place else line for place, line in enumerate(lines))


def written(folder: Path, content: bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(content)
    return path


def linked(path: Path, encoding: str | None = None) -> FileLinked:
    return link_files([path], path.with_name("pairs.csv"), encoding=encoding)


@pytest.mark.parametrize("upper", [False, True], ids=["as written", "in capitals"])
@pytest.mark.parametrize(("language", "encoding"), WRITTEN)
def test_a_guess_that_makes_no_words_is_told_with_the_encoding_that_does(
    language: str, encoding: str, upper: bool, tmp_path: Path
) -> None:
    text = a_table(NAMES[language], upper=upper)
    path = written(tmp_path, text.encode(encoding))
    found = encoding_of(path)
    assert found.name == "cp1252"
    (better,) = found.better
    assert path.read_bytes().decode(better) == text
    assert found.notes[0].endswith(f"they are words with --encoding {better}")
    assert not encoding_of(path, encoding).notes


@pytest.mark.parametrize("languages", range(1, len(WESTERN)))
def test_names_of_the_west_are_never_sent_elsewhere(languages: int, tmp_path: Path) -> None:
    for seed in range(12):
        mixed = Random(seed).sample(sorted(WESTERN), languages)
        text = "\n".join(a_table(WESTERN[language], seed=seed) for language in mixed)
        found = encoding_of(written(tmp_path, text.encode("cp1252")))
        assert not found.better, mixed
        assert "if names look wrong" in found.notes[0]


@pytest.mark.parametrize(
    ("language", "said", "better"),
    [
        ("Polish", "cp1257", "cp1250"),
        ("Greek", "cp1251", "cp1253"),
        ("Russian", "koi8-u", "cp1251"),
        ("Turkish", "cp1252", "cp1254"),
    ],
)
def test_what_was_said_wrongly_is_refused_or_told(
    language: str, said: str, better: str, tmp_path: Path
) -> None:
    path = written(tmp_path, a_table(NAMES[language]).encode(better))
    try:
        (told,) = encoding_of(path, said).notes
    except WrongEncoding as refused:
        told = refused.remedy
    assert f"words with --encoding {better}" in told


def test_letters_arrive_and_link_as_in_a_file_of_utf_8(tmp_path: Path) -> None:
    text = a_table(NAMES["Russian"], rows=200).replace("first_name;last_name", "имя;фамилия")
    pairs = []
    for content, said in ((text.encode("cp1251"), "windows-1251"), (text.encode(), None)):
        path = written(tmp_path, content)
        found = linked(path, said)
        assert found.roles["people.csv"][0].column == "имя"
        pairs.append((found.pairs, path.with_name("pairs.csv").read_text()))
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_one_option_serves_tables_of_several_towns(encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path, a_table(NAMES["Polish"]).encode(encoding))
    read = read_rows(path, bytes_max=1 << 20, encoding="cp1250")
    assert {cell for row in read.rows[1:] for cell in row} >= {"Łukasz", "Wójcik"}
    kind = encoding.removesuffix("-sig").upper()
    assert read.warnings == [f"it is {kind} and was read as that, not as cp1250"]
    assert not encoding_of(path, kind.lower()).notes


def test_one_broken_sign_does_not_make_utf_8_what_was_said(tmp_path: Path) -> None:
    text = a_table(NAMES["Polish"]).encode()
    path = written(tmp_path, text + b"\n60;\xff;Bos")
    told = [
        "1 sign is broken in what else is UTF-8",
        "it is UTF-8 and was read as that, not as cp1250",
    ]
    assert encoding_of(path, "cp1250").notes == told
    with pytest.raises(WrongEncoding, match="not written in utf-8: line 62"):
        encoding_of(path, "utf-8")
    marked = written(tmp_path, codecs.BOM_UTF32_BE + text.decode().encode("utf-32-be"))
    assert encoding_of(marked).name == "utf-32"


def test_unicode_that_no_mark_proves_is_read_as_was_said(tmp_path: Path) -> None:
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-7", "iso2022_jp"):
        path = written(tmp_path, a_table("Иван 山田").encode(encoding))
        read = read_rows(path, bytes_max=1 << 20, encoding=codec_of(encoding))
        assert {row[1] for row in read.rows[1:]} == {"Иван", "山田"}
        assert not read.warnings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("win1250", "windows-1250"),
        ("Windows-125O", "windows-125"),
        ("base64", ""),  # bytes for bytes
        ("punycode", ""),  # text, and none of files
        ("undefined", ""),
        ("", ""),
        ("cp\x001250", ""),
        ("\x1b[2J" + "x" * 100_000, ""),
    ],
)
def test_a_name_that_is_none_is_refused_before_anything_is_read(
    name: str, meant: str, tmp_path: Path
) -> None:
    with pytest.raises(WrongEncoding, match="no encoding of text called") as refused:
        linked(tmp_path / "not there.csv", name)
    assert refused.value.code == "wrong_encoding"
    assert meant in refused.value.remedy
    assert "\x1b" not in refused.value.what
    assert len(refused.value.what) < 200
    assert codec_of("Windows-1250") == codec_of("cp1250") == "cp1250"


def test_a_file_that_does_not_decode_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("of yesterday")
    good = written(tmp_path, a_table(NAMES["Polish"]).encode("cp1250"))
    bad = tmp_path / "bad.csv"
    bad.write_bytes(a_table(NAMES["Polish"]).encode("cp1250") + b"\n60;\x81;Bos")
    with pytest.raises(
        WrongEncoding, match=r"bad\.csv is not written in cp1250: line 62"
    ) as refused:
        link_files([good, bad], tmp_path / "pairs.csv", encoding="cp1250")
    assert refused.value.facts == {"encoding": "cp1250", "line": 62}
    assert (tmp_path / "pairs.csv").read_text() == "of yesterday"
    cut = written(tmp_path, a_table("Иван").encode("utf-16-le")[:-1])
    with pytest.raises(WrongEncoding, match="line 61"):
        encoding_of(cut, "utf-16-le")


def test_columns_that_no_one_can_name_are_told_with_the_encoding(tmp_path: Path) -> None:
    text = "код;имя;фамилия\n1;Ольга;Щукина\n2;Юрий;Кузнецов\n"
    path = written(tmp_path, text.encode("cp1251"))
    with pytest.raises(InvalidInput, match="says who somebody is") as refused:
        linked(path)
    assert "--encoding cp1251" in refused.value.remedy


def test_the_command_reads_as_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, a_table(NAMES["Greek"]).encode("cp1253"))
    command = ["customers", "link", str(path), "--out", str(tmp_path / "pairs.csv"), "--json"]
    notes = []
    for said in ((), ("--encoding", "cp1253")):
        assert run([*command, *said]) == 0
        notes.append(" ".join(json.loads(capsys.readouterr().out)["warnings"]))
    assert "--encoding cp1253" in notes[0]
    assert "encoding" not in notes[1]
