"""A connector in Python to begin with, for sources that no connector file can describe."""

MODULE = '''"""Read {name}: one async generator; what it yields is landed and matched for you."""

from collections.abc import AsyncGenerator
from typing import ClassVar

import msgspec

from townclerk.connect import Cursor, Page, Source, SourceRecord, StreamSpec


class {class_name}:
    """Reads {name}, page by page.

    Make it known in your package's pyproject.toml:

        [project.entry-points."townclerk.connectors"]
        {name} = "{module}:{class_name}"
    """

    kind: ClassVar[str] = "{name}"
    stream_type: ClassVar[type[StreamSpec]] = StreamSpec
    auth_types: ClassVar[frozenset[str]] = frozenset({{"none"}})

    def __init__(self, source: Source) -> None:
        self._source = source

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from where the cursor stands.

        Yield a page with the cursor that stands behind it; reading again from there must give
        what follows, no more and no less. Say `last=True` only where the source itself said so.
        Raise RetryLater, GiveUp or, for one record, RejectRecord.
        """
        start = int(cursor.position) if cursor and cursor.position else 0
        rows = [{{"id": number, "name": f"Name {{number}}"}} for number in range(start, 3)]
        records = [SourceRecord(msgspec.json.encode(row), row) for row in rows]
        yield Page(records=records, cursor=Cursor(position="3"), last=True)

    async def close(self) -> None:
        """Let go of connections and files."""
'''

FILE = """connector: {name}
kind: {name}
address: https://{name}.example
streams:
  records:
    key: id
    map: {{kind: "'person'", family_name: name}}
"""


def python_connector(name: str) -> dict[str, str]:
    """Return the files of a connector in Python by their names.

    Args:
        name: Key of the connector, which becomes its kind.
    """
    module = name.replace("-", "_")
    words = {
        "name": name,
        "module": module,
        "class_name": "".join(part.capitalize() for part in name.split("-")),
    }
    return {f"{module}.py": MODULE.format(**words), f"{name}.yaml": FILE.format(**words)}
