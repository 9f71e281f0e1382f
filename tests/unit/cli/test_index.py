"""Every command is listed, is imported only when it runs, and speaks JSON."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from townclerk.cli.index import COMMANDS, ON_FILES, Later, command_line

HEAVY = (
    *("alembic", "duckdb", "fastapi", "graphene", "httpx", "numpy", "prefect", "psycopg"),
    *("pydantic", "sqlalchemy", "sqlmodel", "starlette", "strawberry", "uvicorn"),
)


def leaves() -> Iterator[tuple[str, Any]]:
    for name in COMMANDS:
        later = command_line().commands[name]
        assert isinstance(later, Later)
        yield from below(name, later.load())


def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a command, or those of a group, with their whole names."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from below(f"{name} {word}", one)


LEAVES = dict(leaves())


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_help_and_json(name: str) -> None:
    command = LEAVES[name]
    assert command.help
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options
    undescribed = [p.name for p in command.params if p.name != "help" and not p.help]
    assert not undescribed


def test_the_one_line_of_the_index_fits_and_ends() -> None:
    for name, (_, purpose) in COMMANDS.items():
        assert purpose.endswith("."), name
        assert len(purpose) <= 78, name


def test_help_needs_none_of_the_heavy_libraries() -> None:
    """A person who asks for help waits for the imports; so does the completion of a shell."""
    script = (
        "import sys; from townclerk.cli import run; assert run(['--help']) == 0; "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert all(name in done.stdout for name in COMMANDS)


def test_the_shell_completes_names_without_importing_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from townclerk.cli import main; main()"],
        env={
            "_TOWNCLERK_COMPLETE": "complete_bash",
            "COMP_WORDS": "townclerk l",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["landscape"]
    assert "registry.landscape" not in done.stderr


def test_a_check_of_a_file_loads_no_database_and_no_http_client(tmp_path: Path) -> None:
    """Build servers run it thousands of times; its start is most of its cost."""
    (tmp_path / "a.yaml").write_text("openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {}\n")
    unwanted = ("httpx", "numpy", "psycopg", "requests", "sqlalchemy", "sqlmodel", "strawberry")
    script = (
        "import sys; from townclerk.cli import run; "
        "run(['interfaces', 'check', 'a.yaml', '--fail-on', 'never']); "
        "assert 'openapi_spec_validator' in sys.modules; "
        f"print([name for name in {unwanted!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<model xmlns="http://www.opengroup.org/xsd/archimate/3.0/" identifier="id-town"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <name xml:lang="en">Town</name>
  <elements>
    <element identifier="id-a" xsi:type="ApplicationComponent">
      <name xml:lang="en">A</name>
    </element>
  </elements>
</model>
"""
FROM_FILES = (
    "landscape check town.xml",
    "landscape diff town.xml town.xml",
    "landscape gaps town.xml",
    "landscape export town.xml --out again.xml",
    "customers link people.csv --out pairs.csv",
)


def test_commands_on_files_load_neither_tables_nor_prefect(tmp_path: Path) -> None:
    (tmp_path / "town.xml").write_text(MODEL)
    people = "".join(f"{n},Jan,de Vries,198{n}-01-02\n" for n in range(4))
    (tmp_path / "people.csv").write_text(f"id,first_name,last_name,birth_date\n{people}")
    unwanted = ("sqlalchemy", "sqlmodel", "prefect", "psycopg_pool", "strawberry", "httpx")
    script = (
        "import sys; from townclerk.cli import run; "
        f"codes = [run(line.split()) for line in {FROM_FILES!r}]; "
        f"print(codes, [name for name in {unwanted!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[0, 0, 0, 0, 0] []"


@pytest.mark.parametrize("group", ON_FILES)
def test_a_command_on_files_is_the_same_by_itself_as_in_its_group(group: str) -> None:
    later = command_line().commands[group]
    assert isinstance(later, Later)
    for word in ON_FILES[group]:
        alone, among = later.load_with(word).commands[word], later.load().commands[word]
        assert alone.help == among.help
        assert [p.opts for p in alone.params] == [p.opts for p in among.params]
