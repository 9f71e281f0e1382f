"""Open the source of a connector file that nothing has been registered for yet."""

from pathlib import Path

from connectors.sdk.load import load_connector_file
from connectors.sdk.source import Source
from connectors.sdk.spec import ConnectorFile
from connectors.sdk.strict import nearest
from schemas.errors import InvalidInput, UnknownName
from townclerk.cli.files import read_text

FILE_BYTES_MAX = 1024 * 1024
"""A connector file has tens of lines."""


class AddressMissing(InvalidInput):
    """Nothing says where the source of a connector file is."""

    code = "address_missing"
    remedy = "Give `--address URL`, or write `address:` into the connector file."


def read_connector(file: Path) -> ConnectorFile:
    """Read and check a connector file.

    Raises:
        InvalidConnectorFile: With file, line and reason of each fault.
        UnreadableFile: It cannot be read.
    """
    return load_connector_file(read_text(file, bytes_max=FILE_BYTES_MAX), name=file.name)


def source_of(
    spec: ConnectorFile, address: str | None, *, internal: bool, sandbox: bool, undecoded: bool
) -> Source:
    """Return the source of a connector file.

    Args:
        spec: The file.
        address: Address of the interface; the file's own where this is None, else the register's.
        internal: Private addresses are allowed.
        sandbox: Addresses of this machine are allowed, too.
        undecoded: Records are wanted as bytes where nothing has to look into them.

    Raises:
        AddressMissing: Neither names an address, and the interface is not registered either.
    """
    found = address or spec.address
    if found is None and spec.interface is not None:
        from townclerk.connector.register import find_registered

        registered = find_registered(spec.interface)
        found = registered.address
        internal, sandbox = registered.internal, registered.sandbox
    if not found:
        raise AddressMissing(f"Nothing says where the source of `{spec.connector}` is.")
    return Source(
        key=spec.connector,
        base_url=found,
        spec=spec,
        internal=internal or sandbox,
        loopback=sandbox,
        undecoded=undecoded,
    )


def chosen_streams(spec: ConnectorFile, names: list[str] | None) -> list[str]:
    """Return the streams that were asked for, all of them by default.

    Raises:
        UnknownName: The file has no such stream.
    """
    for name in names or ():
        if name not in spec.streams:
            raise UnknownName(
                f"{spec.connector} has no stream `{name}`; {nearest(name, spec.streams)}",
                remedy="Use a name under `streams:` of the connector file.",
            )
    return list(dict.fromkeys(names or spec.streams))
