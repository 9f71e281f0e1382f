"""Changes of compliance: documents, checks, waivers, baselines."""

from datetime import date
from typing import Annotated
from uuid import UUID

import psycopg
import strawberry

from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.pages import plain_text
from registry.compliance import checks, commands
from schemas.access import Scope
from schemas.compliance import Severity
from schemas.errors import InvalidInput

CONTENT_CHARACTERS_MAX = 2_000_000  # of a document in a request; larger ones by the command line

Urn = Annotated[str, strawberry.argument(description="For example urn:town:interface:permits.")]
WaiverId = Annotated[
    strawberry.ID, strawberry.argument(description="Id that `askWaiver` answered.")
]
Text = Annotated[str, strawberry.argument(description="As people write it.")]


@strawberry.type(description="The document that describes an interface was registered.")
class InterfaceDocumentRegistered(Change):
    """The document that describes an interface was registered."""

    sha256: str = strawberry.field(description="Hash of its bytes.")


@strawberry.type(description="An interface was checked, and the evidence written.")
class InterfaceChecked(Change):
    """An interface was checked, and the evidence written."""

    number: int = strawberry.field(description="Place of the record in the chain.")
    hash: str = strawberry.field(description="Hash of the record.")
    errors: int = strawberry.field(description="Open findings that are errors.")
    warnings: int = strawberry.field(description="Open findings that are warnings.")
    waived: int = strawberry.field(description="Findings that are waived.")


@strawberry.type(description="A waiver was asked for, approved or withdrawn.")
class WaiverChanged(Change):
    """A waiver was asked for, approved or withdrawn."""

    waiver: strawberry.ID = strawberry.field(description="Its id, as the change was given it.")


@strawberry.type(description="What is wrong with an interface today does not count any more.")
class BaselineSet(Change):
    """What is wrong with an interface today does not count any more."""

    known: int = strawberry.field(description="How many findings are known from now on.")


def _register_interface_document(
    db: psycopg.Connection, urn: Urn, content: Text, source: Text, actor: Actor
) -> InterfaceDocumentRegistered:
    if len(content) > CONTENT_CHARACTERS_MAX:
        raise InvalidInput(
            f"The document has more than {CONTENT_CHARACTERS_MAX:,} characters.",
            remedy="Register it with `townclerk interfaces register URN FILE`.",
            path=["content"],
        )
    digest = commands.register_document(
        db, urn, content.encode("utf-8", "replace"), plain_text(source, "source"), actor=actor.name,
        origin="api",
    )  # fmt: skip
    return InterfaceDocumentRegistered(sha256=digest)


def _check_interface(db: psycopg.Connection, urn: Urn, actor: Actor) -> InterfaceChecked:
    task = checks.prepare(db, urn, _today())
    one = checks.carry_out(task)
    number, digest = checks.write_down(db, task, one, actor=actor.name)
    counts = one.counts()
    return InterfaceChecked(
        number=number, hash=digest, errors=counts[Severity.ERROR.word],
        warnings=counts[Severity.WARNING.word], waived=counts["waived"],
    )  # fmt: skip


def _ask_waiver(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    rule: Text,
    reason: Text,
    until: Annotated[str, strawberry.argument(description="Day it ends, e.g. 2027-01-31.")],
    actor: Actor,
    interface: Annotated[
        str | None, strawberry.argument(description="Only for this interface.")
    ] = None,
    path: Annotated[str, strawberry.argument(description="Only for findings there.")] = "**",
) -> WaiverChanged:
    try:
        expires_on = date.fromisoformat(until)
    except ValueError:
        raise InvalidInput("`until` must be a date such as 2027-01-31.", path=["until"]) from None
    made = commands.ask_waiver(
        db, rule=plain_text(rule, "rule"), reason=plain_text(reason, "reason"), asked_by=actor.name,
        expires_on=expires_on, interface_urn=interface, path=plain_text(path, "path"),
        today=_today(),
    )  # fmt: skip
    return WaiverChanged(waiver=strawberry.ID(str(made)))


def _approve_waiver(db: psycopg.Connection, waiver: WaiverId, actor: Actor) -> WaiverChanged:
    commands.approve_waiver(db, _uuid(waiver), approved_by=actor.name)
    return WaiverChanged(waiver=waiver)


def _withdraw_waiver(db: psycopg.Connection, waiver: WaiverId) -> WaiverChanged:
    commands.withdraw_waiver(db, _uuid(waiver))
    return WaiverChanged(waiver=waiver)


def _set_baseline(db: psycopg.Connection, urn: Urn, actor: Actor) -> BaselineSet:
    one = checks.carry_out(checks.prepare(db, urn, _today()))
    return BaselineSet(known=commands.set_baseline(db, urn, one, actor=actor.name))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("This is no id of a waiver.", path=["waiver"]) from None


def _today() -> date:
    return date.today()  # noqa: DTZ011  # waivers end on civil days


_WRITE = Scope.COMPLIANCE_WRITE


@strawberry.type
class ComplianceMutation:
    """Changes of compliance."""

    register_interface_document = change(
        _register_interface_document, _WRITE, "Register the document that describes an interface."
    )
    check_interface = change(
        _check_interface, _WRITE, "Check an interface against what it owes; write the evidence."
    )
    ask_waiver = change(_ask_waiver, _WRITE, "Ask that findings be accepted until a day.")
    approve_waiver = change(
        _approve_waiver, Scope.COMPLIANCE_APPROVE, "Approve a waiver that somebody else asked for."
    )
    withdraw_waiver = change(
        _withdraw_waiver, Scope.COMPLIANCE_APPROVE, "Take a waiver back; its findings count again."
    )
    set_baseline = change(
        _set_baseline, Scope.COMPLIANCE_APPROVE, "Let what is wrong today not count any more."
    )
