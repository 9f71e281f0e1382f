"""Evidence as one file: all records, the asked documents and findings, and the means to verify."""

import io
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

import psycopg

from registry.compliance import queries
from registry.compliance.evidence import GENESIS, canonical
from schemas.errors import UnknownName

VERSION = 1
_MADE = (1980, 1, 1, 0, 0, 0)  # no time of making: the same evidence is the same file
_README = """Evidence of interface checks by Townclerk.

manifest.json   all records; each holds the hash of the one before it
documents/      the bytes that were checked, by their sha256
findings/       what was found, by its sha256
verify.py       checks all of it; needs Python 3.9 and nothing else:

    python verify.py THIS-FILE.zip --head HASH

HASH is the hash of the last record as it was written down elsewhere, so that nobody can have cut
records off the end. `townclerk interfaces evidence head` prints it.
"""


def export(db: psycopg.Connection, urns: Collection[str] | None = None) -> bytes:
    """Return the evidence as a zip file.

    Args:
        db: Connection in a transaction.
        urns: Interfaces whose documents and findings shall be in it; None means all. The records
            of all others are in it too, because they are links of the chain.
    """
    rows = queries.chain(db)
    chosen = [row for row in rows if urns is None or row.interface_urn in urns]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "README.txt", _README.encode())
        _add(archive, "verify.py", (Path(__file__).parent / "verifier.py").read_bytes())
        _add(archive, "manifest.json", _manifest(rows))
        for digest in sorted({row.findings_sha256 for row in chosen}):
            _add(archive, f"findings/{digest}.json", queries.findings_of(db, digest))
        for digest in sorted({row.document_sha256 for row in chosen}):
            try:
                content, _ = queries.document_content(db, digest)
            except UnknownName:
                continue  # the interface was taken out of the register, its evidence was not
            _add(archive, f"documents/{digest}", content)
    return out.getvalue()


def _manifest(rows: Sequence[queries.CheckRow]) -> bytes:
    return canonical(
        {
            "version": VERSION,
            "previous_hash": GENESIS,
            "records": [
                {"record": row.record, "previous_hash": row.previous_hash, "hash": row.hash}
                for row in rows
            ],
        }
    )


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _MADE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
