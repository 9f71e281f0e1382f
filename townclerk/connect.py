"""The stable import for people who write connectors; everything else may move.

    from townclerk.connect import Connector, Cursor, Page, Source

A connector is a class with an async generator `read`; docs/reference/connector-file.md says what a
file for it holds, and the entry-point group `townclerk.connectors` makes it known.
"""

from connectors.sdk.connector import Connector
from connectors.sdk.cursors import next_scan, read_position, write_position
from connectors.sdk.source import Source
from connectors.sdk.spec import ConnectorFile, StreamSpec
from schemas.errors import GiveUp, RejectRecord, RetryLater
from schemas.records import (
    Cursor,
    CustomerKind,
    CustomerRecord,
    Gender,
    Page,
    RejectedRecord,
    SourceRecord,
)

__all__ = [
    "Connector",
    "ConnectorFile",
    "Cursor",
    "CustomerKind",
    "CustomerRecord",
    "Gender",
    "GiveUp",
    "Page",
    "RejectRecord",
    "RejectedRecord",
    "RetryLater",
    "Source",
    "SourceRecord",
    "StreamSpec",
    "next_scan",
    "read_position",
    "write_position",
]
