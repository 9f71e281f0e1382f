"""Any table can be linked: messy files are mended with a word, hopeless ones refused with one."""

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from registry.customers.tables.link_files import FileLinked, link_files
from schemas.errors import InvalidInput
from tests.unit.customers.conftest import a_town

Linker = Callable[..., FileLinked]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A hundred households as a semicolon file in Windows-1252 with Dutch column names."""
    rows = a_town(60, seed=3)
    path = tmp_path / "inwoners.csv"
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(
            ("nr", "Voornaam", "Achternaam", "Geboortedatum", "Straat", "Huisnr", "PC", "é", "Tel")
        )
        for number, row in enumerate(rows):
            year, month, day = row["birth_date"].split("-")
            writer.writerow(
                (
                    f"K{number}",
                    row["given_name"],
                    row["family_name"],
                    f"{day}-{month}-{year}",
                    row["street"],
                    row["house_number"],
                    row["postal_code"],
                    "",
                    row["phone"] or "",
                )
            )
    return path


def pairs_in(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_messy_export_is_linked_and_its_oddities_are_told(town: Path, tmp_path: Path) -> None:
    out, clusters = tmp_path / "pairs.csv", tmp_path / "clusters.csv"
    found = link_files([town], out, clusters=clusters)
    roles = {role.column: role.role for role in found.roles["inwoners.csv"]}
    assert roles["Geboortedatum"] == "birth_date"
    assert roles["PC"] == "postal_code"
    assert any("Windows-1252" in warning for warning in found.warnings)
    assert any("é: no value" in warning for warning in found.warnings)
    pairs = pairs_in(out)
    assert list(pairs[0]) == ["id_l", "id_r", "match_weight_bits", "probability"]
    assert len(pairs) == found.links > 20
    together: dict[str, set[str]] = {}
    for row in pairs_in(clusters):
        together.setdefault(row["cluster"], set()).add(row["id"])
    assert sum(map(len, together.values())) == found.records
    group = {name: cluster for cluster, names in together.items() for name in names}
    assert all(group[pair["id_l"]] == group[pair["id_r"]] for pair in pairs)


def test_all_pairs_are_written_where_asked(town: Path, tmp_path: Path) -> None:
    found = link_files([town], tmp_path / "all.csv", all_pairs=True)
    assert found.links >= found.pairs
    assert any(float(pair["match_weight_bits"]) < -3 for pair in pairs_in(tmp_path / "all.csv"))


def test_a_file_without_a_line_of_names_is_known_by_its_values(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    names = ("Jan,Bakker", "Jan,Bakker", "Piet,Visser", "Anna,Smit", "Emma,Mulder")
    births = ("1970-02-01", "1970-02-01", "1980-05-05", "1990-01-01", "1985-03-04")
    path.write_text(
        "".join(
            f"{n},{name},{birth}\n"
            for n, (name, birth) in enumerate(zip(names, births, strict=True))
        )
    )
    found = link_files([path], tmp_path / "pairs.csv")
    assert [role.role for role in found.roles["people.csv"]] == [
        "given_name",
        "family_name",
        "birth_date",
    ]
    assert found.records == 5
    assert [(pair["id_l"], pair["id_r"]) for pair in pairs_in(tmp_path / "pairs.csv")] == [
        ("0", "1")
    ]


def test_rows_in_which_every_field_is_missing_link_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,first_name,last_name\n1,,\n2,,\n")
    found = link_files([path], tmp_path / "pairs.csv")
    assert (found.records, found.links, found.clusters) == (2, 0, 2)
    assert any("no value in any row" in warning for warning in found.warnings)


def test_two_files_with_equal_keys_stay_apart_by_their_names(town: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_bytes(town.read_bytes())
    found = link_files([town, other], tmp_path / "pairs.csv", between_only=True)
    pairs = pairs_in(tmp_path / "pairs.csv")
    assert found.records == 2 * len(town.read_text(encoding="cp1252").splitlines()[1:])
    assert pairs
    assert all(
        {pair["id_l"].split(":")[0], pair["id_r"].split(":")[0]} == {"inwoners", "other"}
        for pair in pairs
    )


def test_doubled_and_missing_keys_get_names_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,first_name,last_name\nA,Jan,Bos\nA,Piet,Vis\n,Kees,Vos\nA#2,Els,Mol\n")
    found = link_files([path], tmp_path / "pairs.csv", clusters=tmp_path / "clusters.csv")
    rows = pairs_in(tmp_path / "clusters.csv")
    assert [row["id"] for row in rows] == ["A", "A#2", "row-3", "A#2#row-4"]
    assert len(found.warnings) == 3  # the third: nothing is linked


def test_ragged_lines_are_padded_or_left_out_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('id,first_name,last_name\n1,Jan\n2,Piet,Vis,extra,cells\n3,"Ke""es",Vos,,\n\n')
    found = link_files([path], tmp_path / "pairs.csv")
    assert found.records == 2
    assert any("1 line has fewer" in warning for warning in found.warnings)
    assert any("line 3" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"id,first_name\n", "no rows"),
        (b"1,2,3\n4,5,6\n", "does not name its columns"),
        (b"id,wages\n1,200\n2,300\n", "says who somebody is"),
        (b"PAR1garbage", "cannot be read as Parquet"),
        (b'id,first_name\n1,"Jan\n' + b"x" * 1_100_000, "cannot be read"),
    ],
)
def test_hopeless_files_are_refused_with_the_reason(
    content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        link_files([path], tmp_path / "pairs.csv")


def test_a_wrong_key_or_place_is_refused_with_the_remedy(town: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has no column KEY"):
        link_files([town], tmp_path / "pairs.csv", key="KEY")
    with pytest.raises(InvalidInput, match="There is no file"):
        link_files([tmp_path / "none.csv"], tmp_path / "pairs.csv")
    with pytest.raises(InvalidInput, match="cannot be written"):
        link_files([town], tmp_path / "nowhere" / "pairs.csv")


def test_a_dollar_and_a_quote_in_a_column_name_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    chance = Random(1)
    lines = [f"{number},{chance.choice('JKL')}an,Bos{number},1" for number in range(9)]
    path.write_text("\n".join(['$id,"first \'name",last_name,"a""b; DROP"', *lines]))
    found = link_files(
        [path], tmp_path / "pairs.csv", chosen={"given_name": ["first 'name"]}, key="$id"
    )
    assert found.records == 9
    assert found.ignored["people.csv"] == ['a"b; DROP']


def test_titles_above_the_columns_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Ledenlijst 2026\n\nsep=;\nnr;voornaam;achternaam\n1;Jan;Bos\n2;Jan;Bos\n")
    found = link_files([path], tmp_path / "pairs.csv")
    assert [role.role for role in found.roles["people.csv"]] == ["given_name", "family_name"]
    assert found.records == 2
    assert any("3 lines above" in warning for warning in found.warnings)


def test_a_first_column_that_names_people_numbers_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "voornaam,achternaam,geboortedatum\nJan,Bos,1-2-1970\nJan,Bos,1-2-1970\nAn,Vis,3-4-1980\n"
    )
    found = link_files([path], tmp_path / "pairs.csv")
    assert found.keys["people.csv"] == "row"
    assert any("does not tell rows apart" in warning for warning in found.warnings)
    assert [(pair["id_l"], pair["id_r"]) for pair in pairs_in(tmp_path / "pairs.csv")] == [
        ("row-1", "row-2")
    ]


def test_a_first_column_may_name_rows_and_people(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email,naam\njan@bos.nl,Jan Bos\nj.bos@post.nl,Jan Bos\nan@vis.nl,An Vis\n")
    found = link_files([path], tmp_path / "pairs.csv", clusters=tmp_path / "clusters.csv")
    assert [role.role for role in found.roles["people.csv"]] == ["email", "full_name"]
    assert pairs_in(tmp_path / "clusters.csv")[0]["id"] == "jan@bos.nl"


def test_a_chosen_column_that_no_file_has_is_refused(town: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No file has a column vornaam"):
        link_files([town], tmp_path / "pairs.csv", chosen={"given_name": ["vornaam"]})


def test_every_pair_of_many_copies_of_one_record_is_written(town: Path, tmp_path: Path) -> None:
    line = "Wilma;Zwaluwe;04-05-1961;Kade;7;2599ZZ;;0701234567"
    slip = line.replace("Wilma", "Wilna")
    with town.open("a", encoding="cp1252") as file:
        file.writelines(f"C{number};{line}\n" for number in range(30))
        file.write(f"C30;{slip}\n")
    out = tmp_path / "pairs.csv"
    link_files([town], out)
    pairs = [(row["id_l"], row["id_r"]) for row in pairs_in(out)]
    copies = [pair for pair in pairs if pair[0][0] == pair[1][0] == "C"]
    assert len(copies) == len(set(copies)) == 31 * 30 // 2
    assert len(pairs) == len(set(pairs))


def test_people_and_companies_in_one_column_are_told_apart(tmp_path: Path) -> None:
    given = ["Anna", "Pieter", "Emma", "Willem", "Maria", "Thomas", "Julia", "Robert"]
    family = ["Bakker", "Visser", "Smit", "Bos", "Mulder", "Meijer", "Vos", "Dekker", "Kok"]
    path = tmp_path / "creditors.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("no", "creditor", "street", "postcode"))
        for number, last in enumerate(family):
            home = (f"Kade {number}", f"26{number}1 AB")
            writer.writerow((f"p{number}", f"{given[number % 8]} {last}", *home))
            writer.writerow((f"q{number}", f"{last}, {given[number % 8]}", *home))
            writer.writerow((f"c{number}", f"{last} BV", *home))
    found = link_files([path], tmp_path / "pairs.csv")
    assert found.roles["creditors.csv"][0].role == "party_name"
    pairs = {(row["id_l"], row["id_r"]) for row in pairs_in(tmp_path / "pairs.csv")}
    assert pairs == {(f"p{number}", f"q{number}") for number in range(9)}
