"""Data is JSON or a table on standard output; nothing in it can draw on the terminal."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import pytest

from schemas.errors import PortInUse
from townclerk.cli.output import print_error, print_json, print_table, say


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    at: datetime
    colour: Colour
    note: str | None


ROW = Row(UUID(int=7), datetime(2026, 11, 21, 12, 30, 1, 5, tzinfo=UTC), Colour.RED, None)


def test_rows_become_json_that_every_program_reads(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"rows": [ROW]})
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row == {
        "id": "00000000-0000-0000-0000-000000000007",
        "at": "2026-11-21T12:30:01.000005+00:00",
        "colour": "red",
        "note": None,
    }


def test_a_table_shows_markup_and_control_characters_as_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table("T", ("name", "at"), [("[red]x[/red]\x1b[2J\n", ROW.at)])
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "\x1b" not in out
    assert "\\x1b[2J\\n" in out
    assert "2026-11-21 12:30:01" in out


def test_what_is_said_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("[bold]as it is[/bold]")
    print_error(PortInUse("Port 80 is taken."), as_json=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert "[bold]as it is[/bold]" in said.err
    assert "Error (port_in_use): Port 80 is taken." in said.err
    assert "How to fix:" in said.err
