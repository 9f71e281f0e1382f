"""Does the running interface do what its document says, and what a safe interface must?

It reads only: GET without a token, on the registered address and nowhere else, few times and
slowly. Host and trust come from the register, and the address is checked before each connection.

Source: API Design Rules of Logius, /core/transport/tls, security-headers, cors and
/core/publish-openapi, version-header, error-handling; NCSC guidelines for TLS 2.1; RFC 6797,
RFC 9457.
"""

import asyncio
import json
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema_rs

from connectors.sdk.looking import Look
from registry.compliance.contract.operations import Contract, Operation, as_object
from registry.compliance.subject import Subject
from schemas.compliance import START_OF_DOCUMENT, Finding, Severity
from schemas.errors import AccessDenied, InvalidInput, SourceTrouble

OPERATIONS_MAX = 10  # a probe is a look, not a load test
PAUSE_SECONDS = 0.5  # between two requests
BODY_BYTES_MAX = 16 * 2**20  # the largest published document has 13 MB
CERTIFICATE_DAYS_MIN = 30  # time enough to order, test and place a new one
HSTS_SECONDS_MIN = 31_536_000  # a year, as the national rules ask
ERRORS_TOLD_MAX = 5  # of one answer against its schema
_ORIGIN = {"Origin": "https://townclerk.example"}
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_NOWHERE = "/townclerk-probe-of-a-path-that-does-not-exist"
_GOOD_TLS = ("TLSv1.2", "TLSv1.3")
_JSON = ("application/json", "application/hal+json", "application/problem+json")


class ProbeNotAllowed(AccessDenied):
    """The register does not allow this interface to be probed."""

    code = "probe_not_allowed"
    remedy = "Set `probe: true` among the properties of the interface, when its owner agrees."


def may_be_probed(attrs: Mapping[str, Any]) -> bool:
    """Say whether the register allows an interface to be probed, and where."""
    return attrs.get("probe") is True and bool(attrs.get("base_url"))


def refuse_unless_allowed(urn: str, attrs: Mapping[str, Any]) -> None:
    """Refuse to probe what the register does not say may be probed, and where.

    Raises:
        ProbeNotAllowed: It does not say so.
        InvalidInput: It has no address.
    """
    if attrs.get("probe") is not True:
        raise ProbeNotAllowed(f"{urn} is not registered as one that may be probed.")
    if not attrs.get("base_url"):
        raise InvalidInput(
            f"{urn} is registered without an address.",
            remedy="Set `base_url` among the properties of the interface.",
        )


@lru_cache(maxsize=1)
def probe_digest() -> str:
    """Return the hash of this file: evidence of a probe says by which rules it looked."""
    return sha256(Path(__file__).read_bytes()).hexdigest()


Ask = Callable[[str, dict[str, str]], Awaitable[Look]]


@dataclass(frozen=True)
class Probe:
    """What to look at.

    Attributes:
        subject: The registered document.
        document_path: Where the interface publishes it, below its address.
        pause_seconds: Between two requests.
    """

    subject: Subject
    document_path: str = "/openapi.json"
    pause_seconds: float = PAUSE_SECONDS


async def look_at(probe: Probe, ask: Ask, *, secure: bool) -> list[Finding]:
    """Probe one interface and return what is wrong with it.

    Args:
        probe: What to look at.
        ask: Sends one GET to a path below the registered address.
        secure: The registered address begins with https.

    Raises:
        SourceTrouble: It cannot be reached at all.
    """
    found = _Found(probe.subject.document.source)
    first = await ask(probe.document_path, _ORIGIN)
    _published(probe, first, found)
    _connection(first, found, secure=secure)
    _headers(first, found)
    await asyncio.sleep(probe.pause_seconds)
    _not_found(await ask(_NOWHERE, {}), found)
    for operation in _safe(probe.subject.document.data):
        await asyncio.sleep(probe.pause_seconds)
        try:
            answer = await ask(operation.path, _ORIGIN)
        except SourceTrouble as trouble:
            found.add("probe-no-answer", Severity.ERROR, trouble.what, operation)
            continue
        _answer(probe, operation, answer, found)
    return found.findings


class _Found:
    def __init__(self, source: str) -> None:
        self.source = source
        self.findings: list[Finding] = []

    def add(
        self, rule: str, severity: Severity, words: str, operation: Operation | None = None
    ) -> None:
        path = ("paths", operation.path, operation.verb) if operation else ()
        self.findings.append(Finding(rule, severity, path, words, START_OF_DOCUMENT, self.source))


def _safe(data: Any) -> Iterator[Operation]:
    """Yield operations that can be asked without knowing anything: GET without parameters."""
    count = 0
    for operations in Contract(data).paths().values():
        operation = operations.get("get")
        if operation is None or "{" in operation.path or count >= OPERATIONS_MAX:
            continue
        if any(parameter.required for parameter in operation.parameters.values()):
            continue
        count += 1
        yield operation


def _published(probe: Probe, answer: Look, found: _Found) -> None:
    where = probe.document_path
    if answer.status != 200:
        words = f"{where} answers with status {answer.status}; the document must be published there"
        found.add("probe-document-published", Severity.ERROR, words)
        return
    if answer.headers.get("access-control-allow-origin") not in ("*", _ORIGIN["Origin"]):
        words = f"{where} does not allow pages of other origins to read it (CORS)"
        found.add("probe-cors", Severity.ERROR, words)
    try:
        served = json.loads(answer.body)
    except (ValueError, RecursionError):
        found.add("probe-document-published", Severity.ERROR, f"{where} is no JSON document")
        return
    registered = probe.subject.document.data
    # Where it runs is the one thing that may differ between two places.
    parts = ("paths", "components", "info", "definitions", "openapi", "swagger", "security")
    changed = [
        part for part in parts
        if as_object(served).get(part) != as_object(registered).get(part)
    ]  # fmt: skip
    if changed:
        words = f"the served document differs from the registered one in {', '.join(changed)}"
        found.add("probe-document-differs", Severity.ERROR, words)


def _connection(answer: Look, found: _Found, *, secure: bool) -> None:
    if not secure:
        found.add("probe-tls", Severity.ERROR, "the interface is served without TLS")
        return
    if answer.tls not in _GOOD_TLS:
        words = f"{answer.tls or 'an unknown protocol'} is not safe; use TLS 1.2 or 1.3"
        found.add("probe-tls", Severity.ERROR, words)
    if answer.certificate_ends:
        days = int((ssl.cert_time_to_seconds(answer.certificate_ends) - time.time()) // 86_400)
        if days < CERTIFICATE_DAYS_MIN:
            found.add("probe-certificate", Severity.WARNING, f"the certificate ends in {days} days")
    age = _MAX_AGE.search(answer.headers.get("strict-transport-security", ""))
    if age is None:
        words = "no Strict-Transport-Security header"
        found.add("probe-security-headers", Severity.ERROR, words)
    elif int(age[1]) < HSTS_SECONDS_MIN:
        words = f"Strict-Transport-Security holds {int(age[1]):,} seconds only; a year is asked"
        found.add("probe-security-headers", Severity.WARNING, words)


def _headers(answer: Look, found: _Found) -> None:
    headers = answer.headers
    wanted = (
        ("x-content-type-options", "nosniff", "X-Content-Type-Options: nosniff"),
        ("content-security-policy", "frame-ancestors", "Content-Security-Policy: frame-ancestors"),
        ("cache-control", "no-store", "Cache-Control: no-store"),
    )
    for name, part, told in wanted:
        if part not in headers.get(name, "").lower():
            found.add("probe-security-headers", Severity.WARNING, f"no header {told}")
    if not headers.get("api-version"):
        found.add("probe-version-header", Severity.ERROR, "no header API-Version")


def _not_found(answer: Look, found: _Found) -> None:
    if answer.status not in (401, 403, 404):
        words = f"a path that does not exist answers with status {answer.status}, not 404"
        found.add("probe-not-found", Severity.WARNING, words)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/problem+json":
        words = f"errors are {kind or 'of no type'}, not application/problem+json"
        found.add("probe-problem-details", Severity.ERROR, words)


def _shared_with_anybody(answer: Look) -> bool:
    """Say whether a page of any origin may read this answer with its reader's own rights."""
    allowed = answer.headers.get("access-control-allow-origin")
    rights = answer.headers.get("access-control-allow-credentials", "").lower()
    return rights == "true" and allowed in {"*", _ORIGIN["Origin"]}


def _answer(probe: Probe, operation: Operation, answer: Look, found: _Found) -> None:
    if _shared_with_anybody(answer):
        words = "allows pages of every origin to use its readers' rights (CORS with credentials)"
        found.add("probe-cors-credentials", Severity.ERROR, words, operation)
    data = probe.subject.document.data
    if operation.raw.get("security", as_object(data).get("security")):
        if answer.status not in (401, 403):
            words = f"answers with status {answer.status} without a token, not 401 or 403"
            found.add("probe-open-without-token", Severity.ERROR, words, operation)
        return
    status = str(answer.status)
    response = operation.responses.get(
        status, operation.responses.get(f"{status[0]}XX", operation.responses.get("default"))
    )
    if response is None:
        words = f"answers with status {status}, which the document does not name"
        found.add("probe-undocumented-status", Severity.ERROR, words, operation)
        return
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    schema = response.media.get(kind)
    if schema is None and response.media:
        words = f"answers with {kind or 'no type'}, which the document does not name"
        found.add("probe-undocumented-type", Severity.ERROR, words, operation)
    elif schema is not None and kind in _JSON:
        for words in _against(data, schema, answer.body):
            found.add("probe-answer-breaks-schema", Severity.ERROR, words, operation)


def _against(data: Any, schema: Any, body: bytes) -> Iterator[str]:
    """Yield where an answer breaks its schema; places and rules, never values."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        yield "the answer is no JSON"
        return
    whole = {
        **as_object(json_schema(schema)),
        "components": json_schema(as_object(data.get("components"))),
        "definitions": json_schema(as_object(data.get("definitions"))),
    }
    try:
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=False)
    except (ValueError, jsonschema_rs.ReferencingError):
        yield "the answer cannot be compared: its schema is not valid"
        return
    for count, error in enumerate(validator.iter_errors(value)):
        if count == ERRORS_TOLD_MAX:
            return
        place = "/".join(str(step) for step in error.instance_path) or "the whole"
        rule = str(error.schema_path[-1]) if error.schema_path else "schema"
        yield f"{place} breaks {rule}"


def json_schema(value: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as JSON Schema: null is a type there, not a mark."""
    if isinstance(value, list):
        return [json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: json_schema(one) for key, one in value.items()}
    kind = made.get("type")
    if made.get("nullable") is True and isinstance(kind, str):
        made["type"] = [kind, "null"]
        if isinstance(made.get("enum"), list) and None not in made["enum"]:
            made["enum"] = [*made["enum"], None]
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and limit in made:
            made[exclusive] = made.pop(limit)
    return made
