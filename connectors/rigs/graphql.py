"""Plays a GraphQL source with a Relay connection for the conformance kit."""

import json

from connectors.graphql import GraphQLConnector, GraphQLStream
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show, person
from connectors.sdk.json_pages import merged, planted
from connectors.sdk.spec import ConnectorFile


class GraphQLRig(HttpRig):
    """Plays one connection of a GraphQL source."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, GraphQLStream)  # the kind was looked up by the file's own word
        self._stream = found
        faults = HTTP_FAULTS | {Fault.LOOPING_NEXT}
        super().__init__(connector=GraphQLConnector, spec=spec, stream=stream, faults=faults)

    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""
        del show  # a cursor of ours is the number itself
        return int(json.loads(asked.body)["variables"]["after"] or 0)

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a page as the source would."""
        del show, asked  # a connection looks the same to everybody
        nodes = [{"node": person(self._stream, number)} for number in shown.numbers]
        more = shown.follows is not None
        info = {"hasNextPage": more, "endCursor": str(shown.follows) if more else None}
        body = planted(self._stream.connection, {"edges": nodes, "pageInfo": info})
        if self._stream.total is not None:
            body = merged(body, planted(self._stream.total, shown.total))
        return Told.json(body)
