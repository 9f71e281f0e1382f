"""The promise every connector keeps, and how connectors are found by their kind.

Our own kinds are found the same way as anybody's: entry points of the group
`townclerk.connectors`, name = kind.
"""

from collections.abc import AsyncGenerator
from functools import cache
from importlib.metadata import entry_points
from typing import ClassVar, Protocol

from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import nearest
from schemas.errors import Misconfigured, UnknownName
from schemas.records import Cursor, Page

ENTRY_POINT_GROUP = "townclerk.connectors"


class ConnectorBroken(Misconfigured):
    """An installed connector cannot be loaded."""

    code = "connector_broken"
    remedy = "Reinstall or remove the package that brings this kind of connector."


class Connector(Protocol):
    """Reads the streams of one source, page by page.

    Attributes:
        kind: The word after `kind:` in a connector file.
        stream_type: Model of one stream's options.
        auth_types: The ways to sign in that it knows, by their `type`.
    """

    kind: ClassVar[str]
    stream_type: ClassVar[type[StreamSpec]]
    auth_types: ClassVar[frozenset[str]]

    def __init__(self, source: Source) -> None:
        """Take note of the source; nothing is contacted before the first read."""

    def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from where the cursor stands.

        Each page's cursor is exact: reading again from it gives what follows, no more and no
        less. `page.last` is set only where the source itself said that this was all.

        Raises:
            RetryLater: Busy or out of reach; go on later from the last page's cursor.
            GiveUp: A person has to look.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and files."""


@cache
def connector_kinds() -> tuple[str, ...]:
    """Return the kinds that are installed, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=ENTRY_POINT_GROUP)}))


@cache
def find_connector(kind: str) -> type[Connector]:
    """Return the connector class of a kind.

    Raises:
        UnknownName: Nothing of that kind is installed.
        ConnectorBroken: It is installed but does not load.
    """
    points = {point.value: point for point in entry_points(group=ENTRY_POINT_GROUP, name=kind)}
    if len(points) > 1:
        raise ConnectorBroken(
            f"Several packages bring a connector of kind `{kind}`: {', '.join(sorted(points))}.",
            kind=kind,
        )
    for point in points.values():
        try:
            found: type[Connector] = point.load()
        except (ImportError, AttributeError, SyntaxError) as error:
            raise ConnectorBroken(
                f"The connector kind `{kind}` ({point.value}) cannot be loaded: {error}.",
                kind=kind,
            ) from error
        return found
    raise UnknownName(
        f"No connector of kind `{kind}` is installed; {nearest(kind, connector_kinds())}",
        remedy="Correct `kind:` in the connector file, or install the package that brings it.",
        kind=kind,
    )
