"""Say in plain words what a model found wrong; the offending value itself stays out of them."""

from collections.abc import Mapping
from typing import Any

from connectors.sdk.strict import nearest

STEP_CHARACTERS_MAX = 60
"""Of a name in a message; longer ones are no names."""

_PATTERNS = {
    "^/([^/?": "a path begins with / and has no blank, no `?` and no `#` in it",
    "^([^.": "a path into an answer is names with dots between them; a name with a dot or a "
    "bracket in it is written ['so']",
    "^urn:": "a URN is written urn:TOWN:KIND:NAME, without blanks",
    "^[a-z][a-z0-9-]{0,59}$": "a key begins with a small letter, and holds small letters, digits "
    "and hyphens, 60 at most",
    "^[A-Za-z][A-Za-z0-9_.-]*$": "a name begins with a letter, and holds letters, digits and _ . -",
    "^https?:": "an address begins with https://",
    "^/[^": "a file is named by its whole path, from the root",
    "^[A-Za-z0-9!#": "the name of a header holds letters, digits and hyphens, and no blank",
    "(?i)^\\s*(select|with)": "a statement that reads begins with SELECT or WITH",
}
"""What the forms ask for that a person meets, by how they begin."""

_PLAIN = {
    "missing": "this is needed, and is not there",
    "string_type": "text is expected here",
    "int_type": "a whole number is expected here",
    "int_parsing": "a whole number is expected here",
    "int_from_float": "a whole number is expected here",
    "float_type": "a number is expected here",
    "float_parsing": "a number is expected here",
    "finite_number": "a number is expected here",
    "bool_type": "true or false is expected here",
    "bool_parsing": "true or false is expected here",
    "list_type": "a list is expected here",
    "dict_type": "names with values are expected here",
    "mapping_type": "names with values are expected here",
    "model_type": "names with values are expected here",
    "model_attributes_type": "names with values are expected here",
}


def plain_words(fault: Mapping[str, Any]) -> str:
    """Return the words for one fault that pydantic found.

    Args:
        fault: One of `ValidationError.errors()`.
    """
    kind, told = fault["type"], fault.get("ctx", {})
    if kind in _PLAIN:
        return _PLAIN[kind]
    match kind:
        case "string_pattern_mismatch":
            form = str(told["pattern"])
            known = (words for start, words in _PATTERNS.items() if form.startswith(start))
            return next(known, f"it must be of the form {form}")
        case "union_tag_invalid":
            tag = str(told["tag"])[:STEP_CHARACTERS_MAX]
            known_tags = told["expected_tags"].replace("'", "").split(", ")
            return f"`{tag}` is not known here; {nearest(tag, known_tags)}"
        case "union_tag_not_found":
            return "it needs a `type`"
        case "literal_error" | "enum":
            return f"it must be {told['expected']}"
        case "too_short":
            return f"at least {told['min_length']} must stand here"
        case "too_long":
            return f"at most {told['max_length']:,} may stand here"
        case "string_too_short":
            return "it must not be empty" if told["min_length"] == 1 else "it is too short"
        case "string_too_long":
            return f"at most {told['max_length']:,} characters may stand here"
        case "greater_than_equal":
            return f"it must be {told['ge']} or more"
        case "greater_than":
            return f"it must be more than {told['gt']}"
        case "less_than_equal":
            return f"it must be {told['le']:,} or less"
    return str(fault["msg"])


def short(step: object) -> str:
    """Return one step of the way to a fault, short enough for a message."""
    text = str(step)
    return text if len(text) <= STEP_CHARACTERS_MAX else f"{text[:STEP_CHARACTERS_MAX]}…"
