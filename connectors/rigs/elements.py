"""Write plain values as XML elements, for the rigs of kinds that read XML."""

from collections.abc import Mapping
from typing import Any

from lxml import etree


def write_elements(parent: etree._Element, value: Mapping[str, Any], space: str) -> None:
    """Write an object's fields below an element, in a namespace."""
    for name, inner in value.items():
        child = etree.SubElement(parent, f"{{{space}}}{name}")
        if isinstance(inner, Mapping):
            write_elements(child, inner, space)
        else:
            child.text = str(inner)
