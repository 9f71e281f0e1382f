"""`townclerk backup` and `townclerk restore`: one file, proven by counts and checksums."""

from pathlib import Path
from typing import Annotated

import typer

from registry.settings import settings
from registry.storage.archive import Proof
from registry.storage.backup import restore_backup, write_backup
from registry.storage.programs import client_programs
from registry.storage.running import database_url
from townclerk.cli.opening import quiet_logs
from townclerk.cli.output import AsJson, many, print_json, say, say_next

File = Annotated[Path, typer.Argument(help="The backup file.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace the file if it exists; else it is kept.")
]


def backup(file: File, replace: Replace = False, as_json: AsJson = False) -> None:
    """Write the whole database into one file, readable by this account alone."""
    chosen = settings()
    quiet_logs(chosen)
    with database_url(chosen) as url:
        proof = write_backup(
            url, file, bin_dir=client_programs(chosen.postgres_bin), replace=replace
        )
    if as_json:
        print_json(_report(file, proof))
        return
    say(f"{many(proof.rows, 'row')} of {many(len(proof.tables), 'table')} are in {file}.")
    say_next(f"keep it on another machine; `townclerk restore {file}` proves and restores it")


def restore(file: File, as_json: AsJson = False) -> None:
    """Restore a backup into an empty database, and prove that every table is whole."""
    chosen = settings()
    quiet_logs(chosen)
    with database_url(chosen) as url:
        proof = restore_backup(url, file, bin_dir=client_programs(chosen.postgres_bin))
    if as_json:
        print_json(_report(file, proof))
        return
    say(
        f"{many(proof.rows, 'row')} of {many(len(proof.tables), 'table')} are restored;"
        " counts and checksums agree."
    )
    say_next("`townclerk doctor`, then `townclerk up`")


def _report(file: Path, proof: Proof) -> dict[str, object]:
    return {"file": file, "rows": proof.rows, **proof.__dict__}
