"""Plays an OData source for the conformance kit."""

from typing import Any

from connectors.odata import ODataConnector, ODataStream
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show, person
from connectors.sdk.spec import ConnectorFile


class ODataRig(HttpRig):
    """Plays one entity set."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, ODataStream)  # the kind was looked up by the file's own word
        self._stream = found
        faults = HTTP_FAULTS | {Fault.LOOPING_NEXT, Fault.FOREIGN_NEXT}
        super().__init__(connector=ODataConnector, spec=spec, stream=stream, faults=faults)

    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""
        del show  # a skip token of ours is the number itself
        return int(asked.query.get("$skiptoken", "0"))

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a page as the source would."""
        del show  # the page's size was wished for in a header
        body: dict[str, Any] = {
            "@odata.context": "$metadata",
            "value": [person(self._stream, number) for number in shown.numbers],
        }
        if "$count" in asked.query:
            body["@odata.count"] = shown.total
        if shown.follows is not None:
            host = shown.elsewhere or f"http://{asked.headers['host']}"
            body["@odata.nextLink"] = f"{host}{asked.path}?$skiptoken={shown.follows}"
        return Told.json(body)
