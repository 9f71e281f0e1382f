"""Plays a database for the conformance kit, as an SQLite file."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from connectors.sdk.auth import BasicAuth
from connectors.sdk.conformance.rigs import Played, Rig, Show, person
from connectors.sdk.spec import ConnectorFile
from connectors.sql import SqlConnector, SqlStream


class SqlRig(Rig):
    """Plays one SELECT; its statement is replaced by one of a table that has what it maps."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, SqlStream)  # the kind was looked up by the file's own word
        self._stream = found
        super().__init__(connector=SqlConnector, spec=spec, stream=stream)

    @contextmanager
    def play(self, show: Show) -> Iterator[Played]:
        """Fill a table, for as long as the block lasts."""
        with tempfile.TemporaryDirectory(prefix="townclerk-") as place:
            path = Path(place) / "played.db"
            people = [
                {self._stream.keyset: f"{number:06d}", **person(self._stream, number)}
                for number in show.numbers()
            ]
            names = sorted(people[0])
            columns = ", ".join(f'"{name}"' for name in names)
            marks = ", ".join("?" for _ in names)
            with closing(sqlite3.connect(path)) as database, database:
                database.execute(f"CREATE TABLE played ({columns})")
                database.executemany(
                    f"INSERT INTO played VALUES ({marks})",
                    [[one[name] for name in names] for one in people],
                )
            select = f"SELECT {columns} FROM played"
            source = self.source(f"sqlite:///{path}", select=select, size=show.size)
            if isinstance(source.spec.auth, BasicAuth):
                source.secret(source.spec.auth.secret)  # as a real database would want it
            yield Played(source=source)
