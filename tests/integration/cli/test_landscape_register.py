"""Models, releases, tables and plans at the command line: whole or not at all, with a way back."""

import json
from pathlib import Path

import pytest

from registry.landscape.exchange.compare import differences
from registry.landscape.exchange.formats import load
from tests.integration.cli.conftest import Ask, on_one_server

MODELS = Path(__file__).parents[2] / "unit/landscape/exchange/models"
EXCHANGE = MODELS / "exchange-3.xml"
SYSTEMS = "urn,kind,name,owner\nurn:t:a,system,A,Parks\nurn:t:b,system,B,\n"


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@on_one_server
def test_a_model_is_taken_in_listed_compared_exported_and_taken_back(
    town: Ask, tmp_path: Path
) -> None:
    where = ("--model", "ref")
    _, preview, _ = town("landscape", "import", str(EXCHANGE), *where, "--preview")
    assert preview["report"]["elements"]["added"] > 0
    assert town("landscape", "models")[1] == []

    code, done, _ = town(
        "landscape", "import", str(EXCHANGE), *where, "--valid-from", "2020-01-01", "--by", "anna"
    )
    assert (code, done["report"]["release"]) == (0, "2020-01-01")
    [release] = town("landscape", "releases", "list")[1]
    assert (release["model"], release["proposer"]) == ("ref", "anna")

    out = tmp_path / "out.xml"
    town("landscape", "export", *where, "--as-of", "2020-06-01", "--out", str(out))
    assert differences(load(EXCHANGE).model, load(out).model) == []
    _, told, _ = town("landscape", "diff", "--from", "2019-01-01", *where)
    assert told["counts"]["elements added"] == done["report"]["elements"]["added"]

    again = town("landscape", "releases", "apply", str(EXCHANGE), *where)[1]
    assert again["report"]["rows_changed"] == 0
    assert town("landscape", "releases", "rollback", "ref")[0] == 0
    assert town("landscape", "releases", "rollback", "ref")[1]["error"]["code"] == "unknown_name"
    assert town("landscape", "worklist")[1] == []


@on_one_server
def test_a_table_is_taken_whole_or_not_at_all(town: Ask, tmp_path: Path) -> None:
    table = written(tmp_path, "own.csv", SYSTEMS)
    assert town("landscape", "upsert", table, "--validate-only")[1]["counts"]["added"] == 2
    assert town("landscape", "list")[1] == []
    done = town("landscape", "upsert", table)[1]
    assert done["counts"] == {"added": 2, "changed": 0, "removed": 0}

    wrong = "urn,kind,name\nurn:t:a,system,New name\nurn:t:c,nonsense,C\n,system,D\n"
    code, told, _ = town("landscape", "upsert", written(tmp_path, "wrong.csv", wrong))
    assert (code, [fault["line"] for fault in told["error"]["faults"]]) == (2, [3, 4])
    related = "kind,source,target\nflow,urn:t:a,urn:t:b\naccess,urn:t:a,urn:t:b\n"
    _, told, _ = town("landscape", "upsert", written(tmp_path, "lines.csv", related))
    assert "allowed are" in told["error"]["faults"][0]["what"]
    assert {row["name"] for row in town("landscape", "list")[1]} == {"A", "B"}

    assert town("landscape", "changes", "undo", done["change_set_id"])[1]["taken_out"] == 2
    assert town("landscape", "list")[1] == []


@on_one_server
def test_a_plan_is_made_shown_and_merged(town: Ask, tmp_path: Path) -> None:
    town("landscape", "upsert", written(tmp_path, "own.csv", SYSTEMS))
    town("landscape", "scenario", "open", "cloud", "--by", "anna")
    changes = {"changes": [{"action": "change", "urn": "urn:t:a", "name": "Cloud A"}]}
    file = written(tmp_path, "plan.json", json.dumps(changes))
    asked = ("landscape", "changes", "propose", file, "--scenario", "cloud", "--by", "anna")
    key = town(*asked)[1]["change_set"]
    town("landscape", "changes", "approve", key, "--by", "ben")
    town("landscape", "upsert", written(tmp_path, "new.csv", "urn,name\nurn:t:a,Base A\n"))

    shown = town("landscape", "scenario", "show", "cloud")[1]
    assert [one["fields"] for one in shown["differences"]] == [{"name": ["Base A", "Cloud A"]}]
    code, told, _ = town("landscape", "scenario", "merge", "cloud", "--validate-only")
    assert (code, told["conflicts"][0]["base"], told["conflicts"][0]["plan"]) == (
        1, "Base A", "Cloud A",
    )  # fmt: skip
    code, told, _ = town("landscape", "scenario", "merge", "cloud")
    assert (code, told["error"]["code"]) == (1, "changes_collide")
    assert town("landscape", "scenario", "merge", "cloud", "--prefer", "plan")[0] == 0
    assert town("landscape", "scenario", "list")[1][0]["merged_at"]
    assert {row["name"] for row in town("landscape", "list")[1]} == {"B", "Cloud A"}


HEAD = '<model xmlns="http://www.opengroup.org/xsd/archimate/3.0/" identifier="m" '
HEAD += 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><name>M</name>'
ELEMENT = '<element identifier="{}" xsi:type="{}"><name>E</name></element>'
A_NODE = ELEMENT.format("a", "Node")
BAD = {
    "truncated": HEAD + "<elements>",
    "laughing": '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + HEAD + "&b;</model>",
    "entity": '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + "&a;</model>",
    "foreign": '<model xmlns="http://example.org/other"/>',
    "twice": f"{HEAD}\n<elements>{A_NODE}\n{A_NODE}</elements></model>",
    "dangling": f"{HEAD}\n<elements>{A_NODE}</elements>\n<relationships><relationship "
    'identifier="r" source="a" target="gone" xsi:type="Flow"/></relationships></model>',
    "forbidden": f"{HEAD}\n<elements>{A_NODE}{ELEMENT.format('b', 'Value')}</elements>\n"
    '<relationships><relationship identifier="r" source="a" target="b" xsi:type="Serving"/>'
    "</relationships></model>",
}


@on_one_server
def test_a_bad_model_is_refused_at_its_line_and_nothing_changes(town: Ask, tmp_path: Path) -> None:
    for name, text in BAD.items():
        file = written(tmp_path, f"{name}.xml", text)
        code, told, _ = town("landscape", "import", file, "--model", "bad", "--mode", "strict")
        assert code == 2, (name, told)
        assert told["error"]["code"].startswith("model_file_"), name
        assert f"{name}.xml" in told["error"]["what"], name
    assert {name: town("landscape", name)[1] for name in ("models", "list")} == {
        "models": [],
        "list": [],
    }


@pytest.mark.parametrize("mode", ["warn", "off"])
@on_one_server
def test_a_forbidden_relationship_is_told_or_taken_as_the_mode_says(
    town: Ask, tmp_path: Path, mode: str
) -> None:
    file = written(tmp_path, "m.xml", BAD["forbidden"])
    code, told, _ = town("landscape", "import", file, "--model", "m", "--mode", mode)

    assert (code, len(told["findings"])) == (0, 1 if mode == "warn" else 0)
    if mode == "warn":
        assert "allowed are" in told["findings"][0]["what"]
