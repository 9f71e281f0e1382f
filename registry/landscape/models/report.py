"""What taking in a model did, or would do: counts, and what an architect may want to look at."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field


class Tally(Struct):
    """What became of one sort of objects.

    Args:
        kept: Known by its exchange id, and nothing changed.
        moved: Known by another name only: its authors gave it a new exchange id.
        changed: Known by its exchange id, and something changed.
        added: New.
        removed: No longer in the file.
        ambiguous: Its names lead to several objects; taken as new, and listed.
        retired: Removed, but ours hang on it, so it stays as a thing of its own.
    """

    kept: int = 0
    moved: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    ambiguous: int = 0
    retired: int = 0


class Listed(Struct, frozen=True):
    """One object that an architect may want to look at."""

    what: str  # moved, changed, added, removed, ambiguous, retired or conflict
    table: str
    name: str
    id: UUID
    fields: dict[str, list[Any]] = {}  # of a conflict: ours and the release's value


class Report(Struct, kw_only=True):
    """What taking in a model did, or would do."""

    model_id: UUID
    key: str
    release: str
    valid_from: datetime
    preview: bool
    change_set_id: UUID | None
    elements: Tally = field(default_factory=Tally)
    relationships: Tally = field(default_factory=Tally)
    views: Tally = field(default_factory=Tally)
    listed: list[Listed] = []
    work_items: int = 0
    rows_changed: int = 0
