"""What scans have seen, page by page: to prove what vanished, and to know pages again."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from schemas.base import Table, column


class ScannedPage(Table, table=True):
    """Which landed records one page of the running scan held; proves what a scan has seen."""

    __tablename__ = "scanned_page"

    source_id: UUID = Field(
        foreign_key="source.id", primary_key=True, ondelete="CASCADE", description="Whose scan."
    )
    stream: str = column("Stream within the source.", primary_key=True, max_length=60)
    page: int = column("Number of the page in the scan.", primary_key=True)
    record_ids: list[int] = Field(
        sa_type=ARRAY(BigInteger),
        nullable=False,
        description="Landed records it held, also those that were refused this time.",
    )
    nameless: int = column("Records without a readable key: nobody knows which they are.")
    digest: bytes | None = column(
        "What the answer it came in is known by, where it is a known page.",
        default=None,
        sa_type=LargeBinary,
    )


class KnownPage(Table, table=True):
    """A page whose records all landed; while all stand as they came, it is no news."""

    __tablename__ = "known_page"
    __table_args__ = (Index("ix_known_page_source_id_stream", "source_id", "stream"),)

    source_id: UUID = Field(
        foreign_key="source.id", primary_key=True, ondelete="CASCADE", description="Whose page."
    )
    digest: bytes = column(
        "SHA-256 of its answer under its stream's words.", primary_key=True, sa_type=LargeBinary
    )
    stream: str = column("Stream within the source.", max_length=60)
    note: bytes = column(
        "What its connector saw around the records, such as where the next page is.",
        sa_type=LargeBinary,
    )
    record_ids: list[int] = Field(
        sa_type=ARRAY(BigInteger), nullable=False, description="Its landed records, all of them."
    )
    raw_hashes: bytes = column(
        "Their hashes as they came, one after the other.", sa_type=LargeBinary
    )
