"""Rule sets after loading: rules with their givens, functions, severities and formats."""

from dataclasses import dataclass, field
from dataclasses import field as field_
from typing import Any

from registry.compliance.jsonpath.select import Selector
from registry.compliance.rulesets.overrides import Override
from schemas.compliance import Severity
from schemas.errors import InvalidInput

OFF = -1
_SEVERITIES = {"error": 0, "warn": 1, "info": 2, "hint": 3, "off": OFF}


class InvalidRuleSet(InvalidInput):
    """A rule set cannot be loaded: syntax, an unknown function, a loop of extends, a bad path."""

    code = "invalid_rule_set"
    remedy = "Correct the rule set; the message names the file and the rule."


def severity_number(value: Any) -> int:
    """Return a severity as a number; OFF for `off`.

    Raises:
        InvalidRuleSet: It is no severity.
    """
    if isinstance(value, str) and value in _SEVERITIES:
        return _SEVERITIES[value]
    if isinstance(value, int | float) and int(value) in (OFF, *Severity):
        return int(value)
    raise InvalidRuleSet(f"{value!r} is not a severity.")


@dataclass(frozen=True, slots=True)
class Then:
    """What to do with each place: which part of it, which function, with which options.

    `digest` is the options as text; two with the same text do the same.
    """

    function: str
    field: str | None = None
    options: Any = field_(default=None, compare=False)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """An alias for documents of certain formats; None means all."""

    formats: frozenset[str] | None
    given: tuple[str, ...]


Aliases = dict[str, tuple[AliasTarget, ...]]


@dataclass(slots=True)
class Rule:
    """One rule, after everything it inherits has been merged."""

    name: str
    given: tuple[str, ...] = ()
    then: tuple[Then, ...] = ()
    severity: int = Severity.WARNING
    message: str | None = None
    description: str | None = None
    documentation_url: str | None = None
    formats: tuple[str, ...] | None = None
    resolved: bool = True
    recommended: bool = True
    enabled: bool = True
    owner: int = 0
    aliases: Aliases = field(default_factory=dict)


@dataclass(slots=True)
class RuleSet:
    """A loaded rule set, ready to check any number of documents.

    Attributes:
        name: The file or bundled name it came from.
        rules: All rules by name, enabled or not.
        formats: Names of document formats, in the order in which they were met.
        duplicate_keys: Severity of duplicate keys; OFF leaves them out.
        keys_not_text: Severity of YAML keys that are not texts; OFF leaves them out.
        overrides: Rule changes for some files or parts of files.
        digest: SHA-256 over the bytes of every file that took part.
        selectors: Compiled paths by their text.
        files: Text of its own files by name, relative to the folder of the first; bundled ones
            are not among them.
        functions: Functions that the set brings itself.
        left_out: Rules that need functions we do not have, where that was allowed.
    """

    name: str
    rules: dict[str, Rule] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)
    duplicate_keys: int = Severity.ERROR
    keys_not_text: int = Severity.ERROR
    overrides: tuple[Override, ...] = ()
    digest: str = ""
    selectors: dict[str, Selector] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
