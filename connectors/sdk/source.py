"""One source as a connector sees it: an address, a connector file and a way to its secrets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import SecretStr

from connectors.sdk.secrets import resolve_secret
from connectors.sdk.spec import ConnectorFile, StreamSpec
from connectors.sdk.strict import nearest
from schemas.errors import UnknownName

Stream = TypeVar("Stream", bound=StreamSpec)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a connector needs to know; built from the register, not from the file alone.

    Attributes:
        key: Short name of the source.
        base_url: Address of the registered interface; nothing else is ever contacted.
        spec: The connector file.
        internal: The interface is registered as internal, so private addresses are allowed.
        loopback: Loopback addresses are allowed; only the sandbox city sets it.
        secret: Turns a reference into the secret.
        undecoded: Whoever reads wants records as bytes where nothing has to look into them, and
            decodes those that changed himself.
        known_pages: The note of each answer that may be passed on uncut, by its digest; None where
            nobody keeps any (connectors/sdk/known_pages.py).
        transport: Replaces the network below the HTTP client; for tests and faster transports.
    """

    key: str
    base_url: str
    spec: ConnectorFile
    internal: bool = False
    loopback: bool = False
    undecoded: bool = False
    known_pages: Mapping[bytes, bytes] | None = field(default=None, repr=False)
    secret: Callable[[str], SecretStr] = field(default=resolve_secret, repr=False)
    transport: Any = field(default=None, repr=False, compare=False)

    def stream(self, name: str, kind: type[Stream]) -> Stream:
        """Return one stream's specification.

        Raises:
            UnknownName: The connector file has no such stream.
        """
        found = self.spec.streams.get(name)
        if isinstance(found, kind):
            return found
        raise UnknownName(
            f"{self.key} has no stream `{name}`; {nearest(name, self.spec.streams)}",
            remedy="Use a name under `streams:` of the connector file.",
        )
