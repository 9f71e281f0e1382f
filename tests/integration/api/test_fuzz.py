"""Operations made at random never meet a mistake of ours, and learn nothing of its inside.

A few hundred run here; `make conformance` runs 100,000 (tests/conformance/graphql).
"""

import asyncio
import gc
import json
from typing import Any

import pytest
from starlette.types import ASGIApp

from registry.api.schema import graphql_app, schema
from registry.storage.database import unit_of_work
from tests import factories
from tests.integration.api.asking import EVERY_SCOPE, Door
from tests.integration.api.fuzzing import Fuzzer

pytestmark = [
    pytest.mark.usefixtures("shared_database"),
    # graphql-core leaves the neighbours of a field that failed without waiting for them.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
]

OPERATIONS = 100
AT_ONCE = 4
SQL_WORDS = ("SELECT ", "INSERT INTO", "psycopg", "Traceback", "LINE 1", "syntax error at")


def fill() -> tuple[str, ...]:
    """Give the questions something to find; return what it is called."""
    with unit_of_work() as db:
        system, interface = factories.an_element(db), factories.an_element(db, kind="interface")
        factories.a_relationship(db, source_id=system.id, target_id=interface.id)
        streams = {"people": {"incremental": {"parameter": "since"}}}
        spec = {"kind": "rest", "streams": streams}
        source = factories.a_source(db, key="crm", interface_id=interface.id, spec=spec)
        run = factories.a_sync_run(db, source_id=source.id)
        factories.a_quarantined_record(db, source_id=source.id, run_id=run.id)
        factories.a_customer(db)
    return system.urn, interface.urn, "crm"


async def fuzz(seed: int, count: int, known: tuple[str, ...]) -> list[str]:
    """Ask, several at a time; return what went wrong, each with what was asked."""
    wrong = []
    app = Door(graphql_app(), EVERY_SCOPE)
    operations = Fuzzer(schema.graph, seed, known).operations(count)

    async def keep_asking() -> None:
        for body in operations:
            text = json.dumps(body)
            status, answer = await posted(app, text.encode())
            if is_wrong(status, answer):
                wrong.append(f"{text}\n  -> {status} {answer[:600]!r}")

    await asyncio.gather(*(keep_asking() for _ in range(AT_ONCE)))
    return wrong


async def posted(app: ASGIApp, body: bytes) -> tuple[int, bytes]:
    """Send one request, with as little ado as ASGI allows."""
    came: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        came.append(message)

    headers = [(b"content-type", b"application/json")]
    request = {"type": "http", "method": "POST", "path": "/", "query_string": b""}
    await app({**request, "headers": headers}, receive, send)
    return came[0]["status"], b"".join(each.get("body", b"") for each in came)


def is_wrong(status: int, answer: bytes) -> bool:
    said: dict[str, Any] = json.loads(answer)
    codes = {error["extensions"].get("code") for error in said.get("errors", ())}
    messages = str([error["message"] for error in said.get("errors", ())])
    return status >= 500 or "internal_error" in codes or any(word in messages for word in SQL_WORDS)


@pytest.mark.parametrize("seed", [1, 2])
def test_operations_made_at_random_meet_no_mistake_of_ours(seed: int) -> None:
    wrong = asyncio.run(fuzz(seed, OPERATIONS, fill() if seed == 1 else ()))
    gc.collect()  # what was left is warned of here, where we know of it
    assert not wrong, f"{len(wrong)} went wrong, first:\n" + "\n".join(wrong[:3])
