"""Plays a SCIM source for the conformance kit."""

from typing import Any

from connectors.scim import ScimConnector, ScimStream
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show, person
from connectors.sdk.spec import ConnectorFile


class ScimRig(HttpRig):
    """Plays one list of resources."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, ScimStream)  # the kind was looked up by the file's own word
        self._stream = found
        self.counted = True
        faults = HTTP_FAULTS | {Fault.LOOPING_NEXT}
        super().__init__(connector=ScimConnector, spec=spec, stream=stream, faults=faults)

    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""
        del show  # an index says it all
        return int(asked.query.get("startIndex", "1")) - 1

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a page as the source would; an empty list may be left out."""
        del show, asked  # everybody is told the same
        body: dict[str, Any] = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": shown.total,
            "startIndex": shown.start + 1,
            "itemsPerPage": len(shown.numbers),
        }
        if shown.numbers:
            body["Resources"] = [person(self._stream, number) for number in shown.numbers]
        return Told.json(body)
