"""Values of ours that every connection must know how to send, from its first statement on.

psycopg copies what it was taught when a connection is made: what a module teaches it on a later
import, connections of the pool never learn. So `connecting` teaches each of them by itself.
"""

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.json import JsonbDumper


class Bigints(bytes):
    """An array of whole numbers as PostgreSQL reads it without parsing, for `%s::bigint[]`."""


class Texts(bytes):
    """An array of texts as PostgreSQL reads it without parsing, for `%s::text[]`."""


class _BigintsDumper(Dumper):
    oid = psycopg.adapters.types["int8"].array_oid
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return bytes(obj)


class _TextsDumper(_BigintsDumper):
    oid = psycopg.adapters.types["text"].array_oid


def teach(db: psycopg.Connection) -> None:
    """Let a connection send our values: a dict is jsonb, and arrays may be binary."""
    db.adapters.register_dumper(dict, JsonbDumper)
    db.adapters.register_dumper(Bigints, _BigintsDumper)
    db.adapters.register_dumper(Texts, _TextsDumper)
