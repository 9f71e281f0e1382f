"""The vocabulary of changes: one id per kind of change, and whether it breaks consumers.

Ids and levels are those of oasdiff (1.11, 2025, and what 1.31 of 2026 added), because tools and
people know them; words and code are ours. ERR breaks a consumer that did nothing wrong, WARN may
break one, INFO does not.
"""

from enum import StrEnum


class Level(StrEnum):
    """What a change does to consumers."""

    ERR = "ERR"
    WARN = "WARN"
    INFO = "INFO"


def _each(where: str, *whats: str) -> list[str]:
    """Return every combination of comma-separated places and changes, joined by a dash."""
    return [f"{place}-{what}" for place in where.split(",") for what in whats]


_REQUEST = "request-body,request-property"
_RESPONSE = "response-body,response-property"
_BOTH = f"{_REQUEST},{_RESPONSE}"
_OPTIONAL_OR_REQUIRED = (
    "request-required-property,request-optional-property,"
    "response-required-property,response-optional-property"
)

_ERR = [
    "api-deprecated-sunset-missing", "api-deprecated-sunset-parse", "api-invalid-stability-level",
    "api-path-removed-before-sunset", "api-path-removed-without-deprecation",
    "api-path-sunset-parse", "api-removed-before-sunset", "api-removed-without-deprecation",
    "api-stability-decreased", "api-sunset-date-changed-too-small", "api-sunset-date-too-small",
    "sunset-deleted",
    "new-request-path-parameter", "new-required-request-default-parameter-to-existing-path",
    "new-required-request-header-property", "new-required-request-parameter",
    "new-required-request-property",
    "request-body-added-required", "request-body-media-type-removed", "request-body-became-enum",
    "request-body-became-required",
    "request-header-property-became-enum", "request-header-property-became-required",
    "request-property-became-enum", "request-property-became-required",
    "request-property-enum-value-removed", "request-property-x-extensible-enum-value-removed",
    *_each(
        "request-parameter",
        "became-enum", "became-required", "default-value-added", "default-value-changed",
        "default-value-removed", "deprecated-sunset-missing", "enum-value-removed",
        "max-decreased", "max-items-decreased", "max-length-decreased", "min-increased",
        "min-items-increased", "min-length-increased", "property-type-specialized",
        "removed-before-sunset", "sunset-date-too-small", "sunset-parse", "type-changed",
        "x-extensible-enum-value-removed", "exclusive-max-decreased", "exclusive-min-increased",
    ),
    *_each(
        _REQUEST,
        "all-of-added", "any-of-removed", "one-of-removed", "became-not-nullable", "max-decreased",
        "max-length-decreased", "min-increased", "min-items-increased", "min-length-increased",
        "type-changed", "exclusive-max-decreased", "exclusive-min-increased",
    ),
    *_each(
        _RESPONSE,
        "became-nullable", "max-increased", "max-length-increased", "max-length-unset",
        "min-decreased", "min-items-decreased", "min-items-unset", "min-length-decreased",
        "one-of-added", "type-changed", "exclusive-max-increased", "exclusive-min-decreased",
    ),
    "required-response-header-removed", "response-header-became-optional",
    "response-media-type-removed", "response-property-became-optional",
    "response-required-property-removed", "response-success-status-removed",
]  # fmt: skip

_WARN = [
    "optional-response-header-removed", "request-parameter-removed", "request-property-removed",
    "request-property-pattern-added", "request-property-pattern-changed",
    "response-optional-property-removed", "response-property-enum-value-added",
    "response-required-property-became-not-write-only",
    *_each(
        "request-parameter",
        "max-length-set", "max-set", "min-items-set", "min-set", "pattern-added",
        "pattern-changed", "property-type-changed", "exclusive-max-set", "exclusive-min-set",
    ),
    *_each(
        _REQUEST,
        "all-of-removed", "max-length-set", "max-set", "min-items-set", "min-set",
        "exclusive-max-set", "exclusive-min-set",
    ),
]  # fmt: skip

_INFO = [
    "api-global-security-added", "api-global-security-removed", "api-global-security-scope-added",
    "api-global-security-scope-removed", "api-operation-id-added", "api-operation-id-removed",
    "api-path-removed-with-deprecation", "api-removed-with-deprecation", "api-schema-removed",
    "api-security-added", "api-security-component-added",
    "api-security-component-oauth-scope-added", "api-security-component-oauth-scope-changed",
    "api-security-component-oauth-scope-removed",
    "api-security-component-oauth-token-url-changed", "api-security-component-oauth-url-changed",
    "api-security-component-removed", "api-security-component-type-changed",
    "api-security-removed", "api-security-scope-added", "api-security-scope-removed",
    "api-tag-added", "api-tag-removed", "endpoint-added", "endpoint-deprecated",
    "endpoint-reactivated",
    "new-optional-request-default-parameter-to-existing-path", "new-optional-request-parameter",
    "new-optional-request-property", "new-required-request-property-with-default",
    "request-body-added-optional", "request-body-became-optional",
    "request-body-enum-value-removed", "request-body-media-type-added",
    "request-property-became-optional", "request-property-became-required-with-default",
    "request-property-enum-value-added", "request-property-pattern-generalized",
    "request-property-pattern-removed",
    *_each(
        "request-read-only-property",
        "enum-value-removed", "max-decreased", "max-length-decreased", "min-increased",
    ),
    *_each(
        "request-parameter",
        "became-optional", "deprecated", "enum-value-added", "max-increased",
        "max-items-increased", "max-length-increased", "min-decreased", "min-items-decreased",
        "min-length-decreased", "pattern-generalized", "pattern-removed",
        "property-type-generalized", "reactivated", "removed-with-deprecation",
        "type-generalized", "exclusive-max-increased", "exclusive-min-decreased",
    ),
    *_each(
        _REQUEST,
        "any-of-added", "one-of-added", "became-nullable", "max-increased", "max-length-increased",
        "min-decreased", "min-items-decreased", "min-length-decreased", "type-generalized",
        "exclusive-max-increased", "exclusive-min-decreased",
    ),
    *_each(
        _BOTH,
        "default-value-added", "default-value-changed", "default-value-removed",
        "discriminator-added", "discriminator-removed", "discriminator-property-name-changed",
        "discriminator-mapping-added", "discriminator-mapping-deleted",
        "discriminator-mapping-changed",
    ),
    *_each(_RESPONSE, "all-of-added", "all-of-removed", "any-of-added", "any-of-removed",
           "one-of-removed", "became-not-nullable"),
    *[
        id_ for id_ in _each(
            _OPTIONAL_OR_REQUIRED,
            "became-not-read-only", "became-not-write-only", "became-read-only",
            "became-write-only",
        ) if id_ != "response-required-property-became-not-write-only"
    ],
    "response-header-added", "response-media-type-added", "response-mediatype-enum-value-removed",
    "response-non-success-status-added", "response-non-success-status-removed",
    "response-success-status-added", "response-optional-property-added",
    "response-optional-write-only-property-added", "response-optional-write-only-property-removed",
    "response-property-became-required", "response-property-enum-value-removed",
    "response-property-pattern-added", "response-property-pattern-changed",
    "response-property-pattern-removed", "response-required-property-added",
    "response-required-write-only-property-added", "response-required-write-only-property-removed",
    "response-write-only-property-became-optional", "response-write-only-property-became-required",
    "response-write-only-property-enum-value-added",
]  # fmt: skip

# What 1.31 added follows one law: who sends less freely than before breaks, and so does who must
# read more than before.
_BOUNDS = (
    "max", "min", "multiple-of", "max-length", "min-length", "max-items", "min-items",
    "max-properties", "min-properties", "min-contains", "max-contains", "exclusive-min",
    "exclusive-max",
)  # fmt: skip
_SENT = "request-body,request-property,request-parameter"
_READ = "response-body,response-property"
_NARROWS = (
    *(f"{bound}-set" for bound in _BOUNDS), "max-properties-decreased",
    "min-properties-increased", "const-added",
)  # fmt: skip
_WIDENS = (
    *(f"{bound}-unset" for bound in _BOUNDS), "max-properties-increased",
    "min-properties-decreased", "const-removed",
)  # fmt: skip
_ADDED: dict[str, Level] = {
    **dict.fromkeys(_each(_SENT, *_NARROWS, "const-changed"), Level.ERR),
    **dict.fromkeys(_each(_SENT, *_WIDENS, "became-not-enum"), Level.INFO),
    **dict.fromkeys(_each(_READ, *_NARROWS), Level.INFO),
    **dict.fromkeys(_each(_READ, *_WIDENS, "const-changed"), Level.ERR),
    **dict.fromkeys(
        _each("request-parameter", "style-changed", "explode-changed",
              "became-not-allow-reserved"), Level.ERR,
    ),
    "request-parameter-became-allow-reserved": Level.INFO,
    "request-body-removed": Level.WARN,
    **dict.fromkeys(
        _each("request-property,response-property", "deprecated", "reactivated"), Level.INFO
    ),
    **dict.fromkeys(
        _each("api", "version-not-bumped", "version-decreased", "major-version-not-bumped"),
        Level.INFO,
    ),
}  # fmt: skip

LEVELS: dict[str, Level] = {
    **_ADDED,
    **dict.fromkeys(_ERR, Level.ERR),
    **dict.fromkeys(_WARN, Level.WARN),
    **dict.fromkeys(_INFO, Level.INFO),
}
"""Every id we can report, with its level."""
