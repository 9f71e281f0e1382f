"""What a new version of a registered document would break, and for whom."""

from typing import Annotated

import psycopg
import strawberry

from registry.api.context import Context
from registry.api.pages import plain_text
from registry.api.proposals import NoDocumentGiven
from registry.compliance import queries
from registry.compliance.contract import verdict_of
from registry.compliance.contract.compare import Change as Found
from registry.compliance.contract.versions import compare_files
from registry.compliance.trends import consumers_of
from schemas.access import Scope
from schemas.errors import InvalidInput

CHARACTERS_MAX = 2_000_000  # of a document in a request; larger ones by the command line
CHANGES_MAX = 1_000  # of one answer, the worst first; the command line tells all

Info = strawberry.Info[Context, None]


@strawberry.type(description="One change between two versions, and whom it concerns.")
class ContractChange:
    """One change between two versions, and whom it concerns."""

    code: str = strawberry.field(description="Id out of oasdiff's vocabulary.")
    level: str = strawberry.field(description="ERR breaks, WARN may break, INFO does not.")
    operation: str = strawberry.field(description="For example GET /permits; empty for all.")
    message: str = strawberry.field(description="What changed, in words.")
    consumers: list[str] = strawberry.field(
        description="URNs of the registered consumers that a breaking change concerns."
    )


@strawberry.type(description="What a new version would change.")
class ContractChanges:
    """What a new version would change."""

    needed: str = strawberry.field(description="Smallest honest bump: NONE, PATCH, MINOR, MAJOR.")
    declared: str | None = strawberry.field(
        description="Bump between the two versions; null where they cannot be compared."
    )
    honest: bool = strawberry.field(description="Whether the declared bump is enough.")
    changes: list[ContractChange] = strawberry.field(description="The worst first, 1,000 at most.")


def _compared(
    db: psycopg.Connection, interface: str | None, old: str | None, document: str, source: str
) -> ContractChanges:
    for name, text in (("document", document), ("old", old or "")):
        if len(text) > CHARACTERS_MAX:
            raise InvalidInput(
                f"The document has more than {CHARACTERS_MAX:,} characters.",
                remedy="Compare it with `townclerk interfaces breaks URN FILE`.",
                path=[name],
            )
    if interface is None and old is None:
        raise NoDocumentGiven(
            "Nothing says with which version to compare.",
            remedy="Give `interface`, whose document is registered, or the text as `old`.",
        )
    name = plain_text(source, "source")
    if old is not None:
        known = (old.encode("utf-8", "replace"), name)
    else:
        row = queries.newest_document(db, str(interface))
        known = (row.content, row.source)
    consumers = consumers_of(db, interface) if interface is not None else []
    comparison = compare_files(known, (document.encode("utf-8", "replace"), name))
    verdict = verdict_of(comparison)
    breaking = set(comparison.breaking())

    def told(change: Found) -> ContractChange:
        hit = [one.urn for one in consumers if change in breaking and one.uses(change)]
        return ContractChange(
            code=change.code, level=change.level.value, operation=change.operation,
            message=change.message, consumers=hit,
        )  # fmt: skip

    return ContractChanges(
        needed=verdict.needed.name,
        declared=verdict.declared.name if verdict.declared is not None else None,
        honest=verdict.honest,
        changes=[told(change) for change in comparison.changes[:CHANGES_MAX]],
    )


@strawberry.type(description="Questions about contracts, answered in memory.")
class ContractQuestions:
    """Questions about contracts, answered in memory."""

    @strawberry.field(
        description="What a new version would break, and which registered consumers it concerns."
    )
    async def contract_changes(
        self,
        info: Info,
        *,
        interface: Annotated[
            str | None, strawberry.argument(description="URN of an interface with a document.")
        ] = None,
        old: Annotated[
            str | None,
            strawberry.argument(description="The version to compare with, if not that document."),
        ] = None,
        document: Annotated[
            str, strawberry.argument(description="The new version: OpenAPI or GraphQL.")
        ],
        source: Annotated[
            str, strawberry.argument(description="Its name; the end tells JSON from YAML.")
        ] = "new.yaml",
    ) -> ContractChanges:
        """Compare the registered document with a new version."""
        found: ContractChanges = await info.context.read(
            Scope.COMPLIANCE_READ, lambda db: _compared(db, interface, old, document, source)
        )
        return found
