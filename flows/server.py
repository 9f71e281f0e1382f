"""The Prefect server inside our own web server: its records, its application, its lifespan.

Everything here was measured in docs/decisions/0006: importing the server costs three seconds of
CPU, and its migrations five through its own asynchronous driver but two through the plain one.
"""

import os
import secrets
import sqlite3
import threading
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import FileResponse, JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.runtime import API_PATH
from registry.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

# Prefect would ask another host for these pages of its user interface.
VIEWS_PATH: Final = f"{API_PATH}/collections/views/"
SQLITE_PREFIX: Final = "sqlite+aiosqlite:///"
_one_at_a_time = threading.Lock()


def prepare(settings: Settings) -> None:
    """Do what takes long before the server can start: import it, make its records.

    Safe to call from a thread of its own while other things start, and to call again. Where the
    operator runs a Prefect server, there is nothing to do.

    Args:
        settings: Given to `flows.runtime.use_prefect` before, in this process.
    """
    if settings.prefect_api_url is not None:
        return
    with _one_at_a_time:
        import prefect.server.api.server  # noqa: F401  # importing is the work

        from flows.prefect_records import let_runs_be_planned, let_writers_take_turns

        make_records(os.environ)
        let_writers_take_turns()
        let_runs_be_planned()


def make_records(environment: Mapping[str, str]) -> bool:
    """Make Prefect's database with Prefect's own migrations, if there is none yet.

    The server would do this by itself at its first start, three seconds slower. The file appears
    whole or not at all, and never replaces one that exists.

    Args:
        environment: Holds PREFECT_SERVER_DATABASE_CONNECTION_URL.

    Returns:
        Whether the database was made now.
    """
    url = environment.get("PREFECT_SERVER_DATABASE_CONNECTION_URL", "")
    if not url.startswith(SQLITE_PREFIX) or ":memory:" in url:
        return False
    file = Path(url.removeprefix(SQLITE_PREFIX))
    if file.exists():
        return False
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _migrate(unfinished)
        with suppress(FileExistsError):
            os.link(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def prefect_app() -> "FastAPI":
    """Return a fresh Prefect server: API under /prefect/api, pages under /prefect.

    Returns:
        A FastAPI application; enter `app.router.lifespan_context(app)` before its first request.
    """
    from prefect.server.api.server import create_app

    # A cached application would start without its services the second time.
    return create_app(ignore_cache=True)


class PrefectDoor:
    """Lets requests through to the Prefect server with the paths it expects.

    Args:
        app: The Prefect server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if path.startswith(VIEWS_PATH):
            await _view(path.removeprefix(VIEWS_PATH))(scope, receive, send)
            return
        # Prefect's settings hold the whole path already; a mount would add its own once more.
        await self._app({**scope, "root_path": ""}, receive, send)


def _view(name: str) -> ASGIApp:
    """Serve a list that Prefect brings along, and never one from another host."""
    from prefect.server.api import collections

    if name in collections.KNOWN_VIEWS:
        folder = Path(collections.__file__).parent / "collections_data" / "views"
        file = folder / f"{name}.json"
        if file.is_file():
            return FileResponse(file, media_type="application/json")
    return JSONResponse({"detail": "This list is not part of the installation."}, 404)


def _migrate(file: Path) -> None:
    """Run Prefect's migration scripts on a file, through the standard library's driver."""
    import sqlalchemy
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from prefect.server.database import provide_database_interface
    from prefect.server.database.alembic_commands import ALEMBIC_LOCK, alembic_config

    interface = provide_database_interface()
    config = alembic_config()
    scripts = ScriptDirectory.from_config(config)
    scripts.version_locations = [str(interface.orm.versions_dir)]

    def to_head(revision: Any, _: Any) -> Any:
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001  # as alembic's own command does

    environment = EnvironmentContext(config, scripts, fn=to_head)
    engine = sqlalchemy.create_engine(
        "sqlite://", creator=lambda: _open_fast(file), poolclass=sqlalchemy.NullPool
    )
    with ALEMBIC_LOCK, warnings.catch_warnings(), engine.connect() as connection, environment:
        warnings.simplefilter("ignore")  # about indexes that SQLAlchemy cannot describe
        environment.configure(
            connection=connection,
            target_metadata=interface.Base.metadata,
            render_as_batch=True,  # SQLite changes a table by copying it
            transaction_per_migration=True,
            template_args={"dialect": "sqlite"},
        )
        with environment.begin_transaction():
            environment.run_migrations()


def _open_fast(file: Path) -> sqlite3.Connection:
    """Open a file nobody else knows yet: nothing can be lost that cannot be made again."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", "journal_mode = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
