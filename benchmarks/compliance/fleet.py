"""A fleet of 1,000 interfaces: checked for the first time, and again when nothing moved."""

import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.compliance.identity import DATA, read
from benchmarks.figures import Figure
from flows.fleet import check_fleet
from registry.compliance import commands
from registry.compliance.checking import check_document
from registry.compliance.rulesets import load
from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from schemas.evidence import StandardStatus
from tests.factories import an_interface

SAMPLE = 50  # real documents of all sizes; the fleet is twenty times that
INTERFACES = 1_000
BYTES_MAX = 900_000  # as in the corpus that Spectral was measured on
SMALL = b'openapi: 3.0.3\ninfo: {title: t, version: "1"}\npaths: {}\n# %d\n'


def run() -> list[Figure]:
    """Measure both; without the shared data only the second."""
    return [*_first_time(), *_unchanged()]


def _first_time() -> list[Figure]:
    if not DATA.is_dir():
        return []
    rule_sets = [
        load(DATA / "rulesets" / "adr-logius" / "linter.yaml"),
        load(DATA / "rulesets" / "haal-centraal" / "spectral.yml"),
        load("spectral:oas"),
        load("townclerk:municipal"),
    ]
    names = sorted(
        path.name for path in (DATA / "corpus").iterdir()
        if path.suffix in (".yaml", ".json") and path.stat().st_size < BYTES_MAX
    )[:SAMPLE]  # fmt: skip
    began = time.process_time()
    size = 0
    for name in names:
        content = read(name)
        size += len(content)
        check_document(content, name, rule_sets)
    used = time.process_time() - began
    minutes = used * INTERFACES / len(names) / 60
    how = (
        f"CPU minutes on one core, from {len(names)} real documents of {size / 1e6:.1f} MB in "
        f"{used:.1f} s, times {INTERFACES / len(names):.0f}; structure and four rule sets"
    )
    return [Figure("1,000 interfaces x 4 rule sets", round(minutes, 2), "min CPU", "<= 10", how)]


def _unchanged() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres.start(Path(folder) / "pg", database="fleet") as server:
            upgrade(server.url)
            open_database(server.url, pool_size=2)
            try:
                return _looked_at_again()
            finally:
                close_database()


def _looked_at_again() -> list[Figure]:
    profile = load("townclerk:municipal")
    with unit_of_work() as db:
        commands.keep_rule_set(
            db, profile, name="municipal", entry="townclerk:municipal", actor="bench"
        )
        commands.set_standard(
            db, key="profile", version="1", title="t", status=StandardStatus.MANDATORY,
            valid_from=date(2026, 1, 1), rule_set_sha256=profile.digest,
        )  # fmt: skip
        for number in range(INTERFACES):
            urn = f"urn:bench:interface:{number}"
            an_interface(db, urn=urn)
            commands.register_document(db, urn, SMALL % number, "a.yaml", actor="bench")
    first = check_fleet(actor="bench")
    began = time.process_time()
    wall = time.perf_counter()
    again = check_fleet(actor="bench")
    used = time.process_time() - began
    took = time.perf_counter() - wall
    assert (first.checked, again.checked) == (INTERFACES, 0)
    how = (
        f"of {INTERFACES:,} interfaces none of which changed; {used / INTERFACES * 1000:.3f} ms of "
        f"it CPU of ours; the first check took {first.seconds / INTERFACES * 1000:.1f} ms each"
    )
    milliseconds = round(took / INTERFACES * 1000, 3)
    return [Figure("an unchanged interface, looked at again", milliseconds, "ms", "<= 1", how)]
