"""Changes of trusted documents; the API refuses to trust what it could not answer."""

from typing import Annotated

import psycopg
import strawberry
from graphql import GraphQLError

from registry.access import documents
from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.documents import read_document
from schemas.access import Scope
from schemas.errors import InvalidInput

Text = Annotated[str, strawberry.argument(description="The document, byte for byte.")]
Name = Annotated[str, strawberry.argument(description="What people call it.")]
NeedsScope = Annotated[
    str | None,
    strawberry.argument(description="What who asks must hold, e.g. customers:read; else nothing."),
]
HashOrName = Annotated[str, strawberry.argument(description="Its hash or its name.")]


@strawberry.type(description="A document was approved.")
class DocumentTrusted(Change):
    """A document was approved."""

    hash: str = strawberry.field(description="What it is asked for by: sha256, in hexadecimal.")


@strawberry.type(description="Documents are trusted no longer.")
class DocumentWithdrawn(Change):
    """Documents are trusted no longer."""

    count: int = strawberry.field(description="How many there were of this hash or name.")


def _trust_document(
    db: psycopg.Connection, actor: Actor, text: Text, name: Name, scope: NeedsScope = None
) -> DocumentTrusted:
    try:
        read_document(text)
    except GraphQLError as error:
        raise InvalidInput(f"This is not GraphQL: {error.message}", path=["text"]) from error
    if scope is not None and scope not in set(Scope):
        raise InvalidInput(f"A scope is one of {', '.join(sorted(Scope))}.", path=["scope"])
    needed = Scope(scope) if scope else None
    row = documents.trust_document(db, text, name=name, scope=needed, by=actor.name)
    return DocumentTrusted(hash=row.hash)


def _withdraw_document(db: psycopg.Connection, document: HashOrName) -> DocumentWithdrawn:
    return DocumentWithdrawn(count=documents.withdraw_document(db, document))


@strawberry.type
class DocumentMutation:
    """Changes of trusted documents."""

    trust_document = change(
        _trust_document, Scope.DOCUMENTS_WRITE, "Approve a document, to be asked by its hash."
    )
    withdraw_document = change(
        _withdraw_document, Scope.DOCUMENTS_WRITE, "Trust a document no longer."
    )
