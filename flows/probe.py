"""Probe registered interfaces: read-only, slowly, only where the register allows it.

An interface is probed when its properties say `probe: true`; its address and whether that may be
an inner one come from the register too, so nobody can send a probe elsewhere.
"""

import asyncio
from dataclasses import replace
from datetime import date

from connectors.sdk.http import HttpClient
from connectors.sdk.looking import Look
from registry.compliance import commands, queries, waivers
from registry.compliance.checking import engine_name
from registry.compliance.probe import (
    BODY_BYTES_MAX,
    Probe,
    look_at,
    probe_digest,
    refuse_unless_allowed,
)
from registry.compliance.structure.judge import operations_of
from registry.compliance.subject import Subject
from registry.storage.database import unit_of_work
from schemas.compliance import (
    START_OF_DOCUMENT,
    CheckedDocument,
    Finding,
    Judged,
    Severity,
    UsedRuleSet,
)
from schemas.errors import SourceTrouble
from schemas.evidence import CheckKind

TIMEOUT_SECONDS = 15.0  # of one request; an interface that needs longer is down for its users


def probe_interface(urn: str, *, actor: str) -> tuple[CheckedDocument, int]:
    """Look at the running interface, write the evidence, and return what is wrong and its number.

    Waivers hold for a probe as for a check. A baseline does not: it is about a document.

    Raises:
        UnknownName: No such interface, or it has no document.
        ProbeNotAllowed: The register does not allow it.
        InvalidInput: It has no address.
    """
    today = date.today()  # noqa: DTZ011  # waivers end on civil days
    with unit_of_work() as db:
        document = queries.newest_document(db, urn)
        in_force = queries.active_waivers(db, document.interface_id, today)
    refuse_unless_allowed(urn, document.attrs)
    subject = Subject(document.content, document.source)
    findings = asyncio.run(_probe(subject, document))
    one = CheckedDocument(
        source=urn,
        kind=document.kind,
        sha256=document.sha256,
        rule_sets=(UsedRuleSet("live probe", probe_digest()),),
        engine=engine_name(),
        judged=tuple(Judged(replace(finding, source=urn)) for finding in findings),
        operations=operations_of(subject.document.data),
    )
    one = waivers.apply(one, in_force, today)
    with unit_of_work() as db:
        number, _ = commands.record_check(
            db,
            urn,
            one,
            actor=actor,
            referenced={},
            waivers=[str(waiver.id) for waiver in in_force],
            kind=CheckKind.PROBE,
        )
    return one, number


async def _probe(subject: Subject, document: queries.DocumentRow) -> list[Finding]:
    attrs = document.attrs
    client = HttpClient(
        str(attrs["base_url"]),
        internal=bool(attrs.get("internal", False)),
        loopback=bool(attrs.get("sandbox", False)),
        timeout_seconds=TIMEOUT_SECONDS,
    )

    async def ask(path: str, headers: dict[str, str]) -> Look:
        return await client.look(client.below(path), headers, limit=BODY_BYTES_MAX)

    probe = Probe(subject, document_path=str(attrs.get("document_path", "/openapi.json")))
    secure = str(attrs["base_url"]).startswith("https:")
    try:
        return await look_at(probe, ask, secure=secure)
    except SourceTrouble as trouble:
        words = trouble.what
        return [
            Finding("probe-no-answer", Severity.ERROR, (), words, START_OF_DOCUMENT, document.urn)
        ]
    finally:
        await client.close()
