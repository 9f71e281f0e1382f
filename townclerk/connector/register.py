"""What the register knows of an interface: its address, its document, and whom it trusts."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Registered:
    """What the register says about an interface.

    Attributes:
        urn: Its URN.
        address: Its address.
        document: Where its document is: an address, or a path on the same server; None without.
        protocol: As registered; GraphQL interfaces can be asked for their schema themselves.
        data_sets: URNs of the data sets it gives access to.
        internal: Private addresses are allowed.
        sandbox: Addresses of this machine are allowed.
    """

    urn: str
    address: str
    document: str | None = None
    protocol: str = ""
    data_sets: tuple[str, ...] = ()
    internal: bool = False
    sandbox: bool = False


def find_registered(urn: str) -> Registered:
    """Return what the register knows of an interface.

    Raises:
        UnknownName: No interface is registered under the URN.
    """
    from registry import landscape
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        found = landscape.queries.find_element(db, urn)
        ties = landscape.queries.relationships_of(db, [found.id], end="source")
        reached = [tie.target_id for tie in ties if tie.kind == "access"]
        data_sets = landscape.queries.elements_by_id(db, reached) if reached else []
    attrs: dict[str, Any] = found.attrs
    return Registered(
        urn=urn,
        address=str(attrs.get("base_url", "")),
        document=attrs.get("document"),
        protocol=str(attrs.get("protocol", "")),
        data_sets=tuple(sorted(element.urn for element in data_sets)),
        internal=bool(attrs.get("internal", False)),
        sandbox=bool(attrs.get("sandbox", False)),
    )
