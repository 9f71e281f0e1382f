"""The catalogue of enterprise systems that Californian law asks of every local agency (SB 272).

Source:
    California Government Code, section 7922.680 and following (formerly 6270.5).
"""

from collections.abc import Mapping
from hashlib import blake2b

from msgspec import Struct

from registry.landscape.exchange.model import (
    Dialect,
    Element,
    Model,
    Property,
    Relationship,
    Text,
)
from registry.landscape.exchange.municipal import define, kind_of_element, kind_property
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.spellings import ROLES, plain
from registry.landscape.exchange.tables import Row, Table
from registry.landscape.metamodel import concept_of
from schemas.landscape_kinds import RelationshipKind

# What the law lists, our column title, and how agencies spell it.
_COLUMNS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "vendor": ("Vendor", ("vendor", "current system vendor", "system vendor")),
    "product": (
        "Product",
        ("product", "current system product", "system product", "system name", "system", "name"),
    ),
    "purpose": ("Purpose", ("purpose", "system purpose", "statement of purpose", "description")),
    "data": (
        "Data categories",
        (
            "data categories",
            "data",
            "data types",
            "categories of data",
            "type of data",
            "data description",
        ),
    ),
    "custodian": (
        "Custodian",
        ("custodian", "department", "primary custodian", "data custodian", "department custodian"),
    ),
    "collected": (
        "Collection frequency",
        (
            "collection frequency",
            "frequency of collection",
            "data collection frequency",
            "frequency collected",
        ),
    ),
    "updated": (
        "Update frequency",
        ("update frequency", "frequency of update", "data update frequency", "frequency updated"),
    ),
}
# Words that tell a column, where the whole title is not known; the first that fits is taken.
_SIGNS: Mapping[str, tuple[str, ...]] = {
    "collected": ("collect",),
    "updated": ("updat",),
    "custodian": ("custodian", "department", "agency", "steward"),
    "vendor": ("vendor", "manufacturer", "supplier"),
    "product": ("product", "enterprise system", "system name", "application", "software"),
    "purpose": ("purpose",),
    "data": ("categor", "type of data", "data type", "data elements", "data stored"),
}
TITLES = [title for title, _ in _COLUMNS.values()]
_AS_PROPERTIES = ("data", "collected", "updated")
SUPPLIES, KEEPS = "supplies", "is custodian of"


class SystemEntry(Struct, frozen=True, kw_only=True):
    """One system, as the law wants it told."""

    vendor: str
    product: str
    purpose: str = ""
    data: str = ""
    custodian: str = ""
    collected: str = ""
    updated: str = ""
    more: tuple[tuple[str, str], ...] = ()  # columns of the agency's own, by title


def is_inventory(table: Table) -> bool:
    """Tell whether a table lists what the law lists, and not more of what portfolios do.

    Vendor and product alone are in every portfolio; custodians and frequencies are not.
    """
    found = _columns_of(table)
    told = {"vendor", "product"} <= found.keys()
    lawful = len(found.keys() & {"custodian", "collected", "updated", "purpose"}) > 1
    return told and lawful and not {plain(c) for c in table.columns} & set(ROLES["kind"])


def _columns_of(table: Table) -> dict[str, str]:
    """Return the column for each thing the law lists, by known spellings, else by their words."""
    found: dict[str, str] = {}
    words = {column: plain(column) for column in table.columns}
    for key, (_, spellings) in _COLUMNS.items():
        for spelling in spellings:
            column = next((c for c, said in words.items() if said == spelling), None)
            if column is not None and column not in found.values():
                found[key] = column
                break
    for key, signs in _SIGNS.items():
        for column, said in words.items():
            if key not in found and column not in found.values() and any(s in said for s in signs):
                found[key] = column
    return found


def read_inventory(table: Table, *, file: str = "the inventory") -> list[SystemEntry]:
    """Read an inventory; columns are found by the spellings agencies use.

    Raises:
        ModelFileRefused: There is no column for vendor or product, or a row names no product.
    """
    found = _columns_of(table)
    for key in ("vendor", "product"):
        if key not in found:
            raise ModelFileRefused(f"it has no column for the {key}.", file=file, line=1)
    return [_entry(row, found, file) for row in table.rows]


def _entry(row: Row, found: Mapping[str, str], file: str) -> SystemEntry:
    said = {key: row[column].strip() for key, column in found.items()}
    if not said["product"]:
        raise ModelFileRefused("the row names no product.", file=file, line=row.line)
    known = set(found.values())
    more = tuple((c, v.strip()) for c, v in row.cells.items() if c not in known and v.strip())
    return SystemEntry(**said, more=more)


def inventory_table(entries: list[SystemEntry]) -> Table:
    """Return an inventory as the table to publish."""
    table = Table("SB 272 inventory", list(TITLES))
    for entry in entries:
        table.add(*(getattr(entry, key) for key in _COLUMNS))
    return table


def model_of_inventory(entries: list[SystemEntry]) -> Model:
    """Return systems with their suppliers and custodians as a model."""
    model = Model(id="inventory", dialect=Dialect.INVENTORY)
    for entry in entries:
        texts = [(key, getattr(entry, key)) for key in _AS_PROPERTIES]
        system = _element(model, "system", entry.product, entry.vendor, entry.custodian)
        system.documentation = (Text(entry.purpose),) if entry.purpose else ()
        system.properties += tuple(
            Property(define(model, _COLUMNS[key][0]), (Text(text),)) for key, text in texts if text
        )
        system.properties += tuple(
            Property(define(model, title), (Text(text),)) for title, text in entry.more
        )
        for kind, name, role in (
            ("supplier", entry.vendor, SUPPLIES),
            ("organisation", entry.custodian, KEEPS),
        ):
            if name:
                party = model.elements.get(_id(kind, name)) or _element(model, kind, name)
                key = _id(role, party.id, system.id)
                model.relationships[key] = Relationship(
                    id=key,
                    kind=RelationshipKind.ASSOCIATION,
                    source=party.id,
                    target=system.id,
                    names=(Text(role),),
                )
    return model


def _element(model: Model, kind: str, name: str, *distinct: str) -> Element:
    """Add an element; a product may come from two vendors, or be kept by two departments."""
    key, number = _id(kind, name, *distinct), 2
    while key in model.elements:
        key, number = _id(kind, name, *distinct, str(number)), number + 1
    element = Element(
        id=key,
        concept=concept_of(kind),
        names=(Text(name),),
        properties=kind_property(model, kind),
    )
    model.elements[key] = element
    return element


def inventory_of_model(model: Model) -> list[SystemEntry]:
    """Return the systems of a model as an inventory, in the model's order."""
    parties: dict[tuple[str, str], str] = {}
    for one in model.relationships.values():
        party = model.elements.get(one.source)
        if party is not None and one.name in {SUPPLIES, KEEPS}:
            parties.setdefault((one.target, one.name), party.name)
    entries = []
    for element in model.elements.values():
        if kind_of_element(model, element) == "system":
            said = {
                key: next(iter(model.values(element, _COLUMNS[key][0])), "")
                for key in _AS_PROPERTIES
            }
            entries.append(
                SystemEntry(
                    vendor=parties.get((element.id, SUPPLIES), ""),
                    product=element.name,
                    purpose=element.documentation[0].text if element.documentation else "",
                    custodian=parties.get((element.id, KEEPS), ""),
                    data=said["data"],
                    collected=said["collected"],
                    updated=said["updated"],
                )
            )
    return entries


def _id(*parts: str) -> str:
    return "id-" + blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
