"""`townclerk backup` and `townclerk restore`: one file, proven by counts and checksums."""

from pathlib import Path
from typing import Annotated

import typer

from registry.settings import settings
from registry.storage.backup import restore_backup, write_backup
from registry.storage.programs import client_programs
from registry.storage.running import database_url
from townclerk.cli.output import AsJson, print_json, say, say_next

File = Annotated[Path, typer.Argument(help="The backup file.")]


def backup(file: File, as_json: AsJson = False) -> None:  # an option
    """Write the whole database into one file, readable by this account alone."""
    with database_url(settings()) as url:
        proof = write_backup(url, file, bin_dir=client_programs(settings().postgres_bin))
    rows = sum(facts["rows"] for facts in proof.tables.values())
    if as_json:
        print_json({"file": file, "rows": rows, **proof.__dict__})
        return
    say(f"{rows} rows of {len(proof.tables)} tables are in {file}.")
    say_next(f"keep it on another machine; `townclerk restore {file}` proves and restores it")


def restore(file: File, as_json: AsJson = False) -> None:  # an option
    """Restore a backup into an empty database, and prove that every table is whole."""
    with database_url(settings()) as url:
        proof = restore_backup(url, file, bin_dir=client_programs(settings().postgres_bin))
    rows = sum(facts["rows"] for facts in proof.tables.values())
    if as_json:
        print_json({"file": file, "rows": rows, **proof.__dict__})
        return
    say(f"{rows} rows of {len(proof.tables)} tables are restored; counts and checksums agree.")
    say_next("`townclerk doctor`, then `townclerk up`")
