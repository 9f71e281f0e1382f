"""A connector as somebody might write it in an afternoon, with one bug at a time planted in it."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator
from typing import Any, ClassVar

import httpx

from connectors.sdk.conformance.http_rigs import HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show
from townclerk.connect import ConnectorFile, Cursor, GiveUp, Page, Source, SourceRecord, StreamSpec

BUGS = {
    "options change in storage": "spec",
    "asks before it is read": "idle",
    "page size left out": "page-size",
    "keys repeat": "keys",
    "resumes a page late": "resume",
    "resumes a page early": "resume",
    "forgets the end": "end",
    "writes the time into records": "twice",
    "takes a fault for the end": "faults",
    "takes an empty page for the end": "faults",
    "goes round in circles": "faults",
    "follows any next": "host",
    "follows redirects": "host",
    "logs its headers": "secrets",
    "shows its secret in errors": "secrets",
    "keeps all pages": "memory",
    "adds up over scans": "deletions",
    "raises what it likes": "faults",
}


class AfternoonStream(StreamSpec):
    """One list."""

    size: int = 10


class Afternoon(StreamSpec):
    """Never used: stands for options that are not what is stored."""


class CarelessConnector:
    """Reads /people with a `next` URL in the body."""

    kind: ClassVar[str] = "afternoon"
    stream_type: ClassVar[type[StreamSpec]] = AfternoonStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none", "bearer"})
    bug: ClassVar[str] = ""
    seen_before: ClassVar[list[SourceRecord]] = []

    def __init__(self, source: Source) -> None:
        self.source = source
        secret = source.secret("env:ANY").get_secret_value()
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.kept: list[Page] = []
        if self.bug == "asks before it is read":
            httpx.get(source.base_url + "/people")

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        size = self.source.stream(stream, AfternoonStream).size
        if cursor and cursor.position == "end" and self.bug != "forgets the end":
            yield Page(records=[], cursor=cursor, last=True)
            return
        at = cursor.position if cursor and cursor.position != "end" else f"/people?size={size}"
        before = at
        async with httpx.AsyncClient(
            headers=self.headers, follow_redirects=self.bug == "follows redirects"
        ) as http:
            while True:
                body = await self.ask(http, at)
                records = self.records(body, size)
                follow = body.get("next")
                if self.bug == "takes an empty page for the end" and not body["items"]:
                    follow = None
                position = "end" if follow is None else self.target(follow, at)
                before, at = at, position
                marked = {"resumes a page early": before}.get(self.bug, position)
                if self.bug == "resumes a page late" and follow is not None:
                    marked = (await self.ask(http, position)).get("next") or "end"
                page = Page(records=records, cursor=Cursor(position=marked), last=follow is None)
                if self.bug == "keeps all pages":
                    self.kept.append(page)
                yield page
                if follow is None:
                    return

    async def ask(self, http: httpx.AsyncClient, at: str) -> dict[str, Any]:
        if self.bug == "logs its headers":
            logging.getLogger("careless").debug("asking with %s", self.headers)
        url = at if at.startswith("http") else self.source.base_url + at
        try:
            answer = await http.get(url)
            if answer.status_code != 200 and self.bug == "takes a fault for the end":
                return {"items": [], "next": None}
            if answer.status_code != 200:
                shown = self.headers if self.bug == "shows its secret in errors" else ""
                raise GiveUp(f"status {answer.status_code} {shown}")
            body = answer.json()
            if "items" not in body and self.bug != "raises what it likes":
                raise GiveUp("no list")
            return {"items": body["items"], "next": body.get("next")}
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise GiveUp("broke off") from error

    def target(self, follow: str, at: str) -> str:
        if self.bug == "follows any next":
            return follow
        if not follow.startswith(self.source.base_url):
            raise GiveUp("foreign")
        target = follow.removeprefix(self.source.base_url)
        if self.start_of(target) <= self.start_of(at) and self.bug != "goes round in circles":
            if self.start_of(target) < self.start_of(at) or "again" in at:
                raise GiveUp("circle")
            target += "&again=1"
        return target

    @staticmethod
    def start_of(target: str) -> int:
        return int(httpx.URL(target).params.get("start", "0"))

    def records(self, body: dict[str, Any], size: int) -> list[SourceRecord]:
        items = body["items"]
        if self.bug == "page size left out" and size == 1:
            items = items[:1] if items and items[0]["id"] < "000005" else []
        if self.bug == "keys repeat":
            items = [{**item, "id": item["id"][:-1]} for item in items]
        if self.bug == "writes the time into records":
            items = [{**item, "read_at": time.time_ns()} for item in items]
        found = [SourceRecord(json.dumps(item).encode(), item) for item in items]
        if self.bug == "adds up over scans":
            kept = [one for one in self.seen_before if one.raw not in {r.raw for r in found}]
            known = {one.value["id"]: one for one in kept}
            type(self).seen_before = [*known.values(), *found]
            if items and items[-1]["id"] == "000021":
                found += [one for one in kept if one.value["id"] == "000022"]
        return found

    async def close(self) -> None:
        await asyncio.sleep(0)


class AfternoonRig(HttpRig):
    """The source of CarelessConnector."""

    def __init__(self, bug: str = "") -> None:
        options = {"key": "id", "map": {"kind": "'person'"}, "data_set": "urn:t:data_set:x"}
        connector = type("Careless", (CarelessConnector,), {"bug": bug, "seen_before": []})
        kind = Afternoon if bug == "options change in storage" else AfternoonStream
        spec = ConnectorFile.model_validate(
            {
                "connector": "afternoon",
                "kind": "afternoon",
                "interface": "urn:t:interface:x",
                "auth": {"type": "bearer", "secret": "env:ANY"},
                "streams": {"people": kind.model_validate(options)},
            }
        )
        super().__init__(connector=connector, spec=spec, stream="people", faults=frozenset(Fault))

    def start(self, show: Show, asked: Asked) -> int:
        del show
        return int(asked.query.get("start", "0"))

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        del show
        host = shown.elsewhere or f"http://{asked.headers['host']}"
        items = [{"id": f"{number:06d}"} for number in shown.numbers]
        follow = None if shown.follows is None else f"{host}/people?start={shown.follows}"
        return Told.json({"items": items, "next": follow})
