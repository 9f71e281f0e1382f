"""Plays an OAI-PMH repository for the conformance kit."""

from typing import Any

from lxml import etree

from connectors.oai_pmh import NAMESPACE, OaiConnector, OaiStream
from connectors.rigs.elements import write_elements
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show, person
from connectors.sdk.spec import ConnectorFile


class OaiRig(HttpRig):
    """Plays one set of a repository."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, OaiStream)  # the kind was looked up by the file's own word
        self._stream = found
        faults = HTTP_FAULTS | {Fault.LOOPING_NEXT}
        super().__init__(connector=OaiConnector, spec=spec, stream=stream, faults=faults)

    def options(self, show: Show) -> dict[str, Any]:
        """Return nothing: a repository alone decides how long its lists are."""
        del show
        return {}

    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""
        del show  # a token of ours is the number itself
        return int(asked.query.get("resumptionToken", "0"))

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a list as the repository would."""
        del show, asked  # everybody is told the same
        top = etree.Element(f"{{{NAMESPACE}}}OAI-PMH")
        records = etree.SubElement(top, f"{{{NAMESPACE}}}ListRecords")
        for number in shown.numbers:
            record = etree.SubElement(records, f"{{{NAMESPACE}}}record")
            write_elements(record, person(self._stream, number), NAMESPACE)
        token = etree.SubElement(records, f"{{{NAMESPACE}}}resumptionToken")
        token.set("completeListSize", str(shown.total))
        token.text = "" if shown.follows is None else str(shown.follows)
        return Told(etree.tostring(top), headers={"Content-Type": "text/xml"})
