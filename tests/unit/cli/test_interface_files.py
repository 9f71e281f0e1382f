"""What a person may name behind `interfaces check`: files, folders, patterns, standard input."""

import io
import json
from hashlib import sha256
from pathlib import Path

import pytest

from townclerk.cli import interface_files, run
from townclerk.cli.files import UnreadableFile

OPENAPI = 'openapi: 3.0.3\ninfo: {title: t, version: "1"}\npaths: {}\n'
OWN_RULES = "rules: {own: {given: $.info, then: {field: contact, function: truthy}}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "one.yaml").write_text(OPENAPI)
    (tmp_path / "api" / "two.json").write_text('{"openapi": "3.0.3", "paths": {}}')
    (tmp_path / "api" / "package.json").write_text('{"name": "no interface"}')
    (tmp_path / "api" / "node_modules").mkdir()
    (tmp_path / "api" / "node_modules" / "other.yaml").write_text(OPENAPI)
    return tmp_path


def sources(capsysbinary: pytest.CaptureFixture[bytes], *words: str) -> list[str]:
    run(["interfaces", "check", *words, "--format", "json", "--fail-on", "never"])
    return [one["source"] for one in json.loads(capsysbinary.readouterr().out)["documents"]]


def test_a_folder_gives_its_interface_documents_only(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert sources(capsysbinary, "api") == ["api/one.yaml", "api/two.json"]


def test_a_pattern_and_a_name_give_each_file_once(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert sources(capsysbinary, "api/*.yaml", "api/one.yaml") == ["api/one.yaml"]


def test_a_file_named_itself_is_checked_whatever_it_is(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert sources(capsysbinary, "api/package.json") == ["api/package.json"]


def test_standard_input_has_the_name_it_is_given(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(OPENAPI.encode())))
    assert sources(capsysbinary, "-", "--stdin-name", "mine.yaml") == ["mine.yaml"]


@pytest.mark.parametrize("name", ["absent.yaml", "no*thing.yaml", "empty"])
def test_what_gives_nothing_is_an_error_and_not_a_pass(name: str, folder: Path) -> None:
    (folder / "empty").mkdir()
    assert run(["interfaces", "check", name]) == 2


def test_the_rule_set_of_the_folder_counts_when_none_is_named(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (folder / ".spectral.yaml").write_text(OWN_RULES)
    run(["interfaces", "check", "api/one.yaml", "--format", "spectral"])
    assert [f["code"] for f in json.loads(capsysbinary.readouterr().out)] == ["own"]


def test_json_can_be_read_as_spectrals_command_line_reads_it(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (folder / "r.yaml").write_text(OWN_RULES)
    (folder / "x.json").write_text('{"openapi": "3.0.3", "info": {"a": 1}, "paths": {}}')
    places = []
    for more in ([], ["--json-as-yaml"]):
        words = ["x.json", "--ruleset", "r.yaml", "--format", "spectral", "--no-structure"]
        run(["interfaces", "check", *words, *more])
        found = json.loads(capsysbinary.readouterr().out)
        places.append(found[0]["range"]["start"]["character"])
    assert places == [29, 28]


def test_files_behind_references_are_hashed_when_they_are_named(folder: Path) -> None:
    document = folder / "d.yaml"
    document.write_text(OPENAPI + "components: {schemas: {A: {$ref: './a%20b.yaml#/A'}}}\n")
    part, stranger = folder / "a b.yaml", folder / "stranger.yaml"
    part.write_text("A: {type: string}\n")
    stranger.write_text("")
    found = interface_files.referenced(document, document.read_bytes(), [part])
    assert found == {"./a%20b.yaml": sha256(part.read_bytes()).hexdigest()}
    with pytest.raises(UnreadableFile, match="does not refer to"):
        interface_files.referenced(document, document.read_bytes(), [stranger])
