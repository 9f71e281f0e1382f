"""Model files at the command line: asked, written, compared, drawn; broken ones refused."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from registry.landscape.exchange.formats import Format, save
from tests.unit.landscape.exchange.samples import ARCHI, EXCHANGE, exchange
from tests.unit.landscape.questions.town import a_reference, a_town, a_whole_town
from townclerk.cli import run

COMMANDS = [
    ("check",),
    ("export", "--to", "archi", "--out", "out"),
    ("gaps",),
    ("impact", "--element", "x"),
    ("obligations",),
    ("roadmap",),
    ("suppliers",),
    ("personal-data",),
    ("duplicates",),
    ("completeness",),
    ("portfolio", "--out", "out"),
]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    file = tmp_path / "town.xml"
    file.write_bytes(save(a_whole_town().model, Format.EXCHANGE))
    return file


def asked(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> Any:
    """Run a command and return its JSON."""
    assert run(["landscape", *map(str, words), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_each_question_answers_a_file_without_a_database(
    town: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert asked(capsys, "gaps", town)["counts"]["ending"] == 1
    reached = asked(capsys, "impact", town, "--element", "CaseFlow", "--kinds", "interface",
                    "--kinds", "system")["reached"]  # fmt: skip
    assert [(one["name"], one["depth"]) for one in reached] == [("Case query", 1), ("Website", 2)]
    assert asked(capsys, "obligations", town)["counts"]["mandatory"] == 1
    of_system = asked(capsys, "obligations", town, "--element", "ParkRight")["obligations"]
    assert [one["standard"] for one in of_system] == ["Case API"]
    steps = asked(capsys, "roadmap", town, "--today", "2026-11-22")["steps"]
    assert steps[0]["system"] == "GroundBook"
    assert asked(capsys, "suppliers", town)[0]["supplier"] == "Riverbed"
    assert asked(capsys, "personal-data", town)[0]["name"] == "Cases of people"
    assert asked(capsys, "duplicates", town) == []
    assert asked(capsys, "search", "grondbook", town)[0]["name"] == "GroundBook"
    assert asked(capsys, "completeness", town, "--below", "60")["records"]
    [report] = asked(capsys, "check", town)
    assert report["findings"] == []


def test_people_get_tables_and_a_next_step(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("gaps", "obligations", "roadmap", "suppliers", "personal-data", "duplicates",
                    "completeness", "check"):  # fmt: skip
        assert run(["landscape", command, str(town)]) == 0
        said = capsys.readouterr()
        assert "Next:" in said.err, command


def test_a_forbidden_relationship_is_a_finding_that_says_what_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = a_town()
    draft.relate("id-cases-of-people", "triggering", "id-caseflow")
    file = tmp_path / "town.xml"
    file.write_bytes(save(draft.model, Format.EXCHANGE))
    [report] = asked(capsys, "check", file, code=1)
    [finding] = report["findings"]
    assert finding["rule"] == "relationship_not_allowed"
    assert "allowed are: association" in finding["what"]
    refused = asked(capsys, "check", file, "--strict", code=2)
    assert refused["error"]["code"] == "model_file_refused"


def test_a_portfolio_is_written_as_a_model_that_is_read_again_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, reference = tmp_path / "own.xml", tmp_path / "reference.xml"
    draft = a_town()
    draft.add("system", "Keeper", reference_component="Case handling")
    own.write_bytes(save(draft.model, Format.EXCHANGE))
    reference.write_bytes(save(a_reference().model, Format.EXCHANGE))
    outs = [tmp_path / "one.xml", tmp_path / "two.xml"]
    for out in outs:
        asked(capsys, "portfolio", own, "--reference", reference, "--views", "--out", out)
    assert outs[0].read_bytes() == outs[1].read_bytes()
    [report] = asked(capsys, "check", outs[0])
    assert report["findings"] == []
    assert report["counts"]["views"] == 1
    assert report["counts"]["nodes"] == 4, "three boxes of the reference and one system of ours"
    covered = asked(capsys, "gaps", outs[0])["components"]
    assert [one["systems"] for one in covered if one["name"] == "Case handling"] == [["Keeper"]]


def test_every_format_that_is_written_is_read_again(
    town: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for to, name in (("archi", "a.archimate"), ("csv", "a.zip"), ("xlsx", "a.xlsx"),
                     ("coarchi", "folder")):  # fmt: skip
        out = tmp_path / name
        (out.mkdir() if to == "coarchi" else None)
        asked(capsys, "export", town, "--to", to, "--out", out)
        assert asked(capsys, "gaps", out)["counts"]["components"] == 4, to


def test_a_difference_says_what_became_of_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = a_whole_town(), a_whole_town()
    moved = new.model.elements.pop("id-website")
    moved.id = "id-site"
    new.model.elements["id-site"] = moved
    for one in new.model.relationships.values():
        one.target = "id-site" if one.target == "id-website" else one.target
    del new.model.elements["id-street-names"]
    new.model.elements["id-groundbook"].properties = ()
    new.add("system", "GreenBook")
    files = [tmp_path / "old.xml", tmp_path / "new.xml"]
    for file, draft in zip(files, (old, new), strict=True):
        file.write_bytes(save(draft.model, Format.EXCHANGE))
    answer = asked(capsys, "diff", *files)
    told = {one["name"]: one for one in answer["changes"] if one["sort"] == "element"}
    assert (told["Website"]["fate"], told["Website"]["by"]) == ("moved", "kind and name")
    assert told["Street names"]["fate"] == "removed"
    assert told["GreenBook"]["fate"] == "added"
    assert told["GroundBook"]["fields"] == ["properties"]
    assert answer["counts"]["element"]["ambiguous"] == 0
    assert answer["counts"]["relationship"]["removed"] == 0, "the ends moved, not the lines"


def test_views_are_drawn_with_systems_and_without_anything_from_elsewhere(
    town: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(capsys, "draw", town, "--out", tmp_path / "plain.svg", "--view", "all components")
    asked(
        capsys, "draw", town, "--out", tmp_path / "all", "--all", "--systems", town, "--by", "owner"
    )
    [plotted] = (tmp_path / "all").iterdir()
    for file in (tmp_path / "plain.svg", plotted):
        root = etree.fromstring(file.read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        for forbidden in ("script", "foreignObject", "image"):
            assert not root.findall(f".//{{*}}{forbidden}")
        assert not [a for e in root.iter() for a in e.attrib if a.startswith("on")]
    assert "OldCase" in plotted.read_text()
    assert "OldCase" not in (tmp_path / "plain.svg").read_text()
    refused = asked(capsys, "draw", town, "--out", tmp_path / "x.svg", "--view", "Nothing", code=2)
    assert refused["error"]["code"] == "unknown_name"


LAUGHS = b'<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><m>&b;</m>'
OUTSIDE = b'<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><m>&a;</m>'
BROKEN = {
    "truncated": EXCHANGE.encode()[:900],
    "billion laughs": LAUGHS,
    "external entity": OUTSIDE,
    "wrong namespace": EXCHANGE.replace("/archimate/3.0/", "/archimate/9.0/").encode(),
    "dangling reference": exchange(
        '<relationships><relationship identifier="r" source="a" target="b" xsi:type="Flow"/>'
        "</relationships>"
    ),
    "duplicate id": exchange(
        '<elements><element identifier="a" xsi:type="Node"><name>A</name></element>'
        '<element identifier="a" xsi:type="Node"><name>B</name></element></elements>'
    ),
    "not XML": b"PK\x03\x04 but not really",
    "empty": b"",
    "gzip bomb": gzip.compress(b"\0" * 3_000_000),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_broken_file_is_refused_by_every_command_with_its_place(
    command: tuple[str, ...], fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.xml"
    file.write_bytes(BROKEN[fault])
    first, *rest = command
    words = [str(tmp_path / word) if word == "out" else word for word in rest]
    error = asked(capsys, first, file, *words, code=2)["error"]
    assert error["code"] in {"model_file_refused", "model_file_too_large"}
    assert "model" in error["what"]
    assert not (tmp_path / "out").exists()


def test_the_place_of_a_fault_is_its_line_and_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.xml"
    file.write_bytes(BROKEN["dangling reference"])
    error = asked(capsys, "check", file, code=2)["error"]
    assert (error["line"], error["thing"]) == (1, "r")
    file.write_bytes(BROKEN["duplicate id"])
    assert asked(capsys, "check", file, code=2)["error"]["thing"] == "a"


def test_a_file_of_200_megabytes_is_not_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "huge.xml"
    file.touch()
    os.truncate(file, 200 * 1024 * 1024)
    error = asked(capsys, "check", file, code=2)["error"]
    assert error["code"] == "model_file_too_large"


def test_folders_within_themselves_and_missing_files_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no such file" in asked(capsys, "gaps", tmp_path / "none.xml", code=2)["error"]["what"]
    (tmp_path / "locked").mkdir()
    assert asked(capsys, "gaps", tmp_path / "locked", code=2)["error"]["code"].startswith("model")


def test_formulas_in_a_table_stay_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "town.csv"
    table.write_text("kind,name,owner\nsystem,\"=cmd|'/C calc'!A1\",@SUM(1)\n")
    out = tmp_path / "out.zip"
    asked(capsys, "export", table, "--to", "csv", "--out", out)
    [found] = asked(capsys, "search", "cmd calc", out)
    assert found["name"] == "=cmd|'/C calc'!A1"
    run(["landscape", "search", "cmd calc", str(out)])
    assert "=cmd" in capsys.readouterr().out


def test_a_catalogue_wants_a_publisher_and_says_all_that_is_missing(
    town: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "catalogue.ttl"
    words = ("export", town, "--to", "dcat-ap-nl", "--out", out)
    assert "--publication" in asked(capsys, *words, code=2)["error"]["what"]
    told = tmp_path / "publication.toml"
    told.write_text('title = "Data"\n')
    error = asked(capsys, *words, "--publication", told, code=2)["error"]
    assert "missing required field" in error["what"]
    told.write_text(
        'base = "https://town.example"\ntitle = "Data of the town"\npublisher = "Town"\n'
        'publisher_iri = "https://town.example/id/town"\ncontact = "Data desk"\n'
        'contact_email = "data@town.example"\nlanguage = "en"\n'
        'license = "http://creativecommons.org/publicdomain/zero/1.0/"\n'
    )
    counts = asked(capsys, *words, "--publication", told)["counts"]
    assert counts == {"data_sets": 2, "distributions": 1, "services": 1}
    assert "NON_PUBLIC" in out.read_text(), "personal data is listed, and not open"


def test_archi_files_answer_as_exchange_files_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "town.archimate"
    file.write_text(ARCHI)
    [report] = asked(capsys, "check", file, code=1)
    assert report["format"] == "archi"
    assert asked(capsys, "draw", file, "--all", "--out", tmp_path / "views")


def test_an_export_lists_what_its_format_cannot_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "town.xml"
    file.write_bytes(EXCHANGE.encode())
    kept = asked(capsys, "export", file)
    assert (kept["file"], kept["losses"]) == ("landscape.xml", [])
    answer = asked(capsys, "export", file, "--to", "csv", "--out", "town.csv")
    lost = {one["what"]: (one["lost"], one["there"]) for one in answer["losses"]}
    assert lost["views"][0] == lost["views"][1] > 0
    assert "elements" not in lost
    written = sorted(one.name for one in tmp_path.glob("town-*.csv"))
    assert written == ["town-elements.csv", "town-properties.csv", "town-relations.csv"]
    assert asked(capsys, "export", written[0], "--to", "xlsx")["file"] == "landscape.xlsx"
    assert run(["landscape", "export", str(file), "--to", "csv"]) == 0
    assert "Not held by csv: " in capsys.readouterr().err
    assert (tmp_path / "landscape-csv" / "elements.csv").is_file()


def test_a_plain_tables_columns_can_be_named_and_a_wrong_name_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "sets.csv"
    table.write_text("Nr,Title of set,Why\n1,Trees,Shade\n")
    assert "--column name=COLUMN" in asked(capsys, "check", table, code=2)["error"]["remedy"]
    words = ("--kind", "data_set", "--column", "name=Title of set", "--column", "description=Why")
    [report] = asked(capsys, "check", table, *words)
    assert (report["counts"]["elements"], report["findings"]) == (1, [])
    assert (
        "ROLE=COLUMN" in asked(capsys, "check", table, "--column", "x", code=2)["error"]["remedy"]
    )
    wrong = asked(capsys, "check", table, "--kind", "spaceship", code=2)
    assert wrong["error"]["code"] == "unknown_name"


def test_an_element_without_obligations_is_told_from_one_that_can_have_none(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = asked(capsys, "obligations", town, "--element", "Case query", code=2)
    assert "neither a system nor a reference component" in refused["error"]["what"]
