"""A source's connector file: renewed, it reaches every record; unchanged, it disturbs nothing."""

import psycopg
import pytest

from registry.intake import commands, queries
from registry.intake.leases import HeldLease, renew_lease, take_lease
from schemas.errors import InvalidConnectorFile, StaleLease, UnknownName
from schemas.records import Cursor
from tests.factories import a_source, an_interface

DATA_SET = "urn:town:data_set:people"
SPEC = {"streams": {"people": {"data_set": DATA_SET, "map": {"family_name": "name"}}}}
MENDED = {"streams": {"people": {"data_set": DATA_SET, "map": {"family_name": "surname"}}}}


def a_source_read_to_its_end(db: psycopg.Connection, urn: str) -> HeldLease:
    source = commands.register_source(db, key="crm", interface_urn=urn, spec=SPEC)
    lease = take_lease(db, source, holder="t", lock_is_ours=True)
    cursor = Cursor(position="end", high="2026-05-01")
    commands.move_checkpoint(db, lease, stream="people", cursor=cursor, page=1, last=True)
    return lease


def test_a_changed_connector_file_lets_the_next_sync_read_everything(
    db: psycopg.Connection,
) -> None:
    urn = an_interface(db).urn
    lease = a_source_read_to_its_end(db, urn)

    same = commands.register_source(db, key="crm", interface_urn=urn, spec=MENDED)

    assert same == lease.source_id
    assert queries.find_source(db, "crm").spec == MENDED
    assert queries.stream_progress(db, lease.source_id, "people") is None


def test_the_same_connector_file_again_keeps_the_place(db: psycopg.Connection) -> None:
    urn = an_interface(db).urn
    lease = a_source_read_to_its_end(db, urn)

    commands.register_source(db, key="crm", interface_urn=urn, spec=SPEC)

    assert queries.stream_progress(db, lease.source_id, "people") is not None
    renew_lease(db, lease)


def test_a_running_sync_writes_no_page_of_the_old_file(db: psycopg.Connection) -> None:
    urn = an_interface(db).urn
    lease = a_source_read_to_its_end(db, urn)

    commands.register_source(db, key="crm", interface_urn=urn, spec=MENDED)

    with pytest.raises(StaleLease):
        renew_lease(db, lease)
    renew_lease(db, take_lease(db, lease.source_id, holder="t", lock_is_ours=True))


def test_a_source_needs_a_registered_interface(db: psycopg.Connection) -> None:
    with pytest.raises(UnknownName, match="no such interface"):
        commands.register_source(db, key="crm", interface_urn="urn:town:interface:x", spec=SPEC)


@pytest.mark.parametrize("stored", [{}, {"streams": None}, {"streams": {"people": 1}}])
def test_a_stored_source_without_streams_says_so_instead_of_rewinding(
    db: psycopg.Connection, stored: dict[str, object]
) -> None:
    key = a_source(db, spec=stored).key
    with pytest.raises(InvalidConnectorFile) as told:
        commands.rewind(db, queries.find_source(db, key), since="2026-01-01", stream=None)
    assert "sync add" in told.value.remedy
