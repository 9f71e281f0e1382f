"""What auditors take away: reports in the form their reader needs, evidence as a file, privacy.

A report tells how interfaces stand today and writes no evidence; `checkInterface` does.
"""

from base64 import b64encode
from dataclasses import replace
from datetime import date
from typing import Annotated, Final

import psycopg
import strawberry

from registry.api.context import Context
from registry.api.enums import publish
from registry.api.pages import plain_text
from registry.compliance import archive, checks, queries
from registry.compliance.privacy import Declaration, PrivacyCheck
from registry.compliance.report.formats import FORMATS, ReportFormat, render
from registry.compliance.subject import Subject
from schemas.access import Scope
from schemas.compliance import CheckedDocument, Finding
from schemas.errors import InvalidInput

INTERFACES_MAX: Final = 20  # of one answer; the command line reports whole fleets
DOCUMENT_BYTES_MAX: Final = 2_000_000  # some seconds against several rule sets; a request has ten
EVIDENCE_BYTES_MAX: Final = 8_000_000  # packed, before it is written as text

publish(
    ReportFormat,
    "How findings are written down.",
    {
        ReportFormat.TEXT: "Lines for people.",
        ReportFormat.JSON: "All that is known, for programs.",
        ReportFormat.SARIF: "SARIF 2.1.0, for code hosts.",
        ReportFormat.JUNIT: "JUnit XML, for build servers.",
        ReportFormat.HTML: "One page that stands by itself.",
        ReportFormat.CSV: "A table; no cell is taken for a formula.",
        ReportFormat.PDF: "Pages to print; only `base64` holds them.",
        ReportFormat.SPECTRAL: "As Spectral's own JSON.",
    },
)
Info = strawberry.Info[Context, None]
Urns = Annotated[list[str], strawberry.argument(description="URNs of interfaces, 20 at most.")]


@strawberry.type(description="A report of findings, written down in one form.")
class InterfaceReport:
    """A report of findings, written down in one form."""

    content_type: str = strawberry.field(description="Media type of the text or the bytes.")
    text: str | None = strawberry.field(description="The report; null for PDF.")
    base64: str | None = strawberry.field(description="The bytes of a PDF; null for all others.")
    open_findings: int = strawberry.field(description="Findings that count.")


@strawberry.type(description="Evidence in one zip file, with the means to verify it.")
class EvidenceArchive:
    """Evidence in one zip file, with the means to verify it."""

    records: int = strawberry.field(description="Records of the whole chain, all in the file.")
    head: str = strawberry.field(description="Hash of the last one; keep it somewhere else.")
    base64: str = strawberry.field(description="The bytes of the zip file.")


@strawberry.type(description="A field that looks like personal data, or what is not declared.")
class PrivacyFinding:
    """A field that looks like personal data, or what is not declared."""

    code: str = strawberry.field(description="Rule, for example privacy-undeclared-data.")
    severity: str = strawberry.field(description="One of error, warn, info and hint.")
    path: list[str] = strawberry.field(description="Place in the document; empty for the whole.")
    message: str = strawberry.field(description="What was found, and where.")
    line: int = strawberry.field(description="Line of the document, from 1.")


def _stands_today(db: psycopg.Connection, urn: str) -> CheckedDocument:
    task = checks.prepare(db, urn, date.today())  # noqa: DTZ011  # a civil day
    small_enough(task.document)
    return replace(checks.carry_out(task), source=urn)


def _evidence(db: psycopg.Connection, urns: list[str]) -> EvidenceArchive:
    if queries.evidence_bytes(db, urns) > EVIDENCE_BYTES_MAX:
        raise InvalidInput(
            f"The evidence has more than {EVIDENCE_BYTES_MAX:,} bytes.",
            remedy="Name fewer interfaces, or use `townclerk interfaces evidence export FILE`.",
            path=["interfaces"],
        )
    content = archive.export(db, urns)
    number, digest = queries.chain_head(db)
    return EvidenceArchive(records=number, head=digest, base64=b64encode(content).decode())


def _privacy(db: psycopg.Connection, urn: str) -> list[PrivacyFinding]:
    document = queries.newest_document(db, urn)
    small_enough(document)
    check = PrivacyCheck(Declaration.of(document.attrs))
    return [_told(one) for one in check(Subject(document.content, document.source))]


def _told(finding: Finding) -> PrivacyFinding:
    return PrivacyFinding(
        code=finding.code,
        severity=finding.severity.word,
        path=list(finding.path),
        message=finding.message,
        line=finding.range.start.line + 1,
    )


def small_enough(document: queries.DocumentRow) -> None:
    """Refuse a document that would take longer than an answer may.

    Raises:
        InvalidInput: It is larger.
    """
    if len(document.content) > DOCUMENT_BYTES_MAX:
        raise InvalidInput(
            f"The document of {document.urn} has more than {DOCUMENT_BYTES_MAX:,} bytes.",
            remedy=f"Use `townclerk interfaces report {document.urn}`.",
        )


def _chosen(urns: list[str]) -> list[str]:
    found = list(dict.fromkeys(plain_text(urn, "interfaces") for urn in urns))
    if not 1 <= len(found) <= INTERFACES_MAX:
        raise InvalidInput(
            f"Name 1 to {INTERFACES_MAX} interfaces.",
            remedy="Use `townclerk interfaces report`, which takes all of them.",
            path=["interfaces"],
        )
    return found


@strawberry.type(description="What auditors take away.")
class ReportQuestions:
    """What auditors take away."""

    @strawberry.field(
        description="How interfaces stand today, checked now; waivers and baselines count."
    )
    async def interface_report(
        self,
        info: Info,
        interfaces: Urns,
        form: Annotated[
            ReportFormat,
            strawberry.argument(name="format", description="How it is written down."),
        ] = ReportFormat.TEXT,
    ) -> InterfaceReport:
        """Write a report."""
        context = info.context
        context.demand(Scope.COMPLIANCE_READ)
        # One question for each: none begins when the time of the answer is over.
        documents = [
            await context.read(Scope.COMPLIANCE_READ, _stands_today, urn)
            for urn in _chosen(interfaces)
        ]
        content = await context.read(Scope.COMPLIANCE_READ, lambda _: render(documents, form))
        context.spend(len(content))
        is_text = form is not ReportFormat.PDF
        return InterfaceReport(
            content_type=FORMATS[form][1],
            text=content.decode() if is_text else None,
            base64=None if is_text else b64encode(content).decode(),
            open_findings=sum(len(list(one.open_findings())) for one in documents),
        )

    @strawberry.field(
        description="The evidence of interfaces with documents, findings and a verifier."
    )
    async def evidence_archive(self, info: Info, interfaces: Urns) -> EvidenceArchive:
        """Export the evidence."""
        info.context.demand(Scope.COMPLIANCE_READ)
        found: EvidenceArchive = await info.context.read(
            Scope.COMPLIANCE_READ, _evidence, _chosen(interfaces)
        )
        return found

    @strawberry.field(
        description="Personal data in an interface's document that the register does not declare."
    )
    async def privacy_findings(
        self,
        info: Info,
        interface: Annotated[str, strawberry.argument(description="URN of an interface.")],
    ) -> list[PrivacyFinding]:
        """Check privacy alone."""
        urn = plain_text(interface, "interface")
        found: list[PrivacyFinding] = await info.context.read(Scope.COMPLIANCE_READ, _privacy, urn)
        return found
