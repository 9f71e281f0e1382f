"""Elements and relationships are written only where every write belongs to a change-set."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROOMS = ("registry", "flows", "townclerk/cli", "townclerk/sandbox")
WRITES = re.compile(
    r"(INSERT INTO|UPDATE|DELETE FROM|copy_into\(\s*db,)\s+\"?(element|relationship)\b"
    r"|(INSERT INTO|UPDATE|DELETE FROM) \{table\}",
)
# Each of these writes under `scoped_writing` or `recorded`, or names the change-set in its rows.
WRITERS = {
    "registry/landscape/changes/undo.py",
    "registry/landscape/changes/world.py",
    "registry/landscape/commands.py",
    "registry/landscape/generate.py",
    "registry/landscape/models/staging.py",
    "registry/landscape/models/work.py",
}
# Takes any table by name, and is asked for those of the master view only.
OTHER_TABLES = "registry/customers/live/replacing.py"


def test_the_landscape_is_written_in_few_places() -> None:
    writers = {
        file.relative_to(ROOT).as_posix()
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if WRITES.search(file.read_text())
    }
    assert writers - {OTHER_TABLES} == WRITERS
