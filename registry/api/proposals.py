"""A connector file proposed for an interface, each guess with its reason; nothing is asked or kept.

The document is the one that is registered, or the one that is given. No address is ever read here:
a worker reads the source when `rehearseSync` or `startSync` asks for it.
"""

from typing import Annotated, Any, Final

import msgspec
import psycopg
import strawberry
from strawberry.scalars import JSON

from connectors.generate.airbyte import translate_manifest
from connectors.generate.making import Registered, as_plain, make
from connectors.presets import presets
from registry import landscape
from registry.api.context import Context
from registry.api.pages import plain_text
from registry.compliance import queries
from schemas.access import Scope
from schemas.errors import InvalidInput, UnknownName
from schemas.landscape_kinds import ElementKind

DOCUMENT_BYTES_MAX: Final = 2_000_000  # about a second of work; larger ones by the command line

Info = strawberry.Info[Context, None]


class NoDocumentGiven(InvalidInput):
    """Neither an interface nor a document was named that a connector could be made from."""

    code = "no_document_given"
    remedy = "Give `interface`, whose document is registered, or the text as `document`, or both."


@strawberry.type(description="A place of a document that no connector reads, and why.")
class PassedOver:
    """A place of a document that no connector reads, and why."""

    place: str = strawberry.field(description="Path or field.")
    why: str = strawberry.field(description="Why not.")


@strawberry.type(description="A connector file, and everything that was guessed for it.")
class ConnectorProposal:
    """A connector file, and everything that was guessed for it."""

    connector: str = strawberry.field(description="Key of the connector.")
    dialect: str = strawberry.field(description="What the document is written in.")
    streams: list[str] = strawberry.field(description="Streams in the file.")
    file: str = strawberry.field(description="The file, as `registerSource` takes it.")
    auth: JSON | None = strawberry.field(
        description="How the interface wants to be asked; secrets stay references."
    )
    lists: JSON = strawberry.field(
        description="Every list of the document: records, paging, key, cursor and mapping, each "
        "with value, confidence and evidence."
    )
    passed_over: list[PassedOver] = strawberry.field(description="What was no list, and why.")


def _registered(db: psycopg.Connection, urn: str) -> Registered:
    found = landscape.queries.find_element(db, urn)
    if found.kind != ElementKind.INTERFACE:
        raise UnknownName(f"{urn} is no interface.")
    ties = landscape.queries.relationships_of(db, [found.id], end="source")
    reached = [tie.target_id for tie in ties if tie.kind == "access"]
    data_sets = landscape.queries.elements_by_id(db, reached) if reached else []
    return Registered.of(urn, found.attrs, [one.urn for one in data_sets])


def _document(db: psycopg.Connection, urn: str) -> tuple[bytes, str]:
    row = queries.newest_document(db, urn)
    return row.content, row.source


def _proposed(
    content: bytes,
    source: str,
    registered: Registered | None,
    *,
    name: str | None,
    streams: list[str],
    everything: bool,
) -> ConnectorProposal:
    if len(content) > DOCUMENT_BYTES_MAX:
        raise InvalidInput(
            f"The document has more than {DOCUMENT_BYTES_MAX:,} bytes.",
            remedy="Make the file with `townclerk connector new --from FILE`.",
            path=["document"],
        )
    made = make(
        content,
        source=source,
        name=name,
        registered=registered,
        only=streams,
        everything=everything,
    )
    plain: dict[str, Any] = msgspec.to_builtins(as_plain(made))
    passed = [PassedOver(place=one["place"], why=one["why"]) for one in plain.pop("passed_over")]
    return ConnectorProposal(**plain, passed_over=passed)


@strawberry.type(description="A connector file to begin with, for a product that many towns run.")
class ConnectorPreset:
    """A connector file to begin with, for a product that many towns run."""

    name: str = strawberry.field(description="Short name, e.g. open-klant.")
    about: str = strawberry.field(description="What it reads.")
    file: str = strawberry.field(description="The file; addresses and data sets are yours to fill.")


@strawberry.type(description="A connector file made from another tool's, and what it lost.")
class TranslatedConnector:
    """A connector file made from another tool's, and what it lost."""

    connector: str = strawberry.field(description="Key of the connector.")
    file: str = strawberry.field(description="The file, as `registerSource` takes it.")
    lost: list[PassedOver] = strawberry.field(description="What has no counterpart, and why.")


def _translated(manifest: str, name: str | None) -> TranslatedConnector:
    if len(manifest) > DOCUMENT_BYTES_MAX:
        raise InvalidInput(
            f"The manifest has more than {DOCUMENT_BYTES_MAX:,} characters.", path=["manifest"]
        )
    content = manifest.encode("utf-8", "replace")
    found = translate_manifest(content, source="manifest.yaml", name=name)
    lost = [PassedOver(place=place, why=why) for place, why in found.lost]
    return TranslatedConnector(connector=found.name, file=found.text, lost=lost)


@strawberry.type(description="What a connector for an interface could look like.")
class ConnectorQuestions:
    """What a connector for an interface could look like."""

    @strawberry.field(
        description="A connector file made from an interface's document, each guess with its "
        "reason. Nothing is asked over the network, and nothing is kept."
    )
    async def propose_connector(
        self,
        info: Info,
        *,
        interface: Annotated[
            str | None, strawberry.argument(description="URN of a registered interface.")
        ] = None,
        document: Annotated[
            str | None,
            strawberry.argument(
                description="OpenAPI, Swagger or GraphQL; else the one that is registered."
            ),
        ] = None,
        name: Annotated[
            str | None, strawberry.argument(description="Key of the connector; from the title.")
        ] = None,
        streams: Annotated[
            list[str] | None, strawberry.argument(description="Only these lists.")
        ] = None,
        everything: Annotated[
            bool, strawberry.argument(description="Every list, not only those of customers.")
        ] = False,
    ) -> ConnectorProposal:
        """Make a connector file."""
        context, given, source = info.context, document, "the document"
        context.demand(Scope.SYNC_READ)
        registered = None
        if interface is not None:
            urn = plain_text(interface, "interface")
            registered = await context.read(Scope.LANDSCAPE_READ, _registered, urn)
            if given is None:
                found = await context.read(Scope.COMPLIANCE_READ, _document, urn)
                content, source = found
        if given is not None:
            content = given.encode("utf-8", "replace")
        elif registered is None:
            raise NoDocumentGiven("Nothing says which document a connector is to be made from.")
        key = None if name is None else plain_text(name, "name")
        made: ConnectorProposal = await context.read(
            Scope.SYNC_READ,
            lambda _: _proposed(
                content,
                source,
                registered,
                name=key,
                streams=streams or [],
                everything=everything,
            ),
        )
        return made

    @strawberry.field(description="Connector files for products that many towns run, by name.")
    async def connector_presets(self, info: Info) -> list[ConnectorPreset]:
        """List presets."""
        info.context.demand(Scope.SYNC_READ)
        return [
            ConnectorPreset(name=name, about=text.splitlines()[0].lstrip("# "), file=text)
            for name, text in presets().items()
        ]

    @strawberry.field(
        description="An Airbyte low-code manifest as a connector file; nothing is kept."
    )
    async def translate_manifest(
        self,
        info: Info,
        manifest: Annotated[str, strawberry.argument(description="The manifest, YAML or JSON.")],
        name: Annotated[
            str | None, strawberry.argument(description="Key of the connector; else its own.")
        ] = None,
    ) -> TranslatedConnector:
        """Translate a manifest."""
        key = None if name is None else plain_text(name, "name")
        made: TranslatedConnector = await info.context.read(
            Scope.SYNC_READ, lambda _: _translated(manifest, key)
        )
        return made
