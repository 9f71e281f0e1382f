"""What came in is kept once, as it came; unchanged records cost no write; nothing goes missing."""

import psycopg

from registry.intake.landing import LandedPage, land
from registry.intake.leases import HeldLease, take_lease
from schemas.landscape_kinds import ElementKind
from schemas.records import (
    Cursor,
    CustomerKind,
    CustomerRecord,
    MappedPage,
    RejectedRecord,
    SourceRecord,
)
from tests.factories import a_source, an_element

MAPPING = b"mapping one"


def a_page(*records: tuple[str, bytes], rejected: int = 0) -> MappedPage:
    return MappedPage(
        customers=[
            (SourceRecord(raw, {}), CustomerRecord(key=key, kind=CustomerKind.PERSON))
            for key, raw in records
        ],
        rejected=[
            RejectedRecord(raw=b"bad", rule="key_missing", path="id", reason="no key")
            for _ in range(rejected)
        ],
        cursor=Cursor(),
    )


class Intake:
    """A source with a lease and a data set, to land pages into."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db = db
        self.data_set = an_element(db, kind=ElementKind.DATA_SET)
        self.lease: HeldLease = take_lease(db, a_source(db).id, holder="test", lock_is_ours=True)

    def land(self, page: MappedPage, mapping: bytes = MAPPING) -> LandedPage:
        return land(self.db, page, self.lease, data_set_id=self.data_set.id, mapping_hash=mapping)

    def kept(self) -> dict[str, bytes]:
        rows = self.db.execute(
            "SELECT key, raw FROM landed_record WHERE data_set_id = %s", (self.data_set.id,)
        )
        return dict(rows.fetchall())


def test_new_records_are_kept_as_they_came(db: psycopg.Connection) -> None:
    intake = Intake(db)

    landed = intake.land(a_page(("1", b'{"id":1}'), ("2", b'{"id":2}')))

    assert [change[2].key for change in landed.changed] == ["1", "2"]
    assert intake.kept() == {"1": b'{"id":1}', "2": b'{"id":2}'}


def test_the_same_page_again_writes_nothing(db: psycopg.Connection) -> None:
    intake = Intake(db)
    page = a_page(("1", b"one"), ("2", b"two"))
    intake.land(page)

    again = intake.land(page)

    assert (again.changed, again.unchanged) == ([], 2)


def test_a_changed_record_keeps_its_identity(db: psycopg.Connection) -> None:
    intake = Intake(db)
    first = intake.land(a_page(("1", b"old")))

    second = intake.land(a_page(("1", b"new")))

    assert first.changed[0][0] == second.changed[0][0]
    assert intake.kept() == {"1": b"new"}


def test_a_changed_mapping_lands_unchanged_bytes_again(db: psycopg.Connection) -> None:
    intake = Intake(db)
    intake.land(a_page(("1", b"one")))

    landed = intake.land(a_page(("1", b"one")), mapping=b"mapping two")

    assert len(landed.changed) == 1


def test_the_earlier_of_two_records_with_one_key_goes_to_quarantine(
    db: psycopg.Connection,
) -> None:
    intake = Intake(db)

    landed = intake.land(a_page(("1", b"early"), ("1", b"late")))

    assert intake.kept() == {"1": b"late"}
    assert [(bad.rule, bad.raw) for bad in landed.rejected] == [("duplicate_key", b"early")]


def test_every_record_read_is_accounted_for(db: psycopg.Connection) -> None:
    intake = Intake(db)
    intake.land(a_page(("1", b"one")))

    landed = intake.land(a_page(("1", b"one"), ("2", b"x"), ("2", b"y"), rejected=3))

    assert len(landed.changed) + landed.unchanged + len(landed.rejected) == 6


def test_awkward_keys_and_bytes_come_back_as_they_were(db: psycopg.Connection) -> None:
    intake = Intake(db)
    awkward = [("a\tb\\n", b"\x00\xff"), ("ключ'\"", "ü\u202e".encode()), ("x" * 400, b"")]

    intake.land(a_page(*awkward))

    assert intake.kept() == dict(awkward)


def test_an_empty_page_is_no_trouble(db: psycopg.Connection) -> None:
    landed = Intake(db).land(a_page())

    assert (landed.changed, landed.unchanged, landed.rejected) == ([], 0, [])
