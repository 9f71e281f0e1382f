"""The public door of the rule engine: bytes and a rule set in, findings out.

Nothing is read besides the bytes, and nothing is fetched; the same input gives the same findings.
"""

from registry.compliance.document import Document
from registry.compliance.findings import in_order
from registry.compliance.formats import title
from registry.compliance.graph import References
from registry.compliance.rulesets.model import OFF, RuleSet
from registry.compliance.run import Run
from registry.compliance.subject import Subject
from schemas.compliance import Finding, Severity

MISFIT = "unrecognized-format"  # the code under which Spectral says that a rule set does not fit


def check(document_bytes: bytes, ruleset: RuleSet, *, source: str) -> list[Finding]:
    """Check one document against one rule set.

    Args:
        document_bytes: The document as it was received, YAML or JSON in UTF-8.
        ruleset: A rule set from `registry.compliance.rulesets.load`.
        source: Name of the document; it appears in findings, decides about overrides, and makes
            the document JSON when it ends in .json.

    Returns:
        Findings in Spectral's order. Where a rule itself fails, a finding `engine-error` names it.

    Raises:
        DocumentTooLarge: The document passes a limit of size, depth or number of values.
        NotText: The bytes are not UTF-8.
    """
    return check_subject(Subject(document_bytes, source), ruleset)


def check_subject(subject: Subject, ruleset: RuleSet) -> list[Finding]:
    """Check a document that is ready already, for instance against several rule sets."""
    run = Run(subject, ruleset)
    findings = run.run()
    document = subject.document
    return in_order(
        [
            *_from_references(document, subject.references),
            *_from_parser(document, ruleset),
            *_about_formats(document, run, ruleset),
            *findings,
        ]
    )


def _from_references(document: Document, references: References) -> list[Finding]:
    found: list[Finding] = []
    for bad in references.bad:
        row, _ = document.tree.closest(bad.path)
        place = document.range_of(row)
        found.append(
            Finding("invalid-ref", Severity.ERROR, bad.path, bad.message, place, document.source)
        )
    return found


def _from_parser(document: Document, ruleset: RuleSet) -> list[Finding]:
    severities = {
        "duplicate_key": ruleset.duplicate_keys,
        "key_not_text": ruleset.keys_not_text,
        "warning": Severity.WARNING,
        "syntax": Severity.ERROR,
    }
    return [
        Finding(
            "parser",
            Severity(severities[remark.kind]),
            remark.path,
            remark.message[:1].upper() + remark.message[1:],
            document.lines.range(remark.start, remark.stop),
            document.source,
        )
        for remark in document.diagnostics
        if severities[remark.kind] != OFF
    ]


def _about_formats(document: Document, run: Run, ruleset: RuleSet) -> list[Finding]:
    if run.formats or not ruleset.formats:
        return []
    names = ", ".join(title(name) for name in ruleset.formats)
    words = f"The provided document does not match any of the registered formats [{names}]"
    place = document.range_of(0)
    return [Finding(MISFIT, Severity.WARNING, (), words, place, document.source)]
