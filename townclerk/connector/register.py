"""What the register knows of an interface: its address, its document, and whom it trusts."""

from connectors.generate.making import Registered


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
    return Registered.of(urn, found.attrs, [element.urn for element in data_sets])
