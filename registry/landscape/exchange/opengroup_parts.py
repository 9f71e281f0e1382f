"""Reads the small parts of exchange XML: words, properties, styles, points, leftovers."""

from sys import intern
from typing import Any

from registry.landscape.exchange.model import Colour, Font, Property, Style, Text
from registry.landscape.exchange.opengroup import Words
from registry.landscape.exchange.xml_in import Leftovers, local, plain_text, raw, whole

_COLOUR = frozenset("rgb")
_COLOUR_ALPHA = frozenset("rgba")


class Parts:
    """What the children of one XML element say, sorted by what they mean."""

    __slots__ = ("documentation", "left", "names", "others", "properties")

    def __init__(self) -> None:
        self.names: tuple[Text, ...] = ()
        self.documentation: tuple[Text, ...] = ()
        self.properties: tuple[Property, ...] = ()
        self.left = Leftovers()
        self.others: list[tuple[str, Any]] = []


class PartsReader:
    """Reads parts; remembers colours and styles, of which a model has few that recur often."""

    def __init__(self, words: Words) -> None:
        self._prefix = f"{{{words.namespace}}}"
        self._definition_ref = words.definition_ref
        self._colours: dict[tuple[tuple[str, str], ...], Colour | None] = {}
        self._styles: dict[Style, Style] = {}

    def parts(self, element: Any, name_tag: str, others: frozenset[str]) -> Parts:
        """Sort the children of an element; those called `others` are left to the caller.

        Args:
            element: The XML element.
            name_tag: What the format calls a name here: name or label.
            others: Further children this sort of object has, without namespace.
        """
        parts, prefix, previous = Parts(), self._prefix, ""
        names: list[Text] = []
        words: list[Text] = []
        odd: set[str] = set()
        for child in element:
            tag = child.tag
            if not tag.startswith(prefix):
                parts.left.keep(previous, child)
                continue
            tag = tag[len(prefix) :]
            if tag in {name_tag, "documentation"}:
                text = plain_text(child)
                if text is None:
                    odd.add(tag)
                    text = Text("".join(child.itertext()))
                (names if tag == name_tag else words).append(text)
            elif tag == "properties":
                parts.properties += self._properties(child, odd)
            elif tag in others:
                parts.others.append((tag, child))
            else:
                parts.left.keep(previous, child)
                continue
            previous = tag
        parts.names, parts.documentation = tuple(names), tuple(words)
        for tag in sorted(odd):
            self.keep(parts, element, tag)
        return parts

    def keep(self, parts: Parts, element: Any, tag: str) -> None:
        """Keep all children of one name word for word, because one says more than we can hold."""
        group = [raw(child) for child in element if child.tag == self._prefix + tag]
        parts.left.keep_once(tag, "\n".join(group))

    def _properties(self, element: Any, odd: set[str]) -> tuple[Property, ...]:
        found = []
        if element.keys():
            odd.add("properties")
        for child in element:
            attributes = child.items()
            definition = child.get(self._definition_ref, "")
            if local(child.tag) != "property" or len(attributes) != 1 or not definition:
                odd.add("properties")
            values = []
            for value in child:
                text = plain_text(value)
                if text is None or value.tag != f"{self._prefix}value":
                    odd.add("properties")
                    text = Text("".join(value.itertext()))
                values.append(text)
            if definition:
                found.append(Property(intern(definition), tuple(values)))
        return tuple(found)

    def style(self, element: Any) -> Style | None:
        """Return a style, or None if it says more than a Style can hold."""
        line = fill = font = None
        attributes = element.items()
        width = whole(attributes[0][1]) if attributes and attributes[0][0] == "lineWidth" else None
        tags = [local(child.tag) for child in element]
        if len(attributes) > (width is not None) or len(tags) != len(set(tags)):
            return None
        for tag, child in zip(tags, element, strict=True):
            if tag == "font":
                font = self._font(child)
            elif tag == "lineColor":
                line = self._colour(child)
            elif tag == "fillColor":
                fill = self._colour(child)
            if {"font": font, "lineColor": line, "fillColor": fill}.get(tag) is None:
                return None
        style = Style(line, fill, font, width)
        return self._styles.setdefault(style, style)

    def _colour(self, element: Any) -> Colour | None:
        attributes = tuple(element.items())
        try:
            return self._colours[attributes]
        except KeyError:
            named = {key: whole(value) for key, value in attributes}
            colour: Colour | None = None
            if named.keys() in (_COLOUR, _COLOUR_ALPHA):
                red, green, blue = (named[key] for key in "rgb")
                if red is not None and green is not None and blue is not None:
                    colour = (red, green, blue, named.get("a"))
            if "a" in named and named["a"] is None:
                colour = None
            self._colours[attributes] = colour
            return colour

    def _font(self, element: Any) -> Font | None:
        attributes = dict(element.items())
        name, size, style = (attributes.pop(key, None) for key in ("name", "size", "style"))
        colour = None
        for child in element:
            colour = self._colour(child)
            if local(child.tag) != "color" or colour is None:
                return None
        return None if attributes or len(element) > 1 else Font(name, size, style, colour)


def point(element: Any) -> tuple[int, int] | None:
    """Return x and y, or None if the XML element says more or less."""
    x, y = whole(element.get("x")), whole(element.get("y"))
    if x is None or y is None or len(element.keys()) != 2 or len(element):
        return None
    return x, y
