"""Tell by its bytes whether a record is as it was; most records of most scans are."""

import hashlib
from collections.abc import Iterable
from hashlib import blake2b

from connectors.sdk.spec import StreamSpec
from schemas.records import RecordKind

HASH_BYTES = 16
"""128 bits: two records of one data set that share them are out of reach."""


def mapping_hash(stream: StreamSpec) -> bytes:
    """Return bytes that change with whatever decides what becomes of a raw record."""
    decisive = stream.model_dump_json(include={"key", "changed", "map", "decimal"})
    if stream.becomes is not RecordKind.CUSTOMER:
        decisive += f"{stream.becomes} of {stream.customers}"
    return hashlib.sha256(decisive.encode()).digest()


def record_hash(raw: bytes, mapping: bytes = b"") -> bytes:
    """Hash the bytes of a record under its mapping, so that a changed mapping counts as change."""
    return blake2b(raw, digest_size=HASH_BYTES, key=mapping).digest()


def record_hashes(raws: Iterable[bytes], mapping: bytes) -> list[bytes]:
    """Hash many records under one mapping; the key is worked in once for all of them."""
    keyed = blake2b(digest_size=HASH_BYTES, key=mapping)
    found: list[bytes] = []
    for raw in raws:
        one = keyed.copy()
        one.update(raw)
        found.append(one.digest())
    return found
