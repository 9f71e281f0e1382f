"""What the headers of a request say: what it brings, what its answer is to be, what for.

Source:
    GraphQL over HTTP, https://graphql.github.io/graphql-over-http/draft/
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from strawberry.http.parse_content_type import parse_content_type

from registry.api.refusals import RequestRefused

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
PURPOSE_HEADER: Final = "townclerk-purpose"


def media_type(headers: Mapping[str, str]) -> str:
    """Return which of our two media types a client prefers; JSON where it does not say.

    Source:
        RFC 9110, section 12.5.1.
    """
    weights: dict[str, float] = {}
    for part in headers.get("accept", "").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0.0
    plain = max(weights.get(name, 0.0) for name in (JSON, "application/*", "*/*"))
    ours = weights.get(GRAPHQL_JSON, 0.0)
    return GRAPHQL_JSON if ours > 0 and ours >= plain else JSON


def demand_json(content_type: str | None) -> None:
    """Refuse a body that is not JSON in UTF-8.

    Raises:
        RequestRefused: It says that it is something else.
    """
    kind, parameters = parse_content_type(content_type or "")
    charset = parameters.get("charset", "utf-8").lower()
    if kind.lower() != JSON or charset not in {"utf-8", "utf8"}:
        raise RequestRefused(
            "The body must be application/json in UTF-8.",
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )
