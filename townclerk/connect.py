"""The stable import for people who write connectors; everything else may move.

    from townclerk.connect import Connector, Cursor, Page, Source

A connector is a class with an async generator `read`; docs/reference/connector-file.md says what a
file for it holds, and the entry-point group `townclerk.connectors` makes it known.
"""

from connectors.sdk.conformance.checking import Verdict, check_connector, conformance_test
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Played, Rig, Show
from connectors.sdk.connector import Connector
from connectors.sdk.cursors import next_scan, read_position, write_position
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import Envelope, decode_records, encode_record
from connectors.sdk.paging import End
from connectors.sdk.scans import Fetched
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
    "HTTP_FAULTS",
    "Answer",
    "Asked",
    "Connector",
    "ConnectorFile",
    "Cursor",
    "CustomerKind",
    "CustomerRecord",
    "End",
    "Envelope",
    "Fault",
    "Fetched",
    "Gender",
    "GiveUp",
    "HttpClient",
    "HttpConnector",
    "HttpRig",
    "Increments",
    "Page",
    "Plan",
    "Played",
    "RejectRecord",
    "RejectedRecord",
    "RetryLater",
    "Rig",
    "Show",
    "Shown",
    "Source",
    "SourceRecord",
    "StreamSpec",
    "Told",
    "Verdict",
    "check_connector",
    "conformance_test",
    "decode_records",
    "encode_record",
    "next_scan",
    "read_position",
    "write_position",
]
