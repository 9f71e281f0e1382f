"""The words of Archi's own file format, beside the model's."""

from collections.abc import Mapping

from registry.landscape.exchange.model import Colour, Font, Style
from registry.landscape.exchange.xml_in import whole

NAMESPACE = "http://www.archimatetool.com/archimate"
PREFIX = "archimate:"

# Archi omits what is the default; a missing attribute and its default say the same.
DEFAULTS: Mapping[str, str] = {
    **{f"bounds@{key}": "0" for key in "xy"},
    **{f"bendpoint@{end}{axis}": "0" for end in ("start", "end") for axis in "XY"},
    "property@key": "",
    "property@value": "",
    "element@name": "",
    "folder@name": "",
}

# Our names of node kinds, per Archi's; the first of a kind is what we write by default.
NODE_KINDS: Mapping[str, str] = {
    "DiagramModelArchimateObject": "element",
    "DiagramModelGroup": "group",
    "DiagramModelNote": "note",
    "DiagramModelReference": "view",
    "DiagramObject": "element",  # up to Archi 4
    "Group": "group",
    "Note": "note",
}
NODE_TYPES: Mapping[str, str] = {kind: name for name, kind in reversed(list(NODE_KINDS.items()))}
CONNECTION_TYPE = "DiagramModelArchimateConnection"
VIEW_KINDS: Mapping[str, str] = {
    "ArchimateDiagramModel": "archimate",
    "SketchModel": "sketch",
    "CanvasModel": "canvas",
}
VIEW_TYPES: Mapping[str, str] = {kind: name for name, kind in VIEW_KINDS.items()}

# Archi counts ways of access and leaves out 0.
ACCESS_OF_CODE: Mapping[str | None, str] = {
    None: "Write",
    "1": "Read",
    "2": "Access",
    "3": "ReadWrite",
}
CODE_OF_ACCESS: Mapping[str | None, str | None] = {
    None: "2",
    "Access": "2",
    "Read": "1",
    "ReadWrite": "3",
    "Write": None,
}

# Archi's viewpoints, and what the exchange format calls them.
VIEWPOINTS: Mapping[str, str] = {
    "application_cooperation": "Application Cooperation",
    "application_structure": "Application Structure",
    "application_usage": "Application Usage",
    "business_process_cooperation": "Business Process Cooperation",
    "capability": "Capability Map",
    "goal_realization": "Goal Realization",
    "implementation_deployment": "Implementation and Deployment",
    "implementation_migration": "Implementation and Migration",
    "information_structure": "Information Structure",
    "layered": "Layered",
    "migration": "Migration",
    "motivation": "Motivation",
    "organization": "Organization",
    "outcome_realization": "Outcome Realization",
    "physical": "Physical",
    "product": "Product",
    "project": "Project",
    "requirements_realization": "Requirements Realization",
    "resource": "Resource Map",
    "service_realization": "Service Realization",
    "stakeholder": "Stakeholder",
    "strategy": "Strategy",
    "technology": "Technology",
    "technology_usage": "Technology Usage",
    "value_stream": "Value Stream",
}
VIEWPOINT_IDS: Mapping[str, str] = {name: key for key, name in VIEWPOINTS.items()}

# The top folders Archi expects, by the layer of what lies in them.
TOP_FOLDERS: Mapping[str, str] = {
    "strategy": "Strategy",
    "business": "Business",
    "application": "Application",
    "technology": "Technology & Physical",
    "motivation": "Motivation",
    "implementation_migration": "Implementation & Migration",
    "other": "Other",
    "relations": "Relations",
    "diagrams": "Views",
}
FOLDER_OF_LAYER: Mapping[str, str] = {
    "physical": "technology",
    "implementation": "implementation_migration",
}

_BOLD, _ITALIC = 1, 2
_FONT_FIELDS = ("1", "", "", "", "")
_OPAQUE = 255


def colour(text: str | None) -> Colour | None:
    """Return #rrggbb as a colour, or None if it is spelled unlike we would."""
    if text is None or len(text) != 7 or text != text.lower() or text[0] != "#":
        return None
    try:
        red, green, blue = bytes.fromhex(text[1:])
    except ValueError:
        return None
    return red, green, blue, None


def hex_colour(value: Colour | None) -> str | None:
    """Return a colour as #rrggbb."""
    return None if value is None else f"#{value[0]:02x}{value[1]:02x}{value[2]:02x}"


def opacity(value: Colour | None) -> str | None:
    """Return a fill's opacity as Archi counts it, 0 to 255, where it is stated."""
    if value is None or value[3] is None:
        return None
    return str(round(value[3] * _OPAQUE / 100))


def style_of(attributes: dict[str, str]) -> Style | None:
    """Take the style out of an object's attributes; a font stays, for we keep less of it.

    Archi's font is `1|name|size|style|platform|…`; the platform's part only Archi understands.
    """
    fill, line, letters = (
        colour(attributes.get(key)) for key in ("fillColor", "lineColor", "fontColor")
    )
    for key, value in (("fillColor", fill), ("lineColor", line), ("fontColor", letters)):
        if value is not None:
            del attributes[key]
    if fill is not None and (alpha := whole(attributes.get("alpha"))) is not None:
        fill = (*fill[:3], round(min(max(alpha, 0), _OPAQUE) * 100 / _OPAQUE))
    width = whole(attributes.get("lineWidth"))
    if width is not None:
        del attributes["lineWidth"]
    font = _font(attributes.get("font"), letters)
    if fill is None and line is None and font is None and width is None:
        return None
    return Style(line, fill, font, width)


def _font(text: str | None, letters: Colour | None) -> Font | None:
    fields = (text or "").split("|")
    if len(fields) < len(_FONT_FIELDS):
        return Font(colour=letters) if letters else None
    bits = whole(fields[3]) or 0
    words = " ".join(word for bit, word in ((_BOLD, "bold"), (_ITALIC, "italic")) if bits & bit)
    return Font(fields[1], _size(fields[2]), words or None, letters)


def _size(text: str) -> str | None:
    """Return a size as the exchange format admits it: whole or half points."""
    try:
        halves = round(float(text) * 2)
    except (ValueError, OverflowError):
        return None
    return f"{halves / 2:g}" if halves >= 2 else None


def font_text(font: Font | None) -> str | None:
    """Return a font as Archi writes it, without the platform's part."""
    if font is None or font.name is None:
        return None
    bits = sum(
        bit for bit, word in ((_BOLD, "bold"), (_ITALIC, "italic")) if word in (font.style or "")
    )
    return f"1|{font.name}|{font.size or 9}|{bits}|"
