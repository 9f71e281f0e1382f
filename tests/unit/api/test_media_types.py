"""Which of the two media types a client gets."""

import pytest

from registry.api.media import GRAPHQL_JSON, JSON, media_type


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/html", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", GRAPHQL_JSON),
        ("Application/GraphQL-Response+JSON; charset=utf-8", GRAPHQL_JSON),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_JSON),
        ("application/graphql-response+json, application/json", GRAPHQL_JSON),
        ("application/json, application/graphql-response+json;q=0.5", JSON),
        ("application/graphql-response+json;q=0", JSON),
        ("application/graphql-response+json;q=much", JSON),
        (",;,q=", JSON),
    ],
)
def test_the_client_decides(accept: str | None, expected: str) -> None:
    headers = {} if accept is None else {"accept": accept}
    assert media_type(headers) == expected
