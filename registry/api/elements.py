"""Elements as mutations answer with them: the types, and the object of a row that was changed."""

from typing import Any, Final

import msgspec

from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.places import global_id
from registry.api.reading.plain import shown
from registry.api.reading.rows import NOW, Row
from registry.api.reading.shapes import TYPES, Info
from registry.landscape.queries import ElementRow
from registry.storage.readable import Column, Value

System: Any = TYPES["System"]
Interface: Any = TYPES["Interface"]
DataSet: Any = TYPES["DataSet"]
ReferenceComponent: Any = TYPES["ReferenceComponent"]
Domain: Any = TYPES["Domain"]
Element: Any = TYPES["Element"]
Relationship: Any = TYPES["Relationship"]
_KINDS: Final = CATALOGUE.by_id_kind
_TYPES: Final[dict[Any, type]] = {Value.TEXT: str, Value.TRUTH: bool}

__all__ = [
    "DataSet",
    "Domain",
    "Element",
    "Info",
    "Interface",
    "ReferenceComponent",
    "Relationship",
    "System",
    "element",
]


def element(row: ElementRow) -> Any:
    """Return the GraphQL object of a row, of the type its kind asks for."""
    readable = _KINDS[row.kind]
    values = {**vars(row), "id": global_id(row.kind, row.id)}
    values["attributes"] = msgspec.json.encode(row.attrs).decode()
    for column in readable.fields:
        if isinstance(column, Column):
            value = row.attrs.get(column.name)
            values[column.name] = value if isinstance(value, _TYPES[column.kind]) else None
    return shown(Row(readable, values, {"id": row.id}, NOW))
