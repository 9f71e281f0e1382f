"""Commands give their data on standard output, and people the next step."""

from pathlib import Path

import pytest

from registry.storage.connecting import connect
from tests.factories import a_customer, a_quarantined_record, a_sync_run, an_element
from tests.integration.cli.conftest import Ask, on_one_server
from townclerk.cli import run

LISTS = [
    ("landscape", "list"),
    ("customers", "list", "--purpose", "service"),
    ("quarantine", "list"),
    ("sync", "status"),
    ("token", "list"),
]


@on_one_server
def test_on_an_empty_town_every_list_is_empty_data_and_a_next_step(
    town: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in LISTS:
        code, data, errors = town(*words)
        assert (code, len(data), errors) == (0, 0, ""), words
        assert run(words) == 0
        assert "Next: " in capsys.readouterr().err, words


@on_one_server
def test_on_a_town_at_work_every_list_shows_it(
    town: Ask, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(postgres_url) as db:
        an_element(db, name="Citizens' desk [2]")
        a_customer(db, display_name="A. de Vries")
        refused = a_quarantined_record(db)
        a_sync_run(
            db, source_id=refused.source_id, state="failed", error={"what": "W", "remedy": "R"}
        )
    assert (
        town("token", "create", "me", "--scope", "sync:read", TOWNCLERK_TOKEN_SECRET="k" * 32)[0]
        == 0
    )
    for words in LISTS:
        code, data, errors = town(*words)
        assert (code, errors) == (0, "")
        assert data
        assert run(words) == 0
        said = capsys.readouterr()
        assert said.out.strip(), words
        assert "Next: " in said.err, words
    assert town("landscape", "list", "--search", "desk")[1][0]["name"] == "Citizens' desk [2]"


@on_one_server
def test_a_sync_of_nothing_says_how_to_begin(town: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert town("sync", "run")[:2] == (0, {})
    assert run(["sync", "run"]) == 0
    assert "townclerk sync add" in capsys.readouterr().err


@on_one_server
def test_a_token_is_shown_once_and_revoked_by_name(
    town: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("token", "create", "me", "--scope", "sync:read", "--scope", "landscape:read")
    _, made, errors = town(*words, TOWNCLERK_TOKEN_SECRET="k" * 32)
    assert made["scopes"] == ["landscape:read", "sync:read"]
    assert made["token"] not in errors
    _, rows, _ = town("token", "list")
    assert made["token"] not in str(rows)
    assert town("token", "revoke", "me")[:2] == (0, {"revoked": "me"})
    assert town("token", "list")[1][0]["revoked_at"]
    assert run(["token", "create", "you", "--scope", "sync:read"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("tc_")
    assert said.out.count("\n") == 1, "so that a script can take it as it is"


@on_one_server
def test_backup_and_restore_by_hand(town: Ask, tmp_path: Path, reachable_dir: Path) -> None:
    _, written, _ = town("backup", str(tmp_path / "town.tar"))
    assert written["rows"] >= 1
    assert town("backup", str(tmp_path / "town.tar"))[1]["error"]["code"] == "backup_failed"
    code, restored, errors = town(
        *("restore", str(tmp_path / "town.tar")),
        DATABASE_URL="",
        TOWNCLERK_DATA_DIR=str(reachable_dir / "new"),
    )
    assert (code, errors) == (0, "")
    assert restored["tables"] == written["tables"]
    assert town("landscape", "list")[0] == 0
    again = town("restore", str(tmp_path / "town.tar"))
    assert (again[0], again[1]["error"]["code"]) == (3, "misconfigured")
