"""Lays XML out as coArchi does: every attribute on a line of its own, in a fixed order."""

import re
from typing import Any

from registry.landscape.exchange import archi
from registry.landscape.exchange.xml_in import XSI, XSI_TYPE, local

# The order in which coArchi writes attributes and children; whatever is not listed comes last.
_ATTRIBUTES = (
    XSI_TYPE,
    "key",
    "href",
    *("x", "y", "width", "height", "startX", "startY", "endX", "endY"),
    *("name", "id", "purpose", "version", "conceptType"),
    *("targetConnections", "font", "fontColor", "lineWidth", "lineColor", "textAlignment"),
    *("fillColor", "alpha", "documentation", "content", "textPosition", "borderType"),
    *("accessType", "strength", "directed", "connectionRouterType", "viewpoint", "background"),
    *("source", "target", "type", "value"),
)
_CHILDREN = (
    *("features", "sourceConnections", "bounds", "bendpoints", "children"),
    *("archimateRelationship", "archimateElement", "referencedModel"),
    *("properties", "profiles", "source", "target"),
)
_RANK = {name: place for place, name in enumerate(_ATTRIBUTES)}
_CHILD_RANK = {name: place for place, name in enumerate(_CHILDREN)}
_LAST = 1_000
_SPECIAL = re.compile('[&<"\n\r\t]')
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    '"': "&quot;",
    "\n": "&#xA;",
    "\r": "&#xD;",
    "\t": "&#x9;",
}


def laid_out(root: Any) -> bytes:
    """Return one object as the bytes of its file."""
    lines: list[str] = []
    typed = any(XSI_TYPE in xml.attrib for xml in root.iter())
    spaces = [("xmlns:xsi", XSI)] if typed else []
    _write(root, "", [*spaces, ("xmlns:archimate", archi.NAMESPACE)], lines)
    return ("\n".join(lines) + "\n").encode()


def _write(xml: Any, indent: str, spaces: list[tuple[str, str]], lines: list[str]) -> None:
    tag = archi.PREFIX + local(xml.tag) if xml.tag.startswith("{") else xml.tag
    lines.append(f"{indent}<{tag}")
    lines += [f'{indent}    {name}="{value}"' for name, value in [*spaces, *_ordered(xml)]]
    children = sorted(xml, key=lambda child: _CHILD_RANK.get(child.tag, _LAST))
    if not children and not xml.text:
        lines[-1] += "/>"
        return
    lines[-1] += ">" if children else f">{_escaped(xml.text or '', quotes=False)}</{tag}>"
    if children:
        for child in children:
            _write(child, indent + "  ", [], lines)
        lines.append(f"{indent}</{tag}>")


def _ordered(xml: Any) -> list[tuple[str, str]]:
    nested = XSI_TYPE in xml.attrib or xml.tag in {"children", "sourceConnections"}

    def rank(item: tuple[str, str]) -> float:
        name = item[0]
        if nested and name == "id":  # objects inside a view name their id first
            return _RANK["name"] - 0.5
        return _RANK.get(name, _LAST)

    return [
        ("xsi:type" if name == XSI_TYPE else name, _escaped(value))
        for name, value in sorted(xml.items(), key=rank)
    ]


def _escaped(text: str, *, quotes: bool = True) -> str:
    if not quotes:
        return text.replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)
