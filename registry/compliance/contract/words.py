"""What a change is, said in one line."""

_ENDS = (
    ("-increased", "{0} was raised{of}"),
    ("-decreased", "{0} was lowered{of}"),
    ("-unset", "{0} no longer has a limit{of}"),
    ("-set", "{0} has a limit now{of}"),
    ("-added", "{0} was added{of}"),
    ("-removed", "{0} was removed{of}"),
    ("-deleted", "{0} was removed{of}"),
    ("-changed", "{0} changed{of}"),
    ("-generalized", "{0} allows more than before{of}"),
    ("-specialized", "{0} allows less than before{of}"),
)
_WHOLE = {
    "endpoint-added": "the operation is new",
    "endpoint-deprecated": "the operation is deprecated",
    "endpoint-reactivated": "the operation is no longer deprecated",
    "api-path-removed-without-deprecation": "the path is gone and was never deprecated",
    "api-path-removed-with-deprecation": "the deprecated path is gone",
    "api-path-removed-before-sunset": "the path is gone before its sunset{of}",
    "api-removed-without-deprecation": "the operation is gone and was never deprecated",
    "api-removed-with-deprecation": "the deprecated operation is gone",
    "api-removed-before-sunset": "the operation is gone before its sunset{of}",
    "api-path-sunset-parse": "the date of sunset cannot be read{of}",
    "api-deprecated-sunset-parse": "the date of sunset cannot be read{of}",
    "api-deprecated-sunset-missing": "deprecated without a date of sunset",
    "api-sunset-date-too-small": "the date of sunset comes too soon{of}",
    "api-sunset-date-changed-too-small": "the date of sunset was brought forward{of}",
    "sunset-deleted": "still deprecated, but the date of sunset is gone{of}",
    "api-stability-decreased": "less stable than before{of}",
    "api-invalid-stability-level": "no known level of stability{of}",
    "request-body-added-required": "a body must be sent now",
    "request-body-added-optional": "a body may be sent now",
    "response-mediatype-enum-value-removed": "a value is no longer sent{of}",
}
_SUBJECTS = (
    ("request-parameter", "parameter"), ("request-header", "header"),
    ("request-body", "the body"), ("request-", ""), ("response-body", "the answer"),
    ("response-header", "header"), ("required-response-header", "required header"),
    ("optional-response-header", "optional header"), ("response-", "answer"),
    ("api-security-component", "security scheme"), ("api-global-security", "security of all"),
    ("api-security", "security"), ("api-", ""), ("endpoint-", "operation"),
)  # fmt: skip


def describe(code: str, where: tuple[str, ...], facts: tuple[str, ...]) -> str:
    """Return a change in words.

    Args:
        code: Its id.
        where: Part of the operation that changed.
        facts: What was, and what is; or the name of what came or went.
    """
    place = " ".join(where)
    of = f": {_told(facts)}" if facts else ""
    if code in _WHOLE:
        return _WHOLE[code].format(of=of)
    if code.startswith("new-"):
        return f"{place}: new and {'required' if 'required' in code else 'optional'}"
    subject, rest = _split(code)
    rest = rest.removeprefix("property-")
    head = " ".join(part for part in (subject, place) if part) or "document"
    if rest.startswith("became-"):
        return f"{head} became {rest.removeprefix('became-').replace('-', ' ')}{of}"
    for end, words in _ENDS:
        if rest.endswith(end) or f"-{rest}" == end:
            what = rest.removesuffix(end.lstrip("-")).strip("-").replace("-", " ")
            return f"{head}: " + words.format(what or "it", of=of)
    return f"{head}: {rest.replace('-', ' ')}{of}"


def _split(code: str) -> tuple[str, str]:
    for start, subject in _SUBJECTS:
        if code.startswith(start):
            return subject, code.removeprefix(start).strip("-")
    return "", code


def _told(facts: tuple[str, ...]) -> str:
    return " → ".join(facts)
