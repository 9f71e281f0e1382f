"""Elements as mutations answer with them: the types, and the object of a row that was changed."""

from typing import Any, Final

from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.plain import changed, shown
from registry.api.reading.shapes import TYPES, Info
from registry.landscape.queries import ElementRow

System: Any = TYPES["System"]
Interface: Any = TYPES["Interface"]
DataSet: Any = TYPES["DataSet"]
ReferenceComponent: Any = TYPES["ReferenceComponent"]
Domain: Any = TYPES["Domain"]
Element: Any = TYPES["Element"]
Relationship: Any = TYPES["Relationship"]
_KINDS: Final = CATALOGUE.by_id_kind

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
    return shown(changed(_KINDS[row.kind], row.id, row))
