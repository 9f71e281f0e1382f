"""What a client accepts: browsers ask for pages, programs for JSON, at one and the same address."""

import re
from typing import Final

_MEDIA_RANGE: Final = re.compile(r"\s*([\w*+.-]+/[\w*+.-]+)\s*(?:;(.*))?", re.ASCII)


def prefers_a_page(accept: str) -> bool:
    """Tell whether a client would rather have a page than JSON.

    Source:
        RFC 9110, section 12.5.1.
    """
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        if found := _MEDIA_RANGE.fullmatch(part):
            weights[found[1]] = _weight(found[2] or "")
    page = weights.get("text/html", 0.0)
    data = (weight for kind, weight in weights.items() if kind.endswith("json"))
    return page > max(data, default=0.0)


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            is_number = re.fullmatch(r"[01](\.\d{0,3})?", value, re.ASCII)
            return float(value) if is_number else 0.0
    return 1.0
