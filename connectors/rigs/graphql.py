"""Plays a GraphQL source for the conformance kit: a Relay connection, or any other list."""

import json
from typing import Any

from connectors.graphql import GraphQLConnector, GraphQLStream
from connectors.rigs.rest import foretold, page_size
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show, person
from connectors.sdk.json_pages import merged, path_steps, planted
from connectors.sdk.paging import (
    CountedPaging,
    CursorPaging,
    LastKeyPaging,
    NoPaging,
    NumberPaging,
    OffsetPaging,
    SizedPaging,
)
from connectors.sdk.spec import ConnectorFile


class GraphQLRig(HttpRig):
    """Plays one list of a GraphQL source."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, GraphQLStream)  # the kind was looked up by the file's own word
        self._stream = found
        whole = found.connection is None and isinstance(found.paging, NoPaging)
        self.counted = isinstance(found.paging, CountedPaging | LastKeyPaging)
        faults = set(HTTP_FAULTS) | {Fault.LOOPING_NEXT}
        if whole:
            faults -= {Fault.SHORT_PAGE, Fault.EMPTY_PAGE, Fault.LOOPING_NEXT}
        super().__init__(
            connector=GraphQLConnector,
            spec=spec,
            stream=stream,
            faults=frozenset(faults),
            pages_ten_fold=not whole,
        )

    def options(self, show: Show) -> dict[str, Any]:
        """Return the stream's options that ask for pages of the show's size."""
        paging = self._stream.paging
        if self._stream.connection is not None:
            return super().options(show)
        if not isinstance(paging, SizedPaging):
            return {}
        return {"paging": paging.model_copy(update={"size": show.size})}

    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""
        variables, paging = json.loads(asked.body)["variables"], self._stream.paging
        if self._stream.connection is not None:
            return int(variables["after"] or 0)  # a cursor of ours is the number itself
        said: Any = variables
        for step in path_steps(getattr(paging, "parameter", "")):
            said = said.get(step) if isinstance(said, dict) else None
        match paging:
            case NumberPaging():
                return (int(said) - paging.first) * page_size(show)
            case OffsetPaging():
                return int(said) - paging.first
            case CursorPaging():
                return int(said or 0)
            case LastKeyPaging():
                return 0 if said is None else show.numbers().index(int(said)) + 1
        return 0

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a page as the source would."""
        del asked  # a list looks the same to everybody
        stream = self._stream
        if stream.connection is None:
            return self._listed(show, shown, str(stream.records))
        items = [person(stream, number) for number in shown.numbers]
        more = shown.follows is not None
        info = {"hasNextPage": more, "endCursor": str(shown.follows) if more else None}
        edges = {"edges": [{"node": item} for item in items], "nodes": items}
        body = planted(stream.connection, {**edges, "pageInfo": info})
        if stream.total is not None:
            body = merged(body, planted(stream.total, shown.total))
        return Told.json(body)

    def _listed(self, show: Show, shown: Shown, records: str) -> Told:
        paging = self._stream.paging
        if isinstance(paging, NoPaging):
            shown = Shown(show.numbers(), 0, None, shown.total)
        items = [person(self._stream, number) for number in shown.numbers]
        more = shown.start + len(items) < shown.total
        body = planted(records, items)
        if isinstance(paging, CursorPaging):
            follow = None if shown.follows is None else str(shown.follows)
            body = merged(body, planted(paging.next, follow))
        if isinstance(paging, LastKeyPaging):
            for item, number in zip(items, shown.numbers, strict=True):
                item.update(merged(item, planted(paging.field, f"{number:06d}")))
            if paging.more is not None:
                body = merged(body, planted(paging.more, more))
        body = foretold(paging, body, {}, show, shown)
        if paging.total is not None:
            body = merged(body, planted(paging.total, shown.total))
        return Told.json(body)
