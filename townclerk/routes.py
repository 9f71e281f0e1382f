"""The one table of what can be asked over the network, and which scope each row needs.

A path or method that has no row is refused, whoever asks. A new page therefore begins here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.routing import compile_path

from flows.runtime import PREFECT_PATH
from schemas.access import Scope

READ: Final = ("GET", "HEAD")
CHANGE: Final = ("POST", "PUT", "PATCH", "DELETE")
SOCKET: Final = ("WEBSOCKET",)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a path template, the methods, and the scope.

    Args:
        template: As in Starlette's routes; also the label of metrics and logs.
        methods: HTTP methods, or WEBSOCKET.
        scope: What the asker must hold; None asks for a valid token and leaves the rest to the
            application, which knows what each field or page shows.
        is_open: Nobody need say who they are.
        asks_itself: The application asks for the token, because it may come after the request.
    """

    template: str
    methods: tuple[str, ...]
    scope: Scope | None
    is_open: bool = False
    asks_itself: bool = False


TABLE: Final = (
    Rule("/health", READ, None, is_open=True),
    Rule("/metrics", READ, Scope.METRICS_READ),
    # Each message proves itself by its signature; the sender is a system, not one of our users.
    Rule("/webhooks/{source}/{stream}", ("POST",), None, is_open=True),
    # The schema demands a scope of its own for every field and change.
    Rule("/graphql", (*READ, "POST"), None),
    # Browsers send no header with a WebSocket: the token comes in its first message.
    Rule("/graphql", SOCKET, None, asks_itself=True),
    Rule("/static/{path:path}", READ, None),
    Rule("/favicon.ico", READ, None),
    Rule("/", READ, None),
    Rule("/landscape", READ, Scope.LANDSCAPE_READ),
    Rule("/landscape.svg", READ, Scope.LANDSCAPE_READ),
    Rule("/systems/{path:path}", READ, Scope.LANDSCAPE_READ),
    Rule("/views", READ, Scope.LANDSCAPE_READ),
    Rule("/views/{path:path}", READ, Scope.LANDSCAPE_READ),
    Rule("/gaps", READ, Scope.LANDSCAPE_READ),
    Rule("/roadmap", READ, Scope.LANDSCAPE_READ),
    # Which connectors ran and how much they brought; never what.
    Rule("/flows", READ, Scope.LANDSCAPE_READ),
    # Findings, waivers and evidence; never what an interface carries.
    Rule("/interfaces", READ, Scope.COMPLIANCE_READ),
    Rule("/interfaces/{path:path}", READ, Scope.COMPLIANCE_READ),
    # A button that asks a worker for a probe.
    Rule("/interfaces/{path:path}", ("POST",), Scope.COMPLIANCE_WRITE),
    # Rule, path and reason of each record; never what it holds.
    Rule("/quarantine", READ, Scope.SYNC_READ),
    # What is looked for comes in the body, because addresses end up in logs.
    Rule("/customers", (*READ, "POST"), Scope.CUSTOMERS_READ),
    Rule("/customers/review/{left}/{right}", ("POST",), Scope.CUSTOMERS_STEWARD),
    Rule("/customers/review/{left}/{right}/undo", ("POST",), Scope.CUSTOMERS_STEWARD),
    Rule("/customers/review/{left}/{right}/judge", ("POST",), Scope.CUSTOMERS_STEWARD),
    Rule("/customers/review/sample", ("POST",), Scope.CUSTOMERS_STEWARD),
    # Ask a worker for a model, or settle what a data set's own keys tell.
    Rule("/customers/models", ("POST",), Scope.CUSTOMERS_STEWARD),
    Rule("/customers/keys", ("POST",), Scope.CUSTOMERS_STEWARD),
    Rule("/customers/keys/undo", ("POST",), Scope.CUSTOMERS_STEWARD),
    Rule("/customers/{path:path}", READ, Scope.CUSTOMERS_READ),
    # Prefect's pages ask by POST, too; whoever may start syncs may use them.
    Rule(PREFECT_PATH, READ, Scope.SYNC_READ),
    Rule(f"{PREFECT_PATH}/{{path:path}}", READ, Scope.SYNC_READ),
    Rule(f"{PREFECT_PATH}/{{path:path}}", (*CHANGE, *SOCKET), Scope.SYNC_RUN),
)


class RouteTable:
    """Finds the row of a request.

    Args:
        rules: Rows; the first that fits is the one.
    """

    def __init__(self, rules: Iterable[Rule] = TABLE) -> None:
        self._rows: list[tuple[re.Pattern[str], Rule]] = [
            (compile_path(rule.template)[0], rule) for rule in rules
        ]

    def rule_for(self, method: str, path: str) -> Rule | None:
        """Return the row, or None: then the request is refused."""
        for pattern, rule in self._rows:
            if method in rule.methods and pattern.fullmatch(path):
                return rule
        return None
