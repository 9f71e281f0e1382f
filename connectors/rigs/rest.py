"""Plays a REST source for the conformance kit, paged as a connector file says."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from connectors.rest import RestConnector, RestStream
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show, person
from connectors.sdk.json_pages import merged, path_steps, planted
from connectors.sdk.paging import (
    CountedPaging,
    CursorPaging,
    HeaderLinkPaging,
    LastKeyPaging,
    LinkPaging,
    MarkedPaging,
    NoPaging,
    NumberPaging,
    OffsetPaging,
    Paging,
    SizedPaging,
)
from connectors.sdk.spec import ConnectorFile

PLACE = "conformance-place"
"""Query parameter by which our own links say where they lead."""


class RestRig(HttpRig):
    """Plays one stream of a REST source."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, RestStream)  # the kind was looked up by the file's own word
        found = _with_values_of_its_own(found)
        self._stream, paging = found, found.paging
        self.counted = isinstance(paging, CountedPaging | LastKeyPaging)
        faults = set(HTTP_FAULTS)
        if isinstance(paging, LinkPaging | HeaderLinkPaging):
            faults.add(Fault.FOREIGN_NEXT)
        if isinstance(paging, NoPaging):
            faults -= {Fault.SHORT_PAGE, Fault.EMPTY_PAGE}
        else:
            faults.add(Fault.LOOPING_NEXT)
        if found.records == ".":
            faults.add(Fault.NOT_ITS_SHAPE)
        super().__init__(
            connector=RestConnector,
            spec=spec,
            stream=stream,
            faults=frozenset(faults),
            pages_ten_fold=not isinstance(paging, NoPaging),
        )

    def options(self, show: Show) -> dict[str, Any]:
        """Return the stream's options that ask for pages of the show's size."""
        paging = self._stream.paging
        here = {"partitions": self._stream.partitions, "where": None}
        if not isinstance(paging, SizedPaging):
            return here
        return {**here, "paging": paging.model_copy(update={"size": show.size})}

    def numbers(self, show: Show, asked: Asked) -> list[int]:
        """Return the records of the partition that is asked for."""
        partitions, numbers = self._stream.partitions, show.numbers()
        if partitions is None:
            return numbers
        parts = partitions.parts()
        for place, part in enumerate(parts):
            path = self._stream.path.replace("{partition}", quote(part.values[0], safe=""))
            wanted: Any = part.values if partitions.together else part.values[0]
            held = partitions.parameter and _said(asked, partitions.parameter) == wanted
            if held or (partitions.parameter is None and asked.path == path):
                return [one for one in numbers if one % len(parts) == place]
        return []

    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""
        paging = self._stream.paging
        match paging:
            case CursorPaging():
                return int(_said(asked, paging.parameter) or 0)
            case NumberPaging():
                return (int(_said(asked, paging.parameter)) - paging.first) * page_size(show)
            case OffsetPaging():
                return int(_said(asked, paging.parameter)) - paging.first
            case LastKeyPaging():
                return self._after(show, asked, _said(asked, paging.parameter))
            case _:
                return int(asked.query.get(PLACE, "0"))

    def _after(self, show: Show, asked: Asked, name: str | None) -> int:
        """Return how many records come before the one after the record of a name."""
        numbers = self.numbers(show, asked)
        return 0 if name is None else numbers.index(int(name)) + 1

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a page as the source would."""
        paging, headers = self._stream.paging, dict[str, str]()
        if isinstance(paging, NoPaging):
            shown = Shown(self.numbers(show, asked), 0, None, shown.total)
        items = [person(self._stream, number) for number in shown.numbers]
        if self._stream.records == ".":
            body: Any = items
        else:
            body = planted(self._stream.records, items)
        link = f"{shown.elsewhere or _here(asked)}{_target(asked, shown.follows)}"
        if isinstance(paging, MarkedPaging):
            token = link if isinstance(paging, LinkPaging) else str(shown.follows)
            if shown.follows is not None:
                body = merged(body, planted(paging.next, token))
            elif not paging.absent_means_end:
                body = merged(body, planted(paging.next, None))
        if isinstance(paging, LastKeyPaging):
            for item, number in zip(items, shown.numbers, strict=True):
                item.update(merged(item, planted(paging.field, f"{number:06d}")))
            if paging.more is not None:
                body = merged(body, planted(paging.more, shown.start + len(items) < shown.total))
        body = foretold(paging, body, headers, show, shown)
        if isinstance(paging, HeaderLinkPaging):
            headers["Link"] = f'<{link}>; rel="next"' if shown.follows is not None else "<x>; rel=x"
        if paging.total is not None:
            body = merged(body, planted(paging.total, shown.total))
        if paging.total_header is not None:
            headers[paging.total_header] = str(shown.total)
        return Told(json.dumps(body).encode(), headers=headers)


def page_size(show: Show) -> int:
    """Return how many records a page has, whatever was asked for."""
    return max(1, show.size // 2) if show.fault is Fault.SHORT_PAGE else show.size


def foretold(paging: Paging, body: Any, headers: dict[str, str], show: Show, shown: Shown) -> Any:
    """Say which page is the last, as sources do that refuse to be asked for more."""
    if not isinstance(paging, CountedPaging):
        return body
    more = shown.start + len(shown.numbers) < shown.total
    if paging.more is not None:
        body = merged(body, planted(paging.more, more))
    if paging.last is not None:
        body = merged(body, planted(paging.last, not more))
    if isinstance(paging, NumberPaging):
        pages = -(-shown.total // page_size(show))
        if paging.pages is not None:
            body = merged(body, planted(paging.pages, pages))
        if paging.pages_header is not None:
            headers[paging.pages_header] = str(pages)
    return body


def _with_values_of_its_own(stream: RestStream) -> RestStream:
    """Return a stream whose partitions stand in it.

    A file of values holds keys of real people, and another stream has a rig of its own.
    """
    partitions = stream.partitions
    if partitions is None or partitions.values is not None:
        return stream
    few = [f"value-{number}" for number in range(3 * (partitions.together or 1))]
    elsewhere = {"values_file": None, "stream": None, "field": None}
    ours = partitions.model_copy(update={**elsewhere, "values": few})
    return stream.model_copy(update={"partitions": ours})


def _said(asked: Asked, name: str) -> Any:
    """Return what a request says under a name, in its query or its body."""
    if asked.method == "GET":
        return asked.query.get(name)
    found: Any = json.loads(asked.body)
    for step in path_steps(name):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _here(asked: Asked) -> str:
    return f"http://{asked.headers['host']}"


def _target(asked: Asked, place: int | None) -> str:
    query = {**asked.query, PLACE: str(place)}
    return f"{asked.path}?{urlencode(query)}"
