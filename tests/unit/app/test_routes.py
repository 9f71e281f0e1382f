"""The route table is small enough to check by reading, and these facts hold for all of it."""

import pytest

from schemas.access import Scope
from townclerk.routes import TABLE, RouteTable


def test_only_health_is_open_and_messages_that_prove_themselves() -> None:
    opened = [(rule.template, rule.methods) for rule in TABLE if rule.is_open]
    assert opened == [
        ("/health", ("GET", "HEAD")),
        ("/webhooks/{source}/{stream}", ("POST",)),
    ]


def test_every_change_outside_graphql_needs_a_scope_that_changes() -> None:
    changing = {Scope.LANDSCAPE_WRITE, Scope.SYNC_RUN}
    for rule in TABLE:
        if {"PUT", "PATCH", "DELETE"} & set(rule.methods):
            assert rule.scope in changing, rule.template


def test_where_people_stand_only_those_who_may_see_people_look() -> None:
    table = RouteTable()
    for path in ("/customers", "/customers/1", "/customers/1/history"):
        rule = table.rule_for("GET", path)
        assert rule is not None
        assert rule.scope is Scope.CUSTOMERS_READ


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/nothing"),
        ("GET", "/customersx"),
        ("GET", "/customers\n"),
        ("GET", "/health/deep"),
        ("get", "/health"),
        ("PUT", "/customers/1"),
        ("WEBSOCKET", "/health"),
        ("", "/"),
    ],
)
def test_what_has_no_row_is_shut(method: str, path: str) -> None:
    assert RouteTable().rule_for(method, path) is None
