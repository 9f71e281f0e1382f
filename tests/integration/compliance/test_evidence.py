"""Evidence stands up: nobody changes, swaps, drops or cuts off a record unseen."""

import copy
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from registry.compliance import archive, checks, commands, queries, trends, verifier
from registry.compliance.rulesets import load
from schemas.errors import InvalidInput, UnknownName
from schemas.evidence import StandardStatus
from tests import factories

TODAY = date(2026, 11, 22)
DOCUMENT = b'openapi: 3.0.3\ninfo: {title: t, version: "1"}\npaths: {}\n'
URN = "urn:test:interface:a"

one_server = pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)


def municipal(db: psycopg.Connection, **standard: Any) -> str:
    """Keep the municipal profile and let it be owed."""
    profile = load("townclerk:municipal")
    commands.keep_rule_set(db, profile, name="municipal", entry="townclerk:municipal", actor="test")
    wanted = {"key": "profile", "version": "1", "title": "t", "status": StandardStatus.MANDATORY,
              "valid_from": TODAY, **standard}  # fmt: skip
    commands.set_standard(db, rule_set_sha256=profile.digest, **wanted)
    return profile.digest


def check(db: psycopg.Connection, urn: str = URN, today: date = TODAY) -> dict[str, int]:
    task = checks.prepare(db, urn, today)
    one = checks.carry_out(task)
    checks.write_down(db, task, one, actor="test")
    return one.counts()


@pytest.fixture
def chained(db: psycopg.Connection) -> psycopg.Connection:
    """Three checks of one interface."""
    factories.an_interface(db, urn=URN)
    commands.register_document(db, URN, DOCUMENT, "a.yaml", actor="test")
    municipal(db)
    for _ in range(3):
        check(db)
    return db


def edit(entries: list[Any]) -> None:
    entries[1]["record"]["counts"]["error"] = 0


def delete(entries: list[Any]) -> None:
    del entries[1]


def insert(entries: list[Any]) -> None:
    entries.insert(1, copy.deepcopy(entries[1]))


def swap(entries: list[Any]) -> None:
    entries[0], entries[1] = entries[1], entries[0]


def cut(entries: list[Any]) -> None:
    del entries[2]


def rehash(entries: list[Any]) -> None:
    entries[1]["record"]["actor"] = "nobody"
    entries[1]["hash"] = "0" * 64


@one_server
@pytest.mark.parametrize("tamper", [edit, delete, insert, swap, cut, rehash])
def test_every_way_to_tamper_is_found(
    chained: psycopg.Connection, tmp_path: Path, tamper: Callable[[list[Any]], None]
) -> None:
    content = archive.export(chained)
    _, head = queries.chain_head(chained)
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(content)
    assert verifier.verify(str(good), head) == []

    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "manifest.json":
                manifest = json.loads(part)
                tamper(manifest["records"])
                part = json.dumps(manifest).encode()
            target.writestr(name, part)
    assert verifier.verify(str(bad), head)


@one_server
def test_changed_findings_and_documents_are_found(
    chained: psycopg.Connection, tmp_path: Path
) -> None:
    content = archive.export(chained)
    for folder in ("findings/", "documents/"):
        bad = tmp_path / "bad.zip"
        with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(bad, "w") as target:
            for name in source.namelist():
                part = source.read(name)
                target.writestr(name, b"[]" if name.startswith(folder) else part)
        assert verifier.verify(str(bad))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value that holds no other."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, below in inner:
        found += leaves(below, (*path, key)) if isinstance(below, dict | list) else [(*path, key)]
    return found


@one_server
def test_a_change_of_any_single_field_is_found(chained: psycopg.Connection, tmp_path: Path) -> None:
    content = archive.export(chained)
    _, head = queries.chain_head(chained)
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    manifest = json.loads(parts["manifest.json"])
    places = leaves(manifest)
    assert len(places) > 50
    bad = tmp_path / "bad.zip"
    for place in places:
        changed = copy.deepcopy(manifest)
        holder = changed
        for key in place[:-1]:
            holder = holder[key]
        old = holder[place[-1]]
        holder[place[-1]] = old + 1 if isinstance(old, int) else f"{old}x"
        with zipfile.ZipFile(bad, "w") as target:
            for name, part in {**parts, "manifest.json": json.dumps(changed).encode()}.items():
                target.writestr(name, part)
        assert verifier.verify(str(bad), head), place


@one_server
def test_an_added_document_belongs_to_no_record(
    chained: psycopg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "more.zip"
    file.write_bytes(archive.export(chained))
    with zipfile.ZipFile(file, "a") as target:
        target.writestr("documents/" + "0" * 64, b"{}")
    assert verifier.verify(str(file)) == [f"documents/{'0' * 64} belongs to no record"]


@one_server
def test_referenced_files_stand_in_the_evidence_by_their_hash(db: psycopg.Connection) -> None:
    factories.an_interface(db, urn=URN)
    document = DOCUMENT + b"components: {schemas: {A: {$ref: './a.yaml#/A'}, B: {$ref: b.yaml}}}\n"
    given = {"./a.yaml": "ab" * 32}
    commands.register_document(db, URN, document, "d.yaml", actor="test", referenced=given)
    check(db)
    [row] = queries.list_checks(db)
    assert row.record["referenced"] == {"./a.yaml": "ab" * 32, "b.yaml": "not followed"}
    assert checks.again(checks.fleet(db, TODAY)) == []

    given = {"./a.yaml": "cd" * 32}
    commands.register_document(db, URN, document, "d.yaml", actor="test", referenced=given)
    assert checks.again(checks.fleet(db, TODAY)) == [URN]


def test_the_same_check_gives_the_same_findings_byte_for_byte(
    chained: psycopg.Connection,
) -> None:
    rows = queries.list_checks(chained)
    assert len({row.findings_sha256 for row in rows}) == 1
    assert [row.number for row in rows] == [3, 2, 1]
    assert archive.export(chained) == archive.export(chained)


def test_only_what_changed_is_checked_again(chained: psycopg.Connection) -> None:
    def stale(day: date = TODAY) -> list[str]:
        return checks.again(checks.fleet(chained, day))

    assert stale() == []
    commands.register_document(chained, URN, DOCUMENT + b"# new\n", "a.yaml", actor="test")
    assert stale() == [URN]
    check(chained)
    assert stale() == []
    until = TODAY + timedelta(days=10)
    waiver = commands.ask_waiver(
        chained, rule="municipal-version", reason="until the next release", asked_by="Ann",
        expires_on=until, today=TODAY,
    )  # fmt: skip
    assert stale() == []
    commands.approve_waiver(chained, waiver, approved_by="Bob")
    assert stale() == [URN]
    assert check(chained)["waived"] == 1
    assert stale() == []
    assert stale(until) == [URN]


def test_a_standard_is_owed_where_the_landscape_says(db: psycopg.Connection) -> None:
    near = factories.an_interface(db, urn=URN)
    far = factories.an_interface(db, urn="urn:test:interface:far")
    system = factories.an_element(db, urn="urn:test:system:s", kind="system")
    component = factories.an_element(db, urn="urn:test:rc:c", kind="reference_component")
    factories.a_relationship(db, kind="composition", source_id=system.id, target_id=near.id)
    factories.a_relationship(db, kind="specialization", source_id=system.id, target_id=component.id)
    digest = municipal(db, applies_to=["urn:test:rc:c"])
    assert [row.sha256 for row in queries.rule_sets_owed(db, near.id, TODAY)] == [digest]
    assert queries.rule_sets_owed(db, far.id, TODAY) == []
    assert queries.rule_sets_owed(db, near.id, TODAY - timedelta(days=1)) == []
    for urn in (URN, "urn:test:interface:far"):
        commands.register_document(db, urn, DOCUMENT, "a.yaml", actor="test")
    owed = {row.urn: row.owed for row in checks.fleet(db, TODAY)}
    assert owed == {URN: [digest], "urn:test:interface:far": []}


def test_a_baseline_lets_only_new_findings_count(chained: psycopg.Connection) -> None:
    task = checks.prepare(chained, URN, TODAY)
    commands.set_baseline(chained, URN, checks.carry_out(task), actor="test")
    assert check(chained)["error"] == 0
    worse = DOCUMENT.replace(b"{}", b"{/a/{x}: {get: {responses: {}}}}")
    commands.register_document(chained, URN, worse, "a.yaml", actor="test")
    assert check(chained)["error"] > 0


def test_scores_are_put_together_by_standard_and_rules_by_use(
    chained: psycopg.Connection,
) -> None:
    by = {
        grouping: [row.group for row in trends.scores(chained, grouping)]
        for grouping in trends.Grouping
    }
    assert by == {
        trends.Grouping.INTERFACE: [URN],
        trends.Grouping.SYSTEM: ["no system"],
        trends.Grouping.SUPPLIER: ["no supplier"],
        trends.Grouping.STANDARD: ["profile 1"],
    }
    kept = [row.loaded() for row in queries.list_rule_sets(chained)]
    used = {use.rule: use for use in trends.effectiveness(chained, kept)}
    assert used["municipal-version"].verdict == "useful"
    assert used["municipal-sunset"].verdict == "never fired"


@pytest.mark.parametrize(
    "wrong", [{"reason": "short"}, {"days": 0}, {"days": 400}, {"path": "*a*b*c*d"}]
)
def test_a_waiver_without_reason_or_end_is_refused(
    db: psycopg.Connection, wrong: dict[str, Any]
) -> None:
    wrong = dict(wrong)  # the other server gets the same one
    days = wrong.pop("days", 10)
    given = {"rule": "r", "reason": "a good reason", "asked_by": "Ann", "today": TODAY,
             "expires_on": TODAY + timedelta(days=days), **wrong}  # fmt: skip
    with pytest.raises(InvalidInput):
        commands.ask_waiver(db, **given)


def test_what_is_not_registered_cannot_be_checked(db: psycopg.Connection) -> None:
    with pytest.raises(UnknownName):
        checks.prepare(db, "urn:test:interface:none", TODAY)
    with pytest.raises(UnknownName):
        commands.register_document(db, "urn:test:interface:none", DOCUMENT, "a.yaml", actor="t")
