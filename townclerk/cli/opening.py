"""What nearly every command needs first: settings, logs on standard error, the open database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from registry.settings import Settings, settings
from townclerk.logs import set_up_logs

if TYPE_CHECKING:
    import psycopg


def quiet_logs(chosen: Settings) -> None:
    """Log warnings only, because the command itself says what it did; unless asked for more."""
    if "log_level" not in chosen.model_fields_set:
        chosen = chosen.model_copy(update={"log_level": "warning"})
    set_up_logs(chosen)


@contextmanager
def opened_town() -> Iterator[Settings]:
    """Open the database of this installation, brought up to date, for one command.

    Raises:
        Misconfigured: A setting or the data directory is not as it must be.
        DatabaseUnreachable: The server named by DATABASE_URL does not answer.
    """
    # Migrations take a third of a second to import, which commands on files need not wait for.
    from registry.storage.running import running_database

    chosen = settings()
    quiet_logs(chosen)
    with running_database(chosen):
        yield chosen


@contextmanager
def unit_of_work() -> Iterator["psycopg.Connection"]:
    """Open one transaction on the open database; commands on files never import its driver.

    Raises:
        DatabaseUnreachable: No connection can be had, or it broke on the way.
    """
    from registry.storage import database

    with database.unit_of_work() as db:
        yield db
