"""Rows of a spreadsheet as changes: known URNs are brought up to date, new ones added.

An empty cell leaves what is there. Columns are recognised in English and Dutch as in plain tables;
all others are attributes. A table with source and target relates elements.
"""

from collections.abc import Mapping, Sequence

import msgspec

from registry.landscape.changes.plan import ChangeDraft, ChangesRefused
from registry.landscape.exchange.tables import Row, Table

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "urn": ("urn", "id", "identifier"),
    "kind": ("kind", "type", "soort"),
    "name": ("name", "naam"),
    "description": ("description", "documentation", "omschrijving", "definitie", "definition"),
    "source": ("source", "from", "van"),
    "target": ("target", "to", "naar"),
}


def drafts_of(table: Table) -> list[ChangeDraft]:
    """Turn the rows of a table into changes; planning them tells what is wrong with which row.

    Args:
        table: With a column urn, or with source, target and kind.

    Raises:
        ChangesRefused: The table has neither.
    """
    roles = _roles(table.columns)
    relates = {"source", "target", "kind"} <= roles.keys()
    if not relates and "urn" not in roles:
        raise ChangesRefused(
            f"The table {table.name} has no column urn, and not source, target and kind either.",
            remedy=f"It has: {', '.join(table.columns)}. Name one of them urn.",
        )
    named = set(roles.values())
    others = [column for column in table.columns if column not in named]
    return [_draft(row, roles, others, relates=relates) for row in table.rows]


def drafts_of_rows(rows: Sequence[object]) -> list[ChangeDraft]:
    """Turn rows given as objects into changes; their values keep their types.

    Args:
        rows: With a member urn each, or with source, target and kind.

    Raises:
        ChangesRefused: A row is no object, or a value has a shape it cannot have; all are told.
    """
    drafts, faults = [], []
    for number, row in enumerate(rows, 1):
        try:
            drafts.append(_draft_of_object(row, number))
        except msgspec.ValidationError as error:
            faults.append({"line": number, "what": str(error)})
    if faults:
        raise ChangesRefused(
            f"Row {faults[0]['line']}: {faults[0]['what']}; {len(faults)} rows are wrong.",
            faults=faults,
        )
    return drafts


def _draft_of_object(row: object, number: int) -> ChangeDraft:
    if not isinstance(row, dict):
        raise msgspec.ValidationError("a row is an object")
    roles = _roles([str(name) for name in row])
    said = {role: row[column] for role, column in roles.items()}
    given = {role: value for role, value in said.items() if value is not None and value != ""}
    named = set(roles.values())
    relates = {"source", "target", "kind"} <= roles.keys()
    draft = {
        **given,
        "action": "relate" if relates else "upsert",
        "attrs": {name: value for name, value in row.items() if name not in named},
        "line": number,
    }
    return msgspec.convert(draft, ChangeDraft)


def _roles(columns: list[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for role, spellings in SPELLINGS.items():
        for column in columns:
            if column.lower() in spellings:
                roles.setdefault(role, column)
    return roles


def _draft(row: Row, roles: dict[str, str], others: list[str], *, relates: bool) -> ChangeDraft:
    given = {role: row[column].strip() or None for role, column in roles.items()}
    attrs = {column: row[column] for column in others if row[column].strip()}
    return ChangeDraft(
        action="relate" if relates else "upsert",
        urn=given.get("urn"),
        kind=given.get("kind"),
        name=given.get("name"),
        description=given.get("description"),
        source=given.get("source"),
        target=given.get("target"),
        attrs=attrs,
        line=row.line,
    )
