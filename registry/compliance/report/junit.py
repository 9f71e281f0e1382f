"""JUnit XML for build servers: a suite per document, a case per rule that found something.

A rule with findings at error or warning fails; the others pass and keep their words in the output.
"""

import re
import xml.etree.ElementTree as ET  # it only writes here; nothing foreign is parsed
from collections.abc import Sequence

from schemas.compliance import CheckedDocument, Finding, Severity, Standing

_NO_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FINDINGS_SHOWN_MAX = 200  # of one rule in one document; build servers choke on megabytes


def write(documents: Sequence[CheckedDocument]) -> bytes:
    """Return the report in the dialect that Jenkins, GitLab and GitHub actions read."""
    suites = ET.Element("testsuites", name="townclerk interfaces check")
    for one in documents:
        suites.append(_suite(one))
    for count in ("tests", "failures", "skipped"):
        total = sum(int(suite.get(count, "0")) for suite in suites)
        suites.set(count, str(total))
    ET.indent(suites)
    content: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _suite(one: CheckedDocument) -> ET.Element:
    suite = ET.Element("testsuite", name=_clean(one.source))
    properties = ET.SubElement(suite, "properties")
    facts = [("sha256", one.sha256), ("kind", one.kind), ("engine", one.engine)]
    facts += [(f"rule set {used.name}", used.digest) for used in one.rule_sets]
    for name, value in facts:
        ET.SubElement(properties, "property", name=_clean(name), value=_clean(value))
    cases: dict[tuple[str, str], list[Finding]] = {}
    for judged in one.judged:
        standing = "" if judged.standing is Standing.OPEN else judged.standing.value
        cases.setdefault((judged.finding.code, standing), []).append(judged.finding)
    failures = skipped = 0
    for (rule, standing), findings in cases.items():
        case = ET.SubElement(suite, "testcase", name=_clean(rule), classname=_clean(one.source))
        worst = min(finding.severity for finding in findings)
        words = f"{len(findings)} findings"
        if standing:
            skipped += 1
            ET.SubElement(case, "skipped", message=f"{words}, {standing}")
        elif worst <= Severity.WARNING:
            failures += 1
            failure = ET.SubElement(case, "failure", type=worst.word, message=words)
            failure.text = _listed(findings)
        else:
            ET.SubElement(case, "system-out").text = _listed(findings)
    if not cases:
        ET.SubElement(suite, "testcase", name="no findings", classname=_clean(one.source))
    suite.set("tests", str(max(len(cases), 1)))
    suite.set("failures", str(failures))
    suite.set("skipped", str(skipped))
    return suite


def _listed(findings: list[Finding]) -> str:
    lines = [
        f"{finding.source}:{finding.range.start.line + 1}:{finding.range.start.character + 1} "
        f"{finding.severity.word} {finding.message} ({'/'.join(finding.path)})"
        for finding in findings[:FINDINGS_SHOWN_MAX]
    ]
    more = len(findings) - FINDINGS_SHOWN_MAX
    return _clean("\n".join(lines + ([f"and {more} more"] if more > 0 else [])))


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return _NO_XML.sub("", text)
