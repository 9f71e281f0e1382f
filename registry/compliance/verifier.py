"""Verify an evidence file of Townclerk: `python verify.py EVIDENCE.zip [--head HASH]`.

This one file needs Python 3.9 or newer and nothing else, so that an auditor can read it, keep it
and run it on a machine that has never seen Townclerk. It checks that

* every record is whole, in order, and holds the hash of the record before it;
* every document and list of findings in the file has the hash that its record names;
* the counts of a record are those of its findings;
* the last record is the one whose hash was written down elsewhere (--head), so that nobody cut
  records off the end.

Exit code 0 when all holds, 1 when something does not, 2 when the file cannot be read.
"""

from __future__ import annotations  # so that Python 3.9 reads our types

import hashlib
import json
import sys
import zipfile
from typing import IO, Any

GENESIS = "0" * 64
ENTRY_BYTES_MAX = 512 * 1024 * 1024  # one document or list of findings, unpacked
VERSIONS = (1,)


def canonical(value: Any) -> bytes:
    """Return a value as canonical JSON: keys sorted, no spaces, UTF-8."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode("utf-8")


def verify(path: str | IO[bytes], head: str | None = None) -> list[str]:
    """Return a list of what is wrong with an evidence file; empty when nothing is."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(_read(archive, "manifest.json"))
        names = set(archive.namelist())
        wrong = [] if manifest["version"] in VERSIONS else ["the manifest's version is unknown"]
        wrong += _strangers(names, manifest["records"])
        wrong += _chain(manifest["records"], manifest.get("previous_hash", GENESIS))
        for entry in manifest["records"]:
            wrong += _contents(archive, names, entry["record"])
    if head is not None and (not manifest["records"] or manifest["records"][-1]["hash"] != head):
        wrong.append("the last record is not the one whose hash was given: records are missing")
    return wrong


def _strangers(names: set[str], entries: list[Any]) -> list[str]:
    """Return which documents and findings belong to no record."""
    known = {f"documents/{entry['record']['document']['sha256']}" for entry in entries}
    known |= {f"findings/{entry['record']['findings']['sha256']}.json" for entry in entries}
    held = {name for name in names if name.startswith(("documents/", "findings/"))}
    return [f"{name} belongs to no record" for name in sorted(held - known)]


def _chain(entries: list[Any], previous: str) -> list[str]:
    wrong = []
    expected = None
    for entry in entries:
        record = entry["record"]
        number = record.get("number")
        if record.get("version") not in VERSIONS:
            wrong.append(f"record {number}: version {record.get('version')} is unknown")
        if expected is not None and number != expected:
            wrong.append(f"record {number}: record {expected} is missing or out of place")
        if entry["previous_hash"] != previous:
            wrong.append(f"record {number}: it does not follow the record before it")
        found = hashlib.sha256(entry["previous_hash"].encode("ascii") + canonical(record))
        if found.hexdigest() != entry["hash"]:
            wrong.append(f"record {number}: it was changed after it was written")
        previous = entry["hash"]
        expected = (number or 0) + 1
    return wrong


def _contents(archive: zipfile.ZipFile, names: set[str], record: Any) -> list[str]:
    wrong = []
    number = record["number"]
    document = f"documents/{record['document']['sha256']}"
    if document in names:
        digest = hashlib.sha256(_read(archive, document)).hexdigest()
        if digest != record["document"]["sha256"]:
            wrong.append(f"record {number}: the document is not the one that was checked")
    findings = f"findings/{record['findings']['sha256']}.json"
    if findings in names:
        content = _read(archive, findings)
        if hashlib.sha256(content).hexdigest() != record["findings"]["sha256"]:
            wrong.append(f"record {number}: the findings are not those that were found")
        else:
            wrong += _counted(number, record, json.loads(content))
    return wrong


def _counted(number: int, record: Any, findings: list[Any]) -> list[str]:
    counts = record["counts"]
    total = sum(counts.values())
    if len(findings) != record["findings"]["count"] or len(findings) != total:
        return [f"record {number}: it counts {total} findings, and there are {len(findings)}"]
    return []


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > ENTRY_BYTES_MAX:
        raise ValueError(f"{name} is larger than {ENTRY_BYTES_MAX:,} bytes")
    return archive.read(name)


def main(arguments: list[str]) -> int:
    """Verify the file named on the command line and tell the result."""
    head = None
    if "--head" in arguments:
        at = arguments.index("--head")
        head = "".join(arguments[at + 1 : at + 2])
        arguments = arguments[:at] + arguments[at + 2 :]
    if len(arguments) != 1:
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    try:
        wrong = verify(arguments[0], head)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{arguments[0]} cannot be read: {error}\n")
        return 2
    for line in wrong:
        sys.stdout.write(f"WRONG  {line}\n")
    sys.stdout.write(f"{'NOT verified' if wrong else 'verified'}: {arguments[0]}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
