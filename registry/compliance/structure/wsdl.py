"""WSDL 1.1 and 2.0: is it well-formed, and does every name it uses exist in it?

Source: W3C Note WSDL 1.1 (2001), chapter 2; W3C Recommendation WSDL 2.0 (2007), chapter 2.
"""

from typing import Any

from lxml import etree

from schemas.compliance import Finding, Position, Range, Severity

BYTES_MAX = 16 * 2**20  # the largest we met (a national tax service) has 3 MB
ELEMENTS_MAX = 500_000
RULE = "wsdl-structure"
OUTSIDE = "outside-reference"
_ONE = "http://schemas.xmlsoap.org/wsdl/"
_TWO = "http://www.w3.org/ns/wsdl"
_SCHEMA = "http://www.w3.org/2001/XMLSchema"
# What refers to what in WSDL 1.1: element, attribute, and the element that declares the name.
_USES = (
    ("binding", "type", "portType"), ("port", "binding", "binding"),
    ("input", "message", "message"), ("output", "message", "message"),
    ("fault", "message", "message"),
)  # fmt: skip


def wsdl_problems(content: bytes, source: str) -> list[Finding]:
    """Return what makes a WSDL document invalid; nothing is fetched and no entity is expanded."""
    if len(content) > BYTES_MAX:
        return [_finding(f"the document has more than {BYTES_MAX:,} bytes", 1, source)]
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        return [_finding("a document type declaration has no place in a WSDL", 1, source)]
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as wrong:
        return [_finding(f"not well-formed XML: {wrong.msg}", wrong.lineno or 1, source)]
    name = etree.QName(root)
    if (name.namespace, name.localname) == (_TWO, "description"):
        return _located(_second(root), source)
    if (name.namespace, name.localname) != (_ONE, "definitions"):
        words = (
            f"the outermost element is {name.localname!r}, not WSDL's definitions or description"
        )
        return [_finding(words, _line(root), source)]
    return _located(_first(root), source)


def _first(root: etree._Element) -> list[tuple[str, str, int]]:
    target = root.get("targetNamespace", "")
    problems = [] if target else [(RULE, "definitions has no targetNamespace", _line(root))]
    declared: dict[str, set[str]] = {}
    for kind in ("message", "portType", "binding", "service"):
        names = [element.get("name") for element in root.findall(f"{{{_ONE}}}{kind}")]
        declared[kind] = {name for name in names if name}
        problems += [
            (RULE, f"{kind} {name!r} is declared twice", _line(root))
            for name in sorted(declared[kind])
            if names.count(name) > 1
        ]
    imports = root.findall(f"{{{_ONE}}}import")
    for element, attribute, kind in _USES:
        for used in root.iter(f"{{{_ONE}}}{element}"):
            reference = used.get(attribute)
            if reference is None:
                continue
            prefix, _, local = reference.rpartition(":")
            namespace = used.nsmap.get(prefix or None)
            if prefix and namespace is None:
                problems.append((RULE, f"the prefix of {reference!r} is not declared", _line(used)))
            elif namespace == target and local not in declared[kind] and not imports:
                problems.append((RULE, f"{kind} {local!r} does not exist", _line(used)))
    return problems + _outside(root)


def _second(root: etree._Element) -> list[tuple[str, str, int]]:
    problems = []
    if not root.get("targetNamespace"):
        problems.append((RULE, "description has no targetNamespace", _line(root)))
    interfaces = {one.get("name") for one in root.findall(f"{{{_TWO}}}interface")}
    for kind in ("binding", "service"):
        for one in root.findall(f"{{{_TWO}}}{kind}"):
            local = (one.get("interface") or "").rpartition(":")[2]
            if local and local not in interfaces and root.find(f"{{{_TWO}}}include") is None:
                problems.append((RULE, f"interface {local!r} does not exist", _line(one)))
    return problems + _outside(root)


def _outside(root: etree._Element) -> list[tuple[str, str, int]]:
    found = []
    wanted = [
        f"{{{_ONE}}}import", f"{{{_TWO}}}import", f"{{{_TWO}}}include",
        f"{{{_SCHEMA}}}import", f"{{{_SCHEMA}}}include",
    ]  # fmt: skip
    for element in root.iter(*wanted):
        where = element.get("location") or element.get("schemaLocation")
        if where:
            words = f"{where[:200]!r} lies outside this document and is not followed"
            found.append((OUTSIDE, words, _line(element)))
    return found


def _line(element: Any) -> int:
    return int(element.sourceline or 1)


def _located(problems: list[tuple[str, str, int]], source: str) -> list[Finding]:
    return [
        _finding(words, line, source, rule=rule) for rule, words, line in problems[:ELEMENTS_MAX]
    ]


def _finding(words: str, line: int, source: str, *, rule: str = RULE) -> Finding:
    at = Position(max(line - 1, 0), 0)
    severity = Severity.WARNING if rule == OUTSIDE else Severity.ERROR
    return Finding(rule, severity, (), words, Range(at, at), source)
