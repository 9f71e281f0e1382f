"""Arrays of many values as PostgreSQL reads them without parsing."""

import struct
from collections.abc import Sequence
from itertools import chain

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format


class Bigints(bytes):
    """An array of whole numbers as PostgreSQL reads it without parsing, for `%s::bigint[]`."""


class _BigintsDumper(Dumper):
    oid = psycopg.adapters.types["int8"].array_oid
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return bytes(obj)


psycopg.adapters.register_dumper(Bigints, _BigintsDumper)


class Texts(bytes):
    """An array of texts as PostgreSQL reads it without parsing, for `%s::text[]`."""


class _TextsDumper(_BigintsDumper):
    oid = psycopg.adapters.types["text"].array_oid


psycopg.adapters.register_dumper(Texts, _TextsDumper)
_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])


def many_bigints(numbers: NDArray[np.int64]) -> Bigints:
    """Return an array of many numbers; for a few, `bigints` is made sooner.

    Source:
        array_send and array_recv of PostgreSQL: dimensions, no NULL, the type of the elements,
        then length and lower bound of the dimension, and each element with its size.
    """
    kind = psycopg.adapters.types["int8"].oid
    if not len(numbers):
        return Bigints(struct.pack(">iii", 0, 0, kind))
    elements = np.empty(len(numbers), dtype=_ELEMENT)
    elements["size"], elements["value"] = 8, numbers
    return Bigints(struct.pack(">iiiii", 1, 0, kind, len(numbers), 1) + elements.tobytes())


def many_texts(texts: Sequence[str]) -> Texts:
    """Return an array of texts; psycopg would look at each of them, and quote it.

    Source:
        As `many_bigints`.
    """
    kind = psycopg.adapters.types["text"].oid
    if not texts:
        return Texts(struct.pack(">iii", 0, 0, kind))
    written = [text.encode() for text in texts]
    sizes = map(struct.Struct(">i").pack, map(len, written))
    head = struct.pack(">iiiii", 1, 0, kind, len(texts), 1)
    return Texts(head + b"".join(chain.from_iterable(zip(sizes, written, strict=True))))
