"""Turn XML into plain values, safely: no entities, no network, bounded depth and size.

An element with neither attributes nor children is its text. Any other is an object of its
children and attributes by their local names; its own text stands under `text`. What stands
several times, or is named as a list, is a list.
"""

from collections.abc import Collection
from typing import Any

from lxml import etree

from connectors.sdk.retries import Hiccup
from schemas.errors import GiveUp

XML_DEPTH_MAX = 64
"""Real documents nest about twelve deep."""

TEXT = "text"
"""Where an element's own text stands, if it has attributes or children as well."""

XML_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def safe_parser() -> etree.XMLParser:
    """Return a parser that fetches nothing, expands nothing and refuses giants."""
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def parse_xml(body: bytes) -> etree._Element:
    """Parse a document.

    Raises:
        GiveUp: It is no XML, or declares a document type, which data never needs.
        Hiccup: It ends in the middle.
    """
    try:
        top = etree.fromstring(body, safe_parser())
    except etree.XMLSyntaxError as error:
        if getattr(
            error, "code", None
        ) == etree.ErrorTypes.ERR_TAG_NOT_FINISHED or not body.rstrip().endswith(b">"):
            raise Hiccup("its XML ends in the middle") from None
        raise GiveUp("The source's answer is not XML, or damaged XML.") from None
    except ValueError:
        raise GiveUp("The source's answer is not XML, or damaged XML.") from None
    if top.getroottree().docinfo.internalDTD is not None:
        raise GiveUp("The source's XML declares a document type; we take none.")
    return top


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(element).localname


def plain_value(
    element: etree._Element, lists: Collection[str] = (), depth: int = XML_DEPTH_MAX
) -> Any:
    """Return an element as plain values.

    Args:
        element: The element.
        lists: Names that are lists also where they stand once.
        depth: How many levels are still taken.

    Raises:
        GiveUp: It nests deeper than we take.
    """
    if depth == 0:
        raise GiveUp(f"The source's XML nests deeper than {XML_DEPTH_MAX}.")
    if element.get(XML_NIL) in ("true", "1"):
        return None
    found: dict[str, Any] = {}
    for name, value in element.attrib.items():
        add_value(found, etree.QName(str(name)).localname, str(value))
    for child in element.iterchildren(etree.Element):
        add_value(found, local_name(child), plain_value(child, lists, depth - 1), lists)
    text = (element.text or "").strip()
    if not found:
        return text or None
    if text:
        add_value(found, TEXT, text)
    return found


def add_value(found: dict[str, Any], name: str, value: Any, lists: Collection[str] = ()) -> None:
    """Add a value to an object; a second one under the same name makes a list."""
    if name not in found:
        found[name] = [value] if name in lists else value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]
