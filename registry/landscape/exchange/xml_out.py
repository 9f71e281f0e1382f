"""Writes XML as text: escaping, attributes, and unknown parts put back where they stood."""

import re
from collections.abc import Iterable, Sequence

from registry.landscape.exchange.model import Dialect, Residue, Text
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.xml_in import XML_LANG, XSI

# Line ends and tabs are escaped in attributes, where a reader would turn them into blanks.
_SPECIAL = re.compile('[&<>"\t\n\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_PLAIN_IN_TEXT = frozenset('"\t\n')
_PREFIXES = {XSI: "xsi", XML_LANG[1:].partition("}")[0]: "xml"}


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character not in _ESCAPES:
        raise ModelFileRefused(
            f"a text holds the character U+{ord(character):04X}, which XML cannot carry.",
            file="the model",
            remedy="Remove the invisible character from the text.",
        )
    return _ESCAPES[character]


def quoted(value: str) -> str:
    """Return a value as it stands in an attribute, quotation marks included."""
    return f'"{_SPECIAL.sub(_escape, value)}"'


def content(text: str) -> str:
    """Return a text as it stands between tags."""
    return _SPECIAL.sub(
        lambda found: found[0] if found[0] in _PLAIN_IN_TEXT else _escape(found), text
    )


def attribute(name: str, value: str | int | None) -> str:
    """Return one attribute with a blank before it, or nothing for None."""
    if value is None:
        return ""
    if name[0] != "{":
        return f" {name}={quoted(str(value))}"
    namespace, _, plain = name[1:].partition("}")
    if prefix := _PREFIXES.get(namespace):
        return f" {prefix}:{plain}={quoted(str(value))}"
    return f" xmlns:q={quoted(namespace)} q:{plain}={quoted(str(value))}"


def attributes(
    known: Iterable[tuple[str, str | int | None]], residue: Residue | None, dialect: Dialect
) -> str:
    """Return all attributes of an object; those of its own dialect's residue win."""
    merged = dict(known)
    if residue is not None and residue.dialect is dialect:
        merged.update({k: v for k, v in residue.attributes if "@" not in k})
    return "".join(attribute(name, value) for name, value in merged.items())


def leaf(indent: str, tag: str, texts: Iterable[Text]) -> list[str]:
    """Return one XML element per text, with its language."""
    return [
        f"{indent}<{tag}{attribute(XML_LANG, t.language)}>{content(t.text)}</{tag}>" for t in texts
    ]


def complete(
    parts: list[str], indent: str, residue: Residue | None, dialect: Dialect
) -> Sequence[str]:
    """Put an object's unknown XML back among its known parts.

    Args:
        parts: The known children as text, each beginning with its indented start tag.
        indent: The blanks before each of them.
        residue: What the object's file said beyond our fields.
        dialect: The dialect being written; a residue of another one is left out.
    """
    if residue is None or residue.dialect is not dialect:
        return parts
    for tag, xml in residue.verbatim:
        place = next((i for i, part in enumerate(parts) if _tag(part) == tag), len(parts))
        parts = [part for part in parts if _tag(part) != tag]
        parts.insert(place, indent + xml)
    after: dict[str, int] = {}
    for previous, xml in residue.children:
        if "/" in previous:
            continue
        places = [i for i, part in enumerate(parts) if _tag(part) == previous]
        place = (places[-1] + 1 if places else 0) + after.get(previous, 0)
        parts.insert(place, indent + xml)
        after[previous] = after.get(previous, 0) + 1
    return parts


def members(residue: Residue | None, container: str, dialect: Dialect) -> list[str]:
    """Return unknown XML that stood in one of a model's lists, besides the list's members."""
    if residue is None or residue.dialect is not dialect:
        return []
    return [xml for previous, xml in residue.children if previous == f"{container}/"]


def list_attributes(residue: Residue | None, container: str, dialect: Dialect) -> str:
    """Return unknown attributes that stood on one of a model's lists."""
    if residue is None or residue.dialect is not dialect:
        return ""
    return "".join(
        attribute(name.partition("@")[2], value)
        for name, value in residue.attributes
        if name.startswith(f"{container}@")
    )


def _tag(part: str) -> str:
    start = part.lstrip()
    return re.split(r"[\s/>]", start[1:], maxsplit=1)[0] if start[:1] == "<" else ""
