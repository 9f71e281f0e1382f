"""The whole check of one document: its kind, its structure, its rule sets, as one result.

Bytes in, result out; nothing is read beside them and nothing is fetched, so the same bytes, rule
sets and release give the same findings, whoever checks and wherever.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version

from registry.compliance.document import Document
from registry.compliance.engine import check_subject
from registry.compliance.findings import in_order
from registry.compliance.parsing.tree import DocumentTooLarge
from registry.compliance.rulesets.model import RuleSet
from registry.compliance.structure.judge import (
    describe,
    kind_of_text,
    operations_of,
    structure_of,
    version_of,
)
from registry.compliance.subject import Subject
from schemas.compliance import (
    START_OF_DOCUMENT,
    CheckedDocument,
    Finding,
    Judged,
    Severity,
    UsedRuleSet,
)
from schemas.errors import InvalidInput

REFUSED = "document-refused"


@lru_cache(maxsize=1)
def engine_name() -> str:
    """Return name and release of what checks; part of every piece of evidence."""
    return f"townclerk {version('townclerk')}"


Extra = Callable[[Subject], list[Finding]]


def check_document(
    content: bytes,
    source: str,
    rule_sets: Sequence[RuleSet] = (),
    *,
    structure: bool = True,
    extra: Sequence[Extra] = (),
    json_as_yaml: bool = False,
) -> CheckedDocument:
    """Check one document.

    Args:
        content: The bytes as they were received.
        source: Name of the document for findings; its end tells JSON, GraphQL and WSDL.
        rule_sets: What to check it against; only JSON and YAML have rule sets.
        structure: Judge also whether the document is valid at all.
        extra: Further checks of the parsed document, for instance for personal data.
        json_as_yaml: Read JSON as YAML, as Spectral's command line does: the same findings at
            slightly other places.

    Returns:
        The result. A document that cannot be read has one finding `document-refused`.
    """
    kind, operations, declared = "unknown", 0, ""
    outside: tuple[str, ...] = ()
    text_kind = kind_of_text(content, source)
    try:
        if text_kind == "graphql":
            kind, findings = "GraphQL", _graphql(content, source)
        elif text_kind == "wsdl":
            kind, findings = "WSDL", _wsdl(content, source)
        else:
            parsed = Document(content, source, syntax="yaml" if json_as_yaml else None)
            subject = Subject.of(parsed)
            data = subject.document.data
            kind, operations, declared = describe(data), operations_of(data), version_of(data)
            outside = _outside(subject)
            findings = _data(subject, rule_sets, structure=structure, extra=extra)
    except (DocumentTooLarge, InvalidInput) as refused:
        findings = [Finding(REFUSED, Severity.ERROR, (), refused.what, START_OF_DOCUMENT, source)]
    return CheckedDocument(
        source=source,
        kind=kind,
        sha256=sha256(content).hexdigest(),
        rule_sets=tuple(UsedRuleSet(one.name, one.digest) for one in rule_sets),
        engine=engine_name(),
        judged=tuple(Judged(_writable(finding)) for finding in findings),
        operations=operations,
        version=declared,
        outside=outside,
    )


def _outside(subject: Subject) -> tuple[str, ...]:
    values = subject.tree.values
    sites = subject.references.outside
    return tuple(sorted({str(values[site]["$ref"]).partition("#")[0] for site in sites}))


def _writable(finding: Finding) -> Finding:
    """Replace halves of characters, which JSON can name and UTF-8 cannot hold."""
    texts = (finding.message, *finding.path)
    if all(text.isascii() for text in texts):
        return finding
    message, *path = (text.encode("utf-8", "replace").decode() for text in texts)
    return replace(finding, message=message, path=tuple(path))


def _data(
    subject: Subject, rule_sets: Sequence[RuleSet], *, structure: bool, extra: Sequence[Extra]
) -> list[Finding]:
    found = structure_of(subject) if structure else []
    for rule_set in rule_sets:
        found += check_subject(subject, rule_set)
    for look in extra:
        found += look(subject)
    return in_order(found)


def _graphql(content: bytes, source: str) -> list[Finding]:
    from registry.compliance.structure.sdl import sdl_problems

    return sdl_problems(_text(content), source)


def _wsdl(content: bytes, source: str) -> list[Finding]:
    from registry.compliance.structure.wsdl import wsdl_problems

    return wsdl_problems(content, source)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise InvalidInput(f"Byte {wrong.start:,} of the document is not UTF-8.") from wrong
